//! Near misses with the action first: `[skip load test]`, as in `[skip ci]`.

use crate::bindings::types::LoadTestAction;

use super::cursor::Word;
use super::deviation::Deviation;
use super::likeness::{self, Frame, Key, Likeness, convincing};
use super::parts::{NearMiss, close, key, link, open, separator};

/// Reads a near miss that begins with the opening bracket at `start`, and has its action before its key.
/// The order is one weakness already, so the action has to be spelled right.
pub(super) fn action_first(text: &str, start: usize) -> Option<NearMiss> {
    let (mut cursor, outer) = open(text, start)?;
    let (action, likeness) = meant(&cursor.word(&[])?)?;
    let separator = separator(&mut cursor)?;
    let key = key(&mut cursor)?;
    let (mut end, closer) = close(cursor, Some(outer), None)?;
    // `[skip: load_test]` is source code, and `[skip load test]: https://…` names a link.
    if !(outer.squarish() && closer.squarish())
        || key == Key::Identifier
        || !convincing(Frame::Square, key, separator, Likeness::Exact)
        || link(end.rest())
        || end.rest().starts_with(": http")
    {
        return None;
    }
    end.note(Deviation::ActionFirst);
    Some(NearMiss::new(end, start, action, likeness))
}

/// Rules out most brackets of ordinary text by the first two bytes behind them.
pub(super) fn may_be_action(first: u8, second: u8) -> bool {
    matches!(
        (first | 0x20, second | 0x20),
        (b'a', b'b') | (b's', b'k') | (b'w', b'a') | (b'n', b'o')
    )
}

/// Recognizes an action, and the `no` of `[no load test]`. A form of the verb reports what happened.
fn meant(word: &Word) -> Option<(LoadTestAction, Likeness)> {
    if word.letters() == b"no" {
        return Some((LoadTestAction::Skip, Likeness::Form));
    }
    likeness::action(word.letters()).filter(|(_, likeness)| *likeness == Likeness::Exact)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::word;

    fn read(text: &str) -> Option<(&'static str, String)> {
        let found = action_first(text, 0)?;
        assert_eq!(
            (found.start, found.end),
            (0, text.trim_end_matches(" (#12)").len())
        );
        Some((word(found.meant?), found.deviations.words()))
    }

    #[test]
    fn an_action_before_its_key_was_meant() {
        for (text, action, deviations) in [
            (
                "[skip load test]",
                "skip",
                "the action before `load test`, no colon",
            ),
            (
                "[no load test]",
                "skip",
                "the action before `load test`, no colon, another form of the action",
            ),
            (
                "[abort: load test]",
                "abort",
                "the action before `load test`",
            ),
            (
                "[Warn load-tests] (#12)",
                "warn",
                "capital letters, a plural, a hyphen, the action before `load test`, no colon",
            ),
            (
                "[skip: laod test]",
                "skip",
                "a misspelled `load test`, the action before `load test`",
            ),
        ] {
            assert_eq!(read(text), Some((action, deviations.into())), "{text}");
        }
        for text in [
            "[skip-load-test]",
            "[no loadtest]",
            "[ skip load test ]",
            "[`skip load test`]",
            "【skip load test】",
            "[ѕkip load test]",
        ] {
            assert_eq!(read(text).map(|(action, _)| action), Some("skip"), "{text}");
        }
    }

    #[test]
    fn anything_else_is_prose_or_code() {
        for text in [
            "[skip load]",
            "[skip ci]",
            "[skip the load test]",
            "[skip load test data]",
            "[skipped load test]",
            "[skips load tests]",
            "[warning: load test]",
            "[warm load test]",
            "[skip laod test]",
            "[not load test]",
            "[note: load test]",
            "[run load test]",
            "[skip load_test]",
            "[skip: load_test]",
            "[skip_load_test]",
            "[skipLoadTest]",
            "[--skip-load-test]",
            "[skip] load test",
            "(skip load test)",
            "(no load test]",
            "[skip load test",
            "[skip load test: see below]",
            "[skip load test](https://example.org)",
            "[skip load test]: https://example.org",
        ] {
            assert_eq!(action_first(text, 0), None, "{text}");
        }
    }

    #[test]
    fn only_the_beginning_of_an_action_is_looked_at() {
        for word in ["abort", "Skip", "WARN", "no"] {
            let bytes = word.as_bytes();
            assert!(may_be_action(bytes[0], bytes[1]), "{word}");
        }
        assert!(!may_be_action(b's', b'e') && !may_be_action(b'[', b'x'));
    }
}
