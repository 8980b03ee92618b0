//! `greenlight decide`.

use crate::harness::{Call, Repository, SHA, Text, fixture, greenlight};

const FAILED: [&str; 4] = ["--stage", "converged", "--load-test", "failed"];

fn decide(form: &str, arguments: &[&str]) -> Call {
    let tag = format!("{form}-{SHA}");
    greenlight(["decide", "--tag", &tag].iter().chain(arguments))
}

#[test]
fn every_exit_status() {
    for (status, form, evidence, shown) in [
        (
            0,
            "stage-loadtest-abort",
            vec!["--stage", "converged", "--load-test", "passed"],
            "promote",
        ),
        (
            0,
            "stage-loadtest-warn",
            FAILED.to_vec(),
            "promote-with-warning",
        ),
        (0, "stage", vec!["--stage", "converged"], "promote"),
        (
            0,
            "prod",
            vec!["--stage", "converged", "--load-test", "passed"],
            "promote",
        ),
        (1, "stage-loadtest-abort", FAILED.to_vec(), "stop"),
        (
            1,
            "prod",
            vec!["--stage", "failed", "--load-test", "passed"],
            "stop",
        ),
        (
            4,
            "stage-loadtest-abort",
            vec!["--stage", "converged"],
            "hold",
        ),
        (4, "stage-loadtest-warn", vec![], "hold"),
        (4, "prod", vec![], "hold"),
        (
            4,
            "prod",
            vec!["--stage", "unknown", "--load-test", "passed"],
            "hold",
        ),
    ] {
        decide(form, &evidence).gives(status, Text::Has(&[shown, "next: "]), Text::Nothing);
    }
}

#[test]
fn a_warning_has_its_own_status_only_when_asked_for() {
    let three = ["--warn-exit-code", "3"];
    let zero = ["--warn-exit-code", "0"];
    let shown = Text::Has(&["promote-with-warning", "continues with a warning"]);
    decide("stage-loadtest-warn", &[&FAILED[..], &three].concat()).gives(3, shown, Text::Nothing);
    decide("stage-loadtest-warn", &[&FAILED[..], &zero].concat()).gives(0, shown, Text::Nothing);
    decide("stage", &[&FAILED[..], &three].concat()).gives(
        0,
        Text::Has(&["promote"]),
        Text::Nothing,
    );
    decide("stage-loadtest-abort", &[&FAILED[..], &three].concat()).gives(
        1,
        Text::Has(&["stop"]),
        Text::Nothing,
    );
    decide("prod", &three).gives(4, Text::Has(&["hold"]), Text::Nothing);
}

#[test]
fn a_refused_tag_stops() {
    for tag in ["latest", "prod-4b825dc", "", "stage"] {
        greenlight(["decide", "--tag", tag]).gives(
            1,
            Text::Has(&["stop", "tag-", "help: expected `stage-<commit>`"]),
            Text::Nothing,
        );
    }
}

#[test]
fn a_history_decides_event_by_event() {
    let file = fixture("cases/history.json");
    let file = file.to_str().expect("UTF-8");
    decide("prod", &["--history", file, "--now", "1200"]).gives(
        1,
        Text::Has(&["stop", "superseded", "`8f94139338f9`"]),
        Text::Nothing,
    );
    // Of another release it says nothing.
    let tag = "stage-8f94139338f9404f26296befa88755fc2598c289";
    let ended = greenlight([
        "decide",
        "--tag",
        tag,
        "--history",
        file,
        "--now",
        "1200",
        "--format",
        "json",
    ])
    .run();
    assert_ne!(ended.json()["permission"], "promote", "{}", ended.stdout);
    assert_ne!(ended.status, 0);
}

#[test]
fn another_image_of_the_same_commit_is_not_verified() {
    let digest = |digit: &str| format!("sha256:{}", digit.repeat(64));
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("history.json");
    let history = format!(
        r#"{{"schema": "greenlight.history/3", "events": [
            {{"at": 1, "kind": {{"deployed": {{"environment": "stage", "commit": "{SHA}",
                "digest": "{}", "outcome": "succeeded"}}}}}},
            {{"at": 2, "kind": {{"observed": {{"environment": "stage", "convergence": {{"judged": true}}}}}}}},
            {{"at": 3, "kind": {{"load-tested": {{"environment": "stage", "result": {{"judged": "passed"}}}}}}}}
        ]}}"#,
        digest("a")
    );
    std::fs::write(&file, history).expect("written");
    let file = file.to_str().expect("UTF-8");
    let with = |digest: &str| {
        decide(
            "prod",
            &["--history", file, "--now", "4", "--digest", digest],
        )
    };
    with(&digest("a")).gives(
        0,
        Text::Has(&["promote", "deploy to `prod`"]),
        Text::Nothing,
    );
    with(&digest("b")).gives(4, Text::Has(&["hold", "digest-mismatch"]), Text::Nothing);
    let json = decide("prod", &["--digest", &digest("a"), "--format", "json"])
        .gives(4, Text::Has(&["greenlight.decision/3"]), Text::Nothing)
        .json();
    assert_eq!(json["digest"], *digest("a"));
}

