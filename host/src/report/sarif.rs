//! A deployment as SARIF, which code hosts show as findings.
//!
//! The format is version 2.1.0 of the Static Analysis Results Interchange Format by OASIS. `sarif_format` has the
//! part of it that is used.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;

use super::headline;
use super::sarif_format::{
    self as format, Automation, Driver, Invocation, Level, Location, Log, LogicalLocation, Message,
    Rule, Run, Tool,
};
use crate::contract::promotion::Permission;
use crate::contract::types::Verdict;
use crate::deployment::timeline::{Decision, LoadTest, Step, StepKind, StepState, Timeline};
use crate::text::{json, time};

/// Writes the findings: the reasons of the last decision, and everything that was a warning.
///
/// # Errors
///
/// As [`json::pretty`].
pub fn document(timeline: &Timeline) -> io::Result<String> {
    let findings = all(timeline);
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

/// The code of a note.
const NOTE: &str = "note";

/// The code of a step that failed.
const STEP_FAILED: &str = "step-failed";

/// The code of a note about the results of a load test.
const LOAD_TEST_NOTE: &str = "load-test-note";

/// A finding.
#[derive(Debug)]
struct Finding<'a> {
    /// Its code.
    code: &'a str,
    level: Level,
    message: Cow<'a, str>,
    help: Option<&'a str>,
    environments: Vec<&'a str>,
    /// The name of the load test that it is about.
    load_test: Option<&'a str>,
}

impl Finding<'_> {
    /// The finding in the format, with the place of its code among the rules.
    fn result(&self, rule_index: usize) -> format::Result {
        let text = match self.help {
            Some(help) => format!("{}. Help: {help}", self.message),
            None => self.message.to_string(),
        };
        let place = |name: &str, kind| LogicalLocation {
            name: name.to_owned(),
            kind,
        };
        let environments = self.environments.iter();
        let environments = environments.map(|it| place(it, "environment"));
        let load_test = self.load_test.map(|it| place(it, "load test"));
        let places: Vec<_> = environments.chain(load_test).collect();
        format::Result {
            rule_id: self.code.to_owned(),
            rule_index,
            level: self.level,
            message: Message { text: plain(&text) },
            locations: if places.is_empty() {
                Vec::new()
            } else {
                vec![Location {
                    logical_locations: places,
                }]
            },
        }
    }
}

/// Lists all findings: the reasons of the last decision, the reasons of earlier warnings, the failed steps with the
/// last lines of their commands' output, the steps with a warning, the notes about load tests, and the other notes.
fn all(timeline: &Timeline) -> Vec<Finding<'_>> {
    let mut findings: Vec<Finding<'_>> = Vec::new();
    let warning = |decision: &&Decision| decision.permission.0 == Permission::PromoteWithWarning;
    let last = timeline.decisions.last();
    let earlier = timeline.decisions.iter().rev().skip(1).filter(warning);
    for (place, decision) in last.into_iter().chain(earlier).enumerate() {
        // The last reason of a warning names the next step or the reached environment, which is not a finding.
        let (wrong, what_then) = match decision.reasons.split_last() {
            Some((then, wrong)) if warning(&decision) && !wrong.is_empty() => (wrong, Some(then)),
            _ => (decision.reasons.as_slice(), None),
        };
        let then = what_then.filter(|_| place == 0).map(|it| (it, Level::Note));
        let wrong = wrong.iter().map(|it| (it, level(decision.permission.0)));
        for (reason, level) in wrong.chain(then) {
            let test = reason.load_test.as_ref();
            let name = test.map(|it| it.name.as_str());
            let known = |it: &Finding<'_>| {
                it.code == reason.code && it.message == reason.message && it.load_test == name
            };
            if !findings.iter().any(known) {
                findings.push(Finding {
                    code: &reason.code,
                    level,
                    message: reason.message.as_str().into(),
                    help: reason.help.as_deref(),
                    environments: match test {
                        Some(test) => vec![&test.environment],
                        None => named(&reason.message, timeline),
                    },
                    load_test: name,
                });
            }
        }
    }
    let failed = |step: &&Step| step.state.0 == StepState::Failed && !step.tail.is_empty();
    for step in timeline.steps.iter().filter(failed) {
        let environment = step.environment.as_deref();
        let place = environment.unwrap_or_default();
        let last_lines = step.tail.join("\n| ");
        let text = format!("{} {place}: {}\n| {last_lines}", step.title(), step.outcome);
        findings.push(Finding {
            code: STEP_FAILED,
            level: Level::Error,
            message: text.into(),
            help: None,
            environments: environment.map_or_else(|| reached(timeline), |name| vec![name]),
            load_test: tested(step, timeline),
        });
    }
    for step in timeline
        .steps
        .iter()
        .filter(|step| step.state.0 == StepState::Warned)
    {
        let environment = step.environment.as_deref();
        findings.push(Finding {
            code: warned(step.kind.0),
            level: Level::Warning,
            message: outcome(step, timeline),
            help: None,
            environments: environment.map_or_else(|| reached(timeline), |name| vec![name]),
            load_test: tested(step, timeline),
        });
    }
    findings.extend(timeline.load_test_notes().map(|(test, note)| Finding {
        code: LOAD_TEST_NOTE,
        level: noted(test),
        message: format!("{}: {note}", timeline.title_of(test)).into(),
        help: None,
        environments: vec![&test.environment],
        load_test: Some(&test.name),
    }));
    findings.extend(timeline.notes.iter().map(|note| Finding {
        code: NOTE,
        level: Level::Warning,
        message: note.text.as_str().into(),
        help: None,
        environments: named(&note.text, timeline),
        load_test: None,
    }));
    findings
}

