//! The timeline of a deployment: its journal, projected to what reports show.
//!
//! Times are milliseconds since 1970. Texts are as recorded: each report escapes them for its own format.

mod events;
#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
pub(crate) mod fixture_parts;
mod load_test;
mod project;
mod question;
mod step;
mod subject;

use serde::Serialize;

use crate::contract::fields::ByName;
use crate::contract::promotion::{Conclusion, Permission, Progress};
use crate::contract::types::{LoadTestAction, Verdict};
use crate::deployment::entry::NodeDetails;
use crate::deployment::held::Held;
use crate::deployment::sentence;
use crate::journal::{OutboxMessage, OutboxState};
pub use load_test::{Limit, LoadTest};
pub use project::project;
pub use question::{Approval, Question, how_to_answer};
pub use step::{Step, StepKind, StepState};
pub use subject::TestName;

/// One deployment, from its first entry to the last one so far.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Timeline {
    /// Its number in the journal.
    #[cfg_attr(test, schemars(range(min = 1)))]
    pub number: u64,
    /// The tag of the release.
    pub tag: String,
    /// The commit.
    pub commit: String,
    /// The first line of the commit's message; null if it is not in the journal.
    pub subject: Option<String>,
    /// The name of the commit's author; null if it is not in the journal.
    pub author: Option<String>,
    /// The digest of the image, where known.
    pub digest: Option<String>,
    /// The digest of the policy that decided; empty if the deployment has not begun.
    pub policy: String,
    /// What a failed load test does to the release, by its tag or message; null if neither is known.
    pub action: Option<ByName<LoadTestAction>>,
    /// When it began.
    pub began: u64,
    /// When the last entry was written.
    pub last: u64,
    /// How it ended; null while it runs or waits to be resumed.
    pub conclusion: Option<ByName<Conclusion>>,
    /// Whether it is unfinished, and no process drives it. The journal alone does not say so.
    #[serde(skip)]
    pub interrupted: bool,
    /// The question to people that it waits for; null if it waits for no answer.
    pub question: Option<Question>,
    /// The environments, in order, with how far the release is in each.
    pub environments: Vec<Place>,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// The rounds in which the nodes were asked for their versions, in order. Of consecutive rounds with the same
    /// answers, the first and the last.
    pub rounds: Vec<Round>,
    /// What the nodes served at the end of a deployment that did not succeed: the last answers of each environment that
    /// it began to change.
    pub last_look: Vec<Round>,
    /// The load tests that ran.
    pub load_tests: Vec<LoadTest>,
    /// The decisions, in order; equal ones in a row are one, with their count.
    pub decisions: Vec<Decision>,
    /// Other events that people should know of.
    pub notes: Vec<Note>,
    /// The window that holds the release, by the last decision; null if no window does, or the deployment has ended.
    pub held: Option<Held>,
    /// The interventions that people sent after the process had ended. They count when the deployment is resumed.
    pub stored: Vec<Note>,
}

impl Timeline {
    /// Marks the deployment and its running steps as interrupted: no process drives it.
    pub fn interrupt(&mut self) {
        self.interrupted = true;
        self.interrupt_steps();
    }

    /// Moves the approvals that have expired since the last decision, at a time in milliseconds since 1970.
    pub fn expire(&mut self, now: u64) {
        if let Some(question) = &mut self.question {
            question.expire(now);
        }
    }

    /// What the nodes served at its end, in sentences: `1 of 3 nodes of prod serves ca779cf0631b, 2 serve
    /// 4b825dc642cb`.
    pub fn served(&self) -> impl Iterator<Item = String> {
        self.last_look.iter().map(|round| {
            let nodes = round.nodes.iter().map(|it| it.commit.as_deref());
            sentence::of_nodes(&round.environment, nodes, &self.commit)
        })
    }

    /// The load test that a step ran, if it has ended.
    pub fn load_test_of(&self, step: &Step) -> Option<&LoadTest> {
        let mut tests = self.load_tests.iter();
        tests.find(|it| {
            step.kind.0 == StepKind::LoadTest
                && step.environment.as_ref() == Some(&it.environment)
                && step.name.as_ref().is_none_or(|name| *name == it.name)
                && step.ended == Some(it.at)
        })
    }

