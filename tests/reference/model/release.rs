//! What the tag and the message of a release ask for, and whether the settings can be used.

use super::super::contract::promotion::Release;
use super::super::contract::types::{LoadTestAction, Settings};

/// The parts of the tag.
pub struct Target {
    /// The place of its environment in the settings.
    pub place: usize,
    pub commit: String,
    /// Absent if the tag says nothing about load tests.
    pub action: Option<LoadTestAction>,
}

fn settings_are_usable(settings: &Settings) -> bool {
    let names: Vec<&str> = settings
        .environments
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    let all_differ = (0..names.len()).all(|place| !names[..place].contains(&names[place]));
    names.len() >= 2
        && all_differ
        && settings
            .environments
            .iter()
            .all(|it| it.convergence_rounds >= 1)
        && settings.poll_interval >= 1
}

/// Reads the tag.
///
/// # Errors
///
/// The code of the reason why the release is refused.
pub fn read(release: &Release, settings: &Settings) -> Result<Target, &'static str> {
    if !settings_are_usable(settings) {
        return Err("settings-invalid");
    }
    let tag = release.tag.as_str();
    if tag == "latest" {
        return Err("tag-moves");
    }
    for (place, environment) in settings.environments.iter().enumerate() {
        let Some(rest) = tag.strip_prefix(&format!("{}-", environment.name)) else {
            continue;
        };
        let words = [
            ("loadtest-abort-", LoadTestAction::Abort),
            ("loadtest-warn-", LoadTestAction::Warn),
            ("loadtest-skip-", LoadTestAction::Skip),
        ];
        let task = words.iter().find(|(word, _)| rest.starts_with(word));
        let (action, commit) = match task {
            Some(_) if place > 0 => return Err("tag-task"),
            Some((word, action)) => (Some(*action), &rest[word.len()..]),
            None if rest.starts_with("loadtest") => return Err("tag-task"),
            None if place == 0 => (Some(LoadTestAction::Skip), rest),
            None => (None, rest),
        };
        let hexadecimal = |it: char| it.is_ascii_digit() || ('a'..='f').contains(&it);
        if ![40, 64].contains(&commit.len()) || !commit.chars().all(hexadecimal) {
            return Err("tag-commit");
        }
        return Ok(Target {
            place,
            commit: commit.to_owned(),
            action,
        });
    }
    Err("tag-environment")
}

/// Whether message and tag ask for different actions.
pub fn contradicts(release: &Release, target: &Target) -> bool {
    match (&release.instruction, target.action) {
        (Some(instruction), Some(action)) => instruction.action != action,
        _ => false,
    }
}

/// The release's own action; absent if neither the tag nor the message has one.
pub fn own_action(release: &Release, target: &Target) -> Option<LoadTestAction> {
    target
        .action
        .or(release.instruction.as_ref().map(|it| it.action))
}
