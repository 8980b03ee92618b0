//! Pull requests of the other systems.

use super::*;

#[test]
fn a_pull_request_elsewhere_is_never_a_build_of_a_branch() {
    for (set, changes) in [
        (
            BUILDKITE,
            &[
                ("BUILDKITE_PULL_REQUEST", "7"),
                ("BUILDKITE_PULL_REQUEST_BASE_BRANCH", "main"),
            ][..],
        ),
        (
            WOODPECKER,
            &[
                ("CI_PIPELINE_EVENT", "pull_request"),
                ("CI_COMMIT_PULL_REQUEST", "7"),
                ("CI_COMMIT_SOURCE_BRANCH", "main"),
                ("CI_COMMIT_TARGET_BRANCH", "main"),
            ],
        ),
        (
            DRONE,
            &[
                ("DRONE_BUILD_EVENT", "pull_request"),
                ("DRONE_PULL_REQUEST", "7"),
                ("DRONE_SOURCE_BRANCH", "main"),
                ("DRONE_TARGET_BRANCH", "main"),
            ],
        ),
        (
            JENKINS,
            &[
                ("BRANCH_NAME", "PR-7"),
                ("GIT_BRANCH", "PR-7"),
                ("CHANGE_ID", "7"),
                ("CHANGE_BRANCH", "main"),
                ("CHANGE_TARGET", "main"),
                ("CHANGE_FORK", "fork"),
            ],
        ),
    ] {
        assert!(
            !has_message(&is_never_published(set, changes)),
            "{changes:?}"
        );
    }
}

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

#[test]
fn a_reference_of_a_change_shows_a_pull_request() {
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
fn buildkite_trusts_only_the_branch_of_a_push() {
    // An unmerged commit, with the default branch of the pipeline.
    for source in ["ui", "api", "trigger_job", "schedule", "new", ""] {
        let doubtful = read(&changed(BUILDKITE, &[("BUILDKITE_SOURCE", source)]));
        assert_eq!(
            (doubtful.branch, doubtful.problems[0].code),
            (None, "branch-unsure")
        );
        // A branch that names the commit contains it.
        let changes = [("BUILDKITE_SOURCE", source), ("BUILDKITE_COMMIT", "HEAD")];
        let read = read(&changed(BUILDKITE, &changes));
        assert_eq!(shown(read.commit.as_ref()), "HEAD (BUILDKITE_COMMIT)");
        assert_eq!(read.built_branch().as_deref(), Some("main"));
    }
}
