//! One source of settings: every command answers by the same configuration, wherever it is run.

mod refused;
mod shown;

use std::fs;
use std::path::Path;

use crate::harness::{Call, Repository, SHA, Text, fixture, greenlight};

/// Two environments, and rules that differ from every default.
const SHOP: &str = r#"
[release]
default-action = "abort"
publish-branch = "trunk"
required-jobs = ["test"]

[[environment]]
name = "stage"
deploy = ["false"]
nodes = ["http://127.0.0.1:1"]

[[environment]]
name = "prod"
deploy = ["false"]
nodes = ["http://127.0.0.1:1"]

[load-test]
command = ["false"]
format = "k6"
results = "results.json"
"#;

/// A repository on `main` with one commit that has no label, and the tag of that commit by the rules of [`SHOP`].
fn shop() -> (Repository, String) {
    let shop = Repository::new();
    let commit = shop.commit("Change\n");
    write(shop.path(), SHOP);
    (shop, format!("stage-loadtest-abort-{commit}"))
}

fn write(folder: &Path, text: &str) {
    fs::create_dir_all(folder).expect("a folder");
    fs::write(folder.join("greenlight.toml"), text).expect("written");
}

fn tags(arguments: &[&str]) -> Call {
    let arguments = ["tags", "--rev", "HEAD"].iter().chain(arguments);
    greenlight(arguments)
}

#[test]
fn the_branch_and_the_jobs_are_those_of_the_file() {
    let (shop, tag) = shop();
    tags(&["--branch", "main", "--job", "test=passed"])
        .within(shop.path())
        .gives(
            1,
            Text::Nothing,
            Text::Has(&["only builds of `trunk` are published"]),
        );
    tags(&["--branch", "trunk"]).within(shop.path()).gives(
        1,
        Text::Nothing,
        Text::Has(&["job", "`test`"]),
    );
    tags(&["--branch", "trunk", "--job", "test=passed"])
        .within(shop.path())
        .gives(0, Text::Has(&[&format!("{tag}\n")]), Text::Nothing);
}

#[test]
fn a_printed_tag_is_not_refused_by_a_deployment() {
    let (shop, tag) = shop();
    let run = |tag: &str| greenlight(["run", "--tag", tag]).within(shop.path());
    let ended = run(&tag).gives(1, Text::Has(&["stop[deployment-failed]"]), Text::Nothing);
    assert!(!ended.stdout.contains("label-contradicts-tag"));
    run(&tag.replace("abort", "warn")).gives(
        1,
        Text::Has(&["stop[label-contradicts-tag]"]),
        Text::Nothing,
    );
    for (tag, code) in [
        (tag.clone(), "not-deployed"),
        (tag.replace("abort", "warn"), "label-contradicts-tag"),
    ] {
        let decided = greenlight(["decide", "--rev", "HEAD", "--tag", &tag])
            .within(shop.path())
            .run();
        assert!(
            decided.stdout.contains(&format!("[{code}]")),
            "{}",
            decided.stdout
        );
    }
}

/// The label's action, as a call finds it.
#[track_caller]
fn action(call: Call) -> String {
    let ended = call.gives(0, Text::Has(&["\"action\""]), Text::Nothing);
    let action = ended.json()["action"].as_str().map(str::to_owned);
    action.expect("an action")
}

const LABEL: [&str; 5] = ["label", "--message", "Change", "--format", "json"];

#[test]
fn the_file_is_found_from_a_subfolder_and_by_repo() {
    let (shop, _) = shop();
    let deep = shop.path().join("a/b");
    fs::create_dir_all(&deep).expect("a folder");
    assert_eq!(action(greenlight(LABEL).within(&deep)), "abort");
    let elsewhere = tempfile::tempdir().expect("a folder");
    assert_eq!(action(greenlight(LABEL).within(elsewhere.path())), "warn");
    for repo in [shop.path(), &deep] {
        let repo = repo.to_str().expect("UTF-8");
        let call = greenlight(LABEL.iter().chain(&["--repo", repo]));
        assert_eq!(action(call.within(elsewhere.path())), "abort");
    }
    write(&deep, "[release]\ndefault-action = \"skip\"\n");
    assert_eq!(action(greenlight(LABEL).within(&deep)), "skip");
    // Outside a repository only the folder itself counts.
    write(elsewhere.path(), SHOP);
    assert_eq!(action(greenlight(LABEL).within(elsewhere.path())), "abort");
    let below = elsewhere.path().join("below");
    fs::create_dir(&below).expect("a folder");
    assert_eq!(action(greenlight(LABEL).within(&below)), "warn");
}

#[test]
fn a_flag_counts_before_a_variable_and_a_variable_before_the_file() {
    let (shop, _) = shop();
    let other = shop.path().join("other");
    write(&other, "[release]\ndefault-action = \"skip\"\n");
    let other = other.join("greenlight.toml");
    let other = other.to_str().expect("UTF-8");
    let label = |flags: &[&str], variables: &[(&str, &str)]| {
        let call = greenlight(LABEL.iter().chain(flags)).within(shop.path());
        action(call.variables(variables))
    };
    assert_eq!(label(&[], &[]), "abort");
    assert_eq!(label(&[], &[("GREENLIGHT_CONFIG", other)]), "skip");
    assert_eq!(label(&["--config", other], &[]), "skip");
    let named = label(
        &["--config", "greenlight.toml"],
        &[("GREENLIGHT_CONFIG", other)],
    );
    assert_eq!(named, "abort");
    let variable = ("GREENLIGHT_DEFAULT_ACTION", "warn");
    assert_eq!(label(&[], &[variable]), "warn");
    assert_eq!(label(&["--default-action", "skip"], &[variable]), "skip");
}

