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
    use crate::bindings::promotion::Measurement;
    use crate::bindings::types::Thresholds;
    use crate::fixtures::{SHA, settings};
    use crate::promotion::fixtures::{OTHER, measurement};

    fn said(change: impl FnOnce(&mut Measurement, &mut Thresholds)) -> Vec<String> {
        let mut measurement = measurement();
        let mut thresholds = settings().thresholds;
        change(&mut measurement, &mut thresholds);
        reasons(&measurement, SHA, &thresholds)
            .into_iter()
            .map(|reason| format!("{}: {}", reason.code, reason.message))
            .collect()
    }

    #[test]
    fn only_the_release_may_answer() {
        assert_eq!(said(|_, _| {}), [""; 0]);
        assert_eq!(
            said(|m, _| m.versions = vec![SHA.to_owned(), SHA.to_owned()]),
            [""; 0]
        );
        for versions in [vec![SHA, OTHER], vec![OTHER]] {
            let versions: Vec<_> = versions.into_iter().map(str::to_owned).collect();
            assert_eq!(
                said(|m, _| m.versions.clone_from(&versions)),
                ["version-changed: `bbbbbbbbbbbb` answered during the load test of `4b825dc642cb`"]
            );
        }
    }

    #[test]
    fn no_answer_at_all_is_not_the_release() {
        assert_eq!(
            said(|m, _| m.versions.clear()),
            ["version-unknown: which version answered during the load test is not known"]
        );
    }
}
