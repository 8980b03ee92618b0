//! The findings of a deployment.

use super::format::{Level, Location, LogicalLocation, Message, Result};
use crate::contract::promotion::Permission;
use crate::deployment::timeline::{Decision, StepKind, StepState, Timeline};
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

/// All findings: the reasons of the last decision, the reasons of earlier warnings, the steps with a warning,
/// and the notes.
pub fn of(timeline: &Timeline) -> Vec<Finding<'_>> {
    let mut findings: Vec<Finding<'_>> = Vec::new();
    let warning = |decision: &&Decision| decision.permission.0 == Permission::PromoteWithWarning;
    let last = timeline.decisions.last();
    let earlier = timeline.decisions.iter().rev().skip(1).filter(warning);
    for (place, decision) in last.into_iter().chain(earlier).enumerate() {
        // The last reason of a warning says what is next, or what is reached, which is no warning.
        let (wrong, what_then) = match decision.reasons.split_last() {
            Some((then, wrong)) if warning(&decision) && !wrong.is_empty() => (wrong, Some(then)),
            _ => (decision.reasons.as_slice(), None),
        };
        let then = what_then.filter(|_| place == 0).map(|it| (it, Level::Note));
        let wrong = wrong.iter().map(|it| (it, level(decision.permission.0)));
        for (reason, level) in wrong.chain(then) {
            let known = |it: &Finding<'_>| it.code == reason.code && it.message == reason.message;
            if !findings.iter().any(known) {
                findings.push(Finding {
                    code: &reason.code,
                    level,
                    message: &reason.message,
                    help: reason.help.as_deref(),
                    environments: named(&reason.message, timeline),
                });
            }
        }
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
            message: &step.outcome,
            help: None,
            environments: environment.map_or_else(|| reached(timeline), |name| vec![name]),
        });
    }
    findings.extend(timeline.notes.iter().map(|note| Finding {
        code: NOTE,
        level: Level::Warning,
        message: &note.text,
        help: None,
        environments: named(&note.text, timeline),
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

fn warned(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Deploy => "deploy-warned",
        StepKind::Converge => "converge-warned",
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

/// Writes a text so that none of it is a placeholder (3.11.5) or a link (3.11.6).
fn plain(text: &str) -> String {
    text.replace('{', "{{")
        .replace('}', "}}")
        .replace("](", "] (")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::names::Named as _;

    #[test]
    fn labels_stay_readable() {
        assert_eq!(plain("use `[load test: warn]`"), "use `[load test: warn]`");
        assert_eq!(plain("[a](https://b) {0}"), "[a] (https://b) {{0}}");
    }

    #[test]
    fn every_permission_has_a_level() {
        let levels = Permission::ALL.iter().map(|(it, _)| level(*it));
        assert_eq!(
            levels.collect::<Vec<_>>(),
            [Level::Note, Level::Warning, Level::Note, Level::Error]
        );
    }
}
