//! One step of a deployment, as reports show it.

use serde::Serialize;

use crate::contract::fields::ByName;
use crate::contract::names::names;
use crate::contract::settings::LOAD_TEST;

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// Deploys the release to an environment.
    Deploy,
    /// Waits until every node of an environment serves the release.
    Converge,
    /// Runs a configured step.
    Step,
    /// Runs the load test.
    LoadTest,
    /// Waits until another deployment leaves an environment.
    Wait,
    /// Sends a notification.
    Notify,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    /// It runs.
    Running,
    /// Its process ended before it did.
    Interrupted,
    /// It succeeded.
    Done,
    /// It did not succeed, and the deployment continued.
    Warned,
    /// It failed.
    Failed,
}

names! {
    StepKind {
        Deploy = "deploy",
        Converge = "converge",
        Step = "step",
        LoadTest = "load-test",
        Wait = "wait",
        Notify = "notify",
    }
    StepState {
        Running = "running",
        Interrupted = "interrupted",
        Done = "done",
        Warned = "warned",
        Failed = "failed",
    }
}

/// One step of a deployment.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Step {
    /// What the step does.
    pub kind: ByName<StepKind>,
    /// The name of a configured step or of a load test; null for other kinds.
    pub name: Option<String>,
    /// The environment; null for a notification.
    pub environment: Option<String>,
    /// When it began.
    pub began: u64,
    /// When it ended.
    pub ended: Option<u64>,
    /// How it ended, if it did.
    pub state: ByName<StepState>,
    /// Its outcome, in one sentence.
    pub outcome: String,
    /// The file of its log, in the folder of the deployment.
    pub log: Option<String>,
    /// The last lines of its command's output, unless the command succeeded.
    pub tail: Vec<String>,
}

impl Step {
    /// The kind, and the name of a configured step or of one of several load tests.
    pub fn title(&self) -> String {
        match self.name.as_deref() {
            Some(name) if name != LOAD_TEST => format!("{} {name}", self.kind),
            _ => self.kind.to_string(),
        }
    }
}
