//! Beginning a deployment: once for each idempotency key, one at a time for each tag, and not for a release that is
//! live.

use super::calendar;
use super::claim_number::{Claimed, claim_number};
use super::driver::Driver;
use super::entry::{Began, Details};
use super::intervention::{self, NewIntervention};
use super::live_release::{self, Asked, LiveAlready};
use super::log::{self, Log};
use super::mailbox::Mailbox;
use super::recovery::Opening;
use super::release_facts::{self, Sources};
use super::request::Request;
use super::{Context, Error, Excuses, HeldLeases, Outcome};
use crate::clock;
use crate::config::Config;
use crate::contract::Answer;
use crate::contract::labels::Message;
use crate::contract::promotion::{Action, EventKind, Instruction, InterventionKind, Waiver};
use crate::contract::types::{Fact, Settings};
use crate::effects::slack;
use crate::facts::evidence::{self, LoadTestWord, Stage, Subject};
use crate::facts::{git, message};
use crate::text::number::short;
use crate::text::place::line_and_column;

/// The longest subject that the journal keeps, in bytes.
const LONGEST_SUBJECT: usize = 256;

/// Begins a deployment and drives it until it ends, or an error stops it.
///
/// # Errors
///
/// If nothing was begun: the request does not fit the configuration or the repository, another deployment
/// of the tag has not ended, or the journal can't be written.
pub fn begin(mut context: Context<'_>, request: &Request<'_>) -> Result<Outcome, Error> {
    check_channel(context.config)?;
    let settings = &context.config.settings;
    let target = match context.policy.resolve(request.tag, settings)? {
        Ok(target) => target,
        Err(reasons) => return Ok(Outcome::Refused(reasons)),
    };
    let entry = position(settings, &target.environment)?;
    if let Some(excuses) = request.excuses {
        let freezes = calendar::freezes(context.config)?;
        excuses.check(context.config, &freezes)?;
    }
    if let Some(live) = live_already(&context, request, &target.commit, entry)? {
        return Ok(Outcome::LiveAlready(live));
    }
    let commit = read_commit(&mut context, request, &target.commit)?;
    let message = match &commit {
        Some(commit) => Some(message::from_commit(commit)?.message),
        None => None,
    };
    let instruction = match &message {
        Some(message) => match instruction(&mut context, message)? {
            Ok(instruction) => Some(instruction),
            Err(reasons) => return Ok(Outcome::Refused(reasons)),
        },
        None => None,
    };
    let facts = release_facts(&context, request, &target.commit, commit.as_ref())?;
    let began = Began {
        greenlight: env!("CARGO_PKG_VERSION").to_owned(),
        policy: context.policy_digest.to_owned(),
        tag: request.tag.to_owned(),
        digest: request.digest.map(str::to_owned),
        instruction,
        commit: target.commit,
        subject: message.as_ref().and_then(|it| subject(&it.text)),
        author: commit.as_ref().and_then(message::author),
        settings: settings.clone(),
        urgent: request.urgent.cloned(),
        authors: commit.as_ref().map(message::authors).unwrap_or_default(),
        facts,
    };
    if context.config.load_tests.is_empty() && asks_for_load_test(&context, &began)? {
        return Err(Error::host(
            "the release asks for a load test, which is not configured",
            "write a `[load-test]` table into the configuration; see `greenlight schema config`",
        ));
    }
    let (location, mut store) = log::open(context.config)?;
    let leases = HeldLeases::keep(location.clone(), context.config.lease)?;
    let number = match claim_number(store.as_mut(), &leases, request, &began.commit)? {
        Claimed::New(number) => number,
        Claimed::AlreadyBegun(number) => return Ok(Outcome::AlreadyBegun(number)),
    };
    let mailbox = leases.or_release(store.as_mut(), |store| {
        Mailbox::open(location, store, number, &context.shutdown, 0)
    })?;
    let log = Log::new(store, number);
    let driver = Driver::new(context, log, (leases, mailbox), began, entry)?;
    Ok(Outcome::Driven {
        number,
        end: driver.run(Opening::New {
            said: said(request),
        }),
    })
}

/// The deployment that made the release live; `None` if the release is not live, or `--again` is given.
fn live_already(
    context: &Context<'_>,
    request: &Request<'_>,
    commit: &str,
    entry: usize,
) -> Result<Option<LiveAlready>, Error> {
    let Some(mut store) = log::look(context.config)?.filter(|_| !request.again) else {
        return Ok(None);
    };
    let asked = Asked {
        tag: request.tag,
        commit,
        digest: request.digest,
    };
    let live = live_release::find(
        store.as_mut(),
        context.config,
        asked,
        entry,
        &context.shutdown,
    )?;
    context.check_shutdown()?;
    Ok(live)
}

/// What a person said about a release when it began.
pub(super) struct Said {
    /// It in words.
    pub(super) note: String,
    /// The event that the policy receives.
    pub(super) kind: EventKind,
    /// The person.
    pub(super) details: Details,
}

