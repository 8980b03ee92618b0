//! Recovery: continuing a deployment whose process died, or was interrupted, before it ended.
//!
//! Finished effects are in the journal and are not repeated. An effect that had started and not ended is
//! named; it is repeated only if the configuration calls it repeatable.

mod interrupted;

use super::begin::Said;
use super::driver::Driver;
use super::entry::{Began, Details, Entry, Person};
use super::history::History;
use super::left_over::LeftOver;
use super::log::{self, Dated, Log, Source};
use super::mailbox::Mailbox;
use super::timeline::Round;
use super::{Context, Error, Excuses, HeldLeases, Outcome, Screen, begin, is_begun, unfinished};
use crate::contract::names::Named as _;
use crate::contract::promotion::{Action, Conclusion, EventKind, InterventionKind, Permission};
use crate::journal::{Depth, Header, Store};

/// Continues a deployment that has not ended, the latest one unless a number is given. From then on, it ignores the windows
/// of `excuses`.
///
/// # Errors
///
/// If the deployment or a window does not exist, another process drives it, it began with another policy, or the journal
/// can't be read or written.
pub fn resume(
    context: Context<'_>,
    number: Option<u64>,
    excuses: Option<&Excuses>,
) -> Result<Outcome, Error> {
    begin::check_channel(context.config)?;
    let (location, mut store) = log::open(context.config)?;
    store.check(Depth::Quick)?;
    if let Some(excuses) = excuses {
        excuses.check(context.config, &store.freezes()?)?;
    }
    let header = find(store.as_mut(), number)?;
    let number = header.number;
    let leases = HeldLeases::keep(location.clone(), context.config.lease)?;
    leases.claim_tag(store.as_mut(), number, &header.tag, &header.commit)?;
    // Only now does no other process write.
    let found = leases.or_release(store.as_mut(), |store| found(&context, store, &header))?;
    let Found {
        began,
        entries,
        history,
        entry,
    } = match found {
        Ok(found) => found,
        Err(outcome) => {
            leases.release_all_but(store.as_mut(), &[])?;
            return Ok(outcome);
        }
    };
    let last = last_message(&history);
    let mailbox = leases.or_release(store.as_mut(), |store| {
        Mailbox::open(location, store, number, &context.shutdown, last)
    })?;
    let next = entries.len() as u64 + 1;
    let recovery = Recovery::read(&entries, history);
    let log = Log::behind(store, number, next, &recovery.history);
    let driver = Driver::new(context, log, (leases, mailbox), began, entry)?;
    Ok(Outcome::Driven {
        number,
        end: driver.run(Opening::Resumed {
            recovery,
            said: excuses.map(Excuses::said).unwrap_or_default(),
        }),
    })
}

/// The id of the last message that was recorded. All messages before it were handled.
fn last_message(history: &History<Source>) -> u64 {
    let ids = history.iter().map(|(_, source)| match source.details {
        Details::Message { id } => id,
        _ => 0,
    });
    ids.max().unwrap_or_default()
}

/// A deployment that can be resumed.
struct Found {
    began: Began,
    entries: Vec<Dated>,
    history: History<Source>,
    /// The position of its first environment.
    entry: usize,
}

/// Reads what a deployment has recorded. The inner error is an outcome without driving: it has ended, or the policy
/// refuses its tag.
fn found(
    context: &Context<'_>,
    store: &mut dyn Store,
    header: &Header,
) -> Result<Result<Found, Outcome>, Error> {
    let number = header.number;
    let entries = log::read(store, number)?;
    if let Some(Entry::Began(began)) = entries.first().map(|it| &it.entry) {
        began.check(header)?;
    }
    if let Some((conclusion, permission)) = conclusion(&entries) {
        store.conclude(number, conclusion)?;
        return Ok(Err(Outcome::AlreadyEnded {
            number,
            conclusion,
            permission,
        }));
    }
    let Some(Entry::Began(began)) = entries.first().map(|it| it.entry.clone()) else {
        return Err(Error::host(
            format!("deployment {number} has no entries: nothing was done"),
            "start a new deployment with `greenlight run --tag TAG`",
        ));
    };
    if began.policy != context.policy_digest {
        return Err(Error::host(
            format!(
                "deployment {number} began with the policy {}, but the configured policy is {}",
                began.policy, context.policy_digest
            ),
            format!(
                "continue with the policy that it began with, or end it with `greenlight cancel {number} \
                 --by NAME` and start a new one"
            ),
        ));
    }
    let target = match context.policy.resolve(&header.tag, &began.settings)? {
        Ok(target) => target,
        Err(reasons) => return Ok(Err(Outcome::Refused(reasons))),
    };
    let entry = begin::position(&began.settings, &target.environment)?;
    Ok(Ok(Found {
        began,
        history: log::history(number, &entries)?,
        entries,
        entry,
    }))
}

/// The deployment with this number, or the latest unfinished one that has records.
fn find(store: &mut dyn Store, number: Option<u64>) -> Result<Header, Error> {
    let Some(number) = number else {
        for header in unfinished(store)? {
            if is_begun(store, header.number)? {
                return Ok(header);
            }
        }
        return Err(Error::host(
            "found no unfinished deployment",
            "start one with `greenlight run --tag TAG`",
        ));
    };
    let header = store.deployment(number)?;
    let header = header.ok_or_else(|| not_found(number))?;
    match header.conclusion {
        None => Ok(header),
        Some(conclusion) => Err(Error::host(
            format!("deployment {number} has ended: {}", conclusion.name()),
            "start a new deployment with `greenlight run --tag TAG`",
        )),
    }
}

