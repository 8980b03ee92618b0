//! A person ends a deployment: one that a process drives, and one whose process is gone.

use std::fs;
use std::time::{Duration, Instant};

use greenlight::contract::names::Named as _;
use greenlight::contract::promotion::{EventKind, Outcome};
use greenlight::deployment::entry::{Details, Entry};
use rustix::process::{Pid, Signal, kill_process};

use crate::pipeline::{LIMIT, Pipeline};
use crate::postgres_server::Server;
use crate::process::Process;
use crate::{locust, processes, under_way, waiting};

/// The command that cancels the first deployment in Ada's name.
const CANCEL: [&str; 6] = [
    "cancel",
    "1",
    "--by",
    "Ada",
    "--reason",
    "the database is being moved",
];

/// A pipeline whose load test runs for a minute.
fn slow() -> Pipeline {
    let mut pipeline = Pipeline::new();
    pipeline.setting.rounds = 1;
    let cleanup = ["/bin/sh", "-c", r#"echo "$GREENLIGHT_FOLDER" >> cleaned"#];
    pipeline.setting.cleanup = Some(cleanup.map(str::to_owned).to_vec());
    pipeline
        .setting
        .deploy_cleanup
        .clone_from(&pipeline.setting.cleanup);
    pipeline.setting.load_test =
        locust::command(pipeline.stage.balancer(), 1_000_000, pipeline.folder());
    pipeline
}

/// The processes of the pipeline's load test.
fn load_tests(pipeline: &Pipeline) -> usize {
    let folder = pipeline.folder().to_str().expect("UTF-8");
    processes::with("cmdline", &["locustfile.py", folder]).len()
}

/// The processes of the deploy command of stage.
fn deploy_commands(pipeline: &Pipeline) -> usize {
    let command = pipeline.stage.deploy_command();
    let control = command.last().expect("arguments");
    processes::with("cmdline", &["deploy.py", control]).len()
}

/// How often the cleanup command ran.
fn cleaned(pipeline: &Pipeline) -> usize {
    let cleaned = fs::read_to_string(pipeline.folder().join("cleaned"));
    cleaned.unwrap_or_default().lines().count()
}

fn until_load_test(pipeline: &Pipeline) {
    pipeline.until_status(1, "load-test stage: running");
    let requests = || (pipeline.stage.state().requests > 20).then_some(());
    waiting::until("requests of the load test", LIMIT, requests);
    assert!(load_tests(pipeline) > 0);
}

/// How a deployment to an environment ended, as recorded.
fn outcomes(pipeline: &Pipeline, number: u64) -> Vec<Outcome> {
    let entries = pipeline.entries(number).into_iter();
    entries
        .filter_map(|it| match it.entry {
            Entry::Happened { event, .. } => match event.kind {
                EventKind::Deployed(it) => Some(it.outcome),
                _ => None,
            },
            _ => None,
        })
        .collect()
}

/// Cancels a deployment during its load test, and runs the next one.
fn canceled_during_its_load_test(pipeline: &Pipeline) {
    let commit = pipeline.commit("Change [load test: abort]");
    let tags = pipeline.tags();
    let run = pipeline.start(&["run", "--tag", &tags[0]]);
    until_load_test(pipeline);
    let asked = Instant::now();
    let canceled = pipeline.greenlight(&CANCEL);
    canceled.is(0, &["deployment 1 is canceled"]);
    assert!(asked.elapsed() < Duration::from_secs(30), "{canceled:?}");
    assert!(
        canceled.stderr.contains("drives deployment 1"),
        "{canceled:?}"
    );
    assert_eq!(load_tests(pipeline), 0, "its process group is gone");
    assert_eq!(run.wait(LIMIT).code(), Some(1));

    assert_eq!(pipeline.conclusion(1).as_deref(), Some("canceled"));
    let reason = "Ada (claimed): the database is being moved";
    let status = pipeline.greenlight(&["status", "1"]).stdout;
    assert!(status.contains(&format!("canceled: {reason}")), "{status}");
    let messages = pipeline.slack.messages();
    assert_eq!(messages.len(), 1, "{messages:?}");
    let told = messages[0].body.to_string();
    assert!(
        told.contains("Ada (claimed) canceled the release: the database is being moved")
            && !told.contains(reason),
        "{told}"
    );
    assert!(told.contains("to deploy it after all"), "{told}");
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 0);

    assert_eq!(cleaned(pipeline), 1);

    let again = pipeline.greenlight(&CANCEL);
    assert_eq!(again.status, 2, "{again:?}");
    assert!(again.stderr.contains("has ended: canceled"), "{again:?}");
    // It has left no lock behind.
    let next = pipeline.commit("Next change [load test: skip]");
    pipeline.run().is(0, &[]);
    assert_eq!(Pipeline::times(&pipeline.prod, &next), 1);
}

