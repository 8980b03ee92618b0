//! Jenkins.
//!
//! Sources: the list at `JENKINS_URL/env-vars.html` (`BRANCH_NAME`, `CHANGE_ID`, `CHANGE_BRANCH`,
//! `CHANGE_TARGET`, `TAG_NAME`, `BUILD_URL`, `BUILD_TAG`), and
//! <https://plugins.jenkins.io/git/#plugin-content-environment-variables> (`GIT_COMMIT`, `GIT_BRANCH`). No
//! variable has the message.
//!
//! Plugins start jobs for changes, and set variables with other names:
//! <https://plugins.jenkins.io/gerrit-trigger/> (`GERRIT_…`, in its `GerritTriggerParameters`),
//! <https://plugins.jenkins.io/ghprb/> (`ghprb…`), <https://plugins.jenkins.io/gitlab-plugin/> (`gitlab…`) and
//! <https://plugins.jenkins.io/bitbucket-push-and-pull-request/> (`BITBUCKET_…`).

use super::{Change, CiEnvironment, Fact, System, Variables};

/// The value of `GIT_BRANCH` if no branch is checked out.
const DETACHED: &str = "detached";

/// The numbers of changes. Gerrit's `ref-updated` events have none, because they are about branches.
const NUMBERS: [&str; 5] = [
    "CHANGE_ID",
    "GERRIT_CHANGE_NUMBER",
    "ghprbPullId",
    "gitlabMergeRequestIid",
    "BITBUCKET_PULL_REQUEST_ID",
];

/// The branch that a change comes from; Gerrit's changes have none.
const SOURCES: [&str; 5] = [
    "CHANGE_BRANCH",
    "ghprbSourceBranch",
    "gitlabSourceBranch",
    "BITBUCKET_SOURCE_BRANCH",
    "BRANCH_NAME",
];

/// The branch that a change is for.
const TARGETS: [&str; 5] = [
    "CHANGE_TARGET",
    "GERRIT_BRANCH",
    "ghprbTargetBranch",
    "gitlabTargetBranch",
    "BITBUCKET_TARGET_BRANCH",
];

/// Reads its variables.
///
/// In builds of a tag or a pull request, `BRANCH_NAME` is its name (`PR-7`). `GIT_BRANCH` is not reliable in a build
/// of a change: the plugins check out the change as the branch that it is for.
pub fn read(variables: &Variables) -> CiEnvironment {
    let tag = variables.fact("TAG_NAME");
    let change = is_change(variables).then(|| Change {
        number: variables.first(&NUMBERS),
        target: variables.first(&TARGETS),
    });
    let branch = if change.is_some() {
        variables.first(&SOURCES)
    } else if tag.is_some() {
        None
    } else {
        variables
            .fact("BRANCH_NAME")
            .or_else(|| checked_out(variables))
    };
    CiEnvironment {
        commit: variables.fact("GIT_COMMIT"),
        branch,
        tag,
        build_url: variables.fact("BUILD_URL"),
        change,
        ..CiEnvironment::of(System::Jenkins)
    }
}

/// Whether it is a build of a change that may not be merged yet.
fn is_change(variables: &Variables) -> bool {
    variables.has("CHANGE_BRANCH") || NUMBERS.iter().any(|name| variables.has(name))
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
