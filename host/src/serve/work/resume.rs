//! Going on with deployments that were asked for here and whose process ended before they did.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::children::{Children, deployment_span};
use super::{Pace, Work, back_off};
use crate::clock;
use crate::deployment::{Drivers, unfinished};
use crate::facts::Error;
use crate::journal::{self, Header, Store};
use crate::serve::Shared;

/// Finds what was cut off.
pub struct Resume {
    journal: Box<dyn Store>,
    children: Arc<Children>,
    /// How often each one was tried, and when it may be tried again.
    tried: HashMap<u64, (u32, u64)>,
}

impl Resume {
    pub fn open(shared: &Shared, children: Arc<Children>) -> Result<Self, Error> {
        let journal = journal::open(&shared.context.location)?;
        Ok(Self {
            journal,
            children,
            tried: HashMap::new(),
        })
    }

    fn go_on(&mut self, header: &Header, request: &str) -> Result<(), Error> {
        let now = clock::milliseconds();
        let (attempts, again_at) = self.tried.get(&header.number).copied().unwrap_or((0, 0));
        if now < again_at {
            return Ok(());
        }
        // The child that began it may be about to say so.
        let Some(place) = self.children.place(request) else {
            return Ok(());
        };
        let begun = self.journal.records(header.number);
        if begun?.rows.is_empty() {
            // Nothing of it was done: whoever wants it started begins it anew.
            return Ok(());
        }
        let number = header.number.to_string();
        self.tried
            .insert(header.number, (attempts + 1, now + back_off(attempts)));
        let attempt = attempts + 1;
        let _span = deployment_span(header).entered();
        match self.children.run(place, &["run", "--resume", &number]) {
            Ok(_) => tracing::info!(attempt, "resuming an interrupted deployment"),
            Err(why) => tracing::warn!(
                attempt,
                reason = why,
                "failed to resume an interrupted deployment; trying again"
            ),
        }
        Ok(())
    }
}

impl Work for Resume {
    fn step(&mut self, shared: &Shared) -> Result<Pace, Error> {
        let headers = unfinished(self.journal.as_mut())?;
        let drivers = Drivers::read(self.journal.as_mut())?;
        self.tried
            .retain(|number, _| headers.iter().any(|it| it.number == *number));
        for header in headers {
            if let Some(request) = &header.request
                && !drivers.drive(&header)
            {
                self.go_on(&header, request)?;
            }
        }
        Ok(Pace::Asleep(
            shared.context.config.lease.min(Duration::from_secs(10)),
        ))
    }
}

/// How many deployments that were requested here are being driven, by any process.
pub fn driven(journal: &mut dyn Store) -> Result<usize, Error> {
    let headers = unfinished(journal)?;
    let drivers = Drivers::read(journal)?;
    let requested = headers.iter().filter(|it| it.request.is_some());
    Ok(requested.filter(|it| drivers.drive(it)).count())
}
