//! The event file of GitHub Actions: the webhook that started the workflow.
//!
//! Source: <https://docs.github.com/webhooks/webhook-events-and-payloads>.

use std::path::Path;

use serde::Deserialize;

use crate::error::{Error, Explain as _};
use crate::limits::{self, file};

/// The fields of an event that greenlight uses. Other fields are ignored.
#[derive(Debug, Default, Deserialize)]
pub struct Event {
    /// The pull request that an event is about.
    pub pull_request: Option<PullRequest>,
    /// The newest commit of a push.
    pub head_commit: Option<HeadCommit>,
    /// The run of another workflow that started this one.
    pub workflow_run: Option<WorkflowRun>,
    /// The repository of the event.
    pub repository: Option<Repository>,
}

/// A pull request.
#[derive(Debug, Deserialize)]
pub struct PullRequest {
    /// Its number.
    pub number: u64,
    /// The source branch and its commit.
    pub head: Reference,
    /// The target branch and its commit.
    pub base: Reference,
}

/// A branch and its newest commit.
#[derive(Debug, Deserialize)]
pub struct Reference {
    /// Name of the branch.
    #[serde(rename = "ref")]
    pub name: String,
    /// Hash of the commit.
    pub sha: String,
}

/// A pushed commit.
#[derive(Debug, Deserialize)]
pub struct HeadCommit {
    /// Its hash.
    pub id: String,
    /// Its message.
    pub message: String,
}

/// A run of a workflow.
#[derive(Debug, Deserialize)]
pub struct WorkflowRun {
    /// Name of the event that started it.
    pub event: String,
    /// The commit that it ran for.
    pub head_sha: String,
    /// The branch of that commit.
    pub head_branch: Option<String>,
    /// Its result, such as `success`; `None` while it runs.
    pub conclusion: Option<String>,
    /// The repository of that branch.
    pub head_repository: Option<Repository>,
}

/// A repository.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct Repository {
    /// Owner and name.
    pub full_name: String,
}

/// Reads the event.
///
/// # Errors
///
/// If the file can't be read, is longer than 32 MiB, or is not an event.
pub fn read(path: &Path) -> Result<Event, Error> {
    let what = format!("failed to read the event in `{}`", path.display());
    let help = "run this in the job's own container or pass `GITHUB_EVENT_PATH` and its file to it; or name the \
                commit with `--rev REV`";
    let bytes = file::read(path, &limits::EVENT).explain(&what, help)?;
    serde_json::from_slice(&bytes).explain(&what, help)
}
