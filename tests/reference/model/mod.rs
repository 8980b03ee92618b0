//! A naive model of the decision, written from `host/docs/reference/decision-rules.md` and the texts in `wit/`.
//!
//! It shares the types of the contract with the policy, but no code, so some functions exist in both. Each function
//! reads the whole history again. Messages are not compared, so the model has none.

mod age;
mod convergence;
mod deployments;
mod load_test;
mod path;
mod people;
mod progress;
mod release;
mod statuses;
mod steps;
mod windows;

use super::contract::promotion::{
    Conclusion, EnvironmentStatus, Event, EventKind, Outside, Permission, Release, Urgency,
};
use super::contract::types::Settings;
use release::Target;

/// A question to the policy.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    pub release: &'a Release,
    pub history: &'a [Event],
    pub now: u64,
    pub settings: &'a Settings,
}

/// The next action, without the text of a notice.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    Deploy(String),
    Observe(String),
    LoadTest(String, String),
    Ask(String),
    Perform(String, String),
    Measure(String),
    RollBack(String),
    Notify(String, Urgency),
    Wait(u32),
    Finish(Conclusion),
}

/// A decision without its sentences.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub permission: Permission,
    pub next: Next,
    /// The code of the first reason, which decided.
    pub first: String,
    /// The codes of all reasons, in alphabetical order.
    pub codes: Vec<String>,
    pub environments: Vec<EnvironmentStatus>,
}

/// An answer before notices and statuses.
struct Draft {
    permission: Permission,
    next: Next,
    codes: Vec<&'static str>,
    /// The environment that the next step is about.
    environment: Option<usize>,
    /// Something starts outside of the windows, with a warning.
    is_outside: bool,
}

impl Draft {
    /// What holds the release, and the next action.
    fn hold(next: Next, codes: Vec<&'static str>) -> Self {
        Self {
            permission: Permission::Hold,
            next,
            codes,
            environment: None,
            is_outside: false,
        }
    }

    fn end(conclusion: Conclusion, codes: Vec<&'static str>) -> Self {
        Self {
            permission: Permission::Stop,
            next: Next::Finish(conclusion),
            codes,
            environment: None,
            is_outside: false,
        }
    }
}

/// Decides what happens next with a release.
pub fn decide(question: Question<'_>) -> Answer {
    let recorded = question;
    let history = single_rounds(question.history);
    let question = Question {
        history: &history,
        ..question
    };
    let target = match release::read(question.release, question.settings) {
        Ok(target) => target,
        Err(code) => {
            let refused = Draft::end(Conclusion::Stopped, vec![code]);
            return answer(refused, Vec::new());
        }
    };
    let mut draft = first_answer(question, &target);
    let is_end = matches!(draft.next, Next::Finish(_));
    let is_held = draft
        .environment
        .is_some_and(|it| people::held(question, it));
    if is_held && !is_end {
        draft.codes.insert(0, "held");
        draft = Draft::hold(Next::Wait(question.settings.poll_interval), draft.codes);
    }
    if !is_end && age::is_overdue(question, &target, age::start(recorded, &target)) {
        draft.codes.insert(0, "deadline-exceeded");
        draft = Draft::end(Conclusion::Stopped, draft.codes);
    }
    if let Some(notice) = due(question.history, &draft) {
        draft.next = notice;
    }
    answer(draft, statuses::statuses(question, &target))
}

/// Splits each event with several rounds into events with one round each, with a wait between two.
fn single_rounds(history: &[Event]) -> Vec<Event> {
    let mut single = Vec::new();
    for event in history {
        if let EventKind::Observed(round) = &event.kind {
            for _ in 1..round.times {
                single.push(event.clone());
                single.push(Event {
                    at: event.at,
                    kind: EventKind::Waited(0),
                });
            }
        }
        single.push(event.clone());
    }
    single
}

/// Applies the rules in their order, until one has an answer.
fn first_answer(question: Question<'_>, target: &Target) -> Draft {
    if people::canceled(question) {
        return Draft::end(Conclusion::Canceled, vec!["canceled"]);
    }
    if names_unknown_environment(question) {
        return Draft::end(Conclusion::Stopped, vec!["environment-unknown"]);
    }
    if release::contradicts(question.release, target) {
        return Draft::end(Conclusion::Stopped, vec!["label-contradicts-tag"]);
    }
    if let Some(code) = path::superseded(question, target) {
        return Draft::end(Conclusion::Superseded, vec![code]);
    }
    if path::order_is_unknown(question, target) {
        return Draft::end(Conclusion::Stopped, vec!["ancestry-unknown"]);
    }
    if path::rejected(question, target) {
        return Draft::end(Conclusion::Stopped, vec!["rejected"]);
    }
    path::walk(question, target)
}

fn names_unknown_environment(question: Question<'_>) -> bool {
    let known = |name: &str| {
        let mut environments = question.settings.environments.iter();
        environments.any(|it| it.name == name)
    };
    question.history.iter().any(|event| match &event.kind {
        EventKind::Deployed(it) | EventKind::RolledBack(it) => !known(&it.environment),
        EventKind::Observed(it) => !known(&it.environment),
        EventKind::LoadTested(it) => !known(&it.environment),
        EventKind::Superseded(it) | EventKind::Diverged(it) => !known(&it.environment),
        EventKind::Locked(it) => !known(&it.environment),
        EventKind::Performed(it) => !known(&it.step.environment),
        EventKind::Asked(it) => !known(&it.environment),
        EventKind::Measured(it) => !known(&it.environment),
        EventKind::Intervened(it) => it.environment.as_ref().is_some_and(|it| !known(it)),
        _ => false,
    })
}

/// The notice that comes before the next action.
fn due(history: &[Event], draft: &Draft) -> Option<Next> {
    if draft.codes[0] == "settings-invalid" || draft.codes[0].starts_with("tag-") {
        return None;
    }
    let mut notices = Vec::new();
    if draft.is_outside {
        notices.push(("outside-hours", Urgency::Warning));
    } else if draft.permission == Permission::PromoteWithWarning {
        notices.push(("load-test-warning", Urgency::Warning));
    }
    match draft.next {
        Next::Finish(Conclusion::Promoted) => notices.push(("promoted", Urgency::Info)),
        Next::Finish(Conclusion::PromotedWithWarning) => {
            notices.push(("promoted", Urgency::Warning));
        }
        Next::Finish(Conclusion::Stopped) => notices.push(("stopped", Urgency::Failure)),
        Next::Finish(Conclusion::Superseded) => notices.push(("superseded", Urgency::Info)),
        Next::Finish(Conclusion::RolledBack) => notices.push(("rolled-back", Urgency::Failure)),
        Next::Finish(Conclusion::Canceled) => notices.push(("canceled", Urgency::Info)),
        _ => {}
    }
    notices.retain(|(key, _)| !was_told(history, key));
    let (key, urgency) = notices.first()?;
    Some(Next::Notify((*key).to_owned(), *urgency))
}

/// Whether a notice was sent, or could not be sent.
fn was_told(history: &[Event], key: &str) -> bool {
    history
        .iter()
        .any(|event| matches!(&event.kind, EventKind::Notified(it) if it.key == key))
}

fn answer(draft: Draft, environments: Vec<EnvironmentStatus>) -> Answer {
    let mut codes: Vec<String> = draft.codes.iter().map(|it| (*it).to_owned()).collect();
    let first = codes[0].clone();
    codes.sort();
    codes.dedup();
    Answer {
        permission: draft.permission,
        next: draft.next,
        first,
        codes,
        environments,
    }
}
