//! GitLab: truncated messages and merge requests.

use super::*;

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
    // The message belongs to the merge commit that GitLab made.
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
    for (said, standing) in [
        ("true", Standing::Truncated),
        ("false", Standing::Whole),
        ("", Standing::Whole),
        ("1", Standing::Truncated),
    ] {
        let read = read(&changed(
            GITLAB,
            &[("CI_COMMIT_MESSAGE_IS_TRUNCATED", said)],
        ));
        assert_eq!(
            read.message.expect("a message").standing,
            standing,
            "{said}"
        );
    }
}

#[test]
fn gitlab_without_the_pushed_commit_has_no_commit() {
    let read = read(&changed(
        GITLAB,
        &[("CI_MERGE_REQUEST_EVENT_TYPE", "merged_result")],
    ));
    assert_eq!(read.commit, None);
    assert_eq!(read.problems[0].code, "no-commit");
}
