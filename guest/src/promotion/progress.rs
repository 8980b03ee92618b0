//! Reasons about the progress of a release in an environment, and about competing releases.

use super::case::{Case, Fact};
use super::convergence::serves;
use super::load_balancer::SeveralServers;
use super::record::Record;
use crate::bindings::promotion::{
    CompetingRelease, Convergence, Deployment, LockHolder, Outcome, Progress,
};
use crate::bindings::types::{Evidence, Reason};
use crate::reason::codes;
use crate::reason::{amount, short};

/// Explains why the environment has not converged.
pub(super) fn missing(case: &Case<'_>, record: &Record<'_>, environment: &str) -> Reason {
    let reason = match (record.progress, record.displaced, record.deployed) {
        (Progress::Pending, Some(by), _) => return displaced(case, by),
        (Progress::Unknown, _, Some(deployed)) => Reason::new(
            codes::DEPLOYMENT_UNKNOWN,
            format!("the outcome of the deployment to `{environment}` is unknown"),
        )
        .on(deployed.evidence())
        .help("ask the nodes for the version that they serve"),
        (Progress::Pending, ..) | (_, _, None) => Reason::new(
            codes::NOT_DEPLOYED,
            format!("the release has not been deployed to `{environment}`"),
        ),
        (_, _, Some(deployed)) => converging(case, record, deployed, environment),
    };
    reason.on(Evidence::Environment(environment.to_owned()))
}

/// Explains why the release failed in the environment.
pub(super) fn failure(case: &Case<'_>, record: &Record<'_>, environment: &str) -> Vec<Reason> {
    let Some(deployed) = record.deployed else {
        return vec![missing(case, record, environment)];
    };
    if record.late {
        let message = format!(
            "`{environment}` did not converge within {} s",
            case.environment(environment)
                .map_or(0, |it| it.convergence_deadline)
        );
        return vec![
            Reason::new(codes::NOT_CONVERGED, message)
                .on(deployed.evidence())
                .on(Evidence::Environment(environment.to_owned()))
                .on(Evidence::Setting("convergence-deadline".to_owned())),
            converging(case, record, deployed, environment)
                .on(Evidence::Environment(environment.to_owned())),
        ];
    }
    let how = match deployed.what.outcome {
        Outcome::TimedOut => "timed out",
        Outcome::Canceled => "was canceled",
        Outcome::Failed | Outcome::Succeeded | Outcome::Unknown => "failed",
    };
    let message = format!("the deployment to `{environment}` {how}");
    vec![
        Reason::new(codes::DEPLOYMENT_FAILED, message)
            .on(deployed.evidence())
            .on(Evidence::Environment(environment.to_owned())),
    ]
}

/// Explains that the release is not verified in an environment before the one in its tag.
pub(super) fn not_verified(environment: &str) -> Reason {
    Reason::new(
        codes::STAGE_NOT_VERIFIED,
        format!("`{environment}` has no verified deployment of the release"),
    )
    .on(Evidence::Environment(environment.to_owned()))
    .help(format!(
        "deploy the tag of the same commit for `{environment}` first, and pass its history"
    ))
}

/// Names the deployment that replaced the release.
pub(super) fn displaced(case: &Case<'_>, by: Fact<'_, Deployment>) -> Reason {
    let environment = &by.what.environment;
    let what = if by.what.commit == case.commit {
        "another image of this commit".to_owned()
    } else {
        format!("`{}`", short(&by.what.commit))
    };
    let message = format!("{what} was deployed to `{environment}` after the release");
    with_image(Reason::new(codes::DISPLACED, message), by)
}

/// Explains that another image of the same commit was deployed.
pub(super) fn other_image(case: &Case<'_>, other: Fact<'_, Deployment>) -> Reason {
    let environment = &other.what.environment;
    let message = format!("another image of this commit was deployed to `{environment}`");
    let mut reason = with_image(Reason::new(codes::DIGEST_MISMATCH, message), other);
    let digest = case.release.digest.clone();
    reason.evidence.extend(digest.map(Evidence::Digest));
    reason.help(format!("deploy this image to `{environment}` first"))
}

/// Names the release that holds the environment, and says what goes on there.
pub(super) fn locked(lock_holder: Fact<'_, LockHolder>) -> Reason {
    let (commit, environment) = (
        short(&lock_holder.what.commit),
        &lock_holder.what.environment,
    );
    let message = match &lock_holder.what.load_test {
        None => format!("`{commit}` is being deployed to `{environment}`"),
        Some(test) => format!(
            "load test of `{commit}` on `{environment}`{}",
            left(test.left)
        ),
    };
    Reason::new(codes::LOCKED, message)
        .on(lock_holder.evidence())
        .on(Evidence::Environment(environment.clone()))
        .on(Evidence::Commit(lock_holder.what.commit.clone()))
}

