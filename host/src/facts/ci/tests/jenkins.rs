//! Jenkins, and the plugins that start its jobs.

use super::*;

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

/// The plugins check out an unmerged commit as the branch that it is for.
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

/// They have no number, and the GitLab plugin's variables of merge requests are empty.
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
