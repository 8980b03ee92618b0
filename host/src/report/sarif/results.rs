//! What of a deployment is a finding.

use super::format::{Level, Location, LogicalLocation, Message, Result};
use crate::deployment::timeline::{Decision, State, Timeline};
use crate::report::headline;

/// The code of a note.
const NOTE: &str = "note";

/// A finding.
#[derive(Debug)]
pub struct Finding<'a> {
    /// Its code.
    pub code: &'a str,
    level: Level,
    message: &'a str,
    help: Option<&'a str>,
    environments: Vec<&'a str>,
}

impl Finding<'_> {
    /// The finding in the format, with the place of its code among the rules.
    pub fn result(&self, rule_index: usize) -> Result {
        let text = match self.help {
            Some(help) => format!("{}. Help: {help}", self.message),
            None => self.message.to_owned(),
        };
        let place = |name: &&str| LogicalLocation {
            name: (*name).to_owned(),
            kind: "environment",
        };
        let places: Vec<_> = self.environments.iter().map(place).collect();
        Result {
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

/// All findings: reasons of the last decision, those of earlier ones that let it go on with a warning, steps
/// that ended with one, and notes.
pub fn of(story: &Timeline) -> Vec<Finding<'_>> {
    let mut findings: Vec<Finding<'_>> = Vec::new();
    let warning = |decision: &&Decision| decision.verdict == "promote-with-warning";
    let last = story.decisions.last();
    let earlier = story.decisions.iter().rev().skip(1).filter(warning);
    for (place, decision) in last.into_iter().chain(earlier).enumerate() {
        // In a warning the last reason says what was next, or what was reached: nothing is wrong with that.
        let (wrong, what_then) = match decision.reasons.split_last() {
            Some((then, wrong)) if warning(&decision) && !wrong.is_empty() => (wrong, Some(then)),
            _ => (decision.reasons.as_slice(), None),
        };
        let told = what_then.filter(|_| place == 0).map(|it| (it, Level::Note));
        let wrong = wrong.iter().map(|it| (it, level(&decision.verdict)));
        for (reason, level) in wrong.chain(told) {
            let known = |it: &Finding<'_>| it.code == reason.code && it.message == reason.message;
            if !findings.iter().any(known) {
                findings.push(Finding {
                    code: &reason.code,
                    level,
                    message: &reason.message,
                    help: reason.help.as_deref(),
                    environments: named(&reason.message, story),
                });
            }
        }
    }
    for step in story
        .steps
        .iter()
        .filter(|step| step.state == State::Warned)
    {
        let environment = step.environment.as_deref();
        findings.push(Finding {
            code: warned(&step.what),
            level: Level::Warning,
            message: &step.outcome,
            help: None,
            environments: environment.map_or_else(|| reached(story), |name| vec![name]),
        });
    }
    findings.extend(story.notes.iter().map(|note| Finding {
        code: NOTE,
        level: Level::Warning,
        message: &note.text,
        help: None,
        environments: named(&note.text, story),
    }));
    findings
}

fn level(verdict: &str) -> Level {
    match verdict {
        "stop" => Level::Error,
        "promote-with-warning" => Level::Warning,
        _ => Level::Note,
    }
}

fn warned(what: &str) -> &'static str {
    match what {
        "deploy" => "deploy-warned",
        "converge" => "converge-warned",
        "load-test" => "load-test-warned",
        "wait" => "wait-warned",
        "notify" => "notify-warned",
        _ => "step-warned",
    }
}

/// The environments that a text names in backticks, or else the one that the release has come to.
fn named<'a>(text: &str, story: &'a Timeline) -> Vec<&'a str> {
    let all = story.environments.iter().map(|place| place.name.as_str());
    let named: Vec<_> = all
        .filter(|name| text.contains(&format!("`{name}`")))
        .collect();
    if named.is_empty() {
        reached(story)
    } else {
        named
    }
}

fn reached(story: &Timeline) -> Vec<&str> {
    headline::reached(story)
        .map(|place| place.name.as_str())
        .into_iter()
        .collect()
}

/// Writes a text so that none of it is a placeholder (3.11.5) or a link (3.11.6).
fn plain(text: &str) -> String {
    text.replace('{', "{{")
        .replace('}', "}}")
        .replace("](", "] (")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_stay_readable() {
        assert_eq!(plain("use `[load test: warn]`"), "use `[load test: warn]`");
        assert_eq!(plain("[a](https://b) {0}"), "[a] (https://b) {{0}}");
    }

    #[test]
    fn every_verdict_has_a_level() {
        let levels = ["stop", "promote-with-warning", "hold", "promote"].map(level);
        assert_eq!(
            levels,
            [Level::Error, Level::Warning, Level::Note, Level::Note]
        );
    }
}
