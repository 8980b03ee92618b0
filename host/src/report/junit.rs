//! A deployment as a `JUnit` report, which CI systems show as test results.
//!
//! Each environment is a suite with a case for each step; one more suite has the decision. The format
//! is the one that Jenkins' `JUnit` plugin and `CircleCI`'s `store_test_results` read.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use crate::contract::promotion::{Conclusion, Permission};
use crate::contract::types::LoadTestAction;
use crate::deployment::timeline::{Decision, Limit, Step, StepKind, StepState, Timeline};
use crate::report::headline::Headline;
use crate::text::time;

/// The suite of the decision, and of the steps without an environment.
const DECISION: &str = "decision";

/// Writes the report.
///
/// # Errors
///
/// If XML can't be written, which no input is known to cause.
pub fn document(timeline: &Timeline) -> Result<String, SerializeError> {
    let mut report = Report::new("greenlight");
    report.timestamp = time::exact(timeline.began).parse().ok();
    report.set_time(duration(timeline.began, timeline.last));
    for name in suites(timeline) {
        let mut suite = TestSuite::new(clean(name));
        suite.timestamp = report.timestamp;
        for step in &timeline.steps {
            if step.environment.as_deref() == Some(name) {
                suite.add_test_case(case(step, name, timeline));
            }
        }
        if skipped_load_test(timeline) == Some(name) {
            let mut status = TestCaseStatus::skipped();
            status.set_message("the commit's label says `skip`");
            suite.add_test_case(named("load-test", name, status));
        }
        finish(&mut suite);
        report.add_test_suite(suite);
    }
    report.add_test_suite(decision(timeline));
    report.to_string()
}

/// The names of all environments: those of the settings, then those that only a step has.
fn suites(timeline: &Timeline) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    let places = timeline
        .environments
        .iter()
        .map(|place| place.name.as_str());
    let steps = timeline
        .steps
        .iter()
        .filter_map(|step| step.environment.as_deref());
    for name in places.chain(steps) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The environment whose load test a label skips.
fn skipped_load_test(timeline: &Timeline) -> Option<&str> {
    let ran = !timeline.load_tests.is_empty()
        || timeline
            .steps
            .iter()
            .any(|step| step.kind.0 == StepKind::LoadTest);
    let asked = timeline.action.map(|it| it.0) == Some(LoadTestAction::Skip);
    let place = timeline.environments.first()?;
    (asked && !ran).then_some(place.name.as_str())
}

fn case(step: &Step, suite: &str, timeline: &Timeline) -> TestCase {
    let status = match step.state.0 {
        StepState::Done | StepState::Warned => TestCaseStatus::success(),
        StepState::Failed => {
            let mut text = step.outcome.clone();
            let ended = step.ended.unwrap_or(step.began);
            if let Some(decision) = timeline
                .decisions
                .iter()
                .find(|decision| decision.at >= ended)
            {
                text = format!("{text}\n{}", reasons(decision));
            }
            for line in &step.tail {
                let _ = write!(text, "\n| {line}");
            }
            for line in results(step, timeline) {
                let _ = write!(text, "\n{line}");
            }
            failure("step-failed", &step.outcome, &text)
        }
        StepState::Running | StepState::Interrupted => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(clean(&format!("not finished: {}", step.outcome)));
            status
        }
    };
    let mut case = named(&step.title(), suite, status);
    case.timestamp = time::exact(step.began).parse().ok();
    case.set_time(duration(step.began, step.ended.unwrap_or(timeline.last)));
    let mut out = match step.state.0 {
        StepState::Warned => format!("warning: {}\n", step.outcome),
        StepState::Done => format!("{}\n", step.outcome),
        StepState::Running | StepState::Interrupted | StepState::Failed => String::new(),
    };
    if step.state.0 != StepState::Failed {
        for line in results(step, timeline) {
            let _ = writeln!(out, "{line}");
        }
    }
    if let Some(log) = &step.log {
        let _ = writeln!(out, "log: {log}");
    }
    if !out.is_empty() {
        case.set_system_out(clean(&out));
    }
    case
}

/// The limits of a load test and the notes about its results, one line each.
fn results<'a>(step: &Step, timeline: &'a Timeline) -> impl Iterator<Item = String> + use<'a> {
    let test = timeline.load_test_of(step).into_iter();
    test.flat_map(|it| {
        let limits = it.limits.iter().map(Limit::sentence);
        limits.chain(it.notes.iter().map(|note| format!("note: {note}")))
    })
}

