//! What each event of the journal adds to the timeline.

use super::project::Projector;
use crate::contract::fields::ByName;
use crate::contract::names::Named as _;
use crate::contract::promotion as contract;
use crate::contract::promotion::{Event, EventKind, InterventionKind, LoadTestResult, Outcome};
use crate::contract::types::LoadTestSettings;
use crate::deployment::entry::{CommandDetails, Details, NodeDetails, Person};
use crate::deployment::history::RepeatedRounds;
use crate::deployment::intervention;
use crate::deployment::timeline::load_test::limits;
use crate::deployment::timeline::{LoadTest, Round, Step, StepKind, StepState, add_round};
use crate::text::number::short;

/// The person who caused an event, with the reason if one was given.
fn person(details: &Details) -> String {
    match details {
        Details::Person(person) => person.in_words(),
        _ => "an unknown person".to_owned(),
    }
}

/// The person in an event, with the reason. The details of an entry from before the field `proven` say more than the event.
fn named(details: &Details, by: &str, proven: bool, why: &str) -> String {
    if matches!(details, Details::Person(_)) || by.is_empty() {
        return person(details);
    }
    let person = Person {
        name: by.to_owned(),
        reason: Some(why.to_owned()).filter(|it| !it.is_empty()),
        proven,
    };
    person.in_words()
}

/// How many bytes of the answer of a step a report shows.
const LONGEST_ANSWER: usize = 200;

/// How a deploy command or a step ended, and its command.
fn command(details: &Details) -> (String, Option<&CommandDetails>) {
    match details {
        Details::Command(command) => (command.ended.clone(), Some(command)),
        _ => ("interrupted; the outcome is unknown".to_owned(), None),
    }
}

/// The state of a deploy command or a step with this outcome.
const fn state(outcome: Outcome) -> StepState {
    match outcome {
        Outcome::Succeeded => StepState::Done,
        Outcome::Unknown => StepState::Warned,
        Outcome::Failed | Outcome::TimedOut | Outcome::Canceled => StepState::Failed,
    }
}

impl Projector {
    pub(super) fn happened(&mut self, at: u64, event: &Event, details: &Details) {
        let imported = details.is_imported();
        match &event.kind {
            EventKind::Deployed(it) if !imported => self.deployed(at, it, details),
            EventKind::Observed(it) => self.observed(at, it, details),
            EventKind::LoadTested(it) => self.load_tested(at, it, details, imported),
            EventKind::Performed(it) if !imported => self.performed(at, it, details),
            EventKind::Notified(it) => self.notified(at, it, details),
            EventKind::Locked(it) => self.waits(at, it),
            EventKind::Waited(_) => self.waited(at),
            EventKind::Intervened(it) => {
                let text = match it.kind {
                    InterventionKind::Canceled => format!("canceled: {}", person(details)),
                    _ => intervention::in_words(it),
                };
                self.note(at, text);
            }
            EventKind::Asked(it) => self.note(at, format!("asked: {}", it.text)),
            EventKind::Contains(it) => {
                let contains = if it.certain {
                    "contains"
                } else {
                    "may contain"
                };
                let commit = short(&it.commit);
                let text = format!(
                    "{contains} `{commit}`, which was stopped in deployment {}",
                    it.deployment
                );
                self.note(at, text);
            }
            EventKind::Waived(it) => {
                let person = named(details, &it.by, it.proven, &it.why);
                let commit = short(&it.commit);
                self.note(at, format!("stopped commit `{commit}` waived: {person}"));
            }
            EventKind::Scheduled(it) => self.calendar = Some(it.clone()),
            EventKind::Excused(it) => {
                let person = named(details, &it.by, it.proven, &it.why);
                let window = &it.window;
                self.note(at, format!("window `{window}` ignored: {person}"));
            }
            EventKind::Accompanied(it) => {
                let (commit, action) = (short(&it.commit), it.action.name());
                self.note(at, format!("`{commit}`, not live yet, asks for `{action}`"));
            }
            EventKind::Superseded(it) if matches!(details, Details::Person(_)) => {
                let (commit, person) = (short(&it.commit), person(details));
                self.note(
                    at,
                    format!("gives way to `{commit}`, which is urgent: {person}"),
                );
            }
            EventKind::Deployed(_)
            | EventKind::Performed(_)
            | EventKind::Superseded(_)
            | EventKind::Diverged(_)
            | EventKind::Measured(_)
            | EventKind::RolledBack(_) => {}
        }
    }

    fn performed(&mut self, at: u64, it: &contract::StepResult, details: &Details) {
        let (mut outcome, command) = command(details);
        if let Some(answer) = &it.answer {
            let end = answer.floor_char_boundary(LONGEST_ANSWER);
            let more = if end < answer.len() { "…" } else { "" };
            outcome = format!("{outcome}; its answer: {}{more}", &answer[..end]);
        }
        self.end(StepKind::Step, at, state(it.outcome), outcome, command);
    }

    fn deployed(&mut self, at: u64, it: &contract::Deployment, details: &Details) {
        let (outcome, command) = command(details);
        let state = state(it.outcome);
        self.end(StepKind::Deploy, at, state, outcome, command);
        if state != StepState::Failed {
            self.timeline.steps.push(Step {
                kind: ByName(StepKind::Converge),
                environment: Some(it.environment.clone()),
                began: at,
                ended: None,
                state: ByName(StepState::Running),
                outcome: "waits for every node to serve the release".to_owned(),
                log: None,
                tail: Vec::new(),
                name: None,
            });
        }
    }

