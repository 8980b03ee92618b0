//! `CircleCI`.
//!
//! Source: <https://circleci.com/docs/reference/variables/>. No variable has the message. No
//! variable tells whether a merge request of GitLab comes from a fork.

use super::{Change, CiEnvironment, Fact, System, Variables};

/// Reads its variables.
///
/// `CircleCI` builds branches: `CIRCLE_PULL_REQUEST` names a pull request that is open for the branch, and is
/// set in an ordinary build of a branch, too. Only a fork's pull request is not a build of a branch of this
/// repository, and its branch may have the same name.
pub fn read(variables: &Variables) -> CiEnvironment {
    let branch = variables.fact("CIRCLE_BRANCH");
    let forked = is_forked(variables, branch.as_ref());
    CiEnvironment {
        commit: variables.fact("CIRCLE_SHA1"),
        branch,
        tag: variables.fact("CIRCLE_TAG"),
        build_url: variables.fact("CIRCLE_BUILD_URL"),
        change: forked.then(|| Change {
            number: number(variables),
            target: None,
        }),
        ..CiEnvironment::of(System::CircleCi)
    }
}

/// Whether the build is, or may be, of a fork's pull request.
///
/// Only forks have `CIRCLE_PR_…`, and `CIRCLE_BRANCH` is `pull/N`; but only projects of GitHub's OAuth
/// app and of Bitbucket Cloud have these variables, as they have `CIRCLE_PULL_REQUESTS`. Elsewhere a pull
/// request may be a fork's.
fn is_forked(variables: &Variables, branch: Option<&Fact>) -> bool {
    let said = [
        "CIRCLE_PR_NUMBER",
        "CIRCLE_PR_USERNAME",
        "CIRCLE_PR_REPONAME",
    ]
    .iter()
    .any(|name| variables.has(name));
    let unsure = variables.has("CIRCLE_PULL_REQUEST") && !variables.has("CIRCLE_PULL_REQUESTS");
    said || unsure || branch.is_some_and(|branch| branch.value.starts_with("pull/"))
}

/// The number, or the end of the pull request's address.
fn number(variables: &Variables) -> Option<Fact> {
    variables.fact("CIRCLE_PR_NUMBER").or_else(|| {
        let mut address = variables.fact("CIRCLE_PULL_REQUEST")?;
        let (_, number) = address.value.rsplit_once('/')?;
        address.value = number.to_owned();
        Some(address)
    })
}
