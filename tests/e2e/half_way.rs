//! A deployment that ends half way: some nodes serve the release, and everything says so.

use greenlight::deployment::entry::Entry;
use greenlight::deployment::served;
use greenlight::journal;

use crate::pipeline::{LIMIT, Pipeline};

#[test]
fn everything_says_that_production_is_mixed() {
    let mut pipeline = Pipeline::recorded();
    pipeline.fail_after_one_node();
    let commit = pipeline.commit("Change [load test: abort]");
    let (new, old) = (&commit[..12], &pipeline.before[..12]);
    let mixed = format!("1 of 3 nodes of prod serves {new}, 2 serve {old}");
    let whole = format!("all 3 nodes of stage serve {new}");

    let reports = ["html", "junit", "markdown"];
    let tags = pipeline.tags();
    let files = reports.map(|it| format!("{it}={}", pipeline.folder().join(it).display()));
    let mut arguments = vec!["run", "--tag", &tags[0]];
    for file in &files {
        arguments.extend(["--report", file]);
    }
    let ended = pipeline.greenlight(&arguments);
    let said = [
        "stop[deployment-failed]",
        &format!("at the end, {whole}"),
        &format!("at the end, {mixed}"),
    ];
    ended.is(1, &said);

    let status = pipeline.greenlight(&["status", "1"]);
    status.is(0, &[&format!("at the end, {mixed}")]);
    let status = pipeline.greenlight(&["status", "--format", "json"]);
    let status: serde_json::Value = serde_json::from_str(&status.stdout).expect("JSON");
    let look = &status["deployments"][0]["timeline"]["last-look"][1];
    assert_eq!(look["environment"], "prod");
    let served = look["nodes"].as_array().expect("nodes").iter();
    let served: Vec<_> = served.map(|it| it["commit"].as_str()).collect();
    let before = Some(pipeline.before.as_str());
    assert_eq!(served, [Some(commit.as_str()), before, before]);

    let told = pipeline.told();
    let last = told.last().expect("a message");
    assert!(
        last.contains("was stopped") && last.contains(&mixed),
        "{told:?}"
    );
    let body = pipeline.slack.messages().pop().expect("a message").body;
    let to_do = "1 of 3 nodes of prod serves the release: deploy it again";
    assert!(body.to_string().contains(to_do), "{body}");
    for report in reports {
        let text = std::fs::read_to_string(pipeline.folder().join(report)).expect("a report");
        assert!(text.contains(&mixed), "{report}: {text}");
    }

    let mut store = journal::open(&pipeline.location()).expect("the journal");
    let (latest, damaged) = served::latest(store.as_mut()).expect("read");
    assert!(damaged.is_empty());
    let sentences = ["stage", "prod"].map(|it| {
        let served = served::served(it, &latest.iter(), None).expect("a round");
        served.sentence(it)
    });
    assert_eq!(sentences, [whole, mixed]);
}

#[test]
fn a_canceled_deployment_says_what_it_leaves() {
    let pipeline = Pipeline::recorded();
    pipeline.commit("Change [load test: abort]");
    let tags = pipeline.tags();
    pipeline.stage.pace(std::time::Duration::from_mins(10));
    let mut run = pipeline.start(&["run", "--tag", &tags[0]]);
    pipeline
        .stage
        .wait("deployment", |state| state.nodes.iter().any(|it| !it.up));
    let pid = rustix::process::Pid::from_child(run.child());
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it runs");
    assert_eq!(run.wait(LIMIT).code(), Some(75));
    let canceled = pipeline.greenlight(&["cancel", "1", "--by", "Ada"]);
    canceled.is(0, &["deployment 1 is canceled"]);
    let looks = pipeline.entries(1).into_iter();
    let looks = looks.filter(|it| matches!(it.entry, Entry::Served { .. }));
    assert_eq!(
        looks.count(),
        2,
        "one when it was interrupted, one at its end"
    );
    let old = &pipeline.before[..12];
    pipeline.greenlight(&["status", "1"]).is(
        0,
        &[&format!(
            "at the end, 2 of 3 nodes of stage serve {old}, 1 gives no usable answer"
        )],
    );
}