/// The suite of the last decision, with the steps without an environment.
fn decision(timeline: &Timeline) -> TestSuite {
    let mut suite = TestSuite::new(DECISION);
    suite.timestamp = time::exact(timeline.began).parse().ok();
    let last = timeline.decisions.last();
    let permission = last.map(|it| it.permission.0);
    let text = last.map(reasons).unwrap_or_default();
    let headline = Headline::of(timeline);
    let code = headline.because.map_or("stopped", |reason| &reason.code);
    let status = match (timeline.conclusion.map(|it| it.0), permission) {
        (Some(Conclusion::Stopped), _) | (None, Some(Permission::Stop)) => {
            let message = headline
                .because
                .map_or(&headline.words, |reason| &reason.message);
            failure(code, message, &text)
        }
        (Some(Conclusion::Promoted | Conclusion::PromotedWithWarning), _) => {
            TestCaseStatus::success()
        }
        _ => {
            let mut status = TestCaseStatus::skipped();
            let message = match (&headline.advice, &headline.waits) {
                (Some(advice), _) => format!("interrupted; {advice}"),
                (None, Some(waits)) => format!("not finished, waiting for: {waits}"),
                (None, None) => headline.words.clone(),
            };
            status.set_message(clean(&message));
            status
        }
    };
    let mut case = named("permission", DECISION, status);
    case.set_time(Duration::ZERO);
    let title = headline.title.unwrap_or_default();
    let mut out = format!("{}\n{title}\n{text}", headline.words);
    for note in &headline.load_tests {
        let _ = writeln!(out, "{note}");
    }
    for sentence in &headline.served {
        let _ = writeln!(out, "at the end, {sentence}");
    }
    for item in &headline.to_do {
        let _ = writeln!(out, "what to do now: {item}");
    }
    for note in &timeline.notes {
        let _ = writeln!(out, "note: {}", note.text);
    }
    case.set_system_out(clean(&out));
    suite.add_test_case(case);
    for step in timeline
        .steps
        .iter()
        .filter(|step| step.environment.is_none())
    {
        suite.add_test_case(self::case(step, DECISION, timeline));
    }
    finish(&mut suite);
    suite
}

/// A case of a suite.
fn named(name: &str, suite: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(clean(name), status);
    case.set_classname(clean(&format!("greenlight.{suite}")));
    case
}

/// A failure of a kind, with a sentence and the details.
fn failure(kind: &str, message: &str, text: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(clean(kind));
    status.set_message(clean(message));
    status.set_description(clean(text));
    status
}

/// Sums up the times of the cases, and gives repeated steps names of their own.
fn finish(suite: &mut TestSuite) {
    let mut times: HashMap<String, usize> = HashMap::new();
    for case in &mut suite.test_cases {
        let count = times.entry(case.name.as_str().to_owned()).or_default();
        *count += 1;
        if *count > 1 {
            case.name = format!("{} ({count})", case.name.as_str()).into();
        }
    }
    let time = suite.test_cases.iter().filter_map(|case| case.time).sum();
    suite.set_time(time);
}

/// The reasons of a decision, one a line.
fn reasons(decision: &Decision) -> String {
    let mut text = String::new();
    for reason in &decision.reasons {
        // Writing into a string can't fail.
        let _ = writeln!(
            text,
            "{}[{}]: {}",
            decision.permission, reason.code, reason.message
        );
        if let Some(help) = &reason.help {
            let _ = writeln!(text, "  help: {help}");
        }
    }
    text
}

/// The time between two moments; 0 if the clock jumped back.
fn duration(from: u64, until: u64) -> Duration {
    Duration::from_millis(until.saturating_sub(from))
}

/// Removes characters that XML 1.0 can't hold (`Char` in its section 2.2), and other control characters.
///
/// This must happen before the library removes escape sequences: one without an end would remove the text after it.
fn clean(text: &str) -> String {
    let kept = |c: &char| match c {
        '\n' | '\t' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        c => !c.is_control(),
    };
    text.chars().filter(kept).collect()
}

#[cfg(test)]
#[path = "junit_tests.rs"]
mod tests;
