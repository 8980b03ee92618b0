//! A load test: its numbers and its curves.

use super::curves::{Panel, panels};
use crate::deployment::timeline::{LoadTest, Timeline};
use crate::report::headline::Tone;
use crate::text::number::{grouped, share, short};
use crate::text::time;

/// A load test as it is shown.
#[derive(Debug)]
pub struct Shown<'a> {
    /// What it says.
    pub test: &'a LoadTest,
    /// The verdict on it; the last test of an environment alone has one.
    pub verdict: Option<&'a str>,
    /// The verdict's colour and sign.
    pub tone: Tone,
    /// Label, value, and whether it is worth a look.
    pub numbers: Vec<Number>,
    /// Curves; none if there is no history.
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
    /// Whether it is worth a look.
    pub striking: bool,
}

/// Shows all load tests.
pub fn all(story: &Timeline) -> Vec<Shown<'_>> {
    let last = |index: usize, test: &LoadTest| {
        !story.load_tests[index + 1..]
            .iter()
            .any(|later| later.environment == test.environment)
    };
    story
        .load_tests
        .iter()
        .enumerate()
        .map(|(index, test)| {
            let verdict = story
                .environments
                .iter()
                .find(|place| place.name == test.environment && last(index, test))
                .and_then(|place| place.load_test.as_deref());
            Shown {
                test,
                verdict,
                tone: match verdict {
                    Some("passed") => Tone::Good,
                    Some("failed" | "errored") => Tone::Bad,
                    Some("inconclusive") => Tone::Warned,
                    _ => Tone::Idle,
                },
                numbers: numbers(test, story),
                panels: panels(&test.curve),
            }
        })
        .collect()
}

fn numbers(test: &LoadTest, story: &Timeline) -> Vec<Number> {
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
    let foreign = test.versions.iter().any(|commit| *commit != story.commit);
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
        let story = fixture::stopped();
        let shown = all(&story);
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
            (Some("failed"), Tone::Bad)
        );
    }

    #[test]
    fn a_test_without_a_request_has_no_share() {
        let mut story = fixture::stopped();
        (story.load_tests[0].requests, story.load_tests[0].failures) = (0, 0);
        assert_eq!(share(0, story.load_tests[0].requests), None);
        assert!(all(&story)[0].numbers[0].striking);
    }
}
