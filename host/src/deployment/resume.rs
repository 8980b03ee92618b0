//! Going on with a deployment whose process ended before it did.
//!
//! Finished effects stand in the journal and are not repeated. One that had started and not ended is
//! named; it is done again only where the configuration says that it may.

use super::entry::{Began, Details, Entry};
use super::log::Dated;
use super::{Driver, Error, Leases, Means, log::Log};
use crate::contract::promotion::{
    Action, Deployment, Event, Happening, LoadTest, LoadTestResult, Measurement, Notice,
    Notification, Outcome,
};
use crate::facts;

/// An effect that was under way when its process ended.
#[derive(Clone, Debug, PartialEq)]
pub struct CutOff(pub Action);

impl<'a> Driver<'a> {
    /// Goes on from the entries of a deployment that has not ended.
    ///
    /// # Errors
    ///
    /// If the entries make no sense, or the journal can't be written.
    pub fn resume(
        means: Means<'a>,
        log: Log,
        leases: Leases,
        entries: Vec<Dated>,
        entry: usize,
    ) -> Result<Self, Error> {
        let (began, history, cut_off) = read(entries)?;
        let mut driver = Self::with(means, log, leases, began, entry)?;
        driver.history = history.iter().map(|(event, _)| event.clone()).collect();
        for (_, details) in &history {
            if let Details::Borrowed {
                deployment,
                position,
            } = details
            {
                driver.has_borrowed(*deployment, *position);
            }
        }
        let number = driver.log.deployment;
        driver.means.screen.began(number, &driver.began, true);
        let place = place(cut_off.as_ref(), &history);
        let repeated = cut_off.as_ref().is_some_and(|it| driver.may_repeat(&it.0));
        driver.log.write(&Entry::Resumed {
            interrupted: cut_off.clone().map(|it| it.0),
            repeated,
        })?;
        if let Some(CutOff(effect)) = cut_off {
            let what = named(&effect);
            let then = if repeated {
                "it is done again"
            } else {
                "it is not repeated"
            };
            driver.means.screen.note(&format!(
                "{what} was under way when greenlight ended: {then}"
            ));
            if !repeated && let Some(happening) = driver.as_unknown(&effect) {
                driver.happened(happening, Details::CutOff)?;
            }
        }
        // What it deployed to is its own again, unless somebody else has it now: then the next effect there
        // ends here. What happened there meanwhile is seen by looking.
        if let Some(place) = place {
            match driver.hold(&place) {
                Ok(()) | Err(Error::LostLease(_)) => driver.look_at(&place)?,
                Err(error) => return Err(error),
            }
        }
        Ok(driver)
    }

    fn may_repeat(&self, effect: &Action) -> bool {
        let config = self.means.config;
        match effect {
            Action::Deploy(environment) => config
                .environment(environment)
                .is_some_and(|it| it.repeatable),
            Action::LoadTest(_) => config.load_test.as_ref().is_some_and(|it| it.repeatable),
            // People are told once, or not at all.
            Action::Notify(_) => false,
            Action::Observe(_) | Action::Wait(_) | Action::Finish(_) => true,
        }
    }

    /// What the policy is told of an effect of which only the beginning is known.
    fn as_unknown(&self, effect: &Action) -> Option<Happening> {
        Some(match effect {
            Action::Deploy(environment) => Happening::Deployed(Deployment {
                environment: environment.clone(),
                commit: self.began.commit.clone(),
                digest: self.release.digest.clone(),
                outcome: Outcome::Unknown,
            }),
            Action::LoadTest(environment) => Happening::LoadTested(LoadTest {
                environment: environment.clone(),
                result: LoadTestResult::Measured(Measurement {
                    requests: 0,
                    failures: 0,
                    exceptions: 0,
                    duration: 0,
                    p95: None,
                    broken_thresholds: Vec::new(),
                    exit_status: None,
                    complete: false,
                    versions: Vec::new(),
                }),
            }),
            Action::Notify(Notice { key, .. }) => Happening::Notified(Notification {
                key: key.clone(),
                outcome: Outcome::Unknown,
            }),
            Action::Observe(_) | Action::Wait(_) | Action::Finish(_) => return None,
        })
    }
}

/// The environment that it deployed to last, or was about to.
fn place(cut_off: Option<&CutOff>, history: &[(Event, Details)]) -> Option<String> {
    if let Some(CutOff(Action::Deploy(environment))) = cut_off {
        return Some(environment.clone());
    }
    let mut latest = history.iter().rev();
    latest.find_map(|(event, details)| match (&event.happening, details) {
        (_, Details::Borrowed { .. }) => None,
        (Happening::Deployed(it), _) => Some(it.environment.clone()),
        _ => None,
    })
}

type Read = (Began, Vec<(Event, Details)>, Option<CutOff>);

fn read(entries: Vec<Dated>) -> Result<Read, facts::Error> {
    let mut entries = entries.into_iter().map(|it| it.entry);
    let Some(Entry::Began(began)) = entries.next() else {
        return Err(facts::Error::new(
            "the deployment has no first entry, so nothing of it was done",
            "start it anew with `greenlight run --tag TAG`",
        ));
    };
    let mut history = Vec::new();
    let mut started = None;
    for entry in entries {
        match entry {
            Entry::Started { effect } => started = Some(CutOff(effect)),
            Entry::Happened { event, details } => {
                if !matches!(details, Details::Borrowed { .. }) {
                    started = None;
                }
                history.push((event, details));
            }
            // Who resumed it has already dealt with what was cut off, or is about to do it again.
            Entry::Resumed { repeated, .. } => started = started.filter(|_| !repeated),
            Entry::Began(_)
            | Entry::Decided { .. }
            | Entry::Noted { .. }
            | Entry::Interrupted
            | Entry::Concluded { .. } => {}
        }
    }
    Ok((began, history, started))
}

fn named(effect: &Action) -> String {
    match effect {
        Action::Deploy(environment) => format!("the deployment to `{environment}`"),
        Action::LoadTest(environment) => {
            format!("the load test against `{environment}`")
        }
        Action::Notify(Notice { key, .. }) => format!("the notice `{key}`"),
        Action::Observe(environment) => format!("asking the nodes of `{environment}`"),
        Action::Wait(seconds) => format!("a wait of {seconds} s"),
        Action::Finish(_) => "the end".to_owned(),
    }
}
