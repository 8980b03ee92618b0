//! A deployment as SARIF, for what code hosts show of findings.
//!
//! The format is version 2.1.0 of the Static Analysis Results Interchange Format by OASIS. It is a small
//! part of it, written out as types here.

mod format;
mod results;

use std::io;

use self::format::{Automation, Driver, Invocation, Log, Rule, Run, Tool};
use crate::deployment::timeline::Timeline;
use crate::text::json;
use crate::text::time;

/// Writes the findings: the reasons of the last decision, and everything that was a warning.
///
/// # Errors
///
/// As [`json::pretty`].
pub fn document(timeline: &Timeline) -> io::Result<String> {
    let findings = results::of(timeline);
    let mut rules: Vec<&str> = Vec::new();
    let mut results = Vec::new();
    for finding in &findings {
        let index = rules.iter().position(|rule| *rule == finding.code);
        let index = index.unwrap_or_else(|| {
            rules.push(finding.code);
            rules.len() - 1
        });
        results.push(finding.result(index));
    }
    let log = Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "greenlight",
                    version: env!("CARGO_PKG_VERSION"),
                    rules: rules
                        .into_iter()
                        .map(|id| Rule { id: id.to_owned() })
                        .collect(),
                },
            },
            automation_details: Automation {
                id: format!("greenlight/{}/", timeline.tag),
            },
            invocations: [Invocation {
                execution_successful: true,
                start_time_utc: time::exact(timeline.began),
                end_time_utc: time::exact(timeline.last),
            }],
            results,
        }],
    };
    json::pretty(&log)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::report::fixture::{self, HOSTILE};

    fn run(timeline: &Timeline) -> Value {
        let text = document(timeline).expect("a report");
        let mut log: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(log["version"], "2.1.0");
        log["runs"][0].take()
    }

    /// Level, rule and environments of each result.
    fn found(run: &Value) -> Vec<(String, String, Vec<String>)> {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let results = run["results"].as_array().expect("a list");
        results
            .iter()
            .map(|result| {
                let rule = result["ruleIndex"]
                    .as_u64()
                    .and_then(|index| usize::try_from(index).ok())
                    .unwrap_or(usize::MAX);
                assert_eq!(run["tool"]["driver"]["rules"][rule]["id"], result["ruleId"]);
                let places = result["locations"][0]["logicalLocations"].as_array();
                let places = places
                    .into_iter()
                    .flatten()
                    .map(|place| text(&place["name"]));
                (
                    text(&result["level"]),
                    text(&result["ruleId"]),
                    places.collect(),
                )
            })
            .collect()
    }

    fn line(level: &str, rule: &str, places: &[&str]) -> (String, String, Vec<String>) {
        let places = places.iter().map(|place| (*place).to_owned()).collect();
        (level.to_owned(), rule.to_owned(), places)
    }

    #[test]
    fn a_stop_is_an_error() {
        let run = run(&fixture::stopped());
        assert_eq!(
            found(&run),
            [
                line("error", "load-test-failed", &["stage"]),
                line("error", "failures-above-threshold", &["stage"]),
                line("error", "p95-above-threshold", &["stage"]),
                line("warning", "note", &["stage"]),
            ]
        );
        assert_eq!(
            run["invocations"][0]["startTimeUtc"],
            "2025-11-23T00:15:00.000Z"
        );
    }

    #[test]
    fn a_warning_is_a_warning_and_is_there_once() {
        assert_eq!(
            found(&run(&fixture::promoted_with_warning())),
            [
                line("warning", "load-test-failed", &["stage"]),
                line("warning", "load-test-warned", &["stage"]),
                line("warning", "notify-warned", &["prod"]),
                line("warning", "note", &["prod"]),
            ]
        );
    }

    #[test]
    fn what_was_reached_with_a_warning_is_not_wrong() {
        let mut timeline = fixture::promoted_with_warning();
        let last = timeline.decisions.last_mut().expect("a decision");
        let mut reached = last.reasons[0].clone();
        reached.code = "promoted".to_owned();
        reached.message = "`prod` serves the release and nothing else".to_owned();
        last.reasons.push(reached);
        assert_eq!(
            found(&run(&timeline))[..2],
            [
                line("warning", "load-test-failed", &["stage"]),
                line("note", "promoted", &["prod"]),
            ]
        );
    }

    #[test]
    fn a_hold_is_a_note_and_nothing_is_nothing() {
        assert_eq!(
            found(&run(&fixture::running())),
            [line("note", "not-converged", &["stage"])]
        );
        let run = run(&fixture::empty());
        assert!(found(&run).is_empty());
        assert_eq!(run["tool"]["driver"]["rules"], Value::Array(Vec::new()));
    }

    #[test]
    fn hostile_texts_stay_texts() {
        let text = document(&fixture::hostile()).expect("a report");
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'));
        assert!(!text.contains('\u{202e}'));
        let run = run(&fixture::hostile());
        let message = run["results"][0]["message"]["text"]
            .as_str()
            .expect("a text");
        assert!(
            !message.contains("](") && message.contains("{{0}}"),
            "{message}"
        );
        assert_eq!(run["results"][0]["ruleId"], HOSTILE);
    }
}
