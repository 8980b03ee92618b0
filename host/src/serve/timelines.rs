//! The timelines of the latest deployments, for the pages.

use std::collections::HashMap;

use crate::clock;
use crate::deployment::damaged::{self, Damaged};
use crate::deployment::log::Dated;
use crate::deployment::timeline::{self, Timeline};
use crate::deployment::{Drivers, READ, log, stored};
use crate::error::Error;
use crate::journal::{self, Header, Location, Store};

/// The timelines of deployments that have ended, by number. They do not change, so each is read once.
#[derive(Default)]
pub struct Timelines(HashMap<u64, Timeline>);

impl Timelines {
    /// Reads the latest deployments: returns those that have not ended, and keeps those that have. Also returns the
    /// deployments whose records can't be read.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub fn read(
        &mut self,
        journal: &mut dyn Store,
    ) -> journal::Result<(Vec<Timeline>, Vec<Damaged>)> {
        let headers = journal.deployments(READ)?;
        let drivers = Drivers::read(journal)?;
        self.0
            .retain(|number, _| headers.iter().any(|it| it.number == *number));
        let (mut open, mut damaged) = (Vec::new(), Vec::new());
        for header in &headers {
            if self.0.contains_key(&header.number) {
                continue;
            }
            let entries = match damaged::read(journal, header.number)? {
                Ok(entries) => entries,
                Err(found) => {
                    damaged.push(found);
                    continue;
                }
            };
            let mut timeline = of(journal, header, &entries, &drivers)?;
            if header.conclusion.is_some() {
                timeline.thin();
                self.0.insert(header.number, timeline);
            } else {
                open.push(timeline);
            }
        }
        Ok((open, damaged))
    }

    /// Those that have ended, with those that have not, the newest first.
    pub fn with<'a>(&'a self, open: &'a [Timeline]) -> Vec<&'a Timeline> {
        let mut all: Vec<_> = open.iter().chain(self.0.values()).collect();
        all.sort_by_key(|it| std::cmp::Reverse(it.number));
        all
    }
}

/// Reads one deployment; `None` if it does not exist.
///
/// # Errors
///
/// Those of the store, and records of another version of this program.
pub fn one(location: &Location, number: u64) -> Result<Option<Timeline>, Error> {
    let mut store = journal::open(location)?;
    let Some(header) = store.deployment(number)? else {
        return Ok(None);
    };
    let drivers = Drivers::read(store.as_mut())?;
    let entries = log::read(store.as_mut(), number)?;
    Ok(Some(of(store.as_mut(), &header, &entries, &drivers)?))
}

fn of(
    journal: &mut dyn Store,
    header: &Header,
    entries: &[Dated],
    drivers: &Drivers,
) -> journal::Result<Timeline> {
    let mut timeline = timeline::project(header, entries);
    timeline.add_messages(journal.outbox_of(header.number)?);
    timeline.expire(clock::milliseconds());
    if header.conclusion.is_none() && !drivers.drive(header) {
        stored::interrupt(&mut timeline, journal, entries)?;
    }
    Ok(timeline)
}