fn left(seconds: Option<u32>) -> String {
    match seconds {
        None => String::new(),
        Some(0) => ", longer than the last one".to_owned(),
        Some(seconds @ 1..60) => format!(", {seconds} s left"),
        Some(seconds) => format!(", {} min left", seconds.div_ceil(60)),
    }
}

/// Names the live release whose order relative to this one is unknown.
pub(super) fn diverged(competing_release: Fact<'_, CompetingRelease>) -> Reason {
    let message = format!(
        "`{}` is live in `{}`, and its order relative to this commit is unknown",
        short(&competing_release.what.commit),
        competing_release.what.environment
    );
    with_competing_release(Reason::new(codes::ANCESTRY_UNKNOWN, message), competing_release).help(
        "fetch the complete history (`git fetch --unshallow`); if the commits have diverged, approve the release with `--approved-by NAME`",
    )
}

/// Names the newer release that supersedes this one.
pub(super) fn superseded(competing_release: Fact<'_, CompetingRelease>) -> Reason {
    let message = format!(
        "`{}`, a descendant of this commit, is live in `{}` or on its way there",
        short(&competing_release.what.commit),
        competing_release.what.environment
    );
    with_competing_release(Reason::new(codes::SUPERSEDED, message), competing_release)
}

fn converging(
    case: &Case<'_>,
    record: &Record<'_>,
    deployed: Fact<'_, Deployment>,
    environment: &str,
) -> Reason {
    let Some(round) = record.round.filter(|it| it.place > deployed.place) else {
        let message =
            format!("the nodes of `{environment}` have not been asked since the deployment");
        return Reason::new(codes::CONVERGING, message).on(deployed.evidence());
    };
    let message = match &round.what.convergence {
        Convergence::Judged(_) => format!("`{environment}` has not converged"),
        Convergence::Observed(nodes) if nodes.is_empty() => {
            format!("`{environment}` has no nodes")
        }
        Convergence::Observed(nodes) => {
            let current = nodes.iter().filter(|it| serves(it, case.commit)).count();
            let settings = case.environment(environment);
            let several = settings.and_then(|it| record.series.several(case.fit(it)));
            let needed = settings.map_or(0, |it| it.convergence_rounds);
            let message = if current < nodes.len() {
                let all = u64::try_from(nodes.len()).unwrap_or(u64::MAX);
                let all = amount(all, "node");
                format!("the release is served by {current} of {all} of `{environment}`")
            } else {
                format!(
                    "every node of `{environment}` serves the release, in {} of {} consecutive rounds",
                    record.series.length(),
                    several.map_or(needed, |it| needed.max(it.rounds))
                )
            };
            match several.filter(|it| it.rounds > needed) {
                Some(several) => return with_servers(&message, several).on(round.evidence()),
                None => message,
            }
        }
    };
    Reason::new(codes::CONVERGING, message).on(round.evidence())
}

/// Explains that several servers are behind an address.
fn with_servers(message: &str, several: SeveralServers<'_>) -> Reason {
    let message = format!("{message}: {}", several.explanation());
    let reason = Reason::new(codes::CONVERGING, message);
    let reason = reason.help("list the addresses of the servers themselves in `nodes`");
    if several.exceeds_deadline() {
        return reason.on(Evidence::Setting("convergence-deadline".to_owned()));
    }
    reason
}

fn with_image(reason: Reason, deployment: Fact<'_, Deployment>) -> Reason {
    let mut reason = reason
        .on(deployment.evidence())
        .on(Evidence::Environment(deployment.what.environment.clone()))
        .on(Evidence::Commit(deployment.what.commit.clone()));
    let digest = deployment.what.digest.clone();
    reason.evidence.extend(digest.map(Evidence::Digest));
    reason
}

fn with_competing_release(reason: Reason, competing_release: Fact<'_, CompetingRelease>) -> Reason {
    reason
        .on(competing_release.evidence())
        .on(Evidence::Environment(
            competing_release.what.environment.clone(),
        ))
        .on(Evidence::Commit(competing_release.what.commit.clone()))
}

#[cfg(test)]
mod tests {
    use crate::bindings::promotion::Outcome::{self, Succeeded};
    use crate::bindings::promotion::{EventKind, RunningLoadTest};
    use crate::bindings::types::Evidence;
    use crate::fixtures::{History, OTHER, SHA, lock_holder, release};

    fn said(history: &History) -> Vec<String> {
        let decision = history.decide(&release("stage"));
        for reason in &decision.reasons {
            let stage = Evidence::Environment("stage".to_owned());
            assert!(reason.evidence.contains(&stage), "{reason:?}");
        }
        decision.reasons.into_iter().map(|it| it.message).collect()
    }