#[test]
fn the_label_settles_what_a_prod_tag_leaves_open() {
    let repository = Repository::new();
    for (message, status, verdict) in [
        ("x [load test: abort]", 1, "stop"),
        ("x [load test: warn]", 0, "promote-with-warning"),
        ("x [load test: skip]", 0, "promote"),
        ("x", 0, "promote-with-warning"),
    ] {
        let shown = Text::Has(&[verdict]);
        decide("prod", &[&FAILED[..], &["--message", message]].concat()).gives(
            status,
            shown,
            Text::Nothing,
        );
        decide("prod", &[&FAILED[..], &["-"]].concat())
            .input(message)
            .gives(status, shown, Text::Nothing);
        let tag = format!("prod-{}", repository.commit(message));
        let asked = ["decide", "--tag", &tag, "--repo", repository.argument()];
        greenlight(asked.iter().chain(&FAILED)).gives(status, shown, Text::Nothing);
        greenlight(asked.iter().chain(&FAILED).chain(&["--rev", "HEAD"])).gives(
            status,
            shown,
            Text::Nothing,
        );
    }
    decide("prod", &FAILED).gives(
        4,
        Text::Has(&["hold", "action-unknown", "--repo"]),
        Text::Nothing,
    );
}

#[test]
fn a_label_must_not_contradict_its_tag() {
    decide(
        "stage",
        &["--stage", "converged", "--message", "x [load test: abort]"],
    )
    .gives(
        1,
        Text::Has(&[
            "stop",
            "label-contradicts-tag",
            "help: push the tags that `greenlight tags` prints",
        ]),
        Text::Nothing,
    );
    decide(
        "stage",
        &["--stage", "converged", "--message", "x [load test: skip]"],
    )
    .gives(0, Text::Has(&["promote"]), Text::Nothing);
}

#[test]
fn a_near_miss_in_the_message_is_told() {
    decide(
        "prod",
        &[&FAILED[..], &["--message", "x [load test:abort]"]].concat(),
    )
    .gives(
        0,
        Text::Has(&["promote-with-warning"]),
        Text::Has(&["warning[near-miss]", "= help: [load test: abort]"]),
    );
}

#[test]
fn the_message_is_that_of_the_tags_commit() {
    let repository = Repository::new();
    let commit = repository.commit("x");
    let repo = repository.argument();
    decide("prod", &["--repo", repo, "--rev", "HEAD"]).gives(
        2,
        Text::Nothing,
        Text::Has(&[&commit, "help: leave `--rev` out"]),
    );
    decide("prod", &["--repo", repo]).gives(
        2,
        Text::Nothing,
        Text::Has(&[SHA, "help: name a commit of this repository"]),
    );
}

/// A history with a measured load test is decided again with the thresholds of today's configuration, which `--config`
/// names or the search from the current folder finds.
#[test]
fn a_threshold_of_the_configuration_applies_to_a_history() {
    let folder = tempfile::tempdir().expect("a folder");
    let history = folder.path().join("history.json");
    let events = format!(
        r#"{{"schema": "greenlight.history/3", "events": [
            {{"at": 1, "kind": {{"deployed": {{"environment": "stage", "commit": "{SHA}", "outcome": "succeeded"}}}}}},
            {{"at": 2, "kind": {{"observed": {{"environment": "stage", "convergence": {{"judged": true}}}}}}}},
            {{"at": 3, "kind": {{"load-tested": {{"environment": "stage", "name": "load-test", "result": {{"measured": {{
                "total": {{"requests": 500, "failures": 0, "mean": 80.5, "p50": 70, "p95": 120, "p99": 300}},
                "by-name": [{{"name": "GET /cart", "statistics": {{"requests": 50, "failures": 0, "p99": 290}}}}],
                "exceptions": 0, "duration": 59000, "broken-thresholds": [], "exit-status": 0, "complete": true,
                "versions": ["{SHA}"]}}}}}}}}}}
        ]}}"#
    );
    std::fs::write(&history, events).expect("written");
    let history = history.to_str().expect("UTF-8");
    let test = "[load-test]\ncommand = [\"true\"]\nformat = \"k6\"\nresults = \"summary.json\"\n";
    let file = folder.path().join("greenlight.toml");
    let evidence = ["--history", history, "--now", "4"];
    let promoted = Text::Has(&["promote", "load-test-passed"]);
    let slow = "the 99th percentile of the response time is 300 ms; 299 ms are allowed";
    let slow_cart =
        "the 99th percentile of the response time of `GET /cart` is 290 ms; 250 ms are allowed";
    let cart = "[[load-test.threshold]]\nname = \"GET /cart\"\nmax-p99 = ";
    for (thresholds, stopped) in [
        (String::new(), None),
        ("[load-test.thresholds]\nmax-p99 = 300\n".to_owned(), None),
        (
            "[load-test.thresholds]\nmax-p99 = 299\n".to_owned(),
            Some(slow),
        ),
        (format!("{cart}290\n"), None),
        (format!("{cart}250\n"), Some(slow_cart)),
    ] {
        std::fs::write(&file, format!("{test}{thresholds}")).expect("written");
        let named = ["--config", file.to_str().expect("UTF-8")];
        let calls = [
            decide("stage-loadtest-abort", &[&evidence[..], &named].concat()),
            decide("stage-loadtest-abort", &evidence).within(folder.path()),
        ];
        for call in calls {
            match stopped {
                None => call.gives(0, promoted, Text::Nothing),
                Some(why) => call.gives(
                    1,
                    Text::Has(&["stop[load-test-failed]", why]),
                    Text::Nothing,
                ),
            };
        }
        // No configuration is found from another folder.
        decide("stage-loadtest-abort", &evidence).gives(0, promoted, Text::Nothing);
    }
}

