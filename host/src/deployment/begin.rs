//! Beginning a deployment: once for each idempotency key, and one at a time for each tag.

use super::driver::Driver;
use super::entry::{Began, Details, Person};
use super::log::{self, Log};
use super::mailbox::Mailbox;
use super::recovery::Opening;
use super::{Context, Error, HeldLeases, Outcome, is_begun, unfinished};
use crate::clock;
use crate::config::Config;
use crate::contract::Answer;
use crate::contract::labels::Message;
use crate::contract::promotion::{Action, Conclusion, Happening, Instruction, Intervention};
use crate::contract::types::Settings;
use crate::facts::evidence::{self, LoadTestWord, Stage, Subject};
use crate::facts::{git, message};
use crate::journal::{self, Header, Lock, NewDeployment, Store};
use crate::text::number::short;

/// The longest subject that the journal keeps, in bytes.
const LONGEST_SUBJECT: usize = 256;

/// A deployment that is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The tag.
    pub tag: &'a str,
    /// The digest of its image, where known.
    pub digest: Option<&'a str>,
    /// The idempotency key: a second deployment of the same key is not begun.
    pub key: Option<&'a str>,
    /// The person who approves it although its order relative to the live commit is unknown.
    pub approved_by: Option<&'a str>,
    /// The person who says that it is urgent.
    pub urgent: Option<&'a Person>,
    /// The stopped commits that a person lets it carry to production.
    pub waiver: Option<&'a Waiver>,
}

/// The stopped commits that a person lets a release carry to production.
#[derive(Clone, Debug)]
pub struct Waiver {
    /// The full hashes.
    pub commits: Vec<String>,
    /// The name of the person.
    pub by: String,
    /// Why, in the words of the person.
    pub reason: String,
}

/// Begins a deployment and drives it until it ends, or an error stops it.
///
/// # Errors
///
/// If nothing was begun: the request does not fit the configuration or the repository, another deployment
/// of the tag has not ended, or the journal can't be written.
pub fn begin(mut context: Context<'_>, request: &Request<'_>) -> Result<Outcome, Error> {
    if let Some(key) = request.key
        && let Some(mut store) = log::look(context.config)?
        && let Some(header) = begun(store.as_mut(), key)?
    {
        return same_tag(&header, request.tag).map(|()| Outcome::AlreadyBegun(header.number));
    }
    check_channel(context.config)?;
    let settings = &context.config.settings;
    let target = match context.policy.resolve(request.tag, settings)? {
        Ok(target) => target,
        Err(reasons) => return Ok(Outcome::Refused(reasons)),
    };
    let entry = position(settings, &target.environment)?;
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
    let began = Began {
        greenlight: env!("CARGO_PKG_VERSION").to_owned(),
        policy: context.policy_digest.to_owned(),
        tag: request.tag.to_owned(),
        digest: request.digest.map(str::to_owned),
        instruction,
        commit: target.commit,
        subject: message.as_ref().and_then(|it| subject(&it.text)),
        author: commit.as_ref().and_then(git::Commit::author),
        settings: settings.clone(),
        urgent: request.urgent.cloned(),
    };
    if context.config.load_test.is_none() && asks_for_load_test(&context, &began)? {
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
        Mailbox::open(location, store, number, &context.shutdown)
    })?;
    let log = Log::new(store, number, 1);
    let driver = Driver::new(context, log, (leases, mailbox), began, entry)?;
    Ok(Outcome::Driven {
        number,
        end: driver.run(Opening::New {
            said: said(request),
        }),
    })
}

/// What a person said about a release when it began.
pub(super) struct Said {
    /// It in words.
    pub(super) note: String,
    /// The event that the policy receives.
    pub(super) happening: Happening,
    /// The person.
    pub(super) details: Details,
}

fn said(request: &Request<'_>) -> Vec<Said> {
    let approved = request.approved_by.map(|name| Said {
        note: format!("approved by {name}"),
        happening: Happening::Intervened(Intervention::Approved),
        details: Details::Person(Person {
            name: name.to_owned(),
            reason: None,
        }),
    });
    let waived = request.waiver.into_iter().flat_map(|waiver| {
        waiver.commits.iter().map(|commit| Said {
            note: format!(
                "{} lets the release carry the stopped commit {}: {}",
                waiver.by,
                short(commit),
                waiver.reason
            ),
            happening: Happening::Waived(commit.clone()),
            details: Details::Person(Person {
                name: waiver.by.clone(),
                reason: Some(waiver.reason.clone()),
            }),
        })
    });
    approved.into_iter().chain(waived).collect()
}

/// Checks that the URL of the channel can be read: people must learn at the start that they would not be told of the end.
pub(super) fn check_channel(config: &Config) -> Result<(), Error> {
    match &config.slack {
        Some(source) => Ok(source.url("Slack URL").map(drop)?),
        None => Ok(()),
    }
}

