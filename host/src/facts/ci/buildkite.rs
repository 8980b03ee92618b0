//! Buildkite.
//!
//! Sources: <https://buildkite.com/docs/pipelines/configure/environment-variables>, and of schedules
//! <https://buildkite.com/docs/apis/graphql/schemas/object/pipelineschedule>.

use super::{Change, CiEnvironment, Problem, Standing, System, Variables};

/// The value of `BUILDKITE_COMMIT` in a build without a given commit: the checkout resolves it.
pub const CHECKED_OUT: &str = "HEAD";

/// The value of `BUILDKITE_SOURCE` in a build that a webhook of the repository started.
const PUSHED: &str = "webhook";

/// Reads its variables.
///
/// `BUILDKITE_MESSAGE` is "usually the commit message or the message provided when the build is triggered",
/// and about the branch the documentation says that "for manually triggered builds, this branch is not guaranteed
/// to contain the commit". Steps that trigger a build and schedules name a branch and a commit independently of
/// each other. Only in a build that a webhook of the repository started does the branch contain
/// the commit.
pub fn read(variables: &Variables) -> CiEnvironment {
    let number = variables
        .fact("BUILDKITE_PULL_REQUEST")
        .filter(|number| number.value != "false");
    let pushed = variables.is("BUILDKITE_SOURCE", PUSHED);
    let named = variables.fact("BUILDKITE_COMMIT");
    let found_by_branch = named.as_ref().is_some_and(|it| it.value == CHECKED_OUT);
    let tag = variables.fact("BUILDKITE_TAG");
    let mut branch = variables.fact("BUILDKITE_BRANCH");
    let mut problems = Vec::new();
    if tag.is_some() {
        // Buildkite repeats the tag here.
        branch = None;
    } else if !pushed && !found_by_branch && number.is_none() && branch.take().is_some() {
        problems.push(Problem {
            code: "branch-unsure",
            message: "no push started this build (`BUILDKITE_SOURCE` is not `webhook`), and \
                      `BUILDKITE_BRANCH` need not be a branch that has the commit"
                .to_owned(),
            help: "if the branch contains the commit, pass `--branch \"$BUILDKITE_BRANCH\"`"
                .to_owned(),
        });
    }
    CiEnvironment {
        commit: named,
        branch,
        tag,
        message: variables.said(
            "BUILDKITE_MESSAGE",
            Standing::Unsure(
                "it is the message of the build: a pull request's title or text typed by a person",
            ),
        ),
        build_url: variables.fact("BUILDKITE_BUILD_URL"),
        change: number.map(|number| Change {
            number: Some(number),
            target: variables.fact("BUILDKITE_PULL_REQUEST_BASE_BRANCH"),
        }),
        problems,
        ..CiEnvironment::of(System::Buildkite)
    }
}
