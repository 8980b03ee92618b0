//! GitHub Actions.
//!
//! Sources: <https://docs.github.com/actions/reference/workflows-and-actions/variables>, and
//! <https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows> for the
//! values of `GITHUB_SHA` and `GITHUB_REF` after each event.

use std::path::Path;

use super::event::{self, Event, PullRequest, WorkflowRun};
use super::{Change, CiEnvironment, Fact, Problem, Said, Standing, System, Variables};
use crate::contract::environments::{Job, JobStatus};

/// Reads its variables and its event file.
///
/// After `pull_request`, `GITHUB_SHA` is a merge commit that GitHub made. After `pull_request_target` and
/// `workflow_run`, it and `GITHUB_REF` are those of the *default* branch. Only the event file has the pushed commit.
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

/// The event; empty if the file is missing, which is a problem for events that only the file describes.
fn event(variables: &Variables, problems: &mut Vec<Problem>, needed: bool) -> Event {
    let error = match variables.bytes("GITHUB_EVENT_PATH") {
        Some(path) => match event::read(Path::new(&path)) {
            Ok(event) => return event,
            Err(error) => error,
        },
        None if !needed => return Event::default(),
        None => super::super::Error::new(
            "`GITHUB_EVENT_PATH` is not set; its file names the pushed commit",
            "pass `GITHUB_EVENT_PATH` and its file to this step, or name the commit with `--rev REV`",
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
    // The run of the other workflow counts as one job, with its conclusion.
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
    // A fork's `main` is another branch. A run of an unknown repository may be a fork's.
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
            standing: Standing::Whole,
        });
}

/// The address of the run; no variable contains all of it.
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
