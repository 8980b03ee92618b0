//! Jenkins.
//!
//! Sources: the list at `JENKINS_URL/env-vars.html` (`BRANCH_NAME`, `CHANGE_ID`, `CHANGE_BRANCH`,
//! `CHANGE_TARGET`, `TAG_NAME`, `BUILD_URL`, `BUILD_TAG`), and
//! <https://plugins.jenkins.io/git/#plugin-content-environment-variables> (`GIT_COMMIT`, `GIT_BRANCH`). No
//! variable has the message.
//!
//! Plugins that build changes in the job of one branch have their own variables:
//! <https://plugins.jenkins.io/gerrit-trigger/> (`GERRIT_…`, in its `GerritTriggerParameters`),
//! <https://plugins.jenkins.io/ghprb/> (`ghprb…`), <https://plugins.jenkins.io/gitlab-plugin/> (`gitlab…`) and
//! <https://plugins.jenkins.io/bitbucket-push-and-pull-request/> (`BITBUCKET_…`).

use super::{Change, CiEnvironment, Fact, System, Variables};

/// The value of `GIT_BRANCH` if no branch was checked out.
const DETACHED: &str = "detached";

/// The variables with the number of a change. Gerrit's `ref-updated` events don't set one: they are about branches.
const NUMBERS: [&str; 5] = [
    "CHANGE_ID",
    "GERRIT_CHANGE_NUMBER",
    "ghprbPullId",
    "gitlabMergeRequestIid",
    "BITBUCKET_PULL_REQUEST_ID",
];

/// The variables with the source branch of a change. A change of Gerrit has no source branch.
const SOURCES: [&str; 5] = [
    "CHANGE_BRANCH",
    "ghprbSourceBranch",
    "gitlabSourceBranch",
    "BITBUCKET_SOURCE_BRANCH",
    "BRANCH_NAME",
];

/// The variables with the target branch of a change.
const TARGETS: [&str; 5] = [
    "CHANGE_TARGET",
    "GERRIT_BRANCH",
    "ghprbTargetBranch",
    "gitlabTargetBranch",
    "BITBUCKET_TARGET_BRANCH",
];

/// Reads its variables.
///
/// In builds of a tag or a pull request `BRANCH_NAME` is its name (`PR-7`). `GIT_BRANCH` is not used in a build of a
/// change: the plugins check the change out under the name of its target branch.
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

#[cfg(test)]
mod tests {
    use super::super::tests::{JENKINS, SHA, changed, read, with};
    use super::super::{System, detect};

    #[test]
    fn jenkins_names_the_remote_with_the_branch() {
        for (said, branch) in [
            ("origin/main", Some("main")),
            ("refs/remotes/origin/main", Some("main")),
            ("refs/heads/main", Some("main")),
            ("main", Some("main")),
            ("feature/main", Some("feature/main")),
            ("upstream/main", Some("upstream/main")),
            ("detached", None),
            ("", None),
        ] {
            let read = read(&changed(JENKINS, &[("GIT_BRANCH", said)]));
            assert_eq!(read.branch.map(|it| it.value).as_deref(), branch, "{said}");
        }
    }

    /// The plugins check an unmerged commit out under the name of its target branch.
    #[test]
    fn a_change_that_a_plugin_of_jenkins_builds_is_never_a_build_of_a_branch() {
        let of_main = changed(JENKINS, &[("GIT_BRANCH", "origin/main")]);
        for (signs, built) in [
            (
                &[("GERRIT_CHANGE_NUMBER", "7"), ("GERRIT_BRANCH", "main")][..],
                "? (pull request 7)",
            ),
            (
                &[
                    ("ghprbPullId", "7"),
                    ("ghprbSourceBranch", "main"),
                    ("ghprbTargetBranch", "main"),
                ],
                "main (pull request 7)",
            ),
            (
                &[
                    ("gitlabMergeRequestIid", "7"),
                    ("gitlabSourceBranch", "main"),
                    ("gitlabTargetBranch", "main"),
                ],
                "main (pull request 7)",
            ),
            (
                &[
                    ("BITBUCKET_PULL_REQUEST_ID", "7"),
                    ("BITBUCKET_SOURCE_BRANCH", "main"),
                    ("BITBUCKET_TARGET_BRANCH", "main"),
                ],
                "main (pull request 7)",
            ),
            (&[("CHANGE_ID", "7")], "? (pull request 7)"),
            (&[("CHANGE_BRANCH", "main")], "main (pull request)"),
        ] {
            let read = read(&changed(&of_main, signs));
            assert_eq!(read.built_branch().as_deref(), Some(built), "{signs:?}");
            let target = read.change.and_then(|it| it.target);
            let said = target.map(|it| (it.source, "main"));
            assert_eq!(said, signs[1..].last().copied(), "{signs:?}");
        }
    }

    /// A push has no number, and the merge request variables of the GitLab plugin are empty.
    #[test]
    fn a_push_that_a_plugin_of_jenkins_builds_is_a_build_of_the_branch() {
        let of_main = changed(JENKINS, &[("GIT_BRANCH", "origin/main")]);
        for signs in [
            &[
                ("GERRIT_EVENT_TYPE", "ref-updated"),
                ("GERRIT_REFNAME", "refs/heads/main"),
                ("GERRIT_NEWREV", SHA),
            ][..],
            &[
                ("gitlabMergeRequestIid", ""),
                ("gitlabSourceBranch", "main"),
                ("gitlabTargetBranch", "main"),
            ],
            &[("BITBUCKET_SOURCE_BRANCH", "main")],
        ] {
            let read = read(&changed(&of_main, signs));
            assert_eq!(read.built_branch().as_deref(), Some("main"), "{signs:?}");
        }
    }

    #[test]
    fn jenkins_without_a_url_is_found() {
        let set = [("BUILD_TAG", "jenkins-shop-1"), ("GIT_COMMIT", SHA)];
        assert_eq!(with(&set, detect), Ok(Some((System::Jenkins, "BUILD_TAG"))));
        assert_eq!(with(&[("BUILD_TAG", "shop-1")], detect), Ok(None));
    }
}