    #[test]
    fn what_is_missing_is_said_in_numbers() {
        let deployed = History::new().deployed("stage", Succeeded);
        let seen = |nodes: &[(&str, &str)]| said(&deployed.clone().observed("stage", nodes));
        assert_eq!(
            said(&History::new()),
            ["the release has not been deployed to `stage`"]
        );
        assert_eq!(
            said(&deployed),
            ["the nodes of `stage` have not been asked since the deployment"]
        );
        let asked_before = History::new()
            .observed("stage", &[("a", OTHER)])
            .deployed("stage", Succeeded);
        assert_eq!(said(&asked_before), said(&deployed));
        assert_eq!(
            seen(&[("a", SHA), ("b", ""), ("c", OTHER)]),
            ["the release is served by 1 of 3 nodes of `stage`"]
        );
        assert_eq!(
            seen(&[("a", SHA)]),
            ["every node of `stage` serves the release, in 1 of 2 consecutive rounds"]
        );
        assert_eq!(seen(&[]), ["`stage` has no nodes"]);
        assert_eq!(
            said(&deployed.clone().judged("stage", false)),
            ["`stage` has not converged"]
        );
        assert_eq!(
            said(&History::new().deployed("stage", Outcome::Unknown)),
            ["the outcome of the deployment to `stage` is unknown"]
        );
    }

    #[test]
    fn several_servers_behind_an_address_are_said() {
        let mut history = History::new().deployed("stage", Succeeded);
        for commit in [OTHER, SHA, OTHER, SHA] {
            history = history.observed("stage", &[("lb", commit)]);
        }
        let why = "lb answered with another commit in 1 of 2 answers after it had answered with the release, so \
                   several servers are behind it, and fewer than 39 consecutive rounds can be luck";
        assert_eq!(
            said(&history),
            [format!(
                "every node of `stage` serves the release, in 1 of 39 consecutive rounds: {why}"
            )]
        );
        let old = history.observed("stage", &[("lb", OTHER)]);
        assert!(
            said(&old)[0]
                .starts_with("the release is served by 0 of 1 node of `stage`: lb answered"),
            "{old:?}",
            old = said(&old)
        );
        let decision = old.decide(&release("stage"));
        let help = decision.reasons[0].help.as_deref().expect("a help");
        assert!(help.contains("`nodes`"), "{help}");
        // A deadline that holds fewer rounds ends the wait.
        let mut short = old.with(|s| s.environments[0].convergence_deadline = 100);
        for _ in 0..12 {
            short = short.waited().observed("stage", &[("lb", SHA)]);
        }
        let said = said(&short);
        assert_eq!(said[0], "`stage` did not converge within 100 s");
        assert!(
            said[1].ends_with("; only 11 rounds fit into the deadline"),
            "{said:?}"
        );
    }

    #[test]
    fn a_failure_says_how() {
        for (outcome, message) in [
            (Outcome::Failed, "the deployment to `stage` failed"),
            (Outcome::TimedOut, "the deployment to `stage` timed out"),
            (Outcome::Canceled, "the deployment to `stage` was canceled"),
        ] {
            assert_eq!(said(&History::new().deployed("stage", outcome)), [message]);
        }
        let late = History::new()
            .deployed("stage", Succeeded)
            .later(601)
            .observed("stage", &[("a", SHA), ("b", OTHER)]);
        assert_eq!(
            said(&late),
            [
                "`stage` did not converge within 600 s",
                "the release is served by 1 of 2 nodes of `stage`",
            ]
        );
    }

    #[test]
    fn a_load_test_says_how_long_it_takes() {
        for (seconds, text) in [
            (None, ""),
            (Some(0), ", longer than the last one"),
            (Some(59), ", 59 s left"),
            (Some(60), ", 1 min left"),
            (Some(121), ", 3 min left"),
        ] {
            let mut other = lock_holder("stage");
            other.load_test = Some(RunningLoadTest { left: seconds });
            let history = History::new().add(EventKind::Locked(other));
            let decision = history.decide(&release("stage"));
            let message = format!("load test of `bbbbbbbbbbbb` on `stage`{text}");
            assert_eq!(decision.reasons[0].message, message);
        }
    }

    #[test]
    fn others_are_named() {
        assert_eq!(
            said(&History::new().locked("stage")),
            ["`bbbbbbbbbbbb` is being deployed to `stage`"]
        );
        assert_eq!(
            said(&History::new().superseded("stage")),
            ["`bbbbbbbbbbbb`, a descendant of this commit, is live in `stage` or on its way there"]
        );
        let deployed = History::new().deployed("stage", Succeeded);
        assert_eq!(
            said(&deployed.deployed_commit("stage", OTHER, Succeeded)),
            ["`bbbbbbbbbbbb` was deployed to `stage` after the release"]
        );
    }
}
