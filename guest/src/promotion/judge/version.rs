//! Inconclusive: something else than the release answered, or nobody knows what did.

use crate::bindings::promotion::Measurement;
use crate::bindings::types::{Evidence, Reason, Thresholds};
use crate::promotion::codes;
use crate::promotion::words::short;

/// Names what makes it doubtful that the release was tested.
pub(super) fn reasons(m: &Measurement, commit: &str, _: &Thresholds) -> Vec<Reason> {
    if m.versions.is_empty() {
        return vec![Reason::new(
            codes::VERSION_UNKNOWN,
            "which version answered during the load test is not known",
        )];
    }
    let Some(other) = m.versions.iter().find(|version| *version != commit) else {
        return Vec::new();
    };
    let message = format!(
        "`{}` answered during the load test of `{}`",
        short(other),
        short(commit)
    );
    vec![
        Reason::new(codes::VERSION_CHANGED, message)
            .on(Evidence::Commit(other.clone()))
            .help("run it again while nothing else is deployed there"),
    ]
}

#[cfg(test)]
mod tests {
    use super::reasons;
    use crate::fixtures::SHA;
    use crate::promotion::fixtures::{OTHER, said};

    #[test]
    fn only_the_release_may_answer() {
        assert_eq!(said(reasons, |_, _| {}), [""; 0]);
        assert_eq!(
            said(reasons, |m, _| m.versions.push(SHA.to_owned())),
            [""; 0]
        );
        for versions in [vec![SHA, OTHER], vec![OTHER]] {
            let versions: Vec<_> = versions.into_iter().map(str::to_owned).collect();
            assert_eq!(
                said(reasons, |m, _| m.versions.clone_from(&versions)),
                ["version-changed: `bbbbbbbbbbbb` answered during the load test of `4b825dc642cb`"]
            );
        }
    }

    #[test]
    fn no_answer_at_all_is_not_the_release() {
        assert_eq!(
            said(reasons, |m, _| m.versions.clear()),
            ["version-unknown: which version answered during the load test is not known"]
        );
    }
}
