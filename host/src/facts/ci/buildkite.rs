//! Buildkite.
//!
//! Sources: <https://buildkite.com/docs/pipelines/configure/environment-variables>, and of schedules
//! <https://buildkite.com/docs/apis/graphql/schemas/object/pipelineschedule>.

use super::{Change, CiEnvironment, Problem, Standing, System, Variables};

/// What `BUILDKITE_COMMIT` is in a build that was asked for without a commit: the checkout finds it.
pub const CHECKED_OUT: &str = "HEAD";

/// What `BUILDKITE_SOURCE` is in a build that the repository asked for.
const PUSHED: &str = "webhook";

/// Reads its variables.
///
/// `BUILDKITE_MESSAGE` is "usually the commit message or the message provided when the build is triggered",
/// and of a branch the documentation says that "for manually triggered builds, this branch is not guaranteed
/// to contain the commit". So it is with steps that trigger a build and with schedules: they name a branch and
/// a commit that have nothing to do with each other. Only where the repository itself told of a push,
/// the branch is the one that has the commit.
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
            help: "if it is known to have it, say so: `--branch \"$BUILDKITE_BRANCH\"`".to_owned(),
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

#[cfg(test)]
mod tests {
    use super::super::tests::{BUILDKITE, changed, read, shown};

    #[test]
    fn buildkite_trusts_the_branch_of_a_push_alone() {
        // An unmerged commit, with the default branch of the pipeline.
        for source in ["ui", "api", "trigger_job", "schedule", "new", ""] {
            let doubtful = read(&changed(BUILDKITE, &[("BUILDKITE_SOURCE", source)]));
            assert_eq!(
                (doubtful.branch, doubtful.problems[0].code),
                (None, "branch-unsure")
            );
            // Where the branch names the commit, it has it.
            let changes = [("BUILDKITE_SOURCE", source), ("BUILDKITE_COMMIT", "HEAD")];
            let read = read(&changed(BUILDKITE, &changes));
            assert_eq!(shown(read.commit.as_ref()), "HEAD (BUILDKITE_COMMIT)");
            assert_eq!(read.built_branch().as_deref(), Some("main"));
        }
    }
}
