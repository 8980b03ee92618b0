//! GitLab CI/CD.
//!
//! Source: <https://docs.gitlab.com/ci/variables/predefined_variables/>.

use super::{Change, CiEnvironment, Fact, Problem, Said, Standing, System, Variables};

/// Reads its variables.
///
/// In a pipeline of merged results and in a merge train, `CI_COMMIT_SHA` is a merge commit that GitLab made; the
/// pushed commit is `CI_MERGE_REQUEST_SOURCE_BRANCH_SHA`, which is set only there.
pub fn read(variables: &Variables) -> CiEnvironment {
    let merged = ["merged_result", "merge_train"]
        .iter()
        .any(|kind| variables.is("CI_MERGE_REQUEST_EVENT_TYPE", kind));
    let pushed = variables.fact("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA");
    let mut problems = Vec::new();
    if merged && pushed.is_none() {
        problems.push(Problem {
            code: "no-commit",
            message: "`CI_COMMIT_SHA` is a commit that GitLab made to merge with, and \
                      `CI_MERGE_REQUEST_SOURCE_BRANCH_SHA` does not say what was pushed"
                .to_owned(),
            help: "name the commit with `--rev REV`, or run the job in branch pipelines".to_owned(),
        });
    }
    // The message belongs to `CI_COMMIT_SHA`.
    let of_another = merged || pushed.is_some();
    let commit = if of_another {
        pushed
    } else {
        variables.fact("CI_COMMIT_SHA")
    };
    CiEnvironment {
        commit,
        branch: variables.first(&[
            "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME",
            "CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_NAME",
            "CI_COMMIT_BRANCH",
        ]),
        tag: variables.fact("CI_COMMIT_TAG"),
        message: message(variables, of_another),
        build_url: variables.first(&["CI_JOB_URL", "CI_PIPELINE_URL"]),
        change: change(variables),
        problems,
        ..CiEnvironment::of(System::GitLab)
    }
}

fn change(variables: &Variables) -> Option<Change> {
    let number: Option<Fact> =
        variables.first(&["CI_MERGE_REQUEST_IID", "CI_EXTERNAL_PULL_REQUEST_IID"]);
    let source = variables.first(&[
        "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME",
        "CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_NAME",
    ]);
    let event = ["merge_request_event", "external_pull_request_event"]
        .iter()
        .any(|event| variables.is("CI_PIPELINE_SOURCE", event));
    (number.is_some() || source.is_some() || event).then(|| Change {
        number,
        target: variables.first(&[
            "CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
            "CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_NAME",
        ]),
    })
}

/// GitLab truncates messages since 18.6, and says so since then.
fn message(variables: &Variables, of_another: bool) -> Option<Said> {
    let standing = if of_another {
        Standing::Unsure("it is the message of GitLab's temporary merge commit")
    } else if matches!(
        variables.text("CI_COMMIT_MESSAGE_IS_TRUNCATED").as_deref(),
        None | Some("false")
    ) {
        Standing::Whole
    } else {
        Standing::Truncated
    };
    variables.said("CI_COMMIT_MESSAGE", standing)
}
