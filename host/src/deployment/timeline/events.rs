//! What each event of the journal adds to the story.

use super::project::Projector;
use crate::contract::names::Named as _;
use crate::contract::promotion as contract;
use crate::contract::promotion::{Event, Happening, LoadTestResult, Outcome};
use crate::deployment::entry::Details;
use crate::deployment::timeline::{LoadTest, Node, Round, State, Step};
use crate::text::number::short;

impl Projector {
    pub(super) fn happened(&mut self, at: u64, event: &Event, details: &Details) {
        let borrowed = matches!(details, Details::Borrowed { .. });
        match &event.happening {
            Happening::Deployed(it) if !borrowed => self.deployed(at, it, details),
            Happening::Observed(it) => self.observed(at, it, details),
            Happening::LoadTested(it) => self.load_tested(at, it, details, borrowed),
            Happening::Notified(it) => self.notified(at, it, details),
            Happening::Occupied(it) => self.waits(at, &it.environment, &it.commit),
            Happening::Waited(_) => self.waited(at),
            Happening::Intervened(it) => {
                let who = match details {
                    Details::Person { name } => name.as_str(),
                    _ => "somebody",
                };
                self.note(at, format!("{}: {who}", it.name()));
            }
            Happening::Deployed(_) | Happening::Overtaken(_) | Happening::Unplaced(_) => {}
        }
    }

    fn deployed(&mut self, at: u64, it: &contract::Deployment, details: &Details) {
        let (outcome, log) = match details {
            Details::Command(command) => (command.ended.clone(), Some(command.log.clone())),
            _ => ("cut off; how it ended is not known".to_owned(), None),
        };
        let state = match it.outcome {
            Outcome::Succeeded => State::Done,
            Outcome::Unknown => State::Warned,
            Outcome::Failed | Outcome::TimedOut | Outcome::Canceled => State::Failed,
        };
        self.end("deploy", at, state, outcome, log);
        if state != State::Failed {
            self.story.steps.push(Step {
                what: "converge".to_owned(),
                environment: Some(it.environment.clone()),
                began: at,
                ended: None,
                state: State::Running,
                outcome: "waits for every node to serve the release".to_owned(),
                log: None,
            });
        }
    }

    fn observed(&mut self, at: u64, it: &contract::Round, details: &Details) {
        let Details::Round { nodes } = details else {
            return;
        };
        let nodes = nodes.iter().map(|node| Node {
            name: node.name.clone(),
            commit: node.commit.clone(),
            unreachable: node.unreachable.clone(),
        });
        self.story.rounds.push(Round {
            at,
            environment: it.environment.clone(),
            nodes: nodes.collect(),
        });
    }

    fn load_tested(&mut self, at: u64, it: &contract::LoadTest, details: &Details, borrowed: bool) {
        let LoadTestResult::Measured(measured) = &it.result else {
            return;
        };
        let mut told = LoadTest {
            environment: it.environment.clone(),
            at,
            requests: measured.requests,
            failures: measured.failures,
            exceptions: measured.exceptions,
            duration: measured.duration,
            p95: measured.p95,
            versions: measured.versions.clone(),
            notes: Vec::new(),
            curve: Vec::new(),
        };
        let mut ended = ("cut off".to_owned(), None);
        if let Details::LoadTest {
            command,
            notes,
            curve,
            ..
        } = details
        {
            told.notes.clone_from(notes);
            told.curve.clone_from(curve);
            ended = (command.ended.clone(), Some(command.log.clone()));
        }
        if !borrowed {
            let (how, log) = ended;
            let outcome = format!(
                "{} requests, {} failed; {how}",
                measured.requests, measured.failures
            );
            // What it proves is the policy's to say, with its next decision.
            self.end("load-test", at, State::Warned, outcome, log);
        }
        self.story.load_tests.push(told);
    }

    fn notified(&mut self, at: u64, it: &contract::Notification, details: &Details) {
        let (state, outcome) = match (it.outcome, details) {
            (Outcome::Succeeded, Details::Notice { text, .. }) => (State::Done, text.clone()),
            (_, Details::Notice { error, text, .. }) => (
                State::Warned,
                format!("{}: {text}", error.as_deref().unwrap_or("not told")),
            ),
            _ => (
                State::Warned,
                "cut off; whether people were told is not known".to_owned(),
            ),
        };
        self.end("notify", at, state, outcome, None);
    }

    /// One step for all the times that a place was found taken.
    fn waits(&mut self, at: u64, environment: &str, commit: &str) {
        let waiting =
            self.story.steps.last().is_some_and(|it| {
                it.what == "wait" && it.environment.as_deref() == Some(environment)
            });
        if !waiting {
            let shown = short(commit);
            self.story.steps.push(Step {
                what: "wait".to_owned(),
                environment: Some(environment.to_owned()),
                began: at,
                ended: None,
                state: State::Running,
                outcome: format!("`{shown}` is being deployed there"),
                log: None,
            });
        }
    }

    fn waited(&mut self, at: u64) {
        if let Some(step) = self.story.steps.last_mut().filter(|it| it.what == "wait") {
            step.ended = Some(at);
            step.state = State::Done;
        }
    }

    fn end(&mut self, what: &str, at: u64, state: State, outcome: String, log: Option<String>) {
        let mut open = self.story.steps.iter_mut().rev();
        if let Some(step) = open.find(|it| it.what == what && it.ended.is_none()) {
            step.ended = Some(at);
            step.state = state;
            step.outcome = outcome;
            step.log = log;
        }
    }
}