    fn observed(&mut self, at: u64, it: &contract::Round, details: &Details) {
        if let Details::Round { nodes } = details {
            let round = Round::of(at, &it.environment, nodes);
            add_round(&mut self.timeline.rounds, round);
        }
    }

    /// Adds the last one of the repeated rounds.
    pub(super) fn rounds_repeated(&mut self, repeated: &RepeatedRounds) {
        let is_same = |it: &&Round| it.environment == repeated.environment;
        let rounds = &mut self.timeline.rounds;
        let Some(last) = rounds.iter().rfind(is_same) else {
            return;
        };
        let round = Round {
            at: repeated.at.saturating_mul(1000),
            times: repeated.more.into(),
            ..last.clone()
        };
        add_round(rounds, round);
    }

    /// Keeps the last answers of each environment.
    pub(super) fn served(&mut self, at: u64, environment: &str, nodes: &[NodeDetails]) {
        let answers = Round::of(at, environment, nodes);
        add_round(&mut self.timeline.rounds, answers.clone());
        let looks = &mut self.timeline.last_look;
        looks.retain(|it| it.environment != environment);
        looks.push(answers);
    }

    fn load_tested(&mut self, at: u64, it: &contract::LoadTest, details: &Details, imported: bool) {
        let LoadTestResult::Measured(measured) = &it.result else {
            return;
        };
        let mut test = LoadTest {
            environment: it.environment.clone(),
            name: it.name.clone(),
            verdict: None,
            at,
            requests: measured.total.requests,
            failures: measured.total.failures,
            exceptions: measured.exceptions,
            duration: measured.duration,
            p95: measured.total.p95,
            versions: measured.versions.clone(),
            limits: self
                .settings_of(it)
                .map_or_else(Vec::new, |settings| limits(measured, settings)),
            notes: Vec::new(),
            curve: Vec::new(),
        };
        let mut ended = ("interrupted".to_owned(), None);
        if let Details::LoadTest {
            command,
            notes,
            curve,
            ..
        } = details
        {
            test.notes.clone_from(notes);
            test.curve.clone_from(curve);
            ended = (command.ended.clone(), Some(command));
        }
        if !imported {
            let (how, command) = ended;
            let outcome = format!(
                "{} requests, {} failed; {how}",
                measured.total.requests, measured.total.failures
            );
            // The verdict comes with the next decision.
            self.end(StepKind::LoadTest, at, StepState::Warned, outcome, command);
        }
        self.timeline.load_tests.push(test);
    }

    /// The settings of a load test.
    fn settings_of(&self, test: &contract::LoadTest) -> Option<&LoadTestSettings> {
        let mut environments = self.settings.iter();
        let environment = environments.find(|it| it.name == test.environment)?;
        let mut tests = environment.load_tests.iter();
        tests.find(|it| it.name == test.name)
    }

    fn notified(&mut self, at: u64, it: &contract::Notification, details: &Details) {
        let (state, outcome) = match (it.outcome, details) {
            (Outcome::Succeeded, Details::Notice { text, .. }) => (StepState::Done, text.clone()),
            (_, Details::Notice { error, text, .. }) => (
                StepState::Warned,
                format!("{}: {text}", error.as_deref().unwrap_or("not sent")),
            ),
            _ => (
                StepState::Warned,
                "interrupted; it is unknown whether it was sent".to_owned(),
            ),
        };
        self.end(StepKind::Notify, at, state, outcome, None);
    }

    /// Several waits in a row are one step.
    fn waits(&mut self, at: u64, occupant: &contract::LockHolder) {
        let environment = &occupant.environment;
        let waiting = self.timeline.steps.last().is_some_and(|it| {
            it.kind.0 == StepKind::Wait && it.environment.as_ref() == Some(environment)
        });
        if !waiting {
            let shown = short(&occupant.commit);
            self.timeline.steps.push(Step {
                kind: ByName(StepKind::Wait),
                environment: Some(environment.clone()),
                began: at,
                ended: None,
                state: ByName(StepState::Running),
                outcome: match occupant.load_test {
                    None => format!("`{shown}` is being deployed there"),
                    Some(_) => format!("`{shown}` is load tested there"),
                },
                log: None,
                tail: Vec::new(),
                name: None,
            });
        }
    }

    pub(super) fn waited(&mut self, at: u64) {
        if let Some(step) = self
            .timeline
            .steps
            .last_mut()
            .filter(|it| it.kind.0 == StepKind::Wait)
        {
            step.ended = Some(at);
            step.state = ByName(StepState::Done);
        }
    }

    fn end(
        &mut self,
        kind: StepKind,
        at: u64,
        state: StepState,
        outcome: String,
        command: Option<&CommandDetails>,
    ) {
        let mut open = self.timeline.steps.iter_mut().rev();
        if let Some(step) = open.find(|it| it.kind.0 == kind && it.ended.is_none()) {
            step.ended = Some(at);
            step.state = ByName(state);
            step.outcome = outcome;
            if let Some(command) = command {
                step.log = Some(command.log.clone());
                step.tail.clone_from(&command.tail);
            }
        }
    }
}
