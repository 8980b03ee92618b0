//! `message-truncated`: a message without its end can't be trusted, unless nothing could change it.

use crate::bindings::types::{Evidence, LoadTestAction, Reason};

use super::grammar::Label;

/// Refuses a truncated message, but for one that already asks for abort: no label overrides that.
pub(super) fn refusal(truncated: bool, decisive: Option<&Label>) -> Option<Reason> {
    let settled = decisive.is_some_and(|label| label.action == LoadTestAction::Abort);
    (truncated && !settled).then(|| Reason {
        code: "message-truncated".into(),
        message:
            "the end of the commit message is missing, and a label there could change the action"
                .into(),
        evidence: decisive
            .map(|label| Evidence::Label(label.span()))
            .into_iter()
            .collect(),
        help: Some("read the whole message from git, with `--rev`".into()),
    })
}

#[cfg(test)]
mod tests {
    use super::super::grammar::{decisive, labels};
    use super::*;

    fn refused(text: &str, truncated: bool) -> Option<usize> {
        let labels = labels(text);
        refusal(truncated, decisive(&labels)).map(|reason| reason.evidence.len())
    }

    #[test]
    fn a_whole_message_is_never_refused() {
        assert_eq!(refused("", false), None);
        assert_eq!(refused("[load test: skip]", false), None);
    }

    #[test]
    fn only_abort_survives_truncation() {
        assert_eq!(refused("fix: x", true), Some(0));
        assert_eq!(refused("[load test: skip]", true), Some(1));
        assert_eq!(refused("[load test: warn]", true), Some(1));
        assert_eq!(refused("[load test: warn] [load test: abort]", true), None);
    }
}
