//! GitHub: facts that only the event file has.

use std::fs;

use super::*;

#[test]
fn a_pull_request_of_github_is_never_a_build_of_a_branch() {
    let pull_request = format!(
        "{{\"pull_request\": {{\"number\": 7, \"head\": {{\"ref\": \"main\", \"sha\": \"{SHA}\"}}, \
         \"base\": {{\"ref\": \"main\", \"sha\": \"{MERGE}\"}}}}}}"
    );
    let folder = tempfile::tempdir().expect("a folder");
    let event = folder.path().join("event.json");
    fs::write(&event, pull_request).expect("written");
    let event = event.to_str().expect("UTF-8");
    let of = |name, more: Set<'static>| {
        let set = [
            ("GITHUB_EVENT_NAME", name),
            ("GITHUB_EVENT_PATH", event),
            ("GITHUB_SHA", MERGE),
            ("GITHUB_REF", "refs/pull/7/merge"),
            ("GITHUB_REF_NAME", "7/merge"),
            ("GITHUB_HEAD_REF", "main"),
            ("GITHUB_BASE_REF", "main"),
        ];
        is_never_published(GITHUB, &changed(&set, more))
    };
    // Here the references are the default branch's own.
    let default = &[
        ("GITHUB_REF", "refs/heads/main"),
        ("GITHUB_REF_NAME", "main"),
    ];
    // Only two events have these variables.
    let without = &[("GITHUB_HEAD_REF", ""), ("GITHUB_BASE_REF", "")];
    for read in [
        of("pull_request", &[]),
        of("pull_request_target", default),
        of("pull_request_review", without),
    ] {
        assert!(!has_message(&read));
    }
}

#[test]
fn github_without_its_event_does_not_use_the_merge_commit() {
    for (event, path) in [
        ("pull_request", ""),
        ("pull_request_target", "/no/such"),
        ("workflow_run", ""),
    ] {
        let changes = [("GITHUB_EVENT_NAME", event), ("GITHUB_EVENT_PATH", path)];
        let read = read(&changed(GITHUB, &changes));
        assert_eq!(read.commit, None, "{event}");
        assert_eq!(read.problems[0].code, "event-unreadable", "{event}");
        assert_ne!(read.built_branch().as_deref(), Some("main"), "{event}");
    }
}

#[test]
fn github_has_the_message_of_a_push() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("event.json");
    let path = file.to_str().expect("UTF-8");
    for (id, message) in [(SHA, Some("a\n\n[load test: skip]")), (MERGE, None)] {
        let event = format!(
            "{{\"ref\": \"refs/heads/main\", \"head_commit\": {{\"id\": \"{id}\", \"message\": \
             \"a\\n\\n[load test: skip]\", \"author\": {{}}}}}}"
        );
        fs::write(&file, event).expect("written");
        let read = read(&changed(GITHUB, &[("GITHUB_EVENT_PATH", path)]));
        let said = read
            .message
            .map(|said| said.text.into_string().expect("UTF-8"));
        assert_eq!(said.as_deref(), message);
    }
    for broken in ["", "[", "{\"pull_request\": 1}"] {
        fs::write(&file, broken).expect("written");
        let read = read(&changed(GITHUB, &[("GITHUB_EVENT_PATH", path)]));
        assert_eq!(read.problems[0].code, "event-unreadable", "{broken}");
        assert_eq!(shown(read.commit.as_ref()), format!("{SHA} (GITHUB_SHA)"));
    }
}

#[test]
fn a_workflow_run_of_github_has_the_commit_of_the_other_workflow() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("event.json");
    let path = file.to_str().expect("UTF-8");
    for (event, from, branch) in [
        ("push", "shop/cart", "main"),
        ("push", "fork/cart", "main (pull request)"),
        ("pull_request", "shop/cart", "main (pull request)"),
    ] {
        let event = format!(
            "{{\"workflow_run\": {{\"event\": \"{event}\", \"head_sha\": \"{MERGE}\", \"head_branch\": \
             \"main\", \"head_repository\": {{\"full_name\": \"{from}\"}}}}, \"repository\": \
             {{\"full_name\": \"shop/cart\"}}}}"
        );
        fs::write(&file, event).expect("written");
        let changes = [
            ("GITHUB_EVENT_NAME", "workflow_run"),
            ("GITHUB_EVENT_PATH", path),
        ];
        let read = read(&changed(GITHUB, &changes));
        assert_eq!(read.built_branch().as_deref(), Some(branch));
        assert_eq!(read.commit.map(|it| it.value).as_deref(), Some(MERGE));
    }
}

#[test]
fn github_counts_the_other_workflow_as_a_job() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("event.json");
    let path = file.to_str().expect("UTF-8");
    for (conclusion, status) in [
        ("\"success\"", JobStatus::Passed),
        ("\"failure\"", JobStatus::Failed),
        ("\"cancelled\"", JobStatus::Canceled),
        ("\"skipped\"", JobStatus::Skipped),
        ("\"stale\"", JobStatus::Failed),
        ("null", JobStatus::Running),
    ] {
        let event = format!(
            "{{\"workflow_run\": {{\"event\": \"push\", \"head_sha\": \"{MERGE}\", \"conclusion\": {conclusion}}}}}"
        );
        fs::write(&file, event).expect("written");
        let changes = [
            ("GITHUB_EVENT_NAME", "workflow_run"),
            ("GITHUB_EVENT_PATH", path),
        ];
        let jobs = read(&changed(GITHUB, &changes)).jobs.expect("jobs");
        assert_eq!(jobs[0].value.name, "workflow_run");
        assert_eq!(jobs[0].value.status, status, "{conclusion}");
    }
}
