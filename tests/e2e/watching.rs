//! Production is watched after a deployment: it passes, fails, or proves nothing.

use greenlight::contract::promotion::{Action, EventKind, QueryAnswer, WatchRound};
use greenlight::contract::types::Verdict;
use greenlight::deployment::entry::Entry;
use rustix::process::{Pid, Signal, kill_process};

use crate::metrics_server::MetricsServer;
use crate::people::locked;
use crate::pipeline::{LIMIT, Pipeline};
use crate::waiting;

/// The table of a watch of some seconds, and these keys.
fn watch(seconds: u32, keys: &str) -> String {
    format!(
        "[environment.watch]\nfor = \"{seconds}s\"\nsettle = \"0s\"\nevery = \"1s\"\n{keys}\n\
         [[environment.watch.metric]]\nname = \"errors\"\nquery = 'errors{{env=\"{{environment}}\"}}'\n\
         max = 0.01\nrounds = 2\n"
    )
}

/// A pipeline whose last environment is watched, with a release without a load test.
fn watched(server: &MetricsServer, seconds: u32, keys: &str) -> Pipeline {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.rounds = 1;
    // The table of the watch follows that of the last environment.
    pipeline.setting.steps = watch(seconds, keys) + &server.table();
    pipeline.commit("Change [load test: skip]");
    pipeline
}

/// The rounds that were recorded.
fn rounds(pipeline: &Pipeline) -> Vec<WatchRound> {
    let entries = pipeline.entries(1).into_iter();
    entries
        .filter_map(|it| match it.entry {
            Entry::Happened { event, .. } => match event.kind {
                EventKind::Measured(it) => Some(it),
                _ => None,
            },
            _ => None,
        })
        .collect()
}

/// The verdict of the last decision.
fn verdict(pipeline: &Pipeline) -> Option<Verdict> {
    let mut latest = pipeline.entries(1).into_iter().rev();
    latest.find_map(|it| match it.entry {
        Entry::Decided { decision, .. } => Some(decision.environments[1].watch),
        _ => None,
    })?
}

#[test]
fn a_release_is_promoted_when_the_watch_passed() {
    let server = MetricsServer::start("0.002");
    let pipeline = watched(&server, 2, "");
    let commit = pipeline.git(&["rev-parse", "HEAD"]);
    let said = "watch of prod: errors 0.002 (at most 0.01)";
    pipeline
        .run()
        .is(0, &[said, "the watch of `prod` passed", "promoted"]);
    assert_eq!(verdict(&pipeline), Some(Verdict::Passed));
    let rounds = rounds(&pipeline);
    assert!(rounds.len() >= 2, "{rounds:?}");
    for round in &rounds {
        assert_eq!(round.versions, [commit.as_str()]);
    }
    let asked = server.asked();
    assert!(
        asked[0].contains("prod") && !asked[0].contains("time="),
        "{asked:?}"
    );
}

#[test]
fn a_metric_outside_its_limit_stops_the_release() {
    let server = MetricsServer::start("0.5");
    let pipeline = watched(&server, 600, "");
    let outside = "metric `errors` was 0.5 in the last of 2 rounds outside its limits; at most 0.01 is allowed";
    pipeline.run().is(1, &["stop[watch-failed]", outside]);
    assert_eq!(verdict(&pipeline), Some(Verdict::Failed));
    let status = pipeline.greenlight(&["status", "1"]);
    status.is(0, &[outside, "errors 0.5 (at most 0.01)"]);
    let told = pipeline.told();
    let last = told.last().expect("a message");
    assert!(
        last.contains("the watch of `prod` failed") && last.contains(outside),
        "{told:?}"
    );
}

#[test]
fn a_failed_watch_can_be_a_warning() {
    let server = MetricsServer::start("0.5");
    let pipeline = watched(&server, 600, "failed = \"warn\"");
    pipeline.run().is(0, &["the watch of `prod` failed"]);
    assert_eq!(
        pipeline.conclusion(1).as_deref(),
        Some("promoted-with-warning")
    );
}

#[test]
fn a_metrics_server_that_is_down_proves_nothing() {
    let server = MetricsServer::start("0");
    server.fails(502);
    let pipeline = watched(&server, 2, "");
    pipeline
        .run()
        .is(0, &["the watch of `prod` errored", "status 502"]);
    assert_eq!(verdict(&pipeline), Some(Verdict::Errored));
    assert_eq!(
        pipeline.conclusion(1).as_deref(),
        Some("promoted-with-warning")
    );
    let rounds = rounds(&pipeline);
    let failed = |it: &WatchRound| matches!(it.metrics[0].now, QueryAnswer::Failed(_));
    assert!(rounds.iter().all(failed), "{rounds:?}");

    let strict = watched(&server, 2, "unproven = \"stop\"");
    strict.run().is(1, &["stop[watch-errored]"]);
}

#[test]
fn a_watch_goes_on_after_a_crash_and_locks_no_environment() {
    let server = MetricsServer::start("0");
    server.fails(503);
    let pipeline = watched(&server, 600, "");
    let mut run = pipeline.start(&["run", "--tag", &pipeline.tags()[0]]);
    waiting::until("a round", LIMIT, || {
        (!server.asked().is_empty()).then_some(())
    });
    waiting::until("the released lock", LIMIT, || {
        locked(&pipeline).is_empty().then_some(())
    });
    kill_process(Pid::from_child(run.child()), Signal::KILL).expect("it runs");
    run.wait(LIMIT);
    let before = rounds(&pipeline).len();
    server.has("0.5");
    pipeline
        .greenlight(&["run", "--resume"])
        .is(1, &["stop[watch-failed]"]);
    assert!(rounds(&pipeline).len() > before);
    let deployed = pipeline.entries(1).into_iter();
    let deployed = deployed.filter(
        |it| matches!(&it.entry, Entry::Started { effect: Action::Deploy(name) } if name == "prod"),
    );
    assert_eq!(deployed.count(), 1);
}
