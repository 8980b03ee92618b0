//! What a release waits for in an environment that it has not been verified in.

use super::answer::Answer;
use super::case::Case;
use super::codes;
use super::progress;
use super::record::Record;
use super::ruling::early;
use crate::bindings::promotion::Action;
use crate::bindings::types::{Evidence, Reason};

/// The first environment has converged, and its load test does not let the release go on yet.
pub(super) fn untested(
    case: &Case<'_>,
    own: bool,
    environment: &str,
    mut reasons: Vec<Reason>,
) -> Answer {
    if case.action.is_none() {
        return Answer::wait(case, reasons);
    }
    if own {
        return Answer::hold(Action::LoadTest(environment.to_owned()), reasons);
    }
    reasons.push(not_verified(environment));
    Answer::wait(case, reasons)
}

/// The release has not got through an environment that is not its own.
pub(super) fn unverified(case: &Case<'_>, record: &Record<'_>, environment: &str) -> Answer {
    let mut reasons = match record.other_image {
        Some(other) => vec![progress::other_image(case, other)],
        None => vec![
            not_verified(environment),
            progress::missing(case, record, environment),
        ],
    };
    reasons.extend(early(case, record));
    Answer::wait(case, reasons)
}

fn not_verified(environment: &str) -> Reason {
    Reason::new(
        codes::STAGE_NOT_VERIFIED,
        format!("`{environment}` has no verified deployment of the release"),
    )
    .on(Evidence::Environment(environment.to_owned()))
    .help(format!(
        "deploy the tag of the same commit for `{environment}`, and give the record of it"
    ))
}

#[cfg(test)]
mod tests {
    use crate::bindings::promotion::Outcome::{self, Succeeded};
    use crate::bindings::promotion::Permission::{self, Hold, Promote, Stop};
    use crate::bindings::promotion::{Action, Instruction, Release};
    use crate::bindings::types::{LoadTestAction, Verdict};
    use crate::fixtures::SHA;
    use crate::promotion::fixtures::{History, OTHER, release};

    fn said(release: &Release, history: &History) -> (Permission, Action, String) {
        let decision = history.decide(release);
        let code = decision.reasons[0].code.clone();
        (decision.permission, decision.next, code)
    }

    fn waits(code: &str) -> (Permission, Action, String) {
        (Hold, Action::Wait(10), code.to_owned())
    }

    #[test]
    fn a_prod_tag_waits_for_stage_and_touches_nothing_there() {
        let mut release = release("prod");
        release.instruction = Some(Instruction {
            action: LoadTestAction::Abort,
            source: None,
        });
        for history in [
            History::new(),
            History::new().deployed("stage", Succeeded),
            History::new().deployed("stage", Outcome::Unknown),
            History::new().deployed_commit("stage", OTHER, Succeeded),
        ] {
            let expected = waits("stage-not-verified");
            assert_eq!(said(&release, &history), expected);
        }
        let untested = History::new().through("stage");
        assert_eq!(said(&release, &untested), waits("load-test-not-run"));
        let verified = History::new()
            .through("stage")
            .load_tested("stage", Verdict::Passed);
        let (permission, next, _) = said(&release, &verified);
        assert_eq!(permission, Promote);
        assert_eq!(next, Action::Deploy("prod".to_owned()));
        let failed = History::new().deployed("stage", Outcome::Failed);
        assert_eq!(said(&release, &failed).0, Stop);
        let bad = History::new()
            .through("stage")
            .load_tested("stage", Verdict::Errored);
        assert_eq!(said(&release, &bad).0, Stop);
    }

    #[test]
    fn another_image_verifies_nothing() {
        let mut release = release("prod");
        release.digest = Some("sha256:a".to_owned());
        let history = History::new()
            .deployed_image("stage", SHA, Some("sha256:b"), Succeeded)
            .judged("stage", true)
            .load_tested("stage", Verdict::Passed);
        let expected = waits("digest-mismatch");
        assert_eq!(said(&release, &history), expected);
    }

    /// Also where nobody knows the digest of the tag: what was tested is not what was deployed.
    #[test]
    fn production_got_another_image_than_stage() {
        let history = History::new()
            .deployed_image("stage", SHA, Some("sha256:a"), Succeeded)
            .judged("stage", true)
            .load_tested("stage", Verdict::Passed);
        for release in [release("stage-loadtest-abort"), release("prod")] {
            let other = history
                .clone()
                .deployed_image("prod", SHA, Some("sha256:b"), Succeeded)
                .judged("prod", true);
            assert_eq!(
                said(&release, &other).1,
                Action::Deploy("prod".to_owned()),
                "it has not been promoted"
            );
            let same = history
                .clone()
                .deployed_image("prod", SHA, Some("sha256:a"), Succeeded)
                .judged("prod", true);
            assert_ne!(said(&release, &same).1, Action::Deploy("prod".to_owned()));
        }
    }
}
