//! Finds unfinished changes of an environment in the timelines of deployments.

use crate::deployment::timeline::{Step, StepKind, StepState, Timeline};

/// Whether a deployment has begun a change of an environment and not finished it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenChange {
    /// No unfinished change is known.
    None,
    /// A process is making the change.
    Runs,
    /// The change is unfinished, and its process has ended.
    Interrupted,
}

impl OpenChange {
    /// Finds the state of the latest deployment that began to change the environment. The latest timeline comes first.
    pub fn of(environment: &str, timelines: &[&Timeline]) -> Self {
        let has = |timeline: &Timeline, is: fn(StepKind, StepState) -> bool| {
            let of = |it: &&Step| it.environment.as_deref() == Some(environment);
            let mut steps = timeline.steps.iter().filter(of);
            steps.any(|it| is(it.kind.0, it.state.0))
        };
        let mut timelines = timelines.iter();
        let latest = timelines.find(|it| has(it, |kind, _| kind == StepKind::Deploy));
        match latest.filter(|it| it.conclusion.is_none() && has(it, is_open)) {
            Some(it) if it.interrupted => Self::Interrupted,
            Some(_) => Self::Runs,
            None => Self::None,
        }
    }
}

/// Whether a step changes an environment and is unfinished.
fn is_open(kind: StepKind, state: StepState) -> bool {
    matches!(kind, StepKind::Deploy | StepKind::Converge)
        && matches!(state, StepState::Running | StepState::Interrupted)
}
