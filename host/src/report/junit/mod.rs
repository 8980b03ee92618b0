//! A deployment as a `JUnit` report, for what CI systems show of tests.
//!
//! There is one suite for each environment, with a case for each step, and one for the decision. The format
//! is the one that Jenkins' `JUnit` plugin and `CircleCI`'s `store_test_results` read.

mod parts;

use std::fmt::Write as _;
use std::time::Duration;

use quick_junit::{Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use self::parts::{clean, failure, finish, named, reasons, time};
use super::headline::Headline;
use crate::deployment::timeline::{State, Step, Timeline};
use crate::text::time;

/// The suite of what belongs to no environment.
const DECISION: &str = "decision";

/// Writes the report.
///
/// # Errors
///
/// If XML cannot be written, which no story is known to bring about.
pub fn document(story: &Timeline) -> Result<String, SerializeError> {
    let mut report = Report::new("greenlight");
    report.timestamp = time::exact(story.began).parse().ok();
    report.set_time(time(story.began, story.last));
    for name in suites(story) {
        let mut suite = TestSuite::new(clean(name));
        suite.timestamp = report.timestamp;
        for step in &story.steps {
            if step.environment.as_deref() == Some(name) {
                suite.add_test_case(case(step, name, story));
            }
        }
        if skipped_load_test(story) == Some(name) {
            let mut status = TestCaseStatus::skipped();
            status.set_message("the commit's label says `skip`");
            suite.add_test_case(named("load-test", name, status));
        }
        finish(&mut suite);
        report.add_test_suite(suite);
    }
    report.add_test_suite(decision(story));
    report.to_string()
}

/// All environments, those first that the story names.
fn suites(story: &Timeline) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    let places = story.environments.iter().map(|place| place.name.as_str());
    let steps = story
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

/// Where a load test would have run, had the label not asked for none.
fn skipped_load_test(story: &Timeline) -> Option<&str> {
    let ran =
        !story.load_tests.is_empty() || story.steps.iter().any(|step| step.what == "load-test");
    let asked = story.action.as_deref() == Some("skip");
    let place = story.environments.first()?;
    (asked && !ran).then_some(place.name.as_str())
}

fn case(step: &Step, suite: &str, story: &Timeline) -> TestCase {
    let status = match step.state {
        State::Done | State::Warned => TestCaseStatus::success(),
        State::Failed => {
            let mut text = step.outcome.clone();
            let ended = step.ended.unwrap_or(step.began);
            if let Some(decision) = story.decisions.iter().find(|decision| decision.at >= ended) {
                text = format!("{text}\n{}", reasons(decision));
            }
            failure("step-failed", &step.outcome, &text)
        }
        State::Running => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(clean(&format!("not finished: {}", step.outcome)));
            status
        }
    };
    let mut case = named(&step.what, suite, status);
    case.timestamp = time::exact(step.began).parse().ok();
    case.set_time(time(step.began, step.ended.unwrap_or(story.last)));
    let mut out = match step.state {
        State::Warned => format!("warning: {}\n", step.outcome),
        State::Done => format!("{}\n", step.outcome),
        State::Running | State::Failed => String::new(),
    };
    if let Some(log) = &step.log {
        let _ = writeln!(out, "log: {log}");
    }
    if !out.is_empty() {
        case.set_system_out(clean(&out));
    }
    case
}

