//! The notifications that the policy asks for: what they say, and handing them over to the outbox.

use std::env;

use super::entry::{Details, Entry, Person};
use super::log::Dated;
use super::timeline::{Step, StepKind, StepState, Timeline};
use super::what_now::what_now;
use super::{Error, log, outbox, timeline};
use crate::config::Config;
use crate::contract::fields::ByName;
use crate::contract::names::Named as _;
use crate::contract::promotion::{
    Conclusion, Happening, Intervention, Notice, Notification, Outcome, Permission, Progress,
    Urgency,
};
use crate::effects::slack::{Failed, Message};
use crate::facts::ci::{self, CiEnvironment, Variables};
use crate::journal::{self, NewOutboxMessage, OutboxMessage, OutboxState, Replaces, Store};
use crate::text::escape::escape;
use crate::text::number::short;

/// The name of the message that a bot updates.
const UPDATED: &str = "deployment";

/// The code of the reason for which a newer release takes the place of this one.
const SUPERSEDED: &str = "superseded";

/// What became of a notification so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Handed {
    /// No channel is configured: the screen is the channel.
    Shown,
    /// The channel has taken it.
    Sent,
    /// It did not arrive yet, and stays in the outbox.
    Waiting(String),
    /// It may have arrived, and is not sent again.
    Unknown(String),
}

impl Handed {
    /// Whether it needs no more attention.
    pub(super) fn is_done(&self) -> bool {
        matches!(self, Self::Shown | Self::Sent)
    }

    /// In words.
    pub(super) fn said(&self) -> String {
        match self {
            Self::Shown => "shown here, not sent to Slack".to_owned(),
            Self::Sent => "sent".to_owned(),
            Self::Waiting(why) => format!("not sent yet: {why}; it is tried again"),
            Self::Unknown(why) => {
                format!(
                    "it may have arrived: {why}; it is not sent again, because it could arrive twice"
                )
            }
        }
    }

    /// What the outbox says about a message.
    fn of(message: Option<OutboxMessage>) -> Self {
        let Some(message) = message else {
            return Self::Unknown("it is not in the outbox".to_owned());
        };
        let error = message.error;
        match message.state {
            OutboxState::Sent => Self::Sent,
            OutboxState::Sending => Self::Waiting("another process sends it".to_owned()),
            OutboxState::Waiting | OutboxState::GivenUp => {
                let first = || "a message before it has not arrived".to_owned();
                Self::Waiting(error.unwrap_or_else(first))
            }
            OutboxState::Unknown => Self::Unknown(error.unwrap_or_default()),
        }
    }
}

/// The event that the policy receives about a notification, and the details that the journal keeps.
pub(super) fn notified(notice: &Notice, handed: &Handed) -> (Happening, Details) {
    let outcome = match handed {
        Handed::Shown | Handed::Sent => Outcome::Succeeded,
        Handed::Waiting(_) => Outcome::Failed,
        Handed::Unknown(_) => Outcome::Unknown,
    };
    let notification = Notification {
        key: notice.key.clone(),
        outcome,
    };
    let details = Details::Notice {
        urgency: notice.urgency,
        text: notice.text.clone(),
        error: (!handed.is_done()).then(|| handed.said()),
    };
    (Happening::Notified(notification), details)
}

/// Hands a notification over to the outbox, and tries once to send it. A notification that was handed over before is
/// not handed over again.
///
/// # Errors
///
/// If the journal can't be read or written.
pub(super) fn notify(
    config: &Config,
    store: &mut dyn Store,
    deployment: u64,
    notice: &Notice,
    person: Option<&Person>,
) -> Result<Handed, Error> {
    let Some(slack) = &config.slack else {
        return Ok(Handed::Shown);
    };
    let updates = slack.destination.updates();
    let name = if updates { UPDATED } else { &notice.key };
    let mut message = composed(config, store, deployment, notice)?;
    if let Some(person) = person {
        message.text = format!("{} ({})", message.text, person.in_words());
    }
    let replaces = if updates {
        Replaces::Always
    } else {
        Replaces::Never
    };
    hand_over(store, deployment, (name, replaces), &message)?;
    let once = || true;
    outbox::send_due(slack, store, Some(deployment), &once, &mut |_, _| {})?;
    let mut messages = store.outbox_of(deployment)?.into_iter();
    Ok(Handed::of(messages.find(|it| it.name == name)))
}

/// Hands over how far a deployment is, where a message can be updated. Nothing is sent here, so that the deployment does
/// not wait. Returns whether something was handed over.
///
/// # Errors
///
/// If the journal can't be read or written.
pub(super) fn progress(
    config: &Config,
    store: &mut dyn Store,
    deployment: u64,
    what: &str,
) -> Result<bool, Error> {
    if !config
        .slack
        .as_ref()
        .is_some_and(|it| it.destination.updates())
    {
        return Ok(false);
    }
    let header = store.deployment(deployment)?;
    let (commit, tag) = header.map(|it| (it.commit, it.tag)).unwrap_or_default();
    let notice = Notice {
        urgency: Urgency::Info,
        key: UPDATED.to_owned(),
        text: format!("{} is being released ({tag}): {what}", short(&commit)),
    };
    let message = composed(config, store, deployment, &notice)?;
    hand_over(store, deployment, (UPDATED, Replaces::Known), &message)?;
    Ok(true)
}

fn hand_over(
    store: &mut dyn Store,
    deployment: u64,
    (name, replaces): (&str, Replaces),
    message: &Message,
) -> Result<(), Error> {
    let body = serde_json::to_string(message)
        .map_err(|error| Error::host(format!("failed to write a message: {error}"), ""))?;
    Ok(store.hand_over(&NewOutboxMessage {
        deployment,
        name: name.to_owned(),
        body,
        replaces,
    })?)
}

