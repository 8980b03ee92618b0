//! Woodpecker.
//!
//! Source: <https://woodpecker-ci.org/docs/usage/environment>.

use super::{Change, CiEnvironment, Fact, Standing, System, Variables};
use crate::contract::environments::{Job, JobStatus};

/// Reads its variables.
///
/// In a pull request, `CI_COMMIT_BRANCH` is the branch to merge into, and `CI_COMMIT_MESSAGE` is its title
/// (<https://github.com/woodpecker-ci/woodpecker/pull/4157>). Manual builds and builds of tags have a message of
/// Woodpecker. Only a push has the message of the commit.
pub fn read(variables: &Variables) -> CiEnvironment {
    let number = variables.fact("CI_COMMIT_PULL_REQUEST");
    let event = variables.text("CI_PIPELINE_EVENT").unwrap_or_default();
    let proposed = number.is_some()
        || event.starts_with("pull_request")
        || variables
            .text("CI_COMMIT_REF")
            .is_some_and(|reference| is_of_a_change(&reference));
    let standing = if event == "push" && !proposed {
        Standing::Whole
    } else {
        Standing::Unsure(
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
        message: variables.said("CI_COMMIT_MESSAGE", standing),
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

/// Whether a forge keeps proposed commits under the reference: `refs/pull/7/merge`, `refs/merge-requests/7/head`.
pub fn is_of_a_change(reference: &str) -> bool {
    ["refs/pull/", "refs/pull-requests/", "refs/merge-requests/"]
        .iter()
        .any(|prefix| reference.starts_with(prefix))
}

/// The state of the pipeline before this step, as a job: a step that runs after a failure gets it.
pub fn state(variables: &Variables, variable: &'static str, name: &str) -> Option<Fact<Job>> {
    let status = match variables.text(variable)?.as_str() {
        "success" => JobStatus::Passed,
        "failure" => JobStatus::Failed,
        // No other word is a success.
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
