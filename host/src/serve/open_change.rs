//! Whether a change of an environment has begun and not come to its end, from the timelines of deployments.

use crate::deployment::timeline::{Step, StepKind, StepState, Timeline};

/// A change of an environment that a deployment has begun and not finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenChange {
    /// No such change is known.
    None,
    /// A process drives it.
    Runs,
    /// Its process has ended.
    Interrupted,
}

impl OpenChange {
    /// Looks at the latest deployment that began to change the environment.
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

/// Whether a step that changes an environment has not come to its end.
fn is_open(kind: StepKind, state: StepState) -> bool {
    matches!(kind, StepKind::Deploy | StepKind::Converge)
        && matches!(state, StepState::Running | StepState::Interrupted)
}
