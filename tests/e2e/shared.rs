//! Runners that share an environment through a database.

use std::sync::Arc;
use std::time::Duration;

use crate::pipeline::{LIMIT, Pipeline};
use crate::postgres_server::Server;
use crate::{under_way, waiting};

fn with_database() -> (Pipeline, Arc<Server>) {
    let server = Server::shared();
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.journal = Some(server.database());
    (pipeline, server)
}

#[test]
fn the_journal_may_be_in_postgresql() {
    let (pipeline, _server) = with_database();
    let commit = pipeline.commit("Change [load test: abort]");
    let ended = pipeline.run();
    ended.is(0, &[]);
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 1);
    assert_eq!(pipeline.conclusion(1).as_deref(), Some("promoted"));
    let status = pipeline.greenlight(&["status"]);
    assert!(
        status.stdout.contains("deployment 1: promoted"),
        "{}",
        status.stdout
    );
}

#[test]
fn another_runner_resumes_after_a_crash() {
    let (mut pipeline, _server) = with_database();
    pipeline.setting.repeatable = true;
    let commit = pipeline.commit("Change [load test: abort]");
    let tags = pipeline.tags();
    let first = under_way::deploying(&pipeline, &tags[0]);
    // Killed, with everything that it had started.
    drop(first);
    pipeline.stage.pace(Duration::ZERO);
    let ended = pipeline.greenlight(&["run", "--resume"]);
    ended.is(0, &[]);
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 1);
}

#[test]
fn a_database_that_goes_away_loses_nothing() {
    let server = Arc::new(Server::new());
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.repeatable = true;
    // A database that is away for longer than this is given up.
    let database = server.database();
    let more = if database.contains('?') { '&' } else { '?' };
    pipeline.setting.journal = Some(format!("{database}{more}connect_timeout=2"));
    let commit = pipeline.commit("Change [load test: abort]");
    let tags = pipeline.tags();
    let mut run = under_way::deploying(&pipeline, &tags[0]);
    server.crash();
    pipeline.stage.pace(Duration::ZERO);
    let status = waiting::until("end", LIMIT, || run.ended());
    assert_eq!(status.code(), Some(74));
    assert_eq!(
        Pipeline::times(&pipeline.prod, &commit),
        0,
        "nothing went on without it"
    );
    let ended = pipeline.greenlight(&["run", "--resume"]);
    ended.is(74, &[]);
    assert!(
        ended.stderr.contains("check that the database answers"),
        "{}",
        ended.stderr
    );
    server.start();
    let ended = pipeline.greenlight(&["run", "--resume"]);
    ended.is(0, &[]);
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 1);
}
