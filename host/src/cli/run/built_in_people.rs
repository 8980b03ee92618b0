//! The built-in people of `run --local`: they approve what the release waits for.

use std::io;
use std::time::Duration;

use crate::config::Config;
use crate::contract::promotion::{EventKind, InterventionKind};
use crate::deployment::entry::{Entry, Person};
use crate::deployment::timeline::{self, Question};
use crate::deployment::{self, Error, Keeper, LISTED, NewIntervention, log};

/// How often they look for a question.
const INTERVAL: Duration = Duration::from_millis(200);

/// How long they wait for the deployment to record an approval.
const PATIENCE: Duration = Duration::from_secs(10);

/// Starts them. They end when the keeper is dropped.
///
/// # Errors
///
/// If the system gives no thread.
pub fn start(config: &Config) -> io::Result<Keeper> {
    let config = config.clone();
    Keeper::every(INTERVAL, "people", move || {
        // After a failure, the next look tries again; the deployment itself reports a journal that can't be used.
        let _ = approve(&config);
    })
}

/// Gives one approval, if any is missing.
fn approve(config: &Config) -> Result<(), Error> {
    let Some((number, question)) = asked(config)? else {
        return Ok(());
    };
    let approved = |name: &String| question.approved_by.iter().any(|it| it.by == *name);
    let mut names = (1..).map(|it| format!("built-in person {it}"));
    let Some(name) = names.find(|it| !approved(it)) else {
        return Ok(());
    };
    let approval = NewIntervention {
        kind: InterventionKind::Approved,
        person: Person {
            name,
            reason: Some("`run --local` has no other people".to_owned()),
            proven: false,
        },
        environment: Some(question.environment),
    };
    deployment::intervene(config, number, &approval, PATIENCE).map(drop)
}

/// The question that the unfinished deployment waits for, once it has decided about all answers so far.
fn asked(config: &Config) -> Result<Option<(u64, Question)>, Error> {
    let Some(mut store) = log::look(config)? else {
        return Ok(None);
    };
    for header in store.deployments(LISTED)? {
        if header.conclusion.is_some() {
            continue;
        }
        let entries = log::read(store.as_mut(), header.number)?;
        let mut latest = entries.iter().rev().map(|it| &it.entry);
        let is_decided = latest.find_map(|it| match it {
            Entry::Decided { .. } => Some(true),
            Entry::Happened { event, .. } if matches!(event.kind, EventKind::Intervened(_)) => {
                Some(false)
            }
            _ => None,
        });
        let question = timeline::project(&header, &entries).question;
        if let Some(question) = question.filter(|_| is_decided == Some(true)) {
            return Ok(Some((header.number, question)));
        }
    }
    Ok(None)
}
