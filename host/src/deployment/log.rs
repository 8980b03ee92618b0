//! The journal of one deployment: opened, written entry by entry, read.

use std::fs;

use super::Error;
use super::entry::{Details, Entry};
use super::history::History;
use super::passing_time::PassingTime;
use super::record::repeats::{self, Repeats};
use super::repetition::Repetition;
use super::{last_change, record};
use crate::clock;
use crate::config::Config;
use crate::contract::promotion::{Event, EventKind};
use crate::error::{self, Kind};
use crate::journal::{self, Location, Row, Store};

/// Opens the journal of a configuration, and creates a missing one.
///
/// # Errors
///
/// If its location is invalid, its folder can't be made, or it can't be opened.
pub fn open(config: &Config) -> Result<(Location, Box<dyn Store>), Error> {
    let location = location(config)?;
    if let Location::File(path) = &location
        && let Some(folder) = path.parent()
    {
        fs::create_dir_all(folder).map_err(|error| {
            Error::host(
                format!("failed to make the folder `{}`: {error}", folder.display()),
                "make room, or set another place in `[journal] location`",
            )
        })?;
    }
    let store = journal::open(&location)?;
    Ok((location, store))
}

/// Opens the journal of a configuration to read it; `None` if it does not exist yet.
///
/// # Errors
///
/// If its location is invalid, or it can't be opened.
pub fn look(config: &Config) -> Result<Option<Box<dyn Store>>, Error> {
    let location = location(config)?;
    if matches!(&location, Location::File(path) if !path.exists()) {
        return Ok(None);
    }
    Ok(Some(journal::open(&location)?))
}

/// Returns the location of the journal that a configuration names.
///
/// # Errors
///
/// If the location is invalid.
pub fn location(config: &Config) -> Result<Location, Error> {
    config.journal.parse().map_err(|why| {
        Error::host(
            format!("failed to read the journal's location: {why}"),
            "write a path, or `postgres://USER@HOST/DATABASE`, in `[journal] location`",
        )
    })
}

/// A deployment so far: its journal, and the events that the policy receives.
pub(super) struct Record {
    /// The journal.
    pub(super) log: Log,
    /// How many events this process has recorded.
    pub(super) added: u64,
    time: PassingTime,
}

impl Record {
    /// Starts without events.
    pub(super) fn new(log: Log) -> Self {
        Self {
            log,
            added: 0,
            time: PassingTime::default(),
        }
    }

    /// The events that the policy receives, in order.
    pub(super) fn events(&self) -> &[Event] {
        self.log.events()
    }

    /// The time of the deployment, in seconds since 1970.
    pub(super) fn now(&mut self) -> u64 {
        self.time.seconds(self.log.events())
    }

    /// Records an event of now, durably.
    pub(super) fn happened(&mut self, kind: EventKind, details: Details) -> journal::Result<()> {
        let event = Event {
            at: self.now(),
            kind,
        };
        self.add(event, details)
    }

    /// Records an event, durably.
    pub(super) fn add(&mut self, event: Event, details: Details) -> journal::Result<()> {
        self.log.write(&Entry::Happened { event, details })?;
        self.added += 1;
        Ok(())
    }
}

/// Where the next entry of a deployment goes.
///
/// An entry that only repeats earlier entries is kept back. One [`Entry::Repeated`] stands for all entries that were kept
/// back. It is written before the next entry that does not repeat earlier ones, and at least once a minute during a wait.
/// So the journal explains each decision in it, and a process that dies loses at most one minute of waiting.
pub struct Log {
    /// The store, which also keeps the leases.
    pub store: Box<dyn Store>,
    /// The number of the deployment.
    pub deployment: u64,
    next: u64,
    /// The lists of the entries that this process wrote. The next entry may refer to them.
    repeats: Repeats,
    /// The events that the policy receives.
    history: History,
    /// The latest entries that were written, and how often they were repeated since.
    repetition: Repetition,
}

/// One entry with its place and time.
#[derive(Clone, Debug)]
pub struct Dated {
    /// Milliseconds since 1970.
    pub at: u64,
    /// What it says.
    pub entry: Entry,
}

impl Log {
    /// Writes the first entry next.
    pub fn new(store: Box<dyn Store>, deployment: u64) -> Self {
        Self::behind(store, deployment, 1, &History::<()>::default())
    }

    /// Writes after existing entries: the next entry gets this position, from 1. `history` is the history of the entries
    /// before it.
    pub fn behind<T>(
        store: Box<dyn Store>,
        deployment: u64,
        next: u64,
        history: &History<T>,
    ) -> Self {
        Self {
            store,
            deployment,
            next,
            repeats: Repeats::default(),
            history: history.events_alone(),
            repetition: Repetition::default(),
        }
    }

    /// Adds an entry. It is durable when this returns, unless it only repeats earlier entries.
    ///
    /// # Errors
    ///
    /// If it can't be stored, for example because another process wrote an entry in its place.
    pub fn write(&mut self, entry: &Entry) -> Result<(), journal::Error> {
        if self.repetition.keeps_back(entry, &self.history) {
            if let Entry::Happened { event, .. } = entry {
                self.history.add(event.clone(), ());
            }
            return if self.repetition.is_due(entry) {
                self.write_repetition()
            } else {
                Ok(())
            };
        }
        self.write_repetition()?;
        let position = self.next;
        self.append(entry)?;
        self.repetition.wrote(entry, position, &self.history);
        if let Entry::Happened { event, .. } = entry {
            self.history.add(event.clone(), ());
            self.history.forget_changes();
        }
        Ok(())
    }