/// A call of each command that reads settings.
fn commands(tag: &str) -> [Vec<&str>; 12] {
    [
        vec!["label", "--rev", "HEAD"],
        vec!["tags", "--rev", "HEAD", "--branch", "trunk"],
        vec!["resolve", tag],
        vec!["decide", "--tag", tag, "--rev", "HEAD"],
        vec!["explain"],
        vec!["replay", "--repo", "."],
        vec!["run", "--tag", tag],
        vec!["run", "--local"],
        vec!["status"],
        vec!["serve"],
        vec!["policy", "table"],
        vec!["config", "check", "--offline"],
    ]
}

#[test]
fn a_file_that_can_not_be_used_ends_every_command() {
    let (shop, tag) = shop();
    let commands = commands(&tag);
    for command in &commands {
        greenlight(command.iter().chain(&["--config", "no.toml"]))
            .within(shop.path())
            .gives(2, Text::Nothing, Text::Has(&["`no.toml`", "help: "]));
    }
    write(shop.path(), &SHOP.replace("\"stage\"", "\"Stage\""));
    for command in commands {
        greenlight(command).within(shop.path()).gives(
            2,
            Text::Nothing,
            Text::Has(&[
                "greenlight.toml`: line 8: `environment.name`",
                "`Stage`",
                "help: ",
            ]),
        );
    }
}

#[test]
fn a_table_that_is_not_used_needs_no_secret() {
    let (shop, _) = shop();
    let text = fs::read_to_string(fixture("cases/greenlight.toml")).expect("it is there");
    let policy = text.find("[policy]").expect("a policy");
    let end = policy + 1 + text[policy + 1..].find("\n[").expect("another table");
    let mut text = text;
    text.replace_range(policy..end, "");
    write(shop.path(), &text);
    greenlight(["label", "--rev", "HEAD"])
        .within(shop.path())
        .gives(0, Text::Has(&["default"]), Text::Nothing);
    greenlight(["config", "check", "--offline"])
        .within(shop.path())
        .gives(0, Text::Is("greenlight.toml is valid\n"), Text::Nothing);
}

#[test]
fn the_name_of_an_environment_has_one_rule() {
    let tag = format!("pre-prod-{SHA}");
    greenlight(["resolve", "--environments", "pre-prod,prod", &tag]).gives(
        0,
        Text::Has(&["environment: pre-prod\n"]),
        Text::Nothing,
    );
    for name in ["-stage", "Stage", "a_b", &"e".repeat(49)] {
        let names = format!("--environments={name},prod");
        greenlight(["resolve", &names, &tag]).gives(
            2,
            Text::Nothing,
            Text::Has(&["1 to 48 lowercase letters, digits and hyphens"]),
        );
        let names = format!("{name},prod");
        greenlight(["resolve", &tag])
            .variable("GREENLIGHT_ENVIRONMENTS", &names)
            .gives(
                2,
                Text::Nothing,
                Text::Has(&[&format!("`{name}`"), "GREENLIGHT_ENVIRONMENTS"]),
            );
    }
}

#[test]
fn a_local_run_takes_the_settings_of_the_file() {
    let (shop, tag) = shop();
    let text = SHOP.replace(
        "results = \"results.json\"",
        "results = \"r\"\n[load-test.thresholds]\nmin-requests = 1000000",
    );
    write(shop.path(), &text);
    greenlight(["run", "--local"]).within(shop.path()).gives(
        1,
        Text::Has(&[&tag, "load test", "1000000"]),
        Text::Has(&[
            "note: settings are from `greenlight.toml`; `run --local` replaces nodes and deploy commands with their limits, the commands of load tests, their formats, results and thresholds for one name",
        ]),
    );
    assert!(!shop.path().join(".greenlight").exists());
}

/// `-v` lists the settings of the file that a local run uses, and none that it replaces.
#[test]
fn a_verbose_local_run_lists_what_it_uses() {
    let (shop, _) = shop();
    let text = SHOP
        .replace("[release]", "[release]\npoll-interval = \"9s\"")
        .replace("[load-test]", "convergence-rounds = 1\n\n[load-test]");
    let more = "thresholds = { min-requests = 3 }\n\n[journal]\nlease = \"20s\"\n";
    write(shop.path(), &format!("{text}{more}"));
    let ended = greenlight(["run", "--local", "-v"])
        .within(shop.path())
        .run();
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    let names: Vec<_> = ended
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix("note: ")?.split_once(": "))
        .map(|(name, _)| name)
        .take_while(|name| !name.starts_with("settings are"))
        .collect();
    assert_eq!(
        names,
        [
            "configuration",
            "policy",
            "release.publish-branch",
            "release.required-jobs",
            "release.default-action",
            "environment",
            "environment.prod.convergence-rounds",
            "load-test.thresholds.min-requests",
        ],
        "{}",
        ended.stderr
    );
}

#[test]
fn a_local_run_says_what_it_sets_and_does_not_send() {
    let shop = Repository::new();
    shop.commit("Change\n");
    let note = "note: no configuration; `run --local` sets `min-requests` to 20";
    greenlight(["run", "--local"]).within(shop.path()).gives(
        0,
        Text::Has(&["shown here, not sent to Slack"]),
        Text::Has(&[note]),
    );
}

#[test]
fn a_history_is_replayed_in_the_current_folder() {
    let (shop, _) = shop();
    greenlight(["replay"]).within(shop.path()).gives(
        0,
        Text::Has(&["1 by default"]),
        Text::Nothing,
    );
}
