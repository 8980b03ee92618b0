//! GitHub Actions.
//!
//! Sources: <https://docs.github.com/actions/reference/workflows-and-actions/variables>, and
//! <https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows> for the
//! values of `GITHUB_SHA` and `GITHUB_REF` after each event.

use std::path::Path;

use super::github_event::{self, Event, PullRequest, WorkflowRun};
use super::{Change, CiEnvironment, Completeness, Fact, Problem, Said, System, Variables};
use crate::contract::environments::{Job, JobStatus};

/// Reads its variables and its event file.
///
/// After `pull_request`, `GITHUB_SHA` is GitHub's temporary merge commit. After `pull_request_target` and
/// `workflow_run`, it and `GITHUB_REF` belong to the *default* branch. Only the event file has the pushed commit.
pub fn read(variables: &Variables) -> CiEnvironment {
    let name = variables.text("GITHUB_EVENT_NAME").unwrap_or_default();
    let proposed = name.starts_with("pull_request") || variables.has("GITHUB_HEAD_REF");
    let mut read = CiEnvironment {
        build_url: url(variables),
        ..CiEnvironment::of(System::GitHub)
    };
    let event = event(
        variables,
        &mut read.problems,
        proposed || name == "workflow_run",
    );
    if proposed {
        of_pull_request(&mut read, variables, event.pull_request);
    } else if name == "workflow_run" {
        let here = event.repository.map(|it| it.full_name);
        of_workflow_run(&mut read, event.workflow_run, here.as_deref());
    } else {
        of_push(&mut read, variables, event);
    }
    read
}

/// The event; empty if the file can't be read, which is a problem if it is `needed`.
fn event(variables: &Variables, problems: &mut Vec<Problem>, needed: bool) -> Event {
    let error = match variables.bytes("GITHUB_EVENT_PATH") {
        Some(path) => match github_event::read(Path::new(&path)) {
            Ok(event) => return event,
            Err(error) => error,
        },
        None if !needed => return Event::default(),
        None => crate::error::Error::new(
            "`GITHUB_EVENT_PATH` is not set; the file that it names has the pushed commit",
            "pass `GITHUB_EVENT_PATH` and its file on, or name the commit with `--rev REV`",
        ),
    };
    problems.push(Problem {
        code: "event-unreadable",
        message: error.message,
        help: error.help,
    });
    Event::default()
}

fn of_pull_request(
    read: &mut CiEnvironment,
    variables: &Variables,
    pull_request: Option<PullRequest>,
) {
    let mut change = Change {
        number: None,
        target: variables.fact("GITHUB_BASE_REF"),
    };
    read.branch = variables.fact("GITHUB_HEAD_REF");
    if let Some(it) = pull_request {
        read.commit = fact(it.head.sha, "GITHUB_EVENT_PATH: pull_request.head.sha");
        read.branch = read
            .branch
            .take()
            .or_else(|| fact(it.head.name, "GITHUB_EVENT_PATH: pull_request.head.ref"));
        change.number = fact(
            it.number.to_string(),
            "GITHUB_EVENT_PATH: pull_request.number",
        );
        change.target = change
            .target
            .take()
            .or_else(|| fact(it.base.name, "GITHUB_EVENT_PATH: pull_request.base.ref"));
    }
    read.change = Some(change);
}

fn of_workflow_run(read: &mut CiEnvironment, run: Option<WorkflowRun>, here: Option<&str>) {
    let Some(run) = run else {
        return;
    };
    read.commit = fact(run.head_sha, "GITHUB_EVENT_PATH: workflow_run.head_sha");
    read.branch = run
        .head_branch
        .and_then(|name| fact(name, "GITHUB_EVENT_PATH: workflow_run.head_branch"));
    let from = run.head_repository.map(|it| it.full_name);
    // The whole run counts as one job.
    let status = match run.conclusion.as_deref() {
        Some("success") => JobStatus::Passed,
        Some("cancelled") => JobStatus::Canceled,
        Some("skipped") => JobStatus::Skipped,
        Some(_) => JobStatus::Failed,
        None => JobStatus::Running,
    };
    read.jobs = Ok(vec![Fact {
        value: Job {
            name: "workflow_run".to_owned(),
            status,
        },
        source: "GITHUB_EVENT_PATH: workflow_run.conclusion",
    }]);
    // The `main` of a fork is not this repository's. A run of an unknown repository may be a fork's.
    let ours = from.is_some() && from.as_deref() == here;
    if run.event.starts_with("pull_request") || !ours {
        read.change = Some(Change::default());
    }
}

fn of_push(read: &mut CiEnvironment, variables: &Variables, event: Event) {
    read.commit = variables.fact("GITHUB_SHA");
    let name = variables.fact("GITHUB_REF_NAME");
    match variables.text("GITHUB_REF_TYPE").as_deref() {
        Some("branch") => read.branch = name,
        Some("tag") => read.tag = name,
        _ => {}
    }
    let pushed = read.commit.as_ref().map(|commit| commit.value.as_str());
    read.message = event
        .head_commit
        .filter(|commit| Some(commit.id.as_str()) == pushed)
        .map(|commit| Said {
            text: commit.message.into(),
            source: "GITHUB_EVENT_PATH: head_commit.message",
            completeness: Completeness::Complete,
        });
}

/// The URL of the run, which has no variable of its own.
fn url(variables: &Variables) -> Option<Fact> {
    let part = |name| variables.text(name);
    Some(Fact {
        value: format!(
            "{}/{}/actions/runs/{}",
            part("GITHUB_SERVER_URL")?,
            part("GITHUB_REPOSITORY")?,
            part("GITHUB_RUN_ID")?
        ),
        source: "GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_RUN_ID",
    })
}

fn fact(value: String, source: &'static str) -> Option<Fact> {
    (!value.is_empty()).then_some(Fact { value, source })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::tests::{
        GITHUB, MERGE, SHA, Set, changed, has_message, is_never_published, read, shown,
    };
    use crate::contract::environments::JobStatus;

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
    fn a_run_after_another_workflow_has_the_commit_of_that_workflow() {
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
}