    /// Writes one entry for the entries that were kept back.
    fn write_repetition(&mut self) -> Result<(), journal::Error> {
        match self.repetition.take() {
            None => Ok(()),
            Some(decisions) => {
                let history = self.history.take_changes();
                self.append(&Entry::Repeated { history, decisions })
            }
        }
    }

    fn append(&mut self, entry: &Entry) -> Result<(), journal::Error> {
        let short = self.repeats.shorten(entry);
        let written = match &short {
            Some((short, same_as)) => record::write(short, Some(*same_as)),
            None => record::write(entry, None),
        };
        let body = written
            .map_err(|error| journal::Error::Wrong(format!("failed to write JSON: {error}")))?;
        let row = Row {
            position: self.next,
            at: clock::milliseconds(),
            body,
        };
        self.store.append(self.deployment, &row)?;
        if short.is_none() {
            self.repeats.remember(entry, self.next);
        }
        self.next += 1;
        Ok(())
    }

    /// The events that the policy receives, in order.
    pub fn events(&self) -> &[Event] {
        self.history.events()
    }

    /// The position of the next entry.
    pub fn next(&self) -> u64 {
        self.next
    }
}

/// Reads the entries of a deployment.
///
/// # Errors
///
/// If the store can't be read, or holds damaged entries or entries of another version of this program.
pub fn read(store: &mut dyn Store, deployment: u64) -> Result<Vec<Dated>, error::Error> {
    let rows = store.records(deployment)?;
    entries(deployment, &rows)
}

/// Reads records as entries.
///
/// # Errors
///
/// If a record is not an entry that this version of the program knows, or refers to the lists of an entry without
/// lists.
pub fn entries(deployment: u64, rows: &[Row]) -> Result<Vec<Dated>, error::Error> {
    let mut entries: Vec<Dated> = Vec::with_capacity(rows.len());
    for row in rows {
        let read = record::read(&row.body);
        let (mut entry, same_as) =
            read.map_err(|error| unreadable(deployment, row.position, &error))?;
        if let Some(position) = same_as {
            let index = position
                .checked_sub(1)
                .and_then(|it| usize::try_from(it).ok());
            let whole = index.and_then(|it| entries.get(it));
            if !whole.is_some_and(|it| repeats::complete(&mut entry, &it.entry)) {
                let why =
                    format!("entry {position}, to which it refers, does not have these lists");
                return Err(unreadable(deployment, row.position, &why));
            }
        }
        entries.push(Dated { at: row.at, entry });
    }
    Ok(entries)
}

/// The history that the policy receives, with the source of each event.
///
/// # Errors
///
/// If an entry repeats events that the entries before it do not have.
pub fn history(deployment: u64, entries: &[Dated]) -> Result<History<Source>, error::Error> {
    history_behind(deployment, entries, 0)
}

/// The part of the history that the entries after a position recorded.
///
/// # Errors
///
/// As for the whole history.
pub(super) fn history_behind(
    deployment: u64,
    entries: &[Dated],
    last: u64,
) -> Result<History<Source>, error::Error> {
    // A tail changes the whole history, which then shows the rounds that the entry added.
    let (mut all, mut new) = (History::default(), History::default());
    for (position, dated) in (1..).zip(entries) {
        let source = |details: &Details| Source {
            position,
            at: dated.at,
            details: details.clone(),
        };
        match &dated.entry {
            Entry::Happened { event, details } => {
                all.add(event.clone(), source(details));
                if position > last {
                    new.add(event.clone(), source(details));
                }
            }
            Entry::Repeated { history, .. } => {
                let source = source(&Details::Nothing);
                let added = all.apply(history, &source);
                let added = added.map_err(|why| unreadable(deployment, position, &why))?;
                if let Some(rounds) = added.filter(|_| position > last) {
                    new.add(rounds, source);
                }
            }
            _ => {}
        }
    }
    Ok(if last == 0 { all } else { new })
}

/// Where an event of the history is in the journal: the entry that recorded it last.
#[derive(Clone, Debug)]
pub struct Source {
    /// The position of the entry.
    pub position: u64,
    /// When the entry was written, in milliseconds since 1970.
    pub at: u64,
    /// Its details.
    pub details: Details,
}

fn unreadable(deployment: u64, position: u64, why: &dyn std::fmt::Display) -> error::Error {
    error::Error::of(
        Kind::Journal,
        format!("failed to read entry {position} of deployment {deployment}: {why}"),
        "use the version of greenlight that wrote it",
    )
}

/// Whether a deployment began to change an environment.
///
/// # Errors
///
/// If its entries can't be read.
pub fn changed(
    store: &mut dyn Store,
    deployment: u64,
    environment: &str,
) -> Result<bool, error::Error> {
    let entries = read(store, deployment)?;
    let mut changes = entries
        .iter()
        .filter_map(|it| last_change::environment_of(&it.entry));
    Ok(changes.any(|it| it == environment))
}
