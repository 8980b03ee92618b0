//! Woodpecker, and Drone, which it was forked from.
//!
//! Sources: <https://woodpecker-ci.org/docs/usage/environment> and
//! <https://docs.drone.io/pipeline/environment/reference/>.

use super::{Change, CiEnvironment, Completeness, Fact, System, Variables};
use crate::contract::environments::{Job, JobStatus};

/// Reads the variables of Woodpecker.
///
/// In a build of a pull request `CI_COMMIT_BRANCH` is the *target* branch, and `CI_COMMIT_MESSAGE` is the title
/// (<https://github.com/woodpecker-ci/woodpecker/pull/4157>). Manual builds and builds of tags have a message that
/// Woodpecker writes. Only a build of a push has the commit's message.
pub fn read_woodpecker(variables: &Variables) -> CiEnvironment {
    let number = variables.fact("CI_COMMIT_PULL_REQUEST");
    let event = variables.text("CI_PIPELINE_EVENT").unwrap_or_default();
    let proposed = number.is_some()
        || event.starts_with("pull_request")
        || variables
            .text("CI_COMMIT_REF")
            .is_some_and(|reference| is_of_a_change(&reference));
    let completeness = if event == "push" && !proposed {
        Completeness::Complete
    } else {
        Completeness::Unsure(
            "it is the commit's message only in a build of a push: a pull request has its title here",
        )
    };
    let tag = variables.fact("CI_COMMIT_TAG");
    let branch = if proposed {
        variables.fact("CI_COMMIT_SOURCE_BRANCH")
    } else if tag.is_some() {
        None
    } else {
        variables.fact("CI_COMMIT_BRANCH")
    };
    CiEnvironment {
        commit: variables.fact("CI_COMMIT_SHA"),
        branch,
        tag,
        message: variables.said("CI_COMMIT_MESSAGE", completeness),
        build_url: variables.first(&["CI_PIPELINE_URL", "CI_STEP_URL"]),
        change: proposed.then(|| Change {
            number,
            target: variables.first(&["CI_COMMIT_TARGET_BRANCH", "CI_COMMIT_BRANCH"]),
        }),
        jobs: Ok(state(variables, "CI_PIPELINE_STATUS", "workflow")
            .into_iter()
            .collect()),
        ..CiEnvironment::of(System::Woodpecker)
    }
}

/// Reads the variables of Drone.
///
/// `DRONE_BRANCH` is "the target branch for the push or pull request"; the source branch of a pull request is
/// `DRONE_SOURCE_BRANCH`. The content of `DRONE_COMMIT_MESSAGE` in a pull request depends on the forge.
pub fn read_drone(variables: &Variables) -> CiEnvironment {
    let number = variables.fact("DRONE_PULL_REQUEST");
    let proposed = number.is_some()
        || variables.is("DRONE_BUILD_EVENT", "pull_request")
        || variables
            .text("DRONE_COMMIT_REF")
            .is_some_and(|reference| is_of_a_change(&reference));
    let completeness = if variables.is("DRONE_BUILD_EVENT", "push") && !proposed {
        Completeness::Complete
    } else {
        Completeness::Unsure("it is the commit's message only in a build of a push")
    };
    let tag = variables.fact("DRONE_TAG");
    let branch = if proposed {
        variables.fact("DRONE_SOURCE_BRANCH")
    } else if tag.is_some() {
        None
    } else {
        variables.first(&["DRONE_BRANCH", "DRONE_COMMIT_BRANCH"])
    };
    CiEnvironment {
        commit: variables.first(&["DRONE_COMMIT_SHA", "DRONE_COMMIT"]),
        branch,
        tag,
        message: variables.said("DRONE_COMMIT_MESSAGE", completeness),
        build_url: variables.fact("DRONE_BUILD_LINK"),
        change: proposed.then(|| Change {
            number,
            target: variables.fact("DRONE_TARGET_BRANCH"),
        }),
        jobs: Ok(state(variables, "DRONE_BUILD_STATUS", "build")
            .into_iter()
            .collect()),
        ..CiEnvironment::of(System::Drone)
    }
}

/// Whether a reference is the one of a pull request: `refs/pull/7/merge`, `refs/merge-requests/7/head`.
fn is_of_a_change(reference: &str) -> bool {
    ["refs/pull/", "refs/pull-requests/", "refs/merge-requests/"]
        .iter()
        .any(|prefix| reference.starts_with(prefix))
}

/// The status of the build before this step, as a job. Steps that run after a failure see it.
fn state(variables: &Variables, variable: &'static str, name: &str) -> Option<Fact<Job>> {
    let status = match variables.text(variable)?.as_str() {
        "success" => JobStatus::Passed,
        "failure" => JobStatus::Failed,
        // Any other status is not a success.
        _ => JobStatus::Running,
    };
    Some(Fact {
        value: Job {
            name: name.to_owned(),
            status,
        },
        source: variable,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{DRONE, WOODPECKER, changed, read};
    use super::JobStatus;

    #[test]
    fn a_pull_request_is_recognized_by_its_reference_alone() {
        for reference in [
            "refs/pull/7/merge",
            "refs/merge-requests/7/head",
            "refs/pull-requests/7/from",
        ] {
            let woodpecker = read(&changed(WOODPECKER, &[("CI_COMMIT_REF", reference)]));
            assert_eq!(
                woodpecker.built_branch().as_deref(),
                Some("? (pull request)"),
                "{reference}"
            );
            let drone = read(&changed(DRONE, &[("DRONE_COMMIT_REF", reference)]));
            assert_eq!(
                drone.built_branch().as_deref(),
                Some("? (pull request)"),
                "{reference}"
            );
        }
    }

    #[test]
    fn woodpecker_and_drone_report_the_status_so_far() {
        for (set, name) in [
            (WOODPECKER, "CI_PIPELINE_STATUS"),
            (DRONE, "DRONE_BUILD_STATUS"),
        ] {
            for (said, status) in [
                ("success", JobStatus::Passed),
                ("failure", JobStatus::Failed),
                ("killed", JobStatus::Running),
            ] {
                let jobs = read(&changed(set, &[(name, said)])).jobs.expect("jobs");
                assert_eq!(
                    (jobs.len(), jobs[0].value.status, jobs[0].source),
                    (1, status, name)
                );
            }
        }
    }
}