/// Writes the message about a notice, with what the journal knows of the deployment.
fn composed(
    config: &Config,
    store: &mut dyn Store,
    deployment: u64,
    notice: &Notice,
) -> Result<Message, Error> {
    let header = store.deployment(deployment)?;
    let header = header.ok_or(journal::Error::Unknown(deployment))?;
    let entries = log::read(store, deployment)?;
    let mut timeline = timeline::project(&header, &entries);
    timeline.conclusion = ending(&entries, &timeline).map(ByName);
    let earlier: Vec<_> = earlier(&entries).collect();
    // A warning stays a warning until the deployment ends.
    let urgency = match notice.urgency {
        Urgency::Info if notice.key == UPDATED => earlier.last().map(|(urgency, _)| *urgency),
        _ => None,
    };
    let urgency = urgency.unwrap_or(notice.urgency);
    let is_updated = config
        .slack
        .as_ref()
        .is_some_and(|it| it.destination.updates());
    Ok(Message {
        urgency: urgency.name().to_owned(),
        text: notice.text.clone(),
        release: release(&timeline),
        facts: facts(&timeline),
        failure: (urgency != Urgency::Info)
            .then(|| failure(&timeline))
            .flatten(),
        earlier: if is_updated {
            earlier
                .into_iter()
                .map(|(_, text)| text.to_owned())
                .collect()
        } else {
            Vec::new()
        },
        to_do: what_now(&timeline),
        links: links(config, &timeline),
    })
}

/// How the deployment is about to end, as far as the journal shows; nothing before its last notification.
fn ending(entries: &[Dated], timeline: &Timeline) -> Option<Conclusion> {
    let is_canceled = entries.iter().any(|it| {
        matches!(&it.entry, Entry::Happened { event, .. }
            if matches!(event.happening, Happening::Intervened(Intervention::Canceled)))
    });
    if is_canceled {
        return Some(Conclusion::Canceled);
    }
    let last = timeline.decisions.last()?;
    let has_arrived = || {
        let mut places = timeline.environments.iter();
        places.all(|it| it.progress.0 == Progress::Converged)
    };
    match last.permission.0 {
        Permission::Stop if last.reasons.first().is_some_and(|it| it.code == SUPERSEDED) => {
            Some(Conclusion::Superseded)
        }
        Permission::Stop => Some(Conclusion::Stopped),
        Permission::Promote if has_arrived() => Some(Conclusion::Promoted),
        Permission::PromoteWithWarning if has_arrived() => Some(Conclusion::PromotedWithWarning),
        Permission::Promote | Permission::PromoteWithWarning | Permission::Hold => None,
    }
}

/// The notices before this one, with their urgency.
fn earlier(entries: &[Dated]) -> impl Iterator<Item = (Urgency, &str)> {
    entries.iter().filter_map(|it| match &it.entry {
        Entry::Happened {
            details: Details::Notice { urgency, text, .. },
            ..
        } => Some((*urgency, text.as_str())),
        _ => None,
    })
}

/// The subject of the commit and its author.
fn release(timeline: &Timeline) -> Option<String> {
    let subject = timeline.subject.as_ref()?;
    Some(match &timeline.author {
        Some(author) => format!("{subject}, by {author}"),
        None => subject.clone(),
    })
}

/// Tag, number, how far the deployment is in each environment, and what was noted about the results of its load tests.
fn facts(timeline: &Timeline) -> Vec<(String, String)> {
    let mut facts = vec![
        ("tag".to_owned(), timeline.tag.clone()),
        ("deployment".to_owned(), timeline.number.to_string()),
    ];
    let environments = timeline.environments.iter();
    facts.extend(environments.map(|it| (it.name.clone(), it.progress.0.name().to_owned())));
    let mut noted: Vec<(String, String)> = Vec::new();
    for (environment, note) in timeline.load_test_notes() {
        let name = format!("load test of {environment}");
        match noted.last_mut() {
            Some((last, text)) if *last == name => *text = format!("{text}; {note}"),
            _ => noted.push((name, note.to_owned())),
        }
    }
    facts.extend(noted);
    facts
}

/// The last step that did not succeed.
fn failure(timeline: &Timeline) -> Option<Failed> {
    let is_step = |it: &&Step| {
        matches!(
            it.kind.0,
            StepKind::Deploy | StepKind::Converge | StepKind::LoadTest
        ) && matches!(it.state.0, StepState::Failed | StepState::Warned)
    };
    let step = timeline.steps.iter().rev().find(is_step)?;
    let what = match step.kind.0 {
        StepKind::LoadTest => "load test of",
        StepKind::Converge => "nodes of",
        _ => "deploy command of",
    };
    let environment = step.environment.as_deref().unwrap_or_default();
    Some(Failed {
        step: format!("{what} {environment}: {}", step.outcome),
        lines: step.tail.iter().map(|it| escape(it).into_owned()).collect(),
    })
}

/// Links to the report, and to the build that drives the deployment.
fn links(config: &Config, timeline: &Timeline) -> Vec<(String, String)> {
    let report = config.report_url.as_ref();
    let report = report.map(|it| it.of(timeline.number, &timeline.commit, &timeline.tag));
    let variable = |name: &str| env::var_os(name);
    let variables = Variables::new(&variable);
    let build = ci::detect(&variables).ok().flatten();
    let build = build.and_then(|(system, _)| CiEnvironment::read(system, &variables).build_url);
    let links = [("Report", report), ("Build", build.map(|it| it.value))];
    let links = links.into_iter();
    links
        .filter_map(|(word, link)| Some((word.to_owned(), link?)))
        .collect()
}
