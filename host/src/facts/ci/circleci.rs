//! `CircleCI`.
//!
//! Source: <https://circleci.com/docs/reference/variables/>. No variable has the message. No
//! variable tells whether a merge request of GitLab comes from a fork.

use super::{Change, CiEnvironment, Fact, System, Variables};

/// Reads its variables.
///
/// `CircleCI` builds branches: `CIRCLE_PULL_REQUEST` names an open pull request from the branch, and is set in an
/// ordinary build of the branch as well. Only the branch of a fork is not a branch of this repository, and it can
/// have the name of one.
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

/// Whether the build is, or may be, one of a fork.
///
/// For forks `CIRCLE_PR_…` are set and `CIRCLE_BRANCH` is `pull/N`, but only in projects that use GitHub's OAuth app or
/// Bitbucket Cloud. These projects also have `CIRCLE_PULL_REQUESTS`. In any other project a pull request may come from
/// a fork.
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

/// The number of the pull request, from its own variable or from the end of the URL.
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
            &[("CIRCLE_PR_USERNAME", "fork")],
            &[("CIRCLE_PR_REPONAME", "cart")],
            // A project without variables for forks.
            &[("CIRCLE_PULL_REQUESTS", "")],
        ] {
            let forked = read(&changed(&changed(CIRCLECI, &open), more));
            let built = forked.built_branch().expect("a name");
            assert!(built.ends_with(" (pull request 7)"), "{built}");
        }
    }
}
