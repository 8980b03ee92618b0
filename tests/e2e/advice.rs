//! What `rollback-advice` says in an incident.

use std::fs;

use crate::pipeline::{Pipeline, recorded};

/// Commits a change of a file, and returns the commit.
#[track_caller]
fn change(pipeline: &Pipeline, text: &str, message: &str) -> String {
    fs::write(pipeline.folder().join("pool"), text).expect("written");
    pipeline.git(&["add", "pool"]);
    pipeline.commit(message)
}

#[track_caller]
fn advice(pipeline: &Pipeline) -> String {
    let advice = pipeline.greenlight(&["rollback-advice"]);
    assert_eq!(advice.status, 0, "{}", advice.stderr);
    advice.stdout
}

#[track_caller]
fn says(text: &str, lines: &[String]) {
    for line in lines {
        assert!(text.contains(line), "no {line:?} in {text}");
    }
}

/// The fix fails half way, and the broken release stays on a node.
#[test]
fn a_revert_that_failed_half_way_is_deployed_again() {
    let mut pipeline = Pipeline::recorded();
    let good = change(&pipeline, "1\n", "Good");
    pipeline.run().is(0, &["promote[load-test-passed]"]);
    pipeline.setting.load_test = recorded("failed");
    let warned = change(&pipeline, "2\n", "Warned");
    pipeline.run().is(0, &["promote-with-warning"]);
    pipeline.setting.load_test = recorded("passed");
    let untested = change(&pipeline, "3\n", "Untested [load test: skip]");
    pipeline.run().is(0, &["promote[load-test-skipped]"]);
    let broken = change(&pipeline, "4\n", "Broken");
    pipeline.run().is(0, &["promote[load-test-passed]"]);

    pipeline.git(&["revert", "--no-edit", &broken]);
    let revert = pipeline.git(&["rev-parse", "HEAD"]);
    pipeline.setting.deploy_prod = Some(vec!["false".to_owned()]);
    pipeline.run().is(1, &["stop[deployment-failed]"]);
    let tag = &pipeline.tags()[0];
    let text = advice(&pipeline);
    says(
        &text,
        &[
            format!("all 3 nodes of stage serve {} (since ", &revert[..12]),
            format!("all 2 nodes of prod serve {} (since ", &broken[..12]),
            format!("bad:  {revert} (reverts {broken})\n"),
            format!("good: {good} (the last one before it whose load test passed)\n"),
            format!("contains {}, which was reverted since\n", &broken[..12]),
            "promoted without a load test\n".to_owned(),
            "promoted with a warning\n".to_owned(),
            "deployment 1: promoted, its load test passed\n".to_owned(),
            format!("roll forward by deploying the revert again:\n  greenlight run --tag {tag}\n"),
            format!("warning: do not revert {}", &revert[..12]),
        ],
    );
    let place = |commit: &str| text.find(&format!("\n  {} 2", &commit[..12]));
    let listed = [&broken, &untested, &warned, &good].map(|it| place(it).expect("listed"));
    assert!(listed.is_sorted(), "{text}");
    assert!(!text.contains("git revert"), "{text}");

    let json = pipeline.greenlight(&["rollback-advice", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    let schema = include_str!("../../host/schemas/rollback-advice.json");
    let schema = serde_json::from_str(schema).expect("JSON");
    jsonschema::validate(&schema, &json).expect("it fits");
    assert_eq!(json["good"], good);
    assert_eq!(json["releases"][0]["evidence"], "reverted-since");

    // It is deployed again, and serves.
    pipeline.setting.deploy_prod = None;
    pipeline.run().is(0, &["promote[load-test-passed]"]);
    assert_eq!(Pipeline::times(&pipeline.prod, &revert), 1);
}

/// No release before it has proved anything.
#[test]
fn without_a_good_release_the_others_are_listed() {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.load_test = recorded("failed");
    let stopped = change(&pipeline, "1\n", "Stopped\n\n[load test: abort]");
    pipeline.run().is(1, &["stop[load-test-failed]"]);
    change(&pipeline, "2\n", "Untested [load test: skip]");
    let tags = pipeline.tags();
    let run = ["run", "--tag", &tags[0], "--allow-stopped", &stopped];
    let by = ["--by", "Ada", "--reason", "the test was broken"];
    let ended = pipeline.greenlight(&[&run[..], &by[..]].concat());
    ended.is(0, &["promote-with-warning"]);
    let bad = change(&pipeline, "3\n", "Bad [load test: warn]");
    let tags = pipeline.tags();
    let run = ["run", "--tag", &tags[0], "--allow-stopped", &stopped];
    let ended = pipeline.greenlight(&[&run[..], &by[..]].concat());
    ended.is(0, &["promote-with-warning"]);
    says(
        &advice(&pipeline),
        &[
            format!("bad:  {bad}\n"),
            "good: unknown (no release before it was promoted after a load test that passed)\n"
                .to_owned(),
            format!("contains {}, which was stopped\n", &stopped[..12]),
            format!("roll forward:\n  git revert {bad}\n"),
        ],
    );
}