/// There is no deployment with this number.
pub(super) fn not_found(number: u64) -> Error {
    Error::host(
        format!("deployment {number} does not exist"),
        "list deployments with `greenlight status`",
    )
}

/// How a deployment ended according to its entries, and the permission of its last decision.
pub(super) fn conclusion(entries: &[Dated]) -> Option<(Conclusion, Permission)> {
    let conclusion = entries.iter().find_map(|it| match &it.entry {
        Entry::Concluded { conclusion } => Some(*conclusion),
        _ => None,
    })?;
    let last = entries.iter().rev().find_map(|it| match &it.entry {
        Entry::Decided { decision, .. } => Some(decision.permission),
        _ => None,
    });
    // Without a decision, a person ended it.
    Some((conclusion, last.unwrap_or(Permission::Stop)))
}

/// The environment that the command of an effect changes.
const fn changed(effect: &Action) -> Option<&String> {
    match effect {
        Action::Deploy(environment) => Some(environment),
        Action::Perform(step) => Some(&step.environment),
        _ => None,
    }
}

/// How a process starts to drive a deployment.
#[expect(clippy::large_enum_variant, reason = "a deployment has one of them")]
pub(super) enum Opening {
    /// The deployment is new.
    New {
        /// The interventions that were sent to it.
        said: Vec<Said>,
    },
    /// Another process drove it before.
    Resumed {
        /// What that process recorded.
        recovery: Recovery,
        /// The interventions that this command sends to it.
        said: Vec<Said>,
    },
}

/// What the entries of a deployment say about how to continue it.
pub(super) struct Recovery {
    history: History<Source>,
    /// The effect that was running when its process ended.
    interrupted: Option<Action>,
    /// Its command.
    left: Option<LeftOver>,
}

impl Recovery {
    fn read(entries: &[Dated], history: History<Source>) -> Self {
        let mut interrupted = None;
        for dated in entries {
            match &dated.entry {
                Entry::Started { effect } => interrupted = Some(effect.clone()),
                Entry::Happened { details, .. } => {
                    if !details.is_imported() {
                        interrupted = None;
                    }
                }
                // The process that resumed it has dealt with the effect, or was about to repeat it.
                Entry::Resumed { repeated, .. } => {
                    interrupted = interrupted.filter(|_| !repeated);
                }
                Entry::Began(_)
                | Entry::Decided { .. }
                | Entry::Repeated { .. }
                | Entry::Served { .. }
                | Entry::Running { .. }
                | Entry::Noted { .. }
                | Entry::Interrupted
                | Entry::Concluded { .. } => {}
            }
        }
        Self {
            history,
            interrupted,
            left: LeftOver::of(entries),
        }
    }

    /// The interrupted command, if its processes may be ended. A deploy command or a step that is neither repeated nor
    /// canceled keeps running, because a partial change would be worse.
    pub(super) fn left_over(&self, repeated: bool, canceled: bool) -> Option<LeftOver> {
        let left = self.left.clone().filter(|_| self.interrupted.is_some())?;
        let is_ended = repeated || canceled || matches!(left.effect, Action::LoadTest(_));
        is_ended.then_some(left)
    }

    /// The interrupted command that keeps running, and the environment that it changes.
    pub(super) fn still_running(&self) -> Option<(LeftOver, String)> {
        let left = self.left.clone().filter(LeftOver::is_running)?;
        let environment = changed(self.interrupted.as_ref()?)?;
        Some((left, environment.clone()))
    }

    /// The entries that were imported from sibling deployments: number and position of each.
    pub(super) fn imported(&self) -> impl Iterator<Item = (u64, u64)> {
        self.history
            .iter()
            .filter_map(|(_, source)| match &source.details {
                Details::Imported {
                    deployment,
                    position,
                } => Some((*deployment, *position)),
                _ => None,
            })
    }

    /// Shows the rounds in which the nodes were asked.
    pub(super) fn show_rounds(&self, screen: &mut dyn Screen) {
        for (event, source) in self.history.iter() {
            if let (EventKind::Observed(it), Details::Round { nodes }) =
                (&event.kind, &source.details)
            {
                screen.answered(Round::of(
                    event.at.saturating_mul(1000),
                    &it.environment,
                    nodes,
                ));
            }
        }
    }

    /// The environment that it deployed to or ran a step in last, or was about to.
    pub(super) fn environment(&self) -> Option<String> {
        if let Some(environment) = self.interrupted.as_ref().and_then(changed) {
            return Some(environment.clone());
        }
        let mut latest = self.history.iter().rev();
        latest.find_map(|(event, source)| match &event.kind {
            EventKind::Deployed(it) if !source.details.is_imported() => {
                Some(it.environment.clone())
            }
            EventKind::Performed(it) if !source.details.is_imported() => {
                Some(it.step.environment.clone())
            }
            _ => None,
        })
    }

    /// The person who canceled the deployment.
    pub(super) fn canceled_by(&self) -> Option<Person> {
        let mut history = self.history.iter();
        history.find_map(|(event, source)| match (&event.kind, &source.details) {
            (EventKind::Intervened(it), Details::Person(person))
                if it.kind == InterventionKind::Canceled =>
            {
                Some(person.clone())
            }
            _ => None,
        })
    }
}
