//! The journal, as commands open, read and claim it.

use super::Error;
use crate::config::Config;
use crate::deployment::log::{self, Dated};
use crate::deployment::{Leases, tenure};
use crate::journal::{self, Header, Holder, Location, Store};

/// How far back deployments are searched: more than are ever unfinished.
pub const MANY: usize = 1000;

/// Two runs of one tag would do everything twice. Names deployments of the tag of which nothing was
/// done: their process ended before their first record.
pub fn alone(store: &mut dyn Store, tag: &str, own: Option<u64>) -> Result<Vec<u64>, Error> {
    let mut empty = Vec::new();
    for other in store.deployments(MANY).map_err(failed)? {
        if other.tag != tag || other.conclusion.is_some() || Some(other.number) == own {
            continue;
        }
        if is_empty(store, other.number)? {
            empty.push(other.number);
            continue;
        }
        return Err(Error::new(
            format!("deployment {} of this tag has not ended", other.number),
            format!(
                "go on with it: `greenlight run --resume {0}`, or end it: `greenlight cancel {0} --by NAME`",
                other.number
            ),
        ));
    }
    Ok(empty)
}

/// Takes the right to drive a deployment of a tag.
pub fn claim(
    leases: &Leases,
    store: &mut dyn Store,
    number: u64,
    tag: &str,
    commit: &str,
) -> Result<(), Error> {
    let occupant = leases
        .claim(store, &tenure(tag), number, commit)
        .map_err(failed)?;
    match occupant {
        None => Ok(()),
        Some(other) => Err(Error::new(
            format!(
                "deployment {} of this tag is under way, driven by {}",
                other.deployment,
                Holder::describe(&other.holder)
            ),
            "wait for it, or end that process; look with `greenlight status`",
        )),
    }
}

/// Opens the journal of a configuration.
pub fn open(config: &Config) -> Result<(Location, Box<dyn Store>), Error> {
    let location = location(config)?;
    if let Location::File(path) = &location
        && let Some(folder) = path.parent()
    {
        std::fs::create_dir_all(folder).map_err(|error| {
            Error::new(
                format!("failed to make the folder `{}`: {error}", folder.display()),
                "make room, or name another place in `[journal] location`",
            )
        })?;
    }
    let store = journal::open(&location).map_err(failed)?;
    Ok((location, store))
}

/// Opens the journal of a configuration to look into it; nothing if there is none yet.
pub fn look(config: &Config) -> Result<Option<Box<dyn Store>>, Error> {
    let location = location(config)?;
    if matches!(&location, Location::File(path) if !path.exists()) {
        return Ok(None);
    }
    journal::open(&location).map(Some).map_err(failed)
}

fn location(config: &Config) -> Result<Location, Error> {
    config.journal.parse().map_err(|why| {
        Error::new(
            format!("failed to read the journal's location: {why}"),
            "write a path, or `postgres://USER@HOST/DATABASE`, in `[journal] location`",
        )
    })
}

fn is_empty(store: &mut dyn Store, number: u64) -> Result<bool, Error> {
    let records = store.records(number).map_err(failed)?;
    Ok(records.rows.is_empty())
}

pub fn unfinished(store: &mut dyn Store, number: Option<u64>) -> Result<Header, Error> {
    let mut found = None;
    if let Some(number) = number {
        found = store.deployment(number).map_err(failed)?;
    } else {
        for header in store.deployments(MANY).map_err(failed)? {
            if header.conclusion.is_none() && !is_empty(store, header.number)? {
                found = Some(header);
                break;
            }
        }
    }
    match (found, number) {
        (Some(header), _) if header.conclusion.is_none() => Ok(header),
        (Some(header), _) => Err(ended(
            header.number,
            header.conclusion.as_deref().unwrap_or_default(),
        )),
        (None, Some(number)) => Err(Error::new(
            format!("there is no deployment {number}"),
            "see `greenlight status` for those that there are",
        )),
        (None, None) => Err(Error::new(
            "no deployment waits to go on",
            "start one with `greenlight run --tag TAG`",
        )),
    }
}

/// The journal's failure, as a command's.
pub fn failed(error: journal::Error) -> Error {
    error.into()
}

fn ended(number: u64, conclusion: &str) -> Error {
    Error::new(
        format!("deployment {number} has ended: {conclusion}"),
        "start a new one with `greenlight run --tag TAG`",
    )
}

/// The entries of a deployment, and whether a last one was damaged. What can't be read is the journal's
/// failure.
pub fn entries_of(store: &mut dyn Store, number: u64) -> Result<(Vec<Dated>, bool), Error> {
    log::read(store, number)
}
