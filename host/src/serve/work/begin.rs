//! Starting a deployment here: `greenlight run` as a child, which is known by the request in its journal.

use std::path::Path;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::children::Children;
use crate::deployment::begun;
use crate::deployment::log::explained;
use crate::effects::trigger::{Error, Request, Trigger};
use crate::facts::git;
use crate::journal::{self, Location};

/// How long a child may take to begin.
const BEGINS: Duration = Duration::from_mins(1);

/// How often to look whether it has.
const LOOK: Duration = Duration::from_millis(50);

/// Starts deployments as children.
pub struct Begin {
    location: Location,
    children: Arc<Children>,
}

impl Begin {
    pub fn new(location: Location, children: Arc<Children>) -> Self {
        Self { location, children }
    }

    /// The deployment that was begun for a request: its first record is written. Before that a process may
    /// still die and leave nothing but a number behind.
    fn begun(&self, request: &Request) -> Result<Option<u64>, String> {
        journal::open(&self.location)
            .and_then(|mut journal| begun(journal.as_mut(), &request.key))
            .map(|header| header.map(|it| it.number))
            .map_err(|error| explained(&error).message)
    }

    /// Makes sure that git has the commit, which `run` reads the message of.
    fn prepare(&self, request: &Request) -> Result<(), String> {
        let context = self.children.context();
        let known = |repo: Option<&Path>| git::commit(repo, &request.commit).map(drop);
        if known(context.repo.as_deref()).is_ok() {
            return Ok(());
        }
        self.children.prepare()?;
        known(context.repo.as_deref()).map_err(|error| {
            format!(
                "git does not have the tag's commit, which `[serve] prepare` is there for: {error}"
            )
        })
    }
}

impl Trigger for Begin {
    fn start(&self, request: &Request) -> Result<String, Error> {
        let refused = |why| Error::Refused { why };
        let Some(place) = self.children.place(&request.key) else {
            return Err(Error::Busy {
                why: "as many deployments run as `[serve] at-most` allows, or this one does"
                    .to_owned(),
                again_in: None,
            });
        };
        self.prepare(request).map_err(refused)?;
        let mut arguments = vec!["run", "--tag", &request.tag, "--request", &request.key];
        if let Some(digest) = &request.digest {
            arguments.extend(["--digest", digest]);
        }
        let child = self.children.run(place, &arguments).map_err(refused)?;
        let end = Instant::now() + BEGINS;
        loop {
            // In this order: a child that has ended may have begun right before.
            let ended = child.ended();
            match self.begun(request) {
                Ok(Some(number)) => return Ok(format!("deployment {number}")),
                Ok(None) => {}
                Err(why) => return Err(Error::Unknown { why }),
            }
            if let Some(status) = ended {
                return Err(refused(child.why(&described(status))));
            }
            if Instant::now() > end {
                let why = format!(
                    "`greenlight run` has not begun within {} s",
                    BEGINS.as_secs()
                );
                return Err(Error::Unknown { why });
            }
            std::thread::sleep(LOOK);
        }
    }

    fn find(&self, request: &Request) -> Result<Option<String>, Error> {
        // A child that is about to begin does no harm: the journal takes a request once.
        self.begun(request)
            .map(|number| number.map(|it| format!("deployment {it}")))
            // The journal knows; it only has to answer.
            .map_err(|why| Error::Busy {
                why,
                again_in: None,
            })
    }
}

fn described(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("`greenlight run` ended with status {code} before it had begun"),
        None => format!("`greenlight run` was ended before it had begun: {status}"),
    }
}
