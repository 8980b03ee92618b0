//! The notifications that the policy asks for: their contents, and storing them in the outbox.

use super::entry::{Began, Details, Entry, Person};
use super::log::Dated;
use super::timeline::{Step, StepKind, StepState, Timeline};
use super::what_now::what_now;
use super::{Error, log, outbox, timeline};
use crate::config::Config;
use crate::contract::fields::ByName;
use crate::contract::names::Named as _;
use crate::contract::promotion::{Conclusion, EventKind, Notice, Notification, Outcome, Urgency};
use crate::effects::slack::{Failed, Message};
use crate::facts::ci;
use crate::journal::{self, NewOutboxMessage, OutboxMessage, OutboxState, Replaces, Store};
use crate::text::escape::escape;
use crate::text::number::short;

/// The name of the message that a bot updates.
const UPDATED: &str = "deployment";

/// The state of a notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Handed {
    /// No channel is configured, so greenlight only prints the notification.
    Shown,
    /// The channel has accepted the notification.
    Sent,
    /// The notification has not arrived yet, and stays in the outbox.
    Waiting(String),
    /// The notification may have arrived, and is not sent again.
    Unknown(String),
    /// The notification did not arrive within `[slack] give-up-after`, and is not sent again.
    GivenUp(String),
}

impl Handed {
    /// Whether the notification succeeded.
    pub(super) fn is_done(&self) -> bool {
        matches!(self, Self::Shown | Self::Sent)
    }

    /// The state in words.
    pub(super) fn said(&self) -> String {
        match self {
            Self::Shown => "shown here, not sent to Slack".to_owned(),
            Self::Sent => "sent".to_owned(),
            Self::Waiting(why) => format!("not sent yet: {why}; greenlight tries again"),
            Self::GivenUp(why) => format!("given up: {why}; greenlight does not send it again"),
            Self::Unknown(why) => {
                format!("the message may have arrived: {why}; greenlight does not send it again")
            }
        }
    }

    /// The state of a message by the outbox.
    fn of(message: Option<OutboxMessage>) -> Self {
        let Some(message) = message else {
            return Self::Unknown("the message is not in the outbox".to_owned());
        };
        let error = message.error;
        match message.state {
            OutboxState::Sent => Self::Sent,
            OutboxState::Sending => Self::Waiting("another process is sending it".to_owned()),
            OutboxState::GivenUp => Self::GivenUp(error.unwrap_or_default()),
            OutboxState::Waiting => {
                let first = || "an earlier message of this deployment has not been sent".to_owned();
                Self::Waiting(error.unwrap_or_else(first))
            }
            OutboxState::Unknown => Self::Unknown(error.unwrap_or_default()),
        }
    }
}

/// The event that the policy receives about a notification, and the details that the journal keeps.
pub(super) fn notified(notice: &Notice, handed: &Handed) -> (EventKind, Details) {
    let outcome = match handed {
        Handed::Shown | Handed::Sent => Outcome::Succeeded,
        Handed::Waiting(_) | Handed::GivenUp(_) => Outcome::Failed,
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
    (EventKind::Notified(notification), details)
}

/// Stores a notification in the outbox, and tries once to send it. With an incoming webhook, a notification that is in
/// the outbox already is not stored again.
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
    let name = if updates(config) {
        UPDATED
    } else {
        &notice.key
    };
    let mut message = composed(config, store, deployment, notice)?;
    // The bundled policy names the person already.
    if let Some(person) = person.filter(|it| !message.text.contains(&it.name_in_words())) {
        message.text = format!("{} ({})", message.text, person.in_words());
    }
    let replaces = if updates(config) {
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

/// Stores a message about the progress of a deployment in the outbox, if messages can be updated. This function sends
/// no message, so that the deployment does not wait for Slack. Returns whether a message was stored.
///
/// # Errors
///
/// If the journal can't be read or written.
pub(super) fn progress(
    config: &Config,
    store: &mut dyn Store,
    deployment: u64,
    (began, what): (&Began, &str),
) -> Result<bool, Error> {
    if !updates(config) {
        return Ok(false);
    }
    let notice = Notice {
        urgency: Urgency::Info,
        key: UPDATED.to_owned(),
        text: format!(
            "{} is being released ({}): {what}",
            short(&began.commit),
            began.tag
        ),
    };
    let message = composed(config, store, deployment, &notice)?;
    hand_over(store, deployment, (UPDATED, Replaces::Known), &message)?;
    Ok(true)
}

/// Whether a message can be updated.
fn updates(config: &Config) -> bool {
    let slack = config.slack.as_ref();
    slack.is_some_and(|it| it.destination.updates())
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

/// Writes the message about a notice, with facts about the deployment from the journal.
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
    timeline.conclusion = ending(notice).map(ByName);
    let earlier: Vec<_> = earlier(&entries).collect();
    // A warning stays a warning until the deployment ends.
    let urgency = match notice.urgency {
        Urgency::Info if notice.key == UPDATED => earlier.last().map(|(urgency, _)| *urgency),
        _ => None,
    };
    let urgency = urgency.unwrap_or(notice.urgency);
    Ok(Message {
        urgency: urgency.name().to_owned(),
        text: notice.text.clone(),
        release: release(&timeline),
        facts: facts(&timeline),
        failure: (urgency != Urgency::Info)
            .then(|| failure(&timeline))
            .flatten(),
        earlier: if updates(config) {
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

/// How the deployment ends, if the notice is about its end: the key of such a notice is the name of the conclusion. The
/// notice of a promotion with a warning has the key `promoted` and is a warning.
fn ending(notice: &Notice) -> Option<Conclusion> {
    match Conclusion::from_name(&notice.key)? {
        Conclusion::Promoted if notice.urgency == Urgency::Warning => {
            Some(Conclusion::PromotedWithWarning)
        }
        conclusion => Some(conclusion),
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

/// The tag, the number, the progress in each environment, and the notes about the results of the load tests.
fn facts(timeline: &Timeline) -> Vec<(String, String)> {
    let mut facts = vec![
        ("tag".to_owned(), timeline.tag.clone()),
        ("deployment".to_owned(), timeline.number.to_string()),
    ];
    let environments = timeline.environments.iter();
    facts.extend(environments.map(|it| (it.name.clone(), it.progress.0.name().to_owned())));
    let mut noted: Vec<(String, String)> = Vec::new();
    for (test, note) in timeline.load_test_notes() {
        let name = timeline.title_of(test);
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
            StepKind::Deploy | StepKind::Step | StepKind::Converge | StepKind::LoadTest
        ) && matches!(it.state.0, StepState::Failed | StepState::Warned)
    };
    let step = timeline.steps.iter().rev().find(is_step)?;
    let what = match step.kind.0 {
        StepKind::LoadTest => "load test of".to_owned(),
        StepKind::Converge => "nodes of".to_owned(),
        StepKind::Step => format!("{} of", step.title()),
        _ => "deploy command of".to_owned(),
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
    let build = ci::here().ok().flatten().and_then(|it| it.build_url);
    let links = [("Report", report), ("Build", build.map(|it| it.value))];
    let links = links.into_iter();
    links
        .filter_map(|(word, link)| Some((word.to_owned(), link?)))
        .collect()
}