#[test]
fn a_running_load_test_is_ended() {
    canceled_during_its_load_test(&slow());
}

#[test]
fn a_running_load_test_is_ended_with_a_database() {
    let server = Server::shared();
    let mut pipeline = slow();
    pipeline.setting.journal = Some(server.database());
    canceled_during_its_load_test(&pipeline);
}

/// Starts a deployment whose deploy command for stage runs for minutes.
#[track_caller]
fn in_its_deploy_command(pipeline: &Pipeline) -> (String, Process) {
    let commit = pipeline.commit("Change [load test: skip]");
    let tags = pipeline.tags();
    let run = under_way::deploying(pipeline, &tags[0]);
    (commit, run)
}

#[test]
fn a_running_deploy_command_is_ended() {
    let pipeline = slow();
    let (commit, run) = in_its_deploy_command(&pipeline);
    pipeline.greenlight(&CANCEL).is(0, &[]);
    assert_eq!(run.wait(LIMIT).code(), Some(1));
    assert_eq!(outcomes(&pipeline, 1), [Outcome::Canceled]);
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 0);
    assert!(pipeline.told()[0].contains("was canceled"));
    assert_eq!(cleaned(&pipeline), 1);
    let said = "cleaned up after the deploy command of `stage`";
    pipeline.greenlight(&["status", "1"]).is(0, &[said]);
}

/// If a process dies before it reads a message, the process that resumes the deployment reads it.
#[test]
fn what_a_dead_process_was_asked_is_done_after_a_resume() {
    let mut pipeline = slow();
    // A paused process loses its lease only after this.
    pipeline.setting.lease = 120;
    let (_, mut run) = in_its_deploy_command(&pipeline);
    let pid = Pid::from_child(run.child());
    kill_process(pid, Signal::STOP).expect("it runs");
    let asked = pipeline.greenlight(&[&CANCEL[..], &["--wait", "1s"]].concat());
    assert_eq!(asked.status, 4, "{asked:?}");
    kill_process(pid, Signal::KILL).expect("it runs");
    run.wait(LIMIT);
    assert_eq!(deploy_commands(&pipeline), 1, "it lives on");
    pipeline.greenlight(&["run", "--resume"]).is(
        1,
        &["what was left of the deploy command of `stage` was ended"],
    );
    assert_eq!(pipeline.conclusion(1).as_deref(), Some("canceled"));
    assert_eq!((deploy_commands(&pipeline), cleaned(&pipeline)), (0, 1));
}

/// A wait for the nodes ends at once, and nothing further is done.
#[test]
fn a_wait_is_ended() {
    let mut pipeline = slow();
    pipeline.setting.deadline = 600;
    pipeline.stage.freeze(0);
    pipeline.commit("Change [load test: skip]");
    let tags = pipeline.tags();
    let run = pipeline.start(&["run", "--tag", &tags[0]]);
    pipeline.until_status(1, "is served by 2 of 3 nodes");
    pipeline.greenlight(&CANCEL).is(0, &[]);
    assert_eq!(run.wait(LIMIT).code(), Some(1));
    assert_eq!(outcomes(&pipeline, 1), [Outcome::Succeeded]);
}

