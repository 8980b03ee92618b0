//! The parts that suites are made of, with harmless texts.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use crate::deployment::timeline::Decision;

/// A case of a suite.
pub fn named(name: &str, suite: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(clean(name), status);
    case.set_classname(clean(&format!("greenlight.{suite}")));
    case
}

/// A failure of a kind, with a sentence and all there is to say.
pub fn failure(kind: &str, message: &str, text: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(clean(kind));
    status.set_message(clean(message));
    status.set_description(clean(text));
    status
}

/// A suite takes as long as its cases, and no two of them have the same name: a step may have been done
/// again.
pub fn finish(suite: &mut TestSuite) {
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
pub fn reasons(decision: &Decision) -> String {
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

/// The time in between; none if the clock jumped back.
pub fn time(from: u64, until: u64) -> Duration {
    Duration::from_millis(until.saturating_sub(from))
}

/// Leaves out what XML 1.0 can't hold (`Char` in its section 2.2), and the other control characters.
///
/// It has to happen before the library takes escape sequences out: one without an end would take the
/// text behind it along.
pub fn clean(text: &str) -> String {
    let kept = |c: &char| match c {
        '\n' | '\t' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        c => !c.is_control(),
    };
    text.chars().filter(kept).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_out_what_xml_cannot_hold() {
        assert_eq!(
            clean("a\u{0}b\u{1b}[31m\u{9b}\u{fffe}\u{ffff}\r\n\tä👍"),
            "ab[31m\n\tä👍"
        );
    }
}
