//! `greenlight config check`: it tries every server that the configuration names, and changes nothing there.

use std::fs;
use std::net::TcpListener;

use crate::pipeline::Pipeline;
use crate::postgres_server::Server;
use crate::registry::Registry;
use crate::slack::Answer;

/// The tables for a registry and a Jenkins job with a key for its token.
fn serve(registry: &str, jenkins: &str, token: &str) -> String {
    format!(
        "[serve]\ntoken-variable = \"HOOK\"\nrepositories = [\"demo/app\"]\n[serve.registry]\nurl = \"http://{registry}\"\n\
         [serve.jenkins]\njob = \"http://{jenkins}/job/deploy\"\nuser = \"ada\"\n{token}\n"
    )
}

/// The lines about servers, each with its words.
fn rows(said: &str) -> Vec<Vec<&str>> {
    let lines = said.lines();
    let rows = lines.filter(|it| it.starts_with("ok ") || it.starts_with("failed "));
    rows.map(|it| it.split_whitespace().collect()).collect()
}

#[test]
fn every_server_is_tried_and_nothing_is_changed() {
    let mut pipeline = Pipeline::recorded();
    let registry = Registry::start();
    let jenkins = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = jenkins.local_addr().expect("its address").to_string();
    pipeline.setting.serve = Some(serve(
        &registry.address(),
        &address,
        "token-variable = \"JENKINS\"",
    ));
    pipeline.prod.freeze(0);
    pipeline.configure();

    let check = pipeline.greenlight(&["config", "check"]);
    // The token for Jenkins is missing, so Jenkins is not even asked.
    check.is(
        1,
        &["greenlight.toml is valid, but of the 9 servers that it names, 1 can't be used\n"],
    );
    let rows = rows(&check.stdout);
    let stage = &pipeline.before[..12];
    let expected: Vec<(&str, &str, &str)> = vec![
        ("ok", "stage", stage),
        ("ok", "stage", stage),
        ("ok", "stage", stage),
        ("ok", "prod", stage),
        ("ok", "prod", stage),
        ("ok", "journal", "creates it"),
        ("ok", "Slack", "answers"),
        ("ok", "registry", "can read demo/app"),
        ("failed", "Jenkins", "JENKINS"),
    ];
    assert_eq!(rows.len(), expected.len(), "{}", check.stdout);
    for (row, (mark, what, said)) in rows.iter().zip(expected) {
        let line = row.join(" ");
        assert!(
            row[0] == mark && line.contains(what) && line.contains(said),
            "{line}: {mark} {what} {said}"
        );
    }
    assert!(!pipeline.folder().join(".greenlight").exists());
    assert!(pipeline.slack.messages().is_empty());
    assert_eq!(pipeline.slack.asked(), 1);
    for secret in ["not-to-be-shown", pipeline.slack.url().as_str()] {
        assert!(!check.stdout.contains(secret) && !check.stderr.contains(secret));
    }

    let offline = pipeline.greenlight(&["config", "check", "--offline"]);
    offline.is(0, &["greenlight.toml is valid\n"]);
    assert_eq!(pipeline.slack.asked(), 1);
}

#[test]
fn a_server_that_can_t_be_used_is_named_with_the_reason() {
    let mut pipeline = Pipeline::recorded();
    let postgres = Server::shared();
    let registry = Registry::guarded("ada", "hush");
    let closed = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = closed.local_addr().expect("its address").to_string();
    drop(closed);
    pipeline.setting.serve = Some(serve(
        &registry.address(),
        &address,
        "token-file = \"token\"",
    ));
    fs::write(pipeline.folder().join("token"), "a-token").expect("written");
    pipeline.setting.journal = Some(postgres.database());
    pipeline.slack.answer(Answer::Refuse(503));
    pipeline.stage.break_node(1);
    pipeline.configure();
    let check = || pipeline.greenlight(&["config", "check"]);
    let first = check();
    first.is(
        1,
        &[
            "of the 9 servers that it names, 4 can't be used\n",
            "Slack answered with status 503",
            "the registry requires a user and a password",
            "Jenkins can't be reached",
            "has no journal yet",
        ],
    );
    // The database has no table of a journal afterwards.
    check().is(1, &["has no journal yet"]);

    // After a deployment, the database has a journal.
    pipeline.slack.answer(Answer::Accept);
    pipeline.stage.mend();
    pipeline.setting.serve = None;
    let commit = pipeline.commit("Change [load test: skip]");
    let tags = pipeline.tags();
    pipeline.run_tag(&tags[0]).is(0, &["promoted"]);
    let last = pipeline.greenlight(&["config", "check"]);
    last.is(
        0,
        &["greenlight.toml is valid\n", "has version ", &commit[..12]],
    );
}
