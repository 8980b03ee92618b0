//! The first day: the journal is empty, and production serves something nevertheless.

use serde_json::Value;

use crate::pipeline::Pipeline;

/// What `greenlight live` says, after it has run with these arguments.
#[track_caller]
fn live(pipeline: &Pipeline, arguments: &[&str]) -> Value {
    let mut all = vec!["live", "--format", "json"];
    all.extend(arguments);
    let ended = pipeline.greenlight(&all);
    assert_eq!(ended.status, 0, "{ended:?}");
    serde_json::from_str(&ended.stdout).expect("JSON")
}

fn silence(pipeline: &Pipeline) {
    for node in 0..pipeline.prod.nodes().len() {
        pipeline.prod.break_node(node);
    }
}

#[test]
fn the_first_deployment_has_something_to_go_back_to() {
    let pipeline = Pipeline::recorded();
    let commit = pipeline.commit("Change [load test: abort]");
    let ended = pipeline.run();
    let before = &pipeline.before[..12];
    let said = format!("prod serves {before} before the first deployment");
    ended.is(0, &[&said]);
    let advice = pipeline.greenlight(&["rollback-advice", "--format", "json"]);
    assert_eq!(advice.status, 0, "{advice:?}");
    let advice: Value = serde_json::from_str(&advice.stdout).expect("JSON");
    assert_eq!(advice["bad"], commit.as_str());
    assert_eq!(advice["baseline"], pipeline.before.as_str());
    assert_eq!(advice["commands"][0], format!("git revert {commit}"));
    let live = live(&pipeline, &[]);
    let prod = &live["environments"][1];
    assert_eq!(prod["commit"], commit.as_str());
    assert_eq!(prod["recorded"]["deployment"], 1);
}

#[test]
fn what_live_recorded_is_known_while_nodes_are_silent() {
    let pipeline = Pipeline::recorded();
    let older = pipeline.commit("Older [load test: abort]");
    let late = pipeline.tags();
    let newer = pipeline.commit("Newer");
    pipeline.prod.deploy(&newer);
    pipeline.prod.wait("newer", |state| {
        state.nodes.iter().all(|it| it.up && it.commit == newer)
    });
    let live = live(&pipeline, &[]);
    let recorded = &live["environments"][1]["recorded"];
    assert_eq!(recorded["commit"], newer.as_str());
    assert_eq!(
        (&recorded["deployment"], &recorded["by"]),
        (&Value::Null, &Value::Null)
    );
    let status = pipeline.greenlight(&["status"]).stdout;
    let served = format!("prod serves {}", &newer[..12]);
    assert!(status.lines().any(|it| it.starts_with(&served)), "{status}");
    silence(&pipeline);
    pipeline.run_tag(&late[0]).is(1, &["stop[superseded]"]);
    let told = pipeline.slack.messages().pop().expect("a message").body;
    let told = told.to_string();
    assert!(
        told.contains("a newer release that contains it takes its place"),
        "{told}"
    );
    assert!(!told.contains("deploy it again"), "{told}");
    assert_eq!(Pipeline::times(&pipeline.stage, &older), 0);
}

#[test]
fn a_person_says_what_nodes_cannot() {
    let pipeline = Pipeline::recorded();
    let older = pipeline.commit("Older [load test: abort]");
    let late = pipeline.tags();
    let newer = pipeline.commit("Newer");
    silence(&pipeline);
    let ended = pipeline.greenlight(&["live"]);
    ended.is(
        0,
        &[
            "none of the 2 nodes of prod gives a usable answer",
            "--environment prod",
        ],
    );
    let arguments = ["--set", &newer, "--environment", "prod", "--by", "Ada"];
    let live = live(&pipeline, &arguments);
    let prod = &live["environments"][1];
    assert_eq!(prod["commit"], Value::Null);
    assert_eq!(prod["recorded"]["commit"], newer.as_str());
    assert_eq!(prod["recorded"]["by"], "Ada");
    let unknown = [
        "live",
        "--set",
        &newer,
        "--environment",
        "qa",
        "--by",
        "Ada",
    ];
    let ended = pipeline.greenlight(&unknown);
    assert!(
        ended.status == 2 && ended.stderr.contains("no environment `qa`"),
        "{ended:?}"
    );
    pipeline.run_tag(&late[0]).is(1, &["stop[superseded]"]);
    assert_eq!(Pipeline::times(&pipeline.stage, &older), 0);
}
