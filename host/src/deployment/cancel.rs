//! Canceling a deployment: by itself if no process drives it, else by a message to its driver.

use std::thread;
use std::time::{Duration, Instant};

use super::entry::{Details, Entry, Person};
use super::left_over::{Cleanup, LeftOver};
use super::log::{self, Dated, Log, Record};
use super::message::Message;
use super::{Drivers, Error, HeldLeases, commands, last_look, notify, recovery};
use crate::config::Config;
use crate::contract::names::Named as _;
use crate::contract::promotion::{
    Action, Conclusion, EventKind, InterventionKind, Notice, Urgency,
};
use crate::effects::shutdown::Shutdown;
use crate::journal::{Header, Holder, Lock, Occupant, Store};
use crate::text::number::short;

/// How often to look whether the driver has ended the deployment.
const POLL: Duration = Duration::from_millis(100);

/// The key of the notification, which is the bundled policy's, too: it is sent once.
const NOTICE: &str = "canceled";

/// What became of a request to cancel a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cancellation {
    /// It is canceled.
    Done,
    /// The message to the process that drives it is sent, and the process has not ended it in time.
    Asked {
        /// The process, in words.
        driver: String,
    },
}

/// Ends a deployment in the name of a person. Nothing that was deployed is rolled back.
///
/// A process that drives it receives a message, and has so long to end it. `tell` gets what goes on.
///
/// # Errors
///
/// If there is no such deployment, it has ended, or the journal can't be written.
pub fn cancel(
    config: &Config,
    number: u64,
    person: &Person,
    patience: Duration,
    tell: &mut dyn FnMut(&str),
) -> Result<Cancellation, Error> {
    let (location, mut store) = log::open(config)?;
    let header = unfinished(store.as_mut(), number)?;
    let leases = HeldLeases::keep(location, config.lease)?;
    let lock = Lock::tag(&header.tag);
    let Some(occupant) = leases.claim(store.as_mut(), &lock, number, &header.commit)? else {
        return finish(config, store, &leases, &header, person, tell);
    };
    if occupant.deployment != number {
        return Err(other_drives(&header, &occupant));
    }
    let driver = Holder::describe(&occupant.holder);
    let message = Message::Cancel {
        by: person.name.clone(),
        reason: person.reason.clone(),
        proven: person.proven,
    };
    message.send(store.as_mut(), number)?;
    tell(&format!(
        "{driver} drives deployment {number}, and is asked to end it"
    ));
    let until = Instant::now() + patience;
    loop {
        match unfinished(store.as_mut(), number) {
            Ok(_) => {}
            Err(_) if is_canceled(store.as_mut(), number)? => return Ok(Cancellation::Done),
            Err(error) => return Err(error),
        }
        if !Drivers::read(store.as_mut())?.drive(&header)
            && leases
                .claim(store.as_mut(), &lock, number, &header.commit)?
                .is_none()
        {
            tell(&format!(
                "{driver} has ended without ending deployment {number}"
            ));
            return finish(config, store, &leases, &header, person, tell);
        }
        if Instant::now() >= until {
            return Ok(Cancellation::Asked { driver });
        }
        thread::sleep(POLL);
    }
}

/// The header of a deployment that has not ended.
fn unfinished(store: &mut dyn Store, number: u64) -> Result<Header, Error> {
    let header = store.deployment(number)?;
    let header = header.ok_or_else(|| recovery::not_found(number))?;
    match header.conclusion {
        None => Ok(header),
        Some(conclusion) => Err(has_ended(number, conclusion)),
    }
}

fn has_ended(number: u64, conclusion: Conclusion) -> Error {
    Error::host(
        format!("deployment {number} has ended: {}", conclusion.name()),
        "there is nothing to cancel",
    )
}

fn is_canceled(store: &mut dyn Store, number: u64) -> Result<bool, Error> {
    let header = store.deployment(number)?;
    Ok(header.is_some_and(|it| it.conclusion == Some(Conclusion::Canceled)))
}

fn other_drives(header: &Header, occupant: &Occupant) -> Error {
    Error::host(
        format!(
            "deployment {} of the tag `{}` is running, driven by {}",
            occupant.deployment,
            header.tag,
            Holder::describe(&occupant.holder)
        ),
        format!(
            "cancel that one first, or wait until it ends, then cancel deployment {}",
            header.number
        ),
    )
}