/// What was decided in the end, and the steps that belong to no environment.
fn decision(story: &Timeline) -> TestSuite {
    let mut suite = TestSuite::new(DECISION);
    suite.timestamp = time::exact(story.began).parse().ok();
    let last = story.decisions.last();
    let verdict = last.map(|decision| decision.verdict.as_str());
    let text = last.map(reasons).unwrap_or_default();
    let headline = Headline::of(story);
    let code = headline.because.map_or("stopped", |reason| &reason.code);
    let status = match (story.conclusion.as_deref(), verdict) {
        (Some("stopped"), _) | (None, Some("stop")) => {
            let message = headline
                .because
                .map_or(&headline.words, |reason| &reason.message);
            failure(code, message, &text)
        }
        (Some("promoted" | "promoted-with-warning"), _) => TestCaseStatus::success(),
        _ => {
            let mut status = TestCaseStatus::skipped();
            let message = match &headline.waits {
                Some(waits) => format!("not finished, waits for: {waits}"),
                None => headline.words.clone(),
            };
            status.set_message(clean(&message));
            status
        }
    };
    let mut case = named("verdict", DECISION, status);
    case.set_time(Duration::ZERO);
    let mut out = format!("{}\n{text}", headline.words);
    for note in &story.notes {
        let _ = writeln!(out, "note: {}", note.text);
    }
    case.set_system_out(clean(&out));
    suite.add_test_case(case);
    for step in story.steps.iter().filter(|step| step.environment.is_none()) {
        suite.add_test_case(self::case(step, DECISION, story));
    }
    finish(&mut suite);
    suite
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    /// Reads a document back: the path of each element with its attributes, and its text.
    fn read(story: &Timeline) -> Vec<String> {
        use quick_xml::Reader;
        use quick_xml::XmlVersion;
        use quick_xml::events::Event;
        let document = document(story).expect("a report");
        let mut reader = Reader::from_str(&document);
        let mut lines = Vec::new();
        loop {
            match reader.read_event().expect("XML") {
                Event::Start(tag) | Event::Empty(tag) => {
                    let mut line = String::from_utf8(tag.name().0.to_vec()).expect("XML");
                    for attribute in tag.attributes() {
                        let attribute = attribute.expect("XML");
                        let key = str::from_utf8(attribute.key.0).expect("XML");
                        let value = attribute
                            .normalized_value(XmlVersion::Explicit1_0)
                            .expect("XML");
                        if !key.starts_with("time") {
                            let _ = write!(line, " {key}={value}");
                        }
                    }
                    lines.push(line);
                }
                Event::Eof => return lines,
                _ => {}
            }
        }
    }

    fn has(lines: &[String], part: &str) -> bool {
        lines.iter().any(|line| line.contains(part))
    }

    #[test]
    fn a_stop_is_a_failure_with_its_reasons() {
        let lines = read(&fixture::stopped());
        assert!(
            has(
                &lines,
                "testsuites name=greenlight tests=5 skipped=0 failures=2"
            ),
            "{lines:#?}"
        );
        assert!(
            has(
                &lines,
                "testsuite name=stage tests=3 skipped=0 errors=0 failures=1"
            ),
            "{lines:#?}"
        );
        assert!(has(&lines, "testsuite name=prod tests=0"));
        assert!(
            has(
                &lines,
                "failure message=the load test of `stage` failed; `abort` stops the release type=load-test-failed"
            ),
            "{lines:#?}"
        );
        let text = document(&fixture::stopped()).expect("a report");
        assert!(text.contains("stop[p95-above-threshold]: the 95th percentile"));
        assert!(text.contains("time=\"300.000\""));
    }

    #[test]
    fn a_warning_is_no_failure() {
        let story = fixture::promoted_with_warning();
        let lines = read(&story);
        assert!(
            has(
                &lines,
                "testsuites name=greenlight tests=7 skipped=0 failures=0 errors=0"
            ),
            "{lines:#?}"
        );
        let text = document(&story).expect("a report");
        assert!(text.contains("warning: 212 of 28,140"));
        assert!(text.contains("promote-with-warning[load-test-failed]"));
    }

    #[test]
    fn what_has_not_happened_is_skipped() {
        let lines = read(&fixture::empty());
        assert!(
            has(&lines, "testsuite name=decision tests=1 skipped=1"),
            "{lines:#?}"
        );
        assert!(has(
            &lines,
            "skipped message=not finished, waits for: the first decision"
        ));
        let mut story = fixture::running();
        story.action = Some("skip".to_owned());
        let lines = read(&story);
        assert!(has(
            &lines,
            "testcase name=load-test classname=greenlight.stage"
        ));
        assert!(has(
            &lines,
            "skipped message=the commit's label says `skip`"
        ));
        assert!(has(&lines, "skipped message=not finished: 2 of 4 nodes"));
    }

    #[test]
    fn hostile_texts_stay_texts() {
        let story = fixture::hostile();
        let lines = read(&story);
        assert!(!has(&lines, "script name"));
        let text = document(&story).expect("a report");
        assert!(!text.contains("<script>") && !text.contains("]]>") && !text.contains("<img"));
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'));
        assert!(!text.contains('\u{ffff}'));
        // The text behind an escape sequence without an end is still there.
        assert!(text.contains("]0;title ::error::x"));
    }

    #[test]
    fn a_step_elsewhere_is_not_lost() {
        let mut story = fixture::running();
        story.steps[0].environment = Some("canary".to_owned());
        assert!(has(&read(&story), "testsuite name=canary tests=1"));
    }

    #[test]
    fn a_step_that_was_done_again_has_a_name_of_its_own() {
        let mut story = fixture::running();
        story.steps.push(story.steps[0].clone());
        let lines = read(&story);
        assert!(has(
            &lines,
            "testcase name=deploy classname=greenlight.stage"
        ));
        assert!(has(
            &lines,
            "testcase name=deploy (2) classname=greenlight.stage"
        ));
    }
}
