//! `CircleCI`.
//!
//! Source: <https://circleci.com/docs/reference/variables/>. No variable has the message, and none says of a
//! merge request of GitLab that it comes from a fork.

use super::{Change, CiEnvironment, Fact, System, Variables};

/// Reads its variables.
///
/// `CircleCI` builds branches: `CIRCLE_PULL_REQUEST` names a pull request that is open for the branch, and is
/// set in an ordinary build of a branch, too. Only what a fork proposes is no build of a branch of this
/// repository, and its branch may be called as ours.
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

/// Whether what is built is, or may be, what a fork proposes.
///
/// `CIRCLE_PR_…` are there for forks alone, and `CIRCLE_BRANCH` is `pull/N`; but only projects of GitHub's OAuth
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

#[cfg(test)]
mod tests {
    use super::super::tests::{CIRCLECI, changed, read};

    #[test]
    fn circleci_builds_branches_with_open_pull_requests_and_forks() {
        let address = "https://git.example.org/shop/cart/pull/7";
        let open = [
            ("CIRCLE_PULL_REQUEST", address),
            ("CIRCLE_PULL_REQUESTS", address),
        ];
        let ours = read(&changed(CIRCLECI, &open));
        assert_eq!(ours.built_branch().as_deref(), Some("main"));
        for more in [
            &[("CIRCLE_BRANCH", "pull/7")][..],
            &[("CIRCLE_PR_NUMBER", "7")],
            &[("CIRCLE_PR_USERNAME", "somebody")],
            &[("CIRCLE_PR_REPONAME", "cart")],
            // A project that has no variables for forks.
            &[("CIRCLE_PULL_REQUESTS", "")],
        ] {
            let forked = read(&changed(&changed(CIRCLECI, &open), more));
            let built = forked.built_branch().expect("a name");
            assert!(built.ends_with(" (pull request 7)"), "{built}");
        }
    }
}
