//! Tests of the `JUnit` report.

use super::*;
use crate::contract::fields::ByName;
use crate::report::fixture;

/// Parses a report: the path of each element with its attributes, and its text.
fn read(timeline: &Timeline) -> Vec<String> {
    use quick_xml::Reader;
    use quick_xml::XmlVersion;
    use quick_xml::events::Event;
    let document = document(timeline).expect("a report");
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
    let note = "load test of stage: the history ends 3 s before the results do";
    assert!(text.contains(note));
    assert!(text.contains("what to do now: find out why the load test of stage failed"));
    assert!(text.contains("| POST /cart: 212 responses 502 &lt;Bad Gateway&gt;"));
    let text = document(&fixture::half_way()).expect("a report");
    assert!(text.contains("at the end, 1 of 3 nodes of prod serves ca779cf0631b"));
}

#[test]
fn a_warning_is_no_failure() {
    let timeline = fixture::promoted_with_warning();
    let lines = read(&timeline);
    assert!(
        has(
            &lines,
            "testsuites name=greenlight tests=7 skipped=0 failures=0 errors=0"
        ),
        "{lines:#?}"
    );
    let text = document(&timeline).expect("a report");
    assert!(text.contains("warning: 212 of 28,140"));
    assert!(text.contains("p99 of POST /cart: 2,410 ms, limit 2,000 ms"));
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
        "skipped message=not finished, waiting for: the first decision"
    ));
    let mut timeline = fixture::running();
    timeline.action = Some(ByName(LoadTestAction::Skip));
    let lines = read(&timeline);
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
    let timeline = fixture::hostile();
    let lines = read(&timeline);
    assert!(!has(&lines, "script name"));
    let text = document(&timeline).expect("a report");
    assert!(!text.contains("<script>") && !text.contains("]]>") && !text.contains("<img"));
    assert!(!text.contains(|c: char| c.is_control() && c != '\n'));
    assert!(!text.contains('\u{ffff}'));
    // The text after an unterminated escape sequence is kept.
    assert!(text.contains("]0;title ::error::x"));
}

#[test]
fn a_step_elsewhere_is_not_lost() {
    let mut timeline = fixture::running();
    timeline.steps[0].environment = Some("canary".to_owned());
    assert!(has(&read(&timeline), "testsuite name=canary tests=1"));
}

#[test]
fn a_step_that_was_done_again_has_a_name_of_its_own() {
    let mut timeline = fixture::running();
    timeline.steps.push(timeline.steps[0].clone());
    let lines = read(&timeline);
    assert!(has(
        &lines,
        "testcase name=deploy classname=greenlight.stage"
    ));
    assert!(has(
        &lines,
        "testcase name=deploy (2) classname=greenlight.stage"
    ));
}

#[test]
fn leaves_out_what_xml_cannot_hold() {
    assert_eq!(
        clean("a\u{0}b\u{1b}[31m\u{9b}\u{fffe}\u{ffff}\r\n\tä👍"),
        "ab[31m\n\tä👍"
    );
}