/// `cancel` says so when the process does not react. The message stays, and counts when the process goes on.
#[test]
fn a_process_that_does_not_react_is_reported() {
    let mut pipeline = slow();
    // A paused process loses its lease only after this.
    pipeline.setting.lease = 120;
    pipeline.commit("Change [load test: abort]");
    let tags = pipeline.tags();
    let mut run = pipeline.start(&["run", "--tag", &tags[0]]);
    until_load_test(&pipeline);
    let pid = Pid::from_child(run.child());
    kill_process(pid, Signal::STOP).expect("it runs");
    let ended = pipeline.greenlight(&[&CANCEL[..], &["--wait", "2s"]].concat());
    assert_eq!(ended.status, 4, "{ended:?}");
    assert!(
        ended.stderr.contains("did not end deployment 1"),
        "{ended:?}"
    );
    kill_process(pid, Signal::CONT).expect("it runs");
    assert_eq!(run.wait(LIMIT).code(), Some(1));
    assert_eq!(pipeline.conclusion(1).as_deref(), Some("canceled"));
    assert_eq!(load_tests(&pipeline), 0);
}

/// A deployment whose process was killed is canceled by the command itself, and the channel is told.
#[test]
fn a_dead_process_is_not_waited_for() {
    let pipeline = slow();
    pipeline.commit("Change [load test: abort]");
    let tags = pipeline.tags();
    let mut run = pipeline.start(&["run", "--tag", &tags[0]]);
    until_load_test(&pipeline);
    // The load test runs in a group of its own, and lives on.
    let pid = Pid::from_child(run.child());
    kill_process(pid, Signal::KILL).expect("it runs");
    run.wait(LIMIT);
    assert!(load_tests(&pipeline) > 0);
    let canceled = pipeline.greenlight(&CANCEL);
    canceled.is(0, &["deployment 1 is canceled"]);
    assert_eq!(load_tests(&pipeline), 0, "what was left of it is ended");
    assert_eq!(cleaned(&pipeline), 1);
    assert_eq!(pipeline.conclusion(1).as_deref(), Some("canceled"));
    let messages = pipeline.slack.messages();
    assert_eq!(messages.len(), 1, "{messages:?}");
    let told = messages[0].body.to_string();
    assert!(
        told.contains("was canceled")
            && told.contains("Ada (claimed) canceled the release: the database"),
        "{told}"
    );
    let entries = pipeline.entries(1);
    let noticed = entries.iter().any(|it| match &it.entry {
        Entry::Happened {
            details:
                Details::Notice {
                    error: None,
                    urgency,
                    ..
                },
            ..
        } => urgency.name() == "info",
        _ => false,
    });
    assert!(noticed, "{entries:?}");
}

/// A process that dies right after the last record has not written the conclusion to the list of deployments.
#[test]
fn a_deployment_whose_records_have_a_conclusion_is_not_canceled() {
    let pipeline = Pipeline::recorded();
    pipeline.commit("Change [load test: skip]");
    pipeline.run().is(0, &[]);
    let journal = pipeline.folder().join(".greenlight/journal.db");
    let journal = rusqlite::Connection::open(journal).expect("the journal");
    let changed = journal.execute("UPDATE deployments SET conclusion = NULL", []);
    assert_eq!(changed, Ok(1));
    let records = pipeline.entries(1).len();
    let canceled = pipeline.greenlight(&CANCEL);
    assert_eq!(canceled.status, 2, "{canceled:?}");
    assert!(
        canceled.stderr.contains("has ended: promoted"),
        "{canceled:?}"
    );
    assert_eq!(pipeline.entries(1).len(), records);
    let status = pipeline.greenlight(&["status", "1"]).stdout;
    assert!(status.contains("promoted"), "{status}");
}
