//! Projects the entries of a journal to a timeline.

use crate::contract::actions;
use crate::contract::fields::ByName;
use crate::contract::load_tests;
use crate::contract::promotion::{
    Action, Calendar, Decision as Answer, LoadTestStatus, Permission, Progress,
};
use crate::contract::types::{EnvironmentSettings, Verdict};
use crate::deployment::entry::{Began, Entry, RepeatedDecision};
use crate::deployment::held::Held;
use crate::deployment::history::Tail;
use crate::deployment::log::Dated;
use crate::deployment::timeline::question::Answers;
use crate::deployment::timeline::{
    Decision, Note, Place, Reason, Step, StepKind, StepState, Timeline, subject,
};
use crate::journal::Header;

/// Projects a deployment to its timeline. Number, tag, commit and digest come from its header, which is there also
/// when no entry is.
pub fn project(header: &Header, entries: &[Dated]) -> Timeline {
    let began = entries.first().map_or(header.began, |it| it.at);
    let mut projector = Projector::new(header, began);
    for (position, dated) in (1..).zip(entries) {
        projector.take(position, dated);
    }
    projector.timeline
}

pub(super) struct Projector {
    pub(super) timeline: Timeline,
    answers: Answers,
    /// The environments of the settings.
    pub(super) settings: Vec<EnvironmentSettings>,
    /// The indices of the load test steps whose outcome has a verdict.
    judged: Vec<usize>,
    /// The last calendar.
    pub(super) calendar: Option<Calendar>,
    /// The position of each entry with a decision, and the index of the decision.
    decided: Vec<(u64, usize)>,
}

impl Projector {
    fn new(header: &Header, began: u64) -> Self {
        Self {
            timeline: Timeline {
                number: header.number,
                tag: header.tag.clone(),
                commit: header.commit.clone(),
                subject: None,
                author: None,
                digest: header.digest.clone(),
                policy: String::new(),
                action: None,
                began,
                last: began,
                conclusion: None,
                interrupted: false,
                question: None,
                environments: Vec::new(),
                steps: Vec::new(),
                rounds: Vec::new(),
                last_look: Vec::new(),
                load_tests: Vec::new(),
                decisions: Vec::new(),
                notes: Vec::new(),
                held: None,
                stored: Vec::new(),
            },
            answers: Answers::default(),
            settings: Vec::new(),
            judged: Vec::new(),
            calendar: None,
            decided: Vec::new(),
        }
    }

    fn take(&mut self, position: u64, dated: &Dated) {
        let at = dated.at;
        self.timeline.last = at;
        match &dated.entry {
            Entry::Began(began) => self.began(began),
            Entry::Resumed {
                interrupted,
                repeated,
            } => self.resumed(at, interrupted.as_ref(), *repeated),
            Entry::Decided { now, decision } => {
                self.decided(at, *now, decision);
                let index = self.timeline.decisions.len().saturating_sub(1);
                self.decided.push((position, index));
            }
            Entry::Started { effect } => self.started(at, effect),
            Entry::Happened { event, details } => {
                self.answers.happened(event);
                self.happened(at, event, details);
            }
            Entry::Repeated { history, decisions } => self.repeated(at, history, decisions),
            Entry::Served { environment, nodes } => self.served(at, environment, nodes),
            Entry::Noted { text } => self.note(at, text.clone()),
            Entry::Running { .. } => {}
            Entry::Interrupted => self.note(at, "interrupted".to_owned()),
            Entry::Concluded { conclusion } => {
                self.timeline.conclusion = Some(ByName(*conclusion));
                self.timeline.question = None;
                self.timeline.held = None;
                self.timeline.interrupt_steps();
            }
        }
    }

    fn began(&mut self, began: &Began) {
        let timeline = &mut self.timeline;
        timeline.policy.clone_from(&began.policy);
        timeline.subject.clone_from(&began.subject);
        timeline.author.clone_from(&began.author);
        timeline.action = began.instruction.as_ref().map(|it| ByName(it.action));
        self.answers.began(&began.settings.environments);
        self.settings.clone_from(&began.settings.environments);
        let environments = began.settings.environments.iter();
        timeline.environments = environments
            .map(|it| Place {
                name: it.name.clone(),
                progress: ByName(Progress::Pending),
                load_test: None,
            })
            .collect();
    }

    fn resumed(&mut self, at: u64, interrupted: Option<&Action>, repeated: bool) {
        if repeated {
            self.interrupted(at);
        }
        // What it served when it was interrupted.
        self.timeline.last_look.clear();
        let effect = interrupted.map_or_else(String::new, |effect| {
            let effect = actions::sentence(effect);
            let then = if repeated { "repeated" } else { "not repeated" };
            format!("; interrupted and {then}: {effect}")
        });
        self.note(at, format!("resumed by another process{effect}"));
    }

    /// Ends the step of an effect that was interrupted: the effect that repeats it is a step of its own.
    fn interrupted(&mut self, at: u64) {
        let is_effect = |kind| match kind {
            StepKind::Deploy | StepKind::Step | StepKind::LoadTest | StepKind::Notify => true,
            StepKind::Converge | StepKind::Wait => false,
        };
        let mut open = self.timeline.steps.iter_mut().rev();
        if let Some(step) = open.find(|it| it.ended.is_none() && is_effect(it.kind.0)) {
            step.ended = Some(at);
            step.state = ByName(StepState::Warned);
            "interrupted, and repeated".clone_into(&mut step.outcome);
        }
    }

