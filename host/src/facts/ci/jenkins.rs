//! Jenkins.
//!
//! Sources: the list at `JENKINS_URL/env-vars.html` (`BRANCH_NAME`, `CHANGE_ID`, `CHANGE_BRANCH`,
//! `CHANGE_TARGET`, `TAG_NAME`, `BUILD_URL`, `BUILD_TAG`), and
//! <https://plugins.jenkins.io/git/#plugin-content-environment-variables> (`GIT_COMMIT`, `GIT_BRANCH`). No
//! variable has the message.

use super::{Change, Fact, Surroundings, System, Variables};

/// What `GIT_BRANCH` is where no branch was checked out.
const DETACHED: &str = "detached";

/// Reads its variables.
///
/// `BRANCH_NAME` is the tag's or the pull request's name (`PR-7`) in builds of those.
pub fn read(variables: &Variables) -> Surroundings {
    let tag = variables.fact("TAG_NAME");
    let change = variables.fact("CHANGE_ID").map(|number| Change {
        number: Some(number),
        target: variables.fact("CHANGE_TARGET"),
    });
    let branch = if change.is_some() {
        variables.first(&["CHANGE_BRANCH", "BRANCH_NAME"])
    } else if tag.is_some() {
        None
    } else {
        variables
            .fact("BRANCH_NAME")
            .or_else(|| checked_out(variables))
    };
    Surroundings {
        commit: variables.fact("GIT_COMMIT"),
        branch,
        tag,
        build_url: variables.fact("BUILD_URL"),
        change,
        ..Surroundings::of(System::Jenkins)
    }
}

/// The branch that the git plugin checked out, with the name of its remote.
fn checked_out(variables: &Variables) -> Option<Fact> {
    let mut branch = variables.fact("GIT_BRANCH")?;
    if branch.value == DETACHED {
        return None;
    }
    for prefix in ["refs/remotes/origin/", "refs/heads/", "origin/"] {
        if let Some(rest) = branch.value.strip_prefix(prefix) {
            branch.value = rest.to_owned();
            break;
        }
    }
    Some(branch)
}
