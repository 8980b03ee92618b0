//! Policies on top of the bundled one, as components that the program runs.

use std::fs;

use serde_json::Value;

use super::component::example;
use crate::harness::{Call, Repository, SHOP, Text, fixture, greenlight};

/// A Friday at noon, UTC.
const FRIDAY: u64 = 1_795_780_800;
const DAY: u64 = 24 * 60 * 60;

/// A repository with an example policy. Its first commit is live in production.
struct Shop {
    repository: Repository,
}

impl Shop {
    fn new(policy: &str, more: &str) -> Self {
        let repository = Repository::new();
        let live = repository.commit("Start\n");
        let folder = repository.path();
        fs::write(folder.join("policy.wasm"), example(policy)).expect("written");
        fs::write(folder.join("greenlight.toml"), format!("{SHOP}{more}")).expect("written");
        let shop = Self { repository };
        let set = [
            "live",
            "--set",
            &live,
            "--environment",
            "prod",
            "--by",
            "ada",
        ];
        let call = greenlight(set).within(shop.repository.path());
        assert_eq!(call.run().status, 0, "the first commit is live");
        shop
    }

    /// Commits a change of a file.
    fn change(&self, path: &str, message: &str) -> String {
        let file = self.repository.path().join(path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        fs::write(file, message).expect("written");
        self.repository.git(&["add", path]);
        self.repository.commit(message)
    }

    fn call(&self, arguments: &[&str]) -> Call {
        let policy = ["--policy", "policy.wasm"];
        greenlight(arguments.iter().chain(&policy)).within(self.repository.path())
    }

    /// Decides about a release that has converged in the first environment.
    fn decide(&self, tag: &str, more: &[&str]) -> Call {
        let arguments = [
            "decide",
            "--tag",
            tag,
            "--stage",
            "converged",
            "--repo",
            ".",
        ];
        self.call(&[&arguments[..], more].concat())
    }
}

#[test]
fn changes_below_docs_skip_the_load_test() {
    let shop = Shop::new("docs-only", "");
    let message = "Write more [load test: abort]\n";
    let docs = shop.change("docs/index.md", message);
    let tag = format!("stage-loadtest-abort-{docs}");
    shop.decide(&tag, &[]).gives(
        0,
        Text::Has(&["promote", "docs-only", "deploy to `prod`"]),
        Text::Nothing,
    );
    // The paths are those since the live commit, so the release contains both changes.
    let code = shop.change("src/main.rs", message);
    let code = format!("stage-loadtest-abort-{code}");
    shop.decide(&code, &[])
        .gives(4, Text::Has(&["hold[load-test-not-run]"]), Text::Nothing);
    // Without the live commit, the changed paths are unknown.
    fs::remove_dir_all(shop.repository.path().join(".greenlight")).expect("removed");
    shop.decide(&tag, &[])
        .gives(4, Text::Has(&["hold[load-test-not-run]"]), Text::Nothing);
}

#[test]
fn a_share_in_the_message_becomes_a_step() {
    let step = "[[step]]\nname = \"canary\"\ncommand = [\"true\"]\n";
    let shop = Shop::new("canary", step);
    let message = "Change [canary: 10%] [load test: skip]\n";
    let label = shop.call(&["label", "--format", "json", "--message", message]);
    let extra = label.run().json()["extra"].clone();
    assert_eq!(extra[0]["name"], "canary");
    let next = |message: &str| -> Value {
        let commit = shop.change("src/main.rs", message);
        let tag = format!("stage-{commit}");
        let decided = shop.decide(&tag, &["--format", "json"]).run();
        assert_eq!(decided.status, 0, "{}", decided.stderr);
        decided.json()["next"].clone()
    };
    let performed = next(message).to_string();
    for part in ["\"canary\"", "\"share\"", "10", "\"prod\""] {
        assert!(performed.contains(part), "{performed}");
    }
    for message in [
        "Change [load test: skip]\n",
        "[canary: 100%] [load test: skip]\n",
    ] {
        let deployed = next(message).to_string();
        assert!(!deployed.contains("canary"), "{deployed}");
    }
}

#[test]
fn nothing_enters_production_on_a_friday() {
    let table = "[policy.parameters]\nclosed-days = [\"friday\"]\n";
    let shop = Shop::new("friday", table);
    let commit = shop.change("src/main.rs", "Change [load test: skip]\n");
    let tag = format!("stage-{commit}");
    for (now, status, said) in [
        (FRIDAY, 4, "hold[day-closed]"),
        (FRIDAY - DAY, 0, "promote"),
        (FRIDAY + DAY, 0, "promote"),
    ] {
        let decided = shop.decide(&tag, &["--now", &now.to_string()]);
        decided.gives(status, Text::Has(&[said]), Text::Nothing);
    }
}

#[test]
fn a_parameter_that_the_policy_refuses_has_a_line() {
    for value in ["\"friday\"", "[5]", "[\"fryday\"]"] {
        let table = format!("[policy.parameters]\nclosed-days = {value}\n");
        let shop = Shop::new("friday", &table);
        let line = SHOP.lines().count() + 2;
        let said = format!(
            "failed to use `greenlight.toml`: line {line}: `policy.parameters.closed-days`: it is not a list of days"
        );
        let tag = format!("stage-{}", shop.repository.git(&["rev-parse", "HEAD"]));
        for command in [
            &["label", "--rev", "HEAD"][..],
            &["run", "--tag", &tag],
            &["config", "check", "--offline"],
        ] {
            let call = shop.call(command);
            call.gives(
                2,
                Text::Nothing,
                Text::Has(&[&said, "help: write a list such as"]),
            );
        }
    }
}

#[test]
fn careful_changes_need_two_approvers() {
    let table = "[policy.parameters]\ncareful = [\"db/\"]\n";
    let shop = Shop::new("approvers", table);
    let plain = shop.change("src/main.rs", "Change [load test: skip]\n");
    let decided = shop.decide(&format!("stage-{plain}"), &[]);
    decided.gives(0, Text::Has(&["promote"]), Text::Nothing);
    let careful = shop.change("db/0001.sql", "Migrate [load test: skip]\n");
    let decided = shop.decide(&format!("stage-{careful}"), &[]);
    decided.gives(4, Text::Has(&["hold[approval-missing]"]), Text::Nothing);
}

/// Blank lines and comments do not count.
#[test]
fn each_example_is_short() {
    let files = fs::read_dir(fixture("policies")).expect("the examples");
    let mut counted = 0;
    for file in files {
        let path = file.expect("a file").path();
        if path.extension().is_none_or(|it| it != "rs") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("an example");
        let lines = text.lines().map(str::trim);
        let lines = lines.filter(|it| !it.is_empty() && !it.starts_with("//"));
        let lines = lines.count();
        assert!(lines <= 40, "{}: {lines} lines", path.display());
        counted += usize::from(lines > 0);
    }
    assert_eq!(counted, 4);
}
