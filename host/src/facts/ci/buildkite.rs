//! Buildkite.
//!
//! Sources: <https://buildkite.com/docs/pipelines/configure/environment-variables>, and of schedules
//! <https://buildkite.com/docs/apis/graphql/schemas/object/pipelineschedule>.

use super::{Change, CiEnvironment, Completeness, Problem, System, Variables};

/// The value of `BUILDKITE_COMMIT` in a build that was created without a commit. The checkout selects the commit.
pub const CHECKED_OUT: &str = "HEAD";

/// The value of `BUILDKITE_SOURCE` in a build that a push started.
const PUSHED: &str = "webhook";

/// Reads its variables.
///
/// `BUILDKITE_MESSAGE` is "usually the commit message or the message provided when the build is triggered",
/// and of a branch the documentation says that "for manually triggered builds, this branch is not guaranteed
/// to contain the commit". The same holds for trigger steps and schedules, which take a branch and a commit that need
/// not belong together. Only in a build that a push started does the branch contain the commit.
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
                      `BUILDKITE_BRANCH` may not contain the commit"
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
            Completeness::Unsure(
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

#[cfg(test)]
mod tests {
    use super::super::tests::{BUILDKITE, changed, read, shown};

    #[test]
    fn buildkite_trusts_only_the_branch_of_a_push() {
        // An unmerged commit, with the default branch of the pipeline.
        for source in ["ui", "api", "trigger_job", "schedule", "new", ""] {
            let doubtful = read(&changed(BUILDKITE, &[("BUILDKITE_SOURCE", source)]));
            assert_eq!(
                (doubtful.branch, doubtful.problems[0].code),
                (None, "branch-unsure")
            );
            // A build without a commit builds the tip of the branch.
            let changes = [("BUILDKITE_SOURCE", source), ("BUILDKITE_COMMIT", "HEAD")];
            let read = read(&changed(BUILDKITE, &changes));
            assert_eq!(shown(read.commit.as_ref()), "HEAD (BUILDKITE_COMMIT)");
            assert_eq!(read.built_branch().as_deref(), Some("main"));
        }
    }
}
