//! A load test: its numbers and its curves.

use super::curves::{Panel, panels};
use crate::contract::fields::ByName;
use crate::contract::types::Verdict;
use crate::deployment::timeline::{LoadTest, Timeline};
use crate::report::headline::Tone;
use crate::text::number::{grouped, share, short};
use crate::text::time;

/// A load test as it is shown.
#[derive(Debug)]
pub struct Shown<'a> {
    /// The load test.
    pub test: &'a LoadTest,
    /// Its verdict, which only the last test of an environment has.
    pub verdict: Option<ByName<Verdict>>,
    /// The verdict's colour and sign.
    pub tone: Tone,
    /// Its numbers.
    pub numbers: Vec<Number>,
    /// Its curves; empty without a history file.
    pub panels: Vec<Panel>,
}

/// One number.
#[derive(Debug)]
pub struct Number {
    /// Its name for programs.
    pub key: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// The value for people.
    pub value: String,
    /// Whether it is highlighted.
    pub striking: bool,
}

/// Shows all load tests.
pub fn all(timeline: &Timeline) -> Vec<Shown<'_>> {
    let last = |index: usize, test: &LoadTest| {
        !timeline.load_tests[index + 1..]
            .iter()
            .any(|later| later.environment == test.environment)
    };
    timeline
        .load_tests
        .iter()
        .enumerate()
        .map(|(index, test)| {
            let verdict = timeline
                .environments
                .iter()
                .find(|place| place.name == test.environment && last(index, test))
                .and_then(|place| place.load_test);
            Shown {
                test,
                verdict,
                tone: match verdict.map(|it| it.0) {
                    Some(Verdict::Passed) => Tone::Good,
                    Some(Verdict::Failed | Verdict::Errored) => Tone::Bad,
                    Some(Verdict::Inconclusive) => Tone::Warned,
                    None => Tone::Idle,
                },
                numbers: numbers(test, timeline),
                panels: panels(&test.curve),
            }
        })
        .collect()
}

fn numbers(test: &LoadTest, timeline: &Timeline) -> Vec<Number> {
    let number = |key, label, value, striking| Number {
        key,
        label,
        value,
        striking,
    };
    let failures = match share(test.failures, test.requests) {
        Some(share) => format!("{} ({share})", grouped(test.failures)),
        None => grouped(test.failures),
    };
    let versions: Vec<String> = test.versions.iter().map(|commit| short(commit)).collect();
    let foreign = test
        .versions
        .iter()
        .any(|commit| *commit != timeline.commit);
    let none = || "none".to_owned();
    vec![
        number(
            "requests",
            "requests",
            grouped(test.requests),
            test.requests == 0,
        ),
        number("failures", "failures", failures, test.failures > 0),
        number(
            "exceptions",
            "exceptions",
            grouped(test.exceptions),
            test.exceptions > 0,
        ),
        number(
            "p95",
            "p95",
            test.p95
                .map_or_else(none, |p95| format!("{} ms", grouped(p95))),
            false,
        ),
        number("duration", "duration", time::span(test.duration), false),
        number(
            "versions",
            "versions that answered",
            if versions.is_empty() {
                none()
            } else {
                versions.join(", ")
            },
            foreign || versions.is_empty(),
        ),
        number("ended", "ended", time::clock(test.at), false),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn numbers_as_people_write_them() {
        let timeline = fixture::stopped();
        let shown = all(&timeline);
        let value = |key: &str| {
            let number = shown[0]
                .numbers
                .iter()
                .find(|number| number.key == key)
                .expect("a number");
            (number.value.clone(), number.striking)
        };
        assert_eq!(value("requests"), ("28,140".to_owned(), false));
        assert_eq!(value("failures"), ("212 (0.75 %)".to_owned(), true));
        assert_eq!(value("p95"), ("1,840 ms".to_owned(), false));
        assert_eq!(value("versions"), ("ca779cf0631b".to_owned(), false));
        assert_eq!(
            (shown[0].verdict, shown[0].tone),
            (Some(ByName(Verdict::Failed)), Tone::Bad)
        );
    }

    #[test]
    fn a_test_without_a_request_has_no_share() {
        let mut timeline = fixture::stopped();
        (
            timeline.load_tests[0].requests,
            timeline.load_tests[0].failures,
        ) = (0, 0);
        assert_eq!(share(0, timeline.load_tests[0].requests), None);
        assert!(all(&timeline)[0].numbers[0].striking);
    }
}
