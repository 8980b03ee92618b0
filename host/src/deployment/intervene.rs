//! Sends a person's intervention to a deployment: as a message, which its driver records.
//!
//! The message stays in the journal. If no process drives the deployment, the one that resumes it records the
//! intervention, with the time at which the message was sent.

use std::thread;
use std::time::{Duration, Instant};

use super::intervention::NewIntervention;
use super::log;
use super::message::Message;
use super::recovery;
use super::{Drivers, Error};
use crate::config::Config;
use crate::contract::names::Named as _;
use crate::contract::promotion::{Intervention, InterventionKind};
use crate::journal::{Header, Holder, Lock, Store};

/// How often to look whether the driver has recorded the intervention.
const POLL: Duration = Duration::from_millis(100);

/// How far an intervention has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
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

/// An intervention that was sent to a deployment.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    /// The intervention, bound to the image of the deployment.
    pub intervention: Intervention,
    /// How far it has come.
    pub delivery: Delivery,
}

/// Sends an intervention to an unfinished deployment, and waits for its driver to record it, at most for `patience`.
///
/// # Errors
///
/// If there is no such deployment or environment, the deployment has ended, or the journal can't be written.
pub fn intervene(
    config: &Config,
    number: u64,
    new: &NewIntervention,
    patience: Duration,
) -> Result<Sent, Error> {
    let (_, mut store) = log::open(config)?;
    let header = unfinished(store.as_mut(), number, new.kind)?;
    if let Some(name) = &new.environment {
        check(store.as_mut(), number, name)?;
    }
    let intervention = new.for_image(header.digest.as_deref());
    let message = Message::Intervene {
        intervention: intervention.clone(),
    };
    message.send(store.as_mut(), number)?;
    let id = id_of(&message, store.as_mut(), number)?;
    let delivery = delivery(store.as_mut(), &header, (id, new.kind), patience)?;
    Ok(Sent {
        intervention,
        delivery,
    })
}

/// Waits until the driver of a deployment has recorded the message with this id, at most for `patience`.
fn delivery(
    store: &mut dyn Store,
    header: &Header,
    (id, kind): (u64, InterventionKind),
    patience: Duration,
) -> Result<Delivery, Error> {
    let number = header.number;
    let until = Instant::now() + patience;
    loop {
        // The log is read last: the driver may record the intervention and end the deployment in between.
        let is_unfinished = unfinished(store, number, kind);
        let drivers = Drivers::read(store)?;
        let driver = drivers.of(&Lock::tag(&header.tag));
        if log::read(store, number)?
            .iter()
            .any(|it| it.entry.is_of_message(id))
        {
            return Ok(Delivery::Recorded);
        }
        is_unfinished?;
        let Some(driver) = driver.filter(|it| it.deployment == number) else {
            return Ok(Delivery::Stored);
        };
        if Instant::now() >= until {
            let driver = Holder::describe(&driver.holder);
            return Ok(Delivery::Sent { driver });
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
