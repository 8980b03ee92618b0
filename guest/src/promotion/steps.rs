//! Steps: commands of the configuration before the deployment, and after convergence.

use super::case::Fact;
use crate::bindings::promotion::{Outcome, Step, StepResult};
use crate::bindings::types::{Evidence, Reason};
use crate::reason::codes;

/// The steps of an environment that ended, the latest one of each name.
#[derive(Clone)]
pub(super) struct Steps<'a>(Vec<Fact<'a, StepResult>>);

impl<'a> Steps<'a> {
    /// No step has ended.
    pub(super) const NONE: Self = Self(Vec::new());

    /// A step ended.
    pub(super) fn ended(&mut self, result: Fact<'a, StepResult>) {
        self.0
            .retain(|it| it.what.step.name != result.what.step.name);
        self.0.push(result);
    }

    /// The first of these steps that has not succeeded.
    pub(super) fn missing<'b>(&self, names: &'b [String]) -> Option<&'b String> {
        names.iter().find(|name| {
            let result = self.find(name);
            result.is_none_or(|it| it.what.outcome != Outcome::Succeeded)
        })
    }

    /// Explains the first of these steps that did not succeed.
    pub(super) fn failure(&self, names: &[String]) -> Option<Reason> {
        let mut results = names.iter().filter_map(|it| self.find(it));
        let failed = results.find(|it| it.what.outcome != Outcome::Succeeded)?;
        let Step {
            name, environment, ..
        } = &failed.what.step;
        let (code, how) = match failed.what.outcome {
            Outcome::Unknown => (codes::STEP_UNKNOWN, "has an unknown outcome"),
            Outcome::TimedOut => (codes::STEP_FAILED, "timed out"),
            Outcome::Canceled => (codes::STEP_FAILED, "was canceled"),
            Outcome::Failed | Outcome::Succeeded => (codes::STEP_FAILED, "failed"),
        };
        let mut message = format!("step `{name}` of `{environment}` {how}");
        if let Some(status) = failed.what.exit_status.filter(|it| *it != 0) {
            message = format!("{message} with exit status {status}");
        }
        Some(
            Reason::new(code, message)
                .on(failed.evidence())
                .on(Evidence::Step(name.clone()))
                .on(Evidence::Environment(environment.clone())),
        )
    }

    fn find(&self, name: &str) -> Option<Fact<'a, StepResult>> {
        let mut known = self.0.iter();
        known.find(|it| it.what.step.name == name).copied()
    }
}

/// Asks for a step.
pub(super) fn perform(name: &str, environment: &str) -> Step {
    Step {
        name: name.to_owned(),
        environment: environment.to_owned(),
        arguments: Vec::new(),
    }
}

/// Explains that a step is missing.
pub(super) fn not_run(name: &str, environment: &str) -> Reason {
    let message = format!("step `{name}` has not run for the release in `{environment}`");
    Reason::new(codes::STEP_NOT_RUN, message)
        .on(Evidence::Step(name.to_owned()))
        .on(Evidence::Environment(environment.to_owned()))
}