/// Ends a deployment that no process drives, and whose lock this process holds.
fn finish(
    config: &Config,
    mut store: Box<dyn Store>,
    leases: &HeldLeases,
    header: &Header,
    person: &Person,
    tell: &mut dyn FnMut(&str),
) -> Result<Cancellation, Error> {
    let number = header.number;
    // Its driver may have ended it right before.
    if let Err(error) = unfinished(store.as_mut(), number) {
        leases.release_all_but(store.as_mut(), &[])?;
        return if is_canceled(store.as_mut(), number)? {
            Ok(Cancellation::Done)
        } else {
            Err(error)
        };
    }
    // A deployment whose journal can't be read can still be ended, without a record of the person.
    let read = log::read(store.as_mut(), number);
    let read = read.and_then(|entries| Ok((log::history(number, &entries)?, entries)));
    let Ok((history, entries)) = read else {
        store.conclude(number, Conclusion::Canceled)?;
        leases.release_all_but(store.as_mut(), &[])?;
        return Ok(Cancellation::Done);
    };
    // The driver may have died after it recorded the conclusion and before it wrote the conclusion to the list.
    if let Some((conclusion, _)) = recovery::conclusion(&entries) {
        store.conclude(number, conclusion)?;
        leases.release_all_but(store.as_mut(), &[])?;
        return match conclusion {
            Conclusion::Canceled => Ok(Cancellation::Done),
            _ => Err(has_ended(number, conclusion)),
        };
    }
    let next = entries.len() as u64 + 1;
    let mut record = Record::new(Log::behind(store, number, next, &history));
    if !entries.iter().any(|it| it.entry.is_cancellation()) {
        let intervened = EventKind::Intervened(person.intervention(InterventionKind::Canceled));
        record.happened(intervened, Details::Person(person.clone()))?;
    }
    clear(config, &mut record, &entries, tell)?;
    let served = last_look::record(config, &mut record.log)?;
    if !entries.iter().any(is_notice) && config.slack.is_some() {
        send(config, &mut record, header, person, &served, tell)?;
    }
    record.log.write(&Entry::Concluded {
        conclusion: Conclusion::Canceled,
    })?;
    record.log.store.conclude(number, Conclusion::Canceled)?;
    leases.release_all_but(record.log.store.as_mut(), &[])?;
    Ok(Cancellation::Done)
}

/// Ends what is left of the command that was interrupted, and cleans up after it.
fn clear(
    config: &Config,
    record: &mut Record,
    entries: &[Dated],
    tell: &mut dyn FnMut(&str),
) -> Result<(), Error> {
    let first = entries.first().map(|it| &it.entry);
    let (Some(left), Some(Entry::Began(began))) = (LeftOver::of(entries), first) else {
        return Ok(());
    };
    let number = record.log.deployment;
    let cleanup = Cleanup {
        config,
        shutdown: &Shutdown::never(),
        began,
        deployment: number,
        folder: &commands::folder(&config.records, number)?,
        position: record.log.next(),
    };
    let ended = left.end();
    let cleaned = cleanup.run(&left, &mut |_| {});
    for text in ended.into_iter().chain(cleaned) {
        tell(&text);
        record.log.write(&Entry::Noted { text })?;
    }
    Ok(())
}

/// Tells the channel, as the policy does where a process drives the deployment.
fn send(
    config: &Config,
    record: &mut Record,
    header: &Header,
    person: &Person,
    served: &[String],
    tell: &mut dyn FnMut(&str),
) -> Result<(), Error> {
    let commit = short(&header.commit);
    let (name, reason) = (person.name_in_words(), person.reason.as_deref());
    let because = reason.map_or_else(String::new, |it| format!(": {it}"));
    let mut text = format!(
        "{commit} was canceled ({}): {name} canceled the release{because}",
        header.tag
    );
    if !served.is_empty() {
        text = format!("{text}; now {}", served.join("; "));
    }
    let notice = Notice {
        urgency: Urgency::Info,
        key: NOTICE.to_owned(),
        text,
    };
    record.log.write(&Entry::Started {
        effect: Action::Notify(notice.clone()),
    })?;
    let store = record.log.store.as_mut();
    let handed = notify::notify(config, store, header.number, &notice, Some(person))?;
    if !handed.is_done() {
        tell(&format!("the notification: {}", handed.said()));
    }
    let (kind, details) = notify::notified(&notice, &handed);
    Ok(record.happened(kind, details)?)
}

/// Whether the journal has the event of the notification.
fn is_notice(dated: &Dated) -> bool {
    matches!(
        &dated.entry,
        Entry::Happened { event, .. }
            if matches!(&event.kind, EventKind::Notified(it) if it.key == NOTICE)
    )
}