/// The deployment that was begun for an idempotency key. It counts as begun as [`is_begun`] says.
///
/// # Errors
///
/// Those of the store.
pub fn begun(store: &mut dyn Store, key: &str) -> journal::Result<Option<Header>> {
    let Some(header) = store.of_request(key)? else {
        return Ok(None);
    };
    Ok(is_begun(store, header.number)?.then_some(header))
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

fn same_tag(header: &Header, tag: &str) -> Result<(), Error> {
    if header.tag == tag {
        return Ok(());
    }
    Err(Error::host(
        format!(
            "deployment {} has the same idempotency key and another tag, `{}`",
            header.number, header.tag
        ),
        "use another `--request KEY` for each deployment",
    ))
}

/// The number of a deployment that may begin.
enum Claimed {
    New(u64),
    /// Another process begins one for the same idempotency key.
    AlreadyBegun(u64),
}

/// Takes a number, and the right to drive the tag.
fn claim_number(
    store: &mut dyn Store,
    leases: &HeldLeases,
    request: &Request<'_>,
    commit: &str,
) -> Result<Claimed, Error> {
    let empty = empty_siblings(store, request.tag, None)?;
    if let Some(key) = request.key
        && let Some(number) = give_up_empty(store, leases, key, &empty)?
    {
        return Ok(Claimed::AlreadyBegun(number));
    }
    let new = NewDeployment {
        tag: request.tag.to_owned(),
        digest: request.digest.map(str::to_owned),
        commit: commit.to_owned(),
        began: clock::milliseconds(),
        request: request.key.map(str::to_owned),
    };
    let number = match store.begin(&new) {
        Err(journal::Error::Requested(number)) => return Ok(Claimed::AlreadyBegun(number)),
        number => number?,
    };
    // A process that died before its first record left the tag's lock behind, and nothing that still runs.
    let lock = Lock::tag(request.tag);
    for other in empty {
        if leases.claim(store, &lock, other, commit)?.is_none() {
            leases.release_all_but(store, &[])?;
        }
    }
    // Another process may have begun one meanwhile.
    let alone = leases.or_release(store, |store| {
        leases.claim_tag(store, number, request.tag, commit)?;
        let empty = empty_siblings(store, request.tag, Some(number))?;
        not_ended(store, number)?;
        Ok(empty)
    });
    match alone {
        Ok(empty) => {
            for number in empty {
                conclude_empty(store, number)?;
            }
            Ok(Claimed::New(number))
        }
        Err(error) => {
            store.conclude(number, Conclusion::Canceled)?;
            Err(error)
        }
    }
}

/// Makes sure that no other deployment of a tag is unfinished: two would do everything twice. Returns the
/// numbers of the deployments without records, whose processes ended before the first one.
fn empty_siblings(store: &mut dyn Store, tag: &str, own: Option<u64>) -> Result<Vec<u64>, Error> {
    let mut empty = Vec::new();
    for other in unfinished(store)? {
        if other.tag != tag || Some(other.number) == own {
            continue;
        }
        if is_begun(store, other.number)? {
            return Err(Error::host(
                format!("deployment {} of this tag has not ended", other.number),
                format!(
                    "continue it with `greenlight run --resume {0}`, or end it with `greenlight cancel {0} \
                     --by NAME`",
                    other.number
                ),
            ));
        }
        empty.push(other.number);
    }
    Ok(empty)
}

/// Ends a deployment without records of the same idempotency key, whose process died before the first one.
/// Returns its number if its process is alive, and is about to begin.
fn give_up_empty(
    store: &mut dyn Store,
    leases: &HeldLeases,
    key: &str,
    empty: &[u64],
) -> Result<Option<u64>, Error> {
    let header = store.of_request(key)?;
    let Some(header) = header.filter(|header| empty.contains(&header.number)) else {
        return Ok(None);
    };
    let lock = Lock::tag(&header.tag);
    let claimed = leases.claim(store, &lock, header.number, &header.commit)?;
    if claimed.is_some() {
        return Ok(Some(header.number));
    }
    conclude_empty(store, header.number)?;
    leases.release_all_but(store, &[])?;
    Ok(None)
}

/// Ends a deployment that has not begun. A damaged first record is removed: a deployment without records frees
/// its idempotency key.
fn conclude_empty(store: &mut dyn Store, number: u64) -> journal::Result<()> {
    store.forget_torn(number)?;
    store.conclude(number, Conclusion::Canceled)
}

/// A process that finds a deployment without records and without a living process ends it, and begins
/// another one.
fn not_ended(store: &mut dyn Store, number: u64) -> Result<(), Error> {
    let header = store.deployment(number)?;
    if header.is_some_and(|header| header.conclusion.is_none()) {
        return Ok(());
    }
    Err(Error::host(
        format!("another process ended deployment {number} before it began"),
        "see `greenlight status`, and start a new one with `greenlight run --tag TAG`",
    ))
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
            context
                .screen
                .note(&format!("{}: {}", diagnostic.code, diagnostic.message));
        }
        Instruction {
            action: labels.action,
            source: labels.source,
        }
    }))
}
