//! Reasons: how they are built, their stable codes, and how numbers and names are written in their sentences.
//!
//! Numbers are integers only: code that formats floating point numbers would be a sizeable part of the
//! component.

use crate::bindings::types::{Evidence, Reason};

impl Reason {
    /// Makes a reason without evidence.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            evidence: Vec::new(),
            help: None,
        }
    }

    /// Adds evidence.
    #[must_use]
    pub fn on(mut self, evidence: Evidence) -> Self {
        self.evidence.push(evidence);
        self
    }

    /// Adds the next thing to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Refers to a setting as evidence.
pub(crate) fn setting(name: &str) -> Evidence {
    Evidence::Setting(name.to_owned())
}

/// Names a person, and tells whether a CI system proves the name: `Ada (claimed)`.
pub(crate) fn person(name: &str, proven: bool) -> String {
    match (name, proven) {
        // Journals of the first version have events without a name.
        ("", _) => "a person".to_owned(),
        (name, true) => format!("{name} (proven)"),
        (name, false) => format!("{name} (claimed)"),
    }
}

/// Formats a person's reason for the end of a sentence. Returns an empty text if the person gave no reason.
pub(crate) fn because(why: &str) -> String {
    if why.is_empty() {
        String::new()
    } else {
        format!(": {why}")
    }
}

/// Shortens a commit to its first 12 characters.
///
/// Commits in events come from outside and may be any text, so they are cut between characters.
pub(crate) fn short(commit: &str) -> &str {
    match commit.char_indices().nth(12) {
        Some((end, _)) => &commit[..end],
        None => commit,
    }
}