    pub(super) fn note(&mut self, at: u64, text: String) {
        self.timeline.notes.push(Note { at, text });
    }

    fn decided(&mut self, at: u64, now: u64, decision: &Answer) {
        self.timeline.question = self.answers.question(decision, now);
        self.timeline.held = Held::of(decision, self.calendar.as_ref());
        let subjects = subject::subjects(&decision.reasons, &self.timeline.load_tests);
        let reasons = decision.reasons.iter().zip(subjects);
        let reasons = reasons.map(|(it, load_test)| Reason {
            code: it.code.clone(),
            message: it.message.clone(),
            help: it.help.clone(),
            load_test,
        });
        let answer = Decision {
            at,
            times: 1,
            permission: ByName(decision.permission),
            next_text: actions::sentence(&decision.next),
            reasons: reasons.collect(),
        };
        for status in &decision.environments {
            let mut known = self.timeline.environments.iter_mut();
            let Some(place) = known.find(|it| it.name == status.environment) else {
                continue;
            };
            let before = std::mem::replace(&mut place.progress, ByName(status.progress)).0;
            let verdict = load_tests::worst(&status.load_tests);
            place.load_test = verdict.map(ByName);
            let name = &status.environment;
            match status.progress {
                Progress::Converged if before != Progress::Converged => {
                    self.converged(name, at, StepState::Done, "every node serves the release");
                }
                Progress::Failed if before != Progress::Failed => {
                    let why = decision.reasons.first().map_or("", |it| &it.message);
                    self.converged(name, at, StepState::Failed, why);
                }
                _ => {}
            }
            for test in &status.load_tests {
                self.judged(name, test, decision.permission);
            }
        }
        match self.timeline.decisions.last_mut() {
            Some(last) if is_repeated(last, &answer) => {
                last.times += 1;
                last.reasons = answer.reasons;
            }
            _ => self.timeline.decisions.push(answer),
        }
    }

    fn repeated(&mut self, at: u64, history: &Tail, decisions: &[RepeatedDecision]) {
        match &history.rounds {
            Some(rounds) => self.rounds_repeated(rounds),
            None => self.waited(at),
        }
        for repeated in decisions {
            let mut known = self.decided.iter().rev();
            let known = known.find(|(entry, _)| *entry == repeated.entry);
            if let Some(decision) =
                known.and_then(|(_, index)| self.timeline.decisions.get_mut(*index))
            {
                decision.times += repeated.times;
            }
        }
    }

    /// Ends the convergence of an environment.
    fn converged(&mut self, environment: &str, at: u64, state: StepState, outcome: &str) {
        let mut steps = self.timeline.steps.iter_mut().rev();
        let step = steps.find(|it| {
            it.kind.0 == StepKind::Converge
                && it.environment.as_deref() == Some(environment)
                && it.ended.is_none()
        });
        if let Some(step) = step {
            step.ended = Some(at);
            step.state = ByName(state);
            outcome.clone_into(&mut step.outcome);
        }
    }

    /// Adds the verdict to the latest run of a load test. It is known only with a decision.
    fn judged(&mut self, environment: &str, test: &LoadTestStatus, permission: Permission) {
        let verdict = test.verdict;
        let mut tests = self.timeline.load_tests.iter_mut().rev();
        if let Some(latest) = tests.find(|it| it.environment == environment && it.name == test.name)
        {
            latest.verdict = Some(ByName(verdict));
        }
        let mut steps = self.timeline.steps.iter_mut().enumerate().rev();
        let latest = steps.find(|(_, it)| {
            it.kind.0 == StepKind::LoadTest
                && it.environment.as_deref() == Some(environment)
                && it.name.as_ref() == Some(&test.name)
        });
        let Some((index, step)) = latest.filter(|(_, it)| it.ended.is_some()) else {
            return;
        };
        step.state = ByName(match (verdict, permission) {
            (Verdict::Passed, _) => StepState::Done,
            (_, Permission::Stop) => StepState::Failed,
            _ => StepState::Warned,
        });
        if !self.judged.contains(&index) {
            self.judged.push(index);
            step.outcome = format!("{}: {}", ByName(verdict), step.outcome);
        }
    }

    fn started(&mut self, at: u64, effect: &Action) {
        let (kind, name, environment) = match effect {
            Action::Deploy(environment) => (StepKind::Deploy, None, Some(environment)),
            Action::Perform(it) => (StepKind::Step, Some(&it.name), Some(&it.environment)),
            Action::LoadTest(it) => (StepKind::LoadTest, Some(&it.name), Some(&it.environment)),
            Action::Notify(_) => (StepKind::Notify, None, None),
            Action::Ask(_)
            | Action::Measure(_)
            | Action::RollBack(_)
            | Action::Observe(_)
            | Action::Wait(_)
            | Action::Finish(_) => return,
        };
        self.timeline.steps.push(Step {
            kind: ByName(kind),
            name: name.cloned(),
            environment: environment.cloned(),
            began: at,
            ended: None,
            state: ByName(StepState::Running),
            outcome: "running".to_owned(),
            log: None,
            tail: Vec::new(),
        });
    }
}

/// Whether a decision says the same as the one before it.
fn is_repeated(last: &Decision, next: &Decision) -> bool {
    let code = |it: &Decision| it.reasons.first().map(|reason| reason.code.clone());
    last.permission == next.permission
        && last.next_text == next.next_text
        && code(last) == code(next)
}

#[cfg(test)]
#[path = "project_tests.rs"]
mod tests;
