//! Builds of a tag, in each CI system that builds tags.

use super::LABELED;
use crate::harness::{Repository, Text, greenlight};

#[test]
fn a_build_of_a_tag_is_no_build_of_the_branch_that_is_checked_out() {
    let repository = Repository::new();
    let commit = repository.commit(LABELED);
    let commit = commit.as_str();
    for set in [
        &[
            ("CIRCLECI", "true"),
            ("CIRCLE_SHA1", commit),
            ("CIRCLE_TAG", "v1"),
        ][..],
        &[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_SHA", commit),
            ("GITHUB_EVENT_NAME", "push"),
            ("GITHUB_REF", "refs/tags/v1"),
            ("GITHUB_REF_TYPE", "tag"),
            ("GITHUB_REF_NAME", "v1"),
        ],
        &[
            ("GITLAB_CI", "true"),
            ("CI_COMMIT_SHA", commit),
            ("CI_COMMIT_TAG", "v1"),
            ("CI_COMMIT_REF_NAME", "v1"),
        ],
        &[
            ("CI", "woodpecker"),
            ("CI_COMMIT_SHA", commit),
            ("CI_COMMIT_TAG", "v1"),
            ("CI_PIPELINE_EVENT", "tag"),
        ],
        &[
            ("BUILDKITE", "true"),
            ("BUILDKITE_COMMIT", commit),
            ("BUILDKITE_BRANCH", "v1"),
            ("BUILDKITE_TAG", "v1"),
            ("BUILDKITE_PULL_REQUEST", "false"),
        ],
        &[
            ("JENKINS_URL", "https://ci.example.org/"),
            ("GIT_COMMIT", commit),
            ("BRANCH_NAME", "v1"),
            ("TAG_NAME", "v1"),
        ],
    ] {
        for arguments in [&["tags"][..], &["tags", "--rev", "HEAD"]] {
            let said = "branch-not-published: only builds of `main` are published; this is a build of `v1 (tag)`";
            greenlight(arguments)
                .within(repository.path())
                .variables(set)
                .gives(1, Text::Nothing, Text::Has(&[said]));
        }
    }
}