/// A shop with a commit by Ada, its stage tag, and a configuration.
fn shop(configuration: &str) -> (Repository, String) {
    let shop = Repository::new();
    let commit = shop.commit("Change [load test: warn]\n");
    std::fs::write(shop.path().join("greenlight.toml"), configuration).expect("written");
    (shop, format!("stage-loadtest-warn-{commit}"))
}

const PASSED: [&str; 4] = ["--stage", "converged", "--load-test", "passed"];

/// A pipeline that asks with words knows no name of a load test.
#[test]
fn the_word_is_about_each_load_test_of_the_first_environment() {
    let load_test = "command = [\"false\"]\nformat = \"k6\"\nresults = \"x\"\n";
    let (shop, tag) = shop(&format!(
        "[[load-test]]\nname = \"short\"\n{load_test}[[load-test]]\nname = \"full\"\n{load_test}"
    ));
    let decide = |word| {
        let evidence = ["--stage", "converged", "--load-test", word];
        greenlight(["decide", "--tag", &tag].iter().chain(&evidence)).within(shop.path())
    };
    decide("passed").gives(0, Text::Has(&["promote["]), Text::Nothing);
    let failed = Text::Has(&["promote-with-warning["]);
    decide("failed").gives(0, failed, Text::Nothing);
    let not_run = Text::Has(&["hold[load-test-not-run]"]);
    decide("not-run").gives(4, not_run, Text::Nothing);
}

#[test]
fn the_windows_of_the_configuration_count() {
    for (rule, status, said) in [
        ("allow = [\"Mon-Sun 00:00-24:00\"]", 0, "promote["),
        (
            "freeze = [\"2020-01-01 to 2199-12-31\"]",
            4,
            "hold[frozen]: `prod` is frozen by window `hours`",
        ),
    ] {
        let (shop, tag) = shop(&format!(
            "[[window]]\nname = \"hours\"\n{rule}\nzone = \"Europe/Berlin\"\n"
        ));
        greenlight(["decide", "--tag", &tag].iter().chain(&PASSED))
            .within(shop.path())
            .gives(status, Text::Has(&[said]), Text::Nothing);
    }
}

/// Without the commit, the approval could be the author's own.
#[test]
fn the_approval_of_the_author_does_not_count() {
    let environment = |name: &str, keys: &str| {
        format!(
            "[[environment]]\nname = \"{name}\"\ndeploy = [\"false\"]\nnodes = [\"http://127.0.0.1:1\"]\n{keys}"
        )
    };
    let (shop, tag) = shop(&format!(
        "{}{}",
        environment("stage", ""),
        environment("prod", "approvals = 1\n")
    ));
    let author = shop.git(&["log", "-1", "--format=%an"]);
    let commit = tag.rsplit('-').next().expect("a commit");
    let approved = |by: &str| {
        serde_json::json!({
            "schema": "greenlight.history/3",
            "events": [
                {"at": 1, "kind": {"deployed": {"environment": "stage", "commit": commit, "outcome": "succeeded"}}},
                {"at": 1, "kind": {"observed": {"environment": "stage", "convergence": {"judged": true}, "times": 1}}},
                {"at": 1, "kind": {"load-tested":
                    {"environment": "stage", "name": "load-test", "result": {"judged": "passed"}}}},
                {"at": 1, "kind": {"intervened": {"kind": "approved", "by": by, "proven": false, "why": ""}}},
            ],
        })
    };
    let decide = |by: &str, folder: &std::path::Path| {
        let history = folder.join("history.json");
        std::fs::write(&history, approved(by).to_string()).expect("written");
        let config = shop.path().join("greenlight.toml");
        let paths = [&config, &history].map(|it| it.to_str().expect("UTF-8").to_owned());
        let files = ["--now", "2", "--config", &paths[0], "--history", &paths[1]];
        let skip = ["--message", "Change [load test: warn]"];
        greenlight(["decide", "--tag", &tag].iter().chain(&files).chain(&skip)).within(folder)
    };
    decide("Grace", shop.path()).gives(0, Text::Has(&["promote["]), Text::Nothing);
    let missing = Text::Has(&["hold[approval-missing]"]);
    decide(&author, shop.path()).gives(4, missing, Text::Nothing);
    let elsewhere = tempfile::tempdir().expect("a folder");
    let unknown = Text::Has(&["failed to read the author of the release"]);
    decide("Grace", elsewhere.path()).gives(2, Text::Nothing, unknown);
}
