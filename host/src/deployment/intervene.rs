//! Passing the word of a person to a deployment: by a message, which its driver records.
//!
//! The message stays in the journal. If no process drives the deployment, the one that resumes it records the word,
//! with the time at which the person said it.

use std::thread;
use std::time::{Duration, Instant};

use super::log;
use super::message::Message;
use super::recovery;
use super::word::Word;
use super::{Drivers, Error};
use crate::config::Config;
use crate::contract::names::Named as _;
use crate::contract::promotion::InterventionKind;
use crate::journal::{Header, Holder, Lock, Store};

/// How often to look whether the driver has recorded the word.
const POLL: Duration = Duration::from_millis(100);

/// What became of the word of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The process that drives the deployment has recorded it.
    Recorded,
    /// The message is stored, and the process has not recorded it in time.
    Sent {
        /// The process, in words.
        driver: String,
    },
    /// The message is stored. No process drives the deployment.
    Stored,
}

/// Passes the word of a person to an unfinished deployment. Waits so long for its driver to record it.
///
/// # Errors
///
/// If there is no such deployment or environment, the deployment has ended, or the journal can't be written.
pub fn intervene(
    config: &Config,
    number: u64,
    word: &Word,
    patience: Duration,
) -> Result<Heard, Error> {
    let (_, mut store) = log::open(config)?;
    let header = unfinished(store.as_mut(), number, word.kind)?;
    if let Some(name) = &word.environment {
        check(store.as_mut(), number, name)?;
    }
    let message = Message::Intervene {
        intervention: word.intervention(header.digest.as_deref()),
    };
    message.send(store.as_mut(), number)?;
    let id = id_of(&message, store.as_mut(), number)?;
    let until = Instant::now() + patience;
    loop {
        if log::read(store.as_mut(), number)?
            .iter()
            .any(|it| it.entry.is_of_message(id))
        {
            return Ok(Heard::Recorded);
        }
        unfinished(store.as_mut(), number, word.kind)?;
        let drivers = Drivers::read(store.as_mut())?;
        let driver = drivers.of(&Lock::tag(&header.tag));
        let Some(driver) = driver.filter(|it| it.deployment == number) else {
            return Ok(Heard::Stored);
        };
        if Instant::now() >= until {
            let driver = Holder::describe(&driver.holder);
            return Ok(Heard::Sent { driver });
        }
        thread::sleep(POLL);
    }
}

/// The id of a message that was sent.
fn id_of(message: &Message, store: &mut dyn Store, number: u64) -> Result<u64, Error> {
    let sent = store.messages(number, 0)?;
    let mut latest = sent.iter().rev();
    let sent = latest.find(|it| Message::read(&it.body) == *message);
    Ok(sent.map(|it| it.id).unwrap_or_default())
}

/// The header of a deployment that has not ended.
fn unfinished(store: &mut dyn Store, number: u64, kind: InterventionKind) -> Result<Header, Error> {
    let header = store.deployment(number)?;
    let header = header.ok_or_else(|| recovery::not_found(number))?;
    let Some(conclusion) = header.conclusion else {
        return Ok(header);
    };
    let verb = match kind {
        InterventionKind::Approved => "approve",
        InterventionKind::Rejected => "reject",
        InterventionKind::Held => "hold",
        InterventionKind::Canceled => "cancel",
    };
    Err(Error::host(
        format!("deployment {number} has ended: {}", conclusion.name()),
        format!("there is nothing to {verb}; see `greenlight status` for later deployments"),
    ))
}

/// Checks that a deployment has an environment of this name.
fn check(store: &mut dyn Store, number: u64, name: &str) -> Result<(), Error> {
    let entries = log::read(store, number)?;
    let Some(super::entry::Entry::Began(began)) = entries.first().map(|it| &it.entry) else {
        return Ok(());
    };
    let names: Vec<_> = began
        .settings
        .environments
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    if names.contains(&name) {
        return Ok(());
    }
    Err(Error::host(
        format!("deployment {number} has no environment `{name}`"),
        format!("name one of `{}`", names.join("`, `")),
    ))
}