fn level(permission: Permission) -> Level {
    match permission {
        Permission::Stop => Level::Error,
        Permission::PromoteWithWarning => Level::Warning,
        Permission::Hold | Permission::Promote => Level::Note,
    }
}

/// The level of a note about the results of a load test. It is a warning if the test did not pass, because the note may
/// be the reason.
fn noted(test: &LoadTest) -> Level {
    match test.verdict.map(|it| it.0) {
        Some(Verdict::Passed) | None => Level::Note,
        Some(Verdict::Failed | Verdict::Errored | Verdict::Inconclusive) => Level::Warning,
    }
}

/// The outcome of a step with a warning; for a load test also its name and its limits.
fn outcome<'a>(step: &'a Step, timeline: &Timeline) -> Cow<'a, str> {
    let Some(load_test) = timeline.load_test_of(step) else {
        return step.outcome.as_str().into();
    };
    let mut text = format!("{}: {}", timeline.title_of(load_test), step.outcome);
    for limit in &load_test.limits {
        let _ = write!(text, "\n| {}", limit.sentence());
    }
    text.into()
}

/// The name of the load test that a step runs.
fn tested<'a>(step: &'a Step, timeline: &'a Timeline) -> Option<&'a str> {
    let is_load_test = step.kind.0 == StepKind::LoadTest;
    let name = is_load_test.then_some(step.name.as_deref()).flatten();
    name.or_else(|| Some(&timeline.load_test_of(step)?.name))
}

fn warned(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Deploy => "deploy-warned",
        StepKind::Converge => "converge-warned",
        StepKind::Step => "step-warned",
        StepKind::LoadTest => "load-test-warned",
        StepKind::Wait => "wait-warned",
        StepKind::Notify => "notify-warned",
    }
}

/// The environments that a text names in backticks, or else the one that the release has come to.
fn named<'a>(text: &str, timeline: &'a Timeline) -> Vec<&'a str> {
    let all = timeline
        .environments
        .iter()
        .map(|place| place.name.as_str());
    let named: Vec<_> = all
        .filter(|name| text.contains(&format!("`{name}`")))
        .collect();
    if named.is_empty() {
        reached(timeline)
    } else {
        named
    }
}

fn reached(timeline: &Timeline) -> Vec<&str> {
    headline::reached(timeline)
        .map(|place| place.name.as_str())
        .into_iter()
        .collect()
}

/// Escapes a text so that it contains no placeholder (3.11.5) and no link (3.11.6).
fn plain(text: &str) -> String {
    text.replace('{', "{{")
        .replace('}', "}}")
        .replace("](", "] (")
}

#[cfg(test)]
#[path = "sarif_tests.rs"]
mod tests;
