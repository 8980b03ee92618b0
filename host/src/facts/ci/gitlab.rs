//! GitLab CI/CD.
//!
//! Source: <https://docs.gitlab.com/ci/variables/predefined_variables/>.

use super::{Change, CiEnvironment, Completeness, Fact, Problem, Said, System, Variables};

/// Reads its variables.
///
/// In a merged results pipeline and in a merge train `CI_COMMIT_SHA` is GitLab's temporary merge commit. The pushed
/// commit is `CI_MERGE_REQUEST_SOURCE_BRANCH_SHA`, which only these pipelines have.
pub fn read(variables: &Variables) -> CiEnvironment {
    let merged = ["merged_result", "merge_train"]
        .iter()
        .any(|kind| variables.is("CI_MERGE_REQUEST_EVENT_TYPE", kind));
    let pushed = variables.fact("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA");
    let mut problems = Vec::new();
    if merged && pushed.is_none() {
        problems.push(Problem {
            code: "no-commit",
            message: "`CI_COMMIT_SHA` is GitLab's temporary merge commit, and \
                      `CI_MERGE_REQUEST_SOURCE_BRANCH_SHA` with the pushed commit is not set"
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

/// Since 18.6 GitLab cuts off long messages, and sets a variable if it does.
fn message(variables: &Variables, of_another: bool) -> Option<Said> {
    let completeness = if of_another {
        Completeness::Unsure("it is the message of GitLab's temporary merge commit")
    } else if matches!(
        variables.text("CI_COMMIT_MESSAGE_IS_TRUNCATED").as_deref(),
        None | Some("false")
    ) {
        Completeness::Complete
    } else {
        Completeness::Truncated
    };
    variables.said("CI_COMMIT_MESSAGE", completeness)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{
        GITLAB, MERGE, SHA, Set, changed, has_message, is_never_published, read,
    };
    use super::Completeness;

    #[test]
    fn a_merge_request_of_gitlab_is_never_a_build_of_a_branch() {
        let of = |kind, more: Set<'static>| {
            let set = [
                ("CI_COMMIT_BRANCH", ""),
                ("CI_PIPELINE_SOURCE", "merge_request_event"),
                ("CI_MERGE_REQUEST_IID", "7"),
                ("CI_MERGE_REQUEST_EVENT_TYPE", kind),
                ("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "main"),
                ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
            ];
            is_never_published(GITLAB, &changed(&set, more))
        };
        // The message belongs to GitLab's temporary merge commit.
        let made = &[
            ("CI_COMMIT_SHA", MERGE),
            ("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", SHA),
        ];
        assert!(!has_message(&of("merged_result", made)));
        assert!(!has_message(&of("merge_train", made)));
        assert!(has_message(&of("detached", &[])));
        let external = [
            ("CI_EXTERNAL_PULL_REQUEST_IID", "7"),
            ("CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_NAME", "main"),
            ("CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_NAME", "main"),
        ];
        is_never_published(GITLAB, &external);
    }

    #[test]
    fn gitlab_reports_a_truncated_message() {
        for (said, completeness) in [
            ("true", Completeness::Truncated),
            ("false", Completeness::Complete),
            ("", Completeness::Complete),
            ("1", Completeness::Truncated),
        ] {
            let read = read(&changed(
                GITLAB,
                &[("CI_COMMIT_MESSAGE_IS_TRUNCATED", said)],
            ));
            assert_eq!(
                read.message.expect("a message").completeness,
                completeness,
                "{said}"
            );
        }
    }

    #[test]
    fn a_merged_results_pipeline_without_the_pushed_commit_has_no_commit() {
        let read = read(&changed(
            GITLAB,
            &[("CI_MERGE_REQUEST_EVENT_TYPE", "merged_result")],
        ));
        assert_eq!(read.commit, None);
        assert_eq!(read.problems[0].code, "no-commit");
    }
}
