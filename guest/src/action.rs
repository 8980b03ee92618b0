//! Load test actions: their words in tags and labels, and how a tag that asks for one begins.

use crate::bindings::types::LoadTestAction;

/// All actions.
pub(crate) const ALL: [LoadTestAction; 3] = [
    LoadTestAction::Abort,
    LoadTestAction::Skip,
    LoadTestAction::Warn,
];

/// What a tag for a load test has between the environment and the action.
pub(crate) const LOAD_TEST: &str = "loadtest-";

/// The word for an action in tags and labels.
pub fn word(action: LoadTestAction) -> &'static str {
    match action {
        LoadTestAction::Abort => "abort",
        LoadTestAction::Skip => "skip",
        LoadTestAction::Warn => "warn",
    }
}

/// The action that a word names.
pub(crate) fn read(word: &str) -> Option<LoadTestAction> {
    ALL.into_iter().find(|action| self::word(*action) == word)
}

/// Writes what a load test tag has before the commit.
pub(crate) fn with_task(environment: &str, action: LoadTestAction) -> String {
    format!("{environment}-{LOAD_TEST}{}", word(action))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_action_is_read_from_its_word() {
        for action in ALL {
            assert_eq!(read(word(action)), Some(action));
        }
        assert_eq!(read("Abort"), None);
        assert_eq!(with_task("stage", ALL[2]), "stage-loadtest-warn");
    }
}