    /// Adds notes about the outcome of the messages to people that the deployment stored in the outbox.
    pub fn add_messages(&mut self, messages: Vec<OutboxMessage>) {
        for message in messages {
            let name = &message.name;
            let text = match message.state {
                OutboxState::Sent if message.attempts > 1 => {
                    format!(
                        "Slack accepted the message `{name}` at attempt {}",
                        message.attempts
                    )
                }
                OutboxState::Unknown => format!(
                    "the message `{name}` may have arrived in Slack, and is not sent again: {}",
                    message.error.unwrap_or_default()
                ),
                OutboxState::GivenUp => format!(
                    "the message `{name}` was not sent in time: {}",
                    message.error.unwrap_or_default()
                ),
                OutboxState::Sent | OutboxState::Waiting | OutboxState::Sending => continue,
            };
            self.notes.push(Note {
                at: message.due,
                text,
            });
        }
    }

    /// Removes what a summary does not need: curves, all decisions but the last, and rounds with the answers of the
    /// round before them.
    pub fn thin(&mut self) {
        for test in &mut self.load_tests {
            test.curve.clear();
        }
        self.notes.clear();
        let before_last = self.decisions.len().saturating_sub(1);
        self.decisions.drain(..before_last);
        let rounds = std::mem::take(&mut self.rounds);
        for (index, round) in rounds.iter().enumerate() {
            let is_other = |it: &&Round| it.environment == round.environment;
            let before = rounds[..index].iter().rfind(is_other);
            let is_last = !rounds[index + 1..].iter().any(|it| is_other(&it));
            if is_last || before.is_none_or(|it| !it.answers_as(round)) {
                self.rounds.push(round.clone());
            }
        }
    }

    /// Marks the running steps as interrupted: the deployment ended or died before they did.
    fn interrupt_steps(&mut self) {
        for step in &mut self.steps {
            if step.state.0 == StepState::Running {
                step.state = ByName(StepState::Interrupted);
                "interrupted".clone_into(&mut step.outcome);
            }
        }
    }
}

/// One environment.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Place {
    /// Its name.
    pub name: String,
    /// How far the deployment is.
    pub progress: ByName<Progress>,
    /// The verdict of its load test; null if it did not run.
    pub load_test: Option<ByName<Verdict>>,
}

/// One or several consecutive rounds in which each node of an environment gave the same answer.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Round {
    /// When the nodes were asked for the last time.
    pub at: u64,
    /// The environment.
    pub environment: String,
    /// The answer of each node.
    pub nodes: Vec<Node>,
    /// The number of rounds since the previous entry that had these answers.
    #[serde(skip)]
    pub times: u64,
}

/// Adds a round. Of equal rounds in a row only the first and the last are kept, so that a long wait costs no memory.
pub fn add_round(rounds: &mut Vec<Round>, round: Round) {
    let is_same = |it: &Round| it.environment == round.environment && it.nodes == round.nodes;
    match rounds.as_mut_slice() {
        [.., before, last] if is_same(before) && is_same(last) => {
            last.at = round.at;
            last.times += round.times;
        }
        _ => rounds.push(round),
    }
}

impl Round {
    /// Whether the nodes give the same answers in another round.
    fn answers_as(&self, other: &Self) -> bool {
        let answers = |it: &Self| -> Vec<_> {
            let nodes = it.nodes.iter();
            nodes
                .map(|it| (it.name.clone(), it.commit.clone()))
                .collect()
        };
        answers(self) == answers(other)
    }

    /// A round from what the journal keeps of it.
    pub(super) fn of(at: u64, environment: &str, nodes: &[NodeDetails]) -> Self {
        let nodes = nodes.iter().map(|node| Node {
            name: node.name.clone(),
            commit: node.commit.clone(),
            unreachable: node.unreachable.clone(),
        });
        Self {
            at,
            environment: environment.to_owned(),
            nodes: nodes.collect(),
            times: 1,
        }
    }
}

/// The answer of one node.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Node {
    /// Its base URL.
    pub name: String,
    /// The commit that it serves; null if it does not say.
    pub commit: Option<String>,
    /// Why there is no usable answer; null if there is one.
    pub unreachable: Option<String>,
}

/// An answer of the policy.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Decision {
    /// When it was given first.
    pub at: u64,
    /// How often it was given in a row.
    #[cfg_attr(test, schemars(range(min = 1)))]
    pub times: u64,
    /// Whether the release may go on.
    pub permission: ByName<Permission>,
    /// What to do next, in words.
    pub next_text: String,
    /// Why; the first reason decided.
    pub reasons: Vec<Reason>,
}

/// A reason of a decision.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Reason {
    /// Stable code.
    pub code: String,
    /// One sentence.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The load test whose result it is about.
    #[serde(skip)]
    pub load_test: Option<TestName>,
}

/// An event that people should know of.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Note {
    /// When it happened.
    pub at: u64,
    /// What happened.
    pub text: String,
}