/// Writes a number of things.
pub(crate) fn amount(number: u64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

/// Writes hundredths as a number with two decimals.
pub(crate) fn hundredths(number: u64) -> String {
    format!("{}.{:02}", number / 100, number % 100)
}

/// Writes milliseconds as seconds with one decimal, cut off.
pub(crate) fn seconds(milliseconds: u64) -> String {
    format!("{}.{}", milliseconds / 1000, milliseconds % 1000 / 100)
}

/// Codes of the reasons that a promotion decision gives.
///
/// Within a world version a code never changes its meaning, and none is removed. The reasons of a refused
/// tag have codes of their own, in `tag.rs`.
pub mod codes {
    macro_rules! codes {
        ($($(#[$doc:meta])+ $name:ident = $code:literal;)+) => {
            $($(#[$doc])+ pub const $name: &str = $code;)+

            /// Lists every code of this module.
            pub const ALL: &[&str] = &[$($name),+];
        };
    }

    codes! {
        /// The settings cannot be used.
        SETTINGS_INVALID = "settings-invalid";
        /// The tag was refused without a more precise reason.
        TAG_REFUSED = "tag-refused";
        /// The label and the tag ask for different load test actions.
        LABEL_CONTRADICTS_TAG = "label-contradicts-tag";
        /// An event names an environment that the settings do not have.
        ENVIRONMENT_UNKNOWN = "environment-unknown";
        /// The load test action is unknown, and it would make a difference.
        ACTION_UNKNOWN = "action-unknown";

        /// A person canceled the release.
        CANCELED = "canceled";
        /// A person put the release on hold.
        HELD = "held";
        /// A person rejected the release.
        REJECTED = "rejected";
        /// Fewer people than required approved the release.
        APPROVAL_MISSING = "approval-missing";
        /// The environment is outside of its windows.
        OUTSIDE_HOURS = "outside-hours";
        /// The environment is frozen.
        FROZEN = "frozen";
        /// The release waited for a long time since the environment before was verified.
        VERIFICATION_STALE = "verification-stale";
        /// The release has not ended in time.
        DEADLINE_EXCEEDED = "deadline-exceeded";
        /// A step has not run.
        STEP_NOT_RUN = "step-not-run";
        /// A step failed, timed out or was canceled.
        STEP_FAILED = "step-failed";
        /// The outcome of a step is unknown.
        STEP_UNKNOWN = "step-unknown";
        /// Another release is being deployed to the environment.
        LOCKED = "locked";
        /// A newer release is on its way to the environment, or live there.
        SUPERSEDED = "superseded";
        /// The order of the release and the one that is live in the last environment is unknown.
        ANCESTRY_UNKNOWN = "ancestry-unknown";
        /// Another deployment replaced the release before it was verified.
        DISPLACED = "displaced";

        /// The release has not been deployed to the environment.
        NOT_DEPLOYED = "not-deployed";
        /// The outcome of a deployment is unknown.
        DEPLOYMENT_UNKNOWN = "deployment-unknown";
        /// The deployment failed, timed out or was canceled.
        DEPLOYMENT_FAILED = "deployment-failed";
        /// Deployed, and not every node is known to serve the release yet.
        CONVERGING = "converging";
        /// The environment did not converge before the deadline.
        NOT_CONVERGED = "not-converged";
        /// The environment is watched, and the watch has not ended.
        WATCHING = "watching";
        /// The watch passed.
        WATCH_PASSED = "watch-passed";
        /// The watch failed.
        WATCH_FAILED = "watch-failed";
        /// The watch errored: it could not measure.
        WATCH_ERRORED = "watch-errored";
        /// The watch was inconclusive.
        WATCH_INCONCLUSIVE = "watch-inconclusive";
        /// A metric was outside its limits in too many consecutive rounds.
        METRIC_OUTSIDE = "metric-outside";
        /// A metric was within its limits in too few rounds.
        METRIC_UNPROVEN = "metric-unproven";
        /// The earlier release is being deployed again.
        ROLLING_BACK = "rolling-back";
        /// Every node serves the earlier release again.
        ROLLED_BACK = "rolled-back";
        /// The watch failed, and the release is not rolled back.
        ROLL_BACK_WITHHELD = "roll-back-withheld";
        /// The roll back failed.
        ROLL_BACK_FAILED = "roll-back-failed";
        /// Every node of the last environment serves the release.
        PROMOTED = "promoted";

        /// An earlier environment has no verified deployment of the release.
        STAGE_NOT_VERIFIED = "stage-not-verified";
        /// Another image of the same commit was deployed to an earlier environment.
        DIGEST_MISMATCH = "digest-mismatch";

        /// The load test has not run.
        LOAD_TEST_NOT_RUN = "load-test-not-run";
        /// A load test ran before the deployment it should have tested, and does not count.
        LOAD_TEST_BEFORE_DEPLOYMENT = "load-test-before-deployment";
        /// The load test is disabled.
        LOAD_TEST_SKIPPED = "load-test-skipped";
        /// The release contains a commit that was stopped, so it needs a load test that passes.
        CONTAINS_STOPPED_COMMIT = "contains-stopped-commit";
        /// The label of another commit since the live release is stricter than the one of the release.
        LABEL_SINCE_LIVE = "label-since-live";
        /// A person lets the release carry a commit that was stopped.
        STOPPED_COMMIT_WAIVED = "stopped-commit-waived";
        /// The load test passed.
        LOAD_TEST_PASSED = "load-test-passed";
        /// The load test failed.
        LOAD_TEST_FAILED = "load-test-failed";
        /// The load test errored: it could not measure.
        LOAD_TEST_ERRORED = "load-test-errored";
        /// The load test was inconclusive.
        LOAD_TEST_INCONCLUSIVE = "load-test-inconclusive";

        /// Results are missing, or cut short.
        RESULTS_INCOMPLETE = "results-incomplete";
        /// A signal ended the load test.
        KILLED_BY_SIGNAL = "killed-by-signal";
        /// The load test made no request.
        NO_REQUESTS = "no-requests";
        /// The numbers cannot all be true.
        RESULTS_CONTRADICTORY = "results-contradictory";
        /// The tool reports an error that its own results do not explain.
        HARNESS_FAILED = "harness-failed";
        /// A limit for the 95th percentile is set, and none was reported.
        P95_MISSING = "p95-missing";
        /// A limit for the mean or another percentile is set, and none was reported.
        STATISTIC_MISSING = "statistic-missing";
        /// Another version than the release answered during the load test.
        VERSION_CHANGED = "version-changed";
        /// The version that answered during the load test is unknown.
        VERSION_UNKNOWN = "version-unknown";
        /// More requests failed than are allowed.
        TOO_MANY_FAILURES = "too-many-failures";
        /// The test's own code raised more exceptions than are allowed.
        TOO_MANY_EXCEPTIONS = "too-many-exceptions";
        /// The mean or a percentile of the response time is above the limit.
        TOO_SLOW = "too-slow";
        /// The 95th percentile of the response time is too far above that of the last promoted release.
        SLOWER_THAN_BEFORE = "slower-than-before";
        /// Fewer requests per second than required.
        RATE_TOO_LOW = "rate-too-low";
        /// A threshold of the tool itself is broken.
        OWN_THRESHOLD_BROKEN = "own-threshold-broken";
        /// Too few requests to prove anything.
        TOO_FEW_REQUESTS = "too-few-requests";
        /// Too short a load to prove anything.
        TOO_SHORT = "too-short";
    }
}

#[cfg(test)]
mod tests {
    use super::codes::{ALL, TAG_REFUSED};
    use super::{amount, hundredths, seconds, short};

    #[test]
    fn the_set_is_a_public_interface() {
        assert_eq!(
            ALL.join(" "),
            "settings-invalid tag-refused label-contradicts-tag environment-unknown action-unknown \
             canceled held rejected approval-missing outside-hours frozen verification-stale \
             deadline-exceeded step-not-run step-failed step-unknown locked superseded ancestry-unknown displaced \
             not-deployed deployment-unknown deployment-failed converging not-converged \
             watching watch-passed watch-failed watch-errored watch-inconclusive metric-outside metric-unproven \
             rolling-back rolled-back roll-back-withheld roll-back-failed promoted \
             stage-not-verified digest-mismatch \
             load-test-not-run load-test-before-deployment load-test-skipped \
             contains-stopped-commit label-since-live stopped-commit-waived load-test-passed \
             load-test-failed load-test-errored load-test-inconclusive \
             results-incomplete killed-by-signal no-requests results-contradictory harness-failed \
             p95-missing statistic-missing version-changed version-unknown too-many-failures too-many-exceptions \
             too-slow slower-than-before rate-too-low own-threshold-broken too-few-requests too-short"
        );
    }

    #[test]
    fn the_decision_rules_name_each_code() {
        let page = include_str!("../../host/docs/reference/decision-rules.md");
        // The tag is read before the decision begins, so no rule gives `tag-refused`.
        let mut given = ALL.iter().filter(|code| **code != TAG_REFUSED);
        let missing = given.find(|code| !page.contains(&format!("`{code}`")));
        assert_eq!(missing, None);
    }

    #[test]
    fn codes_are_unique_and_kebab_case() {
        for (place, code) in ALL.iter().enumerate() {
            assert!(!ALL[..place].contains(code), "{code}");
            assert!(code.split('-').all(|word| {
                !word.is_empty()
                    && word
                        .bytes()
                        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            }));
        }
    }

    #[test]
    fn commits_are_cut_between_characters() {
        assert_eq!(short("0123456789abcdef"), "0123456789ab");
        assert_eq!(short("abc"), "abc");
        assert_eq!(short("ääääääääääääää"), "ääääääääääää");
        assert_eq!(short(""), "");
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(amount(1, "request"), "1 request");
        assert_eq!(amount(0, "request"), "0 requests");
        assert_eq!(hundredths(1205), "12.05");
        assert_eq!(seconds(59_999), "59.9");
        assert_eq!(seconds(u64::MAX), "18446744073709551.6");
    }
}