fn said(request: &Request<'_>) -> Vec<Said> {
    let approved = request.approved_by.map(|person| {
        let approval = NewIntervention {
            kind: InterventionKind::Approved,
            person: person.clone(),
            environment: None,
        };
        let approved = approval.for_image(request.digest);
        Said {
            note: intervention::in_words(&approved),
            kind: EventKind::Intervened(approved),
            details: Details::Person(person.clone()),
        }
    });
    let waived = request.waiver.into_iter().flat_map(|waiver| {
        waiver.commits.iter().map(|commit| Said {
            note: format!(
                "{} lets the release carry the stopped commit {}: {}",
                waiver.person.name_in_words(),
                short(commit),
                waiver.person.reason.as_deref().unwrap_or_default()
            ),
            kind: EventKind::Waived(Waiver {
                commit: commit.clone(),
                by: waiver.person.name.clone(),
                proven: waiver.person.proven,
                why: waiver.person.reason.clone().unwrap_or_default(),
            }),
            details: Details::Person(waiver.person.clone()),
        })
    });
    let excused = request.excuses.into_iter().flat_map(Excuses::said);
    approved.into_iter().chain(waived).chain(excused).collect()
}

/// Checks that the secret of the channel can be read. Otherwise people would learn only at the end that they get no
/// messages.
pub(super) fn check_channel(config: &Config) -> Result<(), Error> {
    match &config.slack {
        Some(slack) => Ok(slack::check(&slack.destination)?),
        None => Ok(()),
    }
}

/// The position of a tag's environment in the settings.
pub(super) fn position(settings: &Settings, environment: &str) -> Result<usize, Error> {
    let mut known = settings.environments.iter();
    known.position(|it| it.name == environment).ok_or_else(|| {
        Error::host(
            format!("the tag names the environment `{environment}`, which is not configured"),
            "add an `[[environment]]` with this name to the configuration",
        )
    })
}

/// The facts about the release. They are recorded, so that a resumed deployment is decided by the same facts.
fn release_facts(
    context: &Context<'_>,
    request: &Request<'_>,
    commit: &str,
    read: Option<&git::Commit>,
) -> Result<Vec<Fact>, Error> {
    let sources = Sources {
        config: Some(context.config),
        policy: context.policy,
        repo: context.repo,
        given: request.facts,
    };
    sources.read(release_facts::Subject {
        commit,
        read,
        tag: Some(request.tag),
        digest: request.digest,
        ci: None,
    })
}

/// Whether the policy asks for a load test once the first environment has converged.
fn asks_for_load_test(context: &Context<'_>, began: &Began) -> Result<bool, Error> {
    let settings = &context.config.settings;
    let Some(first) = settings.environments.first() else {
        return Ok(false);
    };
    let subject = Subject {
        environment: &first.name,
        commit: &began.commit,
        digest: began.digest.as_deref(),
        load_tests: &first.load_tests,
    };
    let now = clock::seconds();
    let events = evidence::history(&subject, Some(Stage::Converged), LoadTestWord::NotRun, now);
    let decision = context
        .policy
        .decide(&began.release(), &events, now, settings)?;
    Ok(matches!(decision.next, Action::LoadTest(_)))
}

/// Reads the commit of a release. Without it, an approved release goes on.
fn read_commit(
    context: &mut Context<'_>,
    request: &Request<'_>,
    commit: &str,
) -> Result<Option<git::Commit>, Error> {
    match git::commit(context.repo, commit) {
        Ok(read) => Ok(Some(read)),
        Err(error) if request.approved_by.is_some() => {
            context
                .screen
                .note(&format!("the commit's message is not known: {error}"));
            Ok(None)
        }
        Err(error) => Err(Error::host(
            format!("git does not have the tag's commit: {error}"),
            "check the tag, run `git fetch`, name the repository with `--repo`, or approve the release \
             with `--approved-by NAME`",
        )),
    }
}

/// The first line of a message, as far as a report shows it.
fn subject(message: &str) -> Option<String> {
    let line = message.trim_start().lines().next()?.trim_end();
    let kept = &line[..line.floor_char_boundary(LONGEST_SUBJECT)];
    (!kept.is_empty()).then(|| kept.to_owned())
}

/// What the message of the commit asks for.
fn instruction(context: &mut Context<'_>, message: &Message) -> Result<Answer<Instruction>, Error> {
    let action = context.config.settings.default_action;
    let labels = context.policy.parse(message, action)?;
    Ok(labels.map(|labels| {
        for diagnostic in &labels.diagnostics {
            let place = diagnostic.span.as_ref();
            let place = place.and_then(|it| line_and_column(&message.text, it.start));
            let place = place.map_or_else(String::new, |(line, column)| {
                format!(" (line {line}, column {column} of the message)")
            });
            let note = format!("{}: {}{place}", diagnostic.code, diagnostic.message);
            context.screen.note(&note);
        }
        Instruction {
            action: labels.action,
            source: labels.source,
            extra: labels.extra,
        }
    }))
}
