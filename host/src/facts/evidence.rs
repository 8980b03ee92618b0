//! Makes a history from the evidence that a pipeline step passes on the command line.

use crate::contract::names::names;
use crate::contract::promotion::{
    Convergence, Deployment, Event, EventKind, LoadTest, LoadTestResult, Outcome, Round,
};
use crate::contract::settings::LOAD_TEST;
use crate::contract::types::{LoadTestSettings, Timestamp, Verdict};

/// The state of the first environment, as far as the step knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Stage {
    /// Deployed; whether every node serves it is unknown.
    Deployed,
    /// Deployed, and every node serves it.
    Converged,
    /// The deployment failed.
    Failed,
    /// A deployment was started; its outcome is unknown.
    Unknown,
}

/// The result of the load test, as far as the step knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LoadTestWord {
    /// Measured, and within every threshold.
    Passed,
    /// Measured, and outside a threshold.
    Failed,
    /// Could not be measured.
    Errored,
    /// Measured, but it proves nothing.
    Inconclusive,
    /// It has not run.
    NotRun,
}

names! {
    Stage {
        Unknown = "unknown",
        Deployed = "deployed",
        Converged = "converged",
        Failed = "failed",
    }
    LoadTestWord {
        Passed = "passed",
        Failed = "failed",
        Errored = "errored",
        Inconclusive = "inconclusive",
        NotRun = "not-run",
    }
}

impl LoadTestWord {
    /// The verdict; `None` if the load test has not run.
    pub fn verdict(self) -> Option<Verdict> {
        match self {
            Self::Passed => Some(Verdict::Passed),
            Self::Failed => Some(Verdict::Failed),
            Self::Errored => Some(Verdict::Errored),
            Self::Inconclusive => Some(Verdict::Inconclusive),
            Self::NotRun => None,
        }
    }
}

/// What was deployed.
pub struct Subject<'a> {
    /// The environment.
    pub environment: &'a str,
    /// The commit.
    pub commit: &'a str,
    /// The digest of its image, if known.
    pub digest: Option<&'a str>,
    /// The load tests of the environment. They have the same result.
    pub load_tests: &'a [LoadTestSettings],
}

/// Turns the evidence into events, which all happen `now`.
pub fn history(
    subject: &Subject<'_>,
    stage: Option<Stage>,
    load_test: LoadTestWord,
    now: Timestamp,
) -> Vec<Event> {
    let outcome = stage.map(|stage| match stage {
        Stage::Deployed | Stage::Converged => Outcome::Succeeded,
        Stage::Failed => Outcome::Failed,
        Stage::Unknown => Outcome::Unknown,
    });
    let environment = || subject.environment.to_owned();
    let deployed = outcome.map(|outcome| {
        EventKind::Deployed(Deployment {
            environment: environment(),
            commit: subject.commit.to_owned(),
            digest: subject.digest.map(str::to_owned),
            outcome,
        })
    });
    let converged = (stage == Some(Stage::Converged)).then(|| {
        EventKind::Observed(Round {
            environment: environment(),
            convergence: Convergence::Judged(true),
            times: 1,
        })
    });
    let tested = load_test.verdict().map(|verdict| {
        let names = subject.load_tests.iter().map(|it| it.name.as_str());
        let names: Vec<_> = names.collect();
        let names = if names.is_empty() {
            vec![LOAD_TEST]
        } else {
            names
        };
        names.into_iter().map(move |name| {
            EventKind::LoadTested(LoadTest {
                environment: subject.environment.to_owned(),
                name: name.to_owned(),
                result: LoadTestResult::Judged(verdict),
            })
        })
    });
    [deployed, converged]
        .into_iter()
        .flatten()
        .chain(tested.into_iter().flatten())
        .map(|kind| Event { at: now, kind })
        .collect()
}
