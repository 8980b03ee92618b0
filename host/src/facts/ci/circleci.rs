//! `CircleCI`.
//!
//! Source: <https://circleci.com/docs/reference/variables/>. No variable has the message.

use super::{Change, Fact, Surroundings, System, Variables};

/// Reads its variables.
///
/// `CircleCI` builds branches: `CIRCLE_PULL_REQUEST` names a pull request that is open for the branch, and is
/// set in an ordinary build of a branch, too. Only what a fork proposes is no build of a branch of this
/// repository: `CIRCLE_PR_…` are there for forks alone, and `CIRCLE_BRANCH` is `pull/N`.
pub fn read(variables: &Variables) -> Surroundings {
    let branch = variables.fact("CIRCLE_BRANCH");
    let forked = [
        "CIRCLE_PR_NUMBER",
        "CIRCLE_PR_USERNAME",
        "CIRCLE_PR_REPONAME",
    ]
    .iter()
    .any(|name| variables.has(name))
        || branch
            .as_ref()
            .is_some_and(|branch| branch.value.starts_with("pull/"));
    Surroundings {
        commit: variables.fact("CIRCLE_SHA1"),
        branch,
        tag: variables.fact("CIRCLE_TAG"),
        build_url: variables.fact("CIRCLE_BUILD_URL"),
        change: forked.then(|| Change {
            number: number(variables),
            target: None,
        }),
        ..Surroundings::of(System::CircleCi)
    }
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
