//! Deployments that stay in a step.

use std::fs;
use std::time::Duration;

use greenlight::journal;
use rustix::process::Pid;

use crate::locust;
use crate::pipeline::Pipeline;
use crate::process::Process;
use crate::processes;

/// Starts the release of a tag, and waits until its deploy command changes stage. The command runs longer than any
/// test.
#[track_caller]
pub fn deploying(pipeline: &Pipeline, tag: &str) -> Process {
    pipeline.stage.pace(Duration::from_mins(10));
    let run = pipeline.start(&["run", "--tag", tag]);
    pipeline.stage.wait("deployment", |state| {
        state.deployments.iter().any(|it| it.state == "rolling")
    });
    run
}

/// Starts the release of a tag, and waits until its load test runs. The load test runs longer than most tests.
#[track_caller]
pub fn load_testing(pipeline: &mut Pipeline, tag: &str) -> Process {
    let folder = pipeline.folder().to_owned();
    pipeline.setting.load_test = locust::command(pipeline.stage.balancer(), 10_000_000, &folder);
    let run = pipeline.start(&["run", "--tag", tag]);
    pipeline.stage.wait("load", |state| state.requests > 5);
    run
}

/// A record whose write never ends, so that the writing process stays at this record.
pub struct EndlessRecord(rusqlite::Connection);

impl EndlessRecord {
    /// Prepares the record in the journal of a pipeline that has not run yet. The condition is SQL about the row `NEW`.
    #[track_caller]
    pub fn of(pipeline: &Pipeline, condition: &str) -> Self {
        let folder = pipeline.folder().join(".greenlight");
        fs::create_dir(&folder).expect("a folder");
        drop(journal::open(&pipeline.location()).expect("a journal"));
        let journal = rusqlite::Connection::open(folder.join("journal.db")).expect("the journal");
        let trigger = format!(
            "CREATE TRIGGER forever BEFORE INSERT ON records WHEN {condition} BEGIN
                 SELECT count(*) FROM (
                     WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n);
             END"
        );
        journal.execute_batch(&trigger).expect("a trigger");
        Self(journal)
    }

    /// Permits processes to write the record again.
    #[track_caller]
    pub fn remove(self) {
        self.0.execute_batch("DROP TRIGGER forever").expect("gone");
    }
}

/// The processes of the deploy command of stage.
pub fn deploy_commands(pipeline: &Pipeline) -> Vec<Pid> {
    let command = pipeline.stage.deploy_command();
    let control = command.last().expect("arguments");
    processes::with("cmdline", &["deploy.py", control])
}
