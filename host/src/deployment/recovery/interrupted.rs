//! What becomes of the effect that was running when the process of a deployment ended.

use super::Recovery;
use crate::config::Config;
use crate::contract::load_tests;
use crate::contract::promotion::{
    Action, Deployment, EventKind, LoadTest, LoadTestResult, Measurement, Notice, Notification,
    Outcome as EffectOutcome, StepResult,
};
use crate::deployment::entry::Began;

impl Recovery {
    /// Whether the interrupted effect is done again.
    pub(in crate::deployment) fn is_repeated(&self, config: &Config) -> bool {
        match &self.interrupted {
            Some(Action::Deploy(environment)) => config
                .environment(environment)
                .is_some_and(|it| it.repeatable),
            Some(Action::LoadTest(run)) => config
                .load_test(&run.environment, &run.name)
                .is_some_and(|it| it.repeatable),
            // The outbox sends a notification at most once, even if it is stored several times.
            Some(
                Action::Notify(_)
                | Action::Ask(_)
                | Action::Observe(_)
                | Action::Measure(_)
                | Action::Wait(_)
                | Action::Finish(_),
            ) => true,
            Some(Action::Perform(step)) => config.step(&step.name).is_some_and(|it| it.repeatable),
            Some(Action::RollBack(_)) | None => false,
        }
    }

    /// The note about the interrupted effect.
    pub(in crate::deployment) fn note(&self, repeated: bool) -> Option<String> {
        let effect = match self.interrupted.as_ref()? {
            Action::Deploy(environment) => format!("the deployment to `{environment}`"),
            Action::LoadTest(run) => format!("the {}", load_tests::in_words(run)),
            Action::Ask(question) => format!("the question `{}`", question.key),
            Action::Perform(step) => format!("step `{}` in `{}`", step.name, step.environment),
            Action::Measure(environment) => format!("reading the metrics of `{environment}`"),
            Action::RollBack(environment) => format!("rolling back `{environment}`"),
            Action::Notify(Notice { key, .. }) => format!("the notification `{key}`"),
            Action::Observe(environment) => {
                format!("asking the nodes of `{environment}`")
            }
            Action::Wait(seconds) => format!("a wait of {seconds} s"),
            Action::Finish(_) => "the end".to_owned(),
        };
        let then = if repeated {
            "it is repeated"
        } else {
            "it is not repeated"
        };
        Some(format!(
            "{effect} was interrupted when the last process ended: {then}"
        ))
    }

    /// The event that the policy receives about the interrupted effect: its outcome is unknown.
    pub(in crate::deployment) fn as_unknown(&self, began: &Began) -> Option<EventKind> {
        Some(match self.interrupted.as_ref()? {
            Action::Deploy(environment) => EventKind::Deployed(Deployment {
                environment: environment.clone(),
                commit: began.commit.clone(),
                digest: began.digest.clone(),
                outcome: EffectOutcome::Unknown,
            }),
            Action::LoadTest(run) => EventKind::LoadTested(LoadTest {
                environment: run.environment.clone(),
                name: run.name.clone(),
                result: LoadTestResult::Measured(Measurement {
                    total: load_tests::NO_REQUESTS,
                    by_name: Vec::new(),
                    baseline: None,
                    exceptions: 0,
                    duration: 0,
                    broken_thresholds: Vec::new(),
                    exit_status: None,
                    complete: false,
                    versions: Vec::new(),
                }),
            }),
            Action::Notify(Notice { key, .. }) => EventKind::Notified(Notification {
                key: key.clone(),
                outcome: EffectOutcome::Unknown,
            }),
            Action::Perform(step) => EventKind::Performed(StepResult {
                step: step.clone(),
                outcome: EffectOutcome::Unknown,
                exit_status: None,
                answer: None,
            }),
            Action::RollBack(_)
            | Action::Ask(_)
            | Action::Measure(_)
            | Action::Observe(_)
            | Action::Wait(_)
            | Action::Finish(_) => return None,
        })
    }

    /// The interrupted effect.
    pub(in crate::deployment) fn interrupted(self) -> Option<Action> {
        self.interrupted
    }
}
