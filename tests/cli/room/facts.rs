//! The facts that a policy receives about a release: where they come from, and that they are recorded.

use std::fs;

use serde_json::{Value, json};

use crate::harness::{Call, Repository, SHOP, Text, greenlight};

/// A repository with a commit that is live in production, and a commit that renames one file and changes another one.
/// The second commit has a signature that a program verifies as good.
struct Shop {
    repository: Repository,
    live: String,
    commit: String,
}

/// Stands in for the program that verifies signatures.
const VERIFIER: &str = "#!/bin/sh\ncat > /dev/null\n\
                        printf '[GNUPG:] GOODSIG 0123 Ada\\n[GNUPG:] TRUST_FULLY 0 pgp\\n'\n";

fn shop(table: &str) -> Shop {
    let repository = Repository::new();
    let write = |path: &str, text: &str| {
        let path = repository.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    };
    write("src/main.rs", "fn main() {}\n");
    write("docs/index.md", "# Shop\n");
    repository.git(&["add", "."]);
    let live = repository.commit("Start\n");
    write("verifier", VERIFIER);
    repository.git(&["config", "gpg.program", "./verifier"]);
    repository.git(&["config", "diff.renames", "true"]);
    repository.git(&["mv", "src/main.rs", "docs/main.rs"]);
    write("docs/index.md", "# The shop\n");
    repository.git(&["add", "docs"]);
    let tree = repository.git(&["write-tree"]);
    let object = format!(
        "tree {tree}\nparent {live}\nauthor Ada <ada@example.org> 1700000000 +0000\n\
         committer Bob <bob@example.org> 1700000000 +0000\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n \
         -----END PGP SIGNATURE-----\n\nMove it [load test: skip]\n"
    );
    let commit = repository.git_with(
        &["hash-object", "-t", "commit", "-w", "--stdin"],
        object.as_bytes(),
    );
    repository.git(&["update-ref", "refs/heads/main", &commit]);
    repository.git(&["update-index", "--chmod=+x", "--add", "verifier"]);
    fs::write(
        repository.path().join("greenlight.toml"),
        format!("{SHOP}{table}"),
    )
    .expect("written");
    let status = std::process::Command::new("chmod")
        .args(["+x", "verifier"])
        .current_dir(repository.path())
        .status();
    assert!(status.expect("chmod").success());
    Shop {
        repository,
        live,
        commit,
    }
}

impl Shop {
    fn call(&self, arguments: &[&str]) -> Call {
        greenlight(arguments).within(self.repository.path())
    }

    fn run(&self, more: &[&str]) -> Call {
        let tag = format!("stage-{}", self.commit);
        self.call(&[&["run", "--tag", &tag][..], more].concat())
    }

    /// The facts that the journal has of a deployment, as `source name` and value.
    fn recorded(&self, number: &str) -> Vec<(String, Value)> {
        let exported = self.call(&["journal", "export", number]).run();
        let lines = exported.stdout.lines();
        let mut records = lines.map(|it| serde_json::from_str::<Value>(it).expect("JSON"));
        let facts = records.find_map(|it| find(&it, "facts").cloned());
        let facts = facts.unwrap_or_default();
        let facts = facts.as_array().cloned().unwrap_or_default();
        let read = |it: &Value| {
            let text = |value: &Value| value.as_str().expect("a text").to_owned();
            let name = format!("{} {}", text(&it["source"]), text(&it["attribute"]["name"]));
            let value = text(&it["attribute"]["value"]);
            (name, serde_json::from_str(&value).expect("JSON"))
        };
        facts.iter().map(read).collect()
    }
}

/// The value of a key, however deep it is.
fn find<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    match value {
        Value::Object(table) => table
            .get(key)
            .or_else(|| table.values().find_map(|it| find(it, key))),
        Value::Array(values) => values.iter().find_map(|it| find(it, key)),
        _ => None,
    }
}

#[test]
fn facts_of_every_source_are_recorded_when_the_deployment_begins() {
    let table = r#"
[facts]
command = ["sh", "-c", '''printf '{"ticket": "%s", "secret": "%s"}' "$GREENLIGHT_TAG" "$HOOK_SECRET" ''']

[serve]
token-variable = "HOOK_SECRET"
repositories = ["shop"]
"#;
    let shop = shop(table);
    let set = [
        "live",
        "--set",
        &shop.live,
        "--environment",
        "prod",
        "--by",
        "ada",
    ];
    shop.call(&set).gives(0, Text::Has(&[""]), Text::Nothing);
    shop.run(&["--fact", "version=1.10", "--fact", "share:=10"])
        .variables(&[
            ("HOOK_SECRET", "hush"),
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_SHA", &shop.commit),
            ("GITHUB_REF", "refs/heads/main"),
            ("GREENLIGHT_NEEDS", r#"{"test": {"result": "success"}}"#),
        ])
        .gives(1, Text::Has(&["stop[deployment-failed]"]), Text::Has(&[""]));
    let person = |name: &str, email: &str| json!({"name": name, "email": email});
    let expected = [
        ("flag version", json!("1.10")),
        ("flag share", json!(10)),
        ("command secret", json!("")),
        ("command ticket", json!(format!("stage-{}", shop.commit))),
        ("git author", person("Ada", "ada@example.org")),
        ("git committer", person("Bob", "bob@example.org")),
        ("git signature", json!("good")),
        ("git live-commit", json!(shop.live)),
        (
            "git changed-paths",
            json!(["docs/index.md", "docs/main.rs", "src/main.rs"]),
        ),
        ("ci jobs", json!({"test": "passed"})),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value));
    assert_eq!(shop.recorded("1"), expected);
}

#[test]
fn the_number_of_a_pull_request_is_a_fact() {
    let shop = shop("[facts]\ncommand = [\"echo\", \"{}\"]\n");
    let built = |number: &str, commit: &str, number_of_change: &str| -> Vec<Value> {
        shop.run(&[])
            .variables(&[
                ("JENKINS_URL", "https://ci.example.org/"),
                ("GIT_COMMIT", commit),
                ("CHANGE_ID", number_of_change),
            ])
            .gives(1, Text::Has(&["stop[deployment-failed]"]), Text::Has(&[""]));
        let facts = shop.recorded(number).into_iter();
        let of_ci = facts.filter(|(name, _)| name.starts_with("ci "));
        of_ci
            .map(|(name, value)| json!({"name": name, "value": value}))
            .collect()
    };
    let fact = |value: Value| [json!({"name": "ci pull-request", "value": value})];
    assert_eq!(built("1", &shop.commit, "7"), fact(json!(7)));
    // Gerrit has such numbers.
    assert_eq!(built("2", &shop.commit, "I1f"), fact(json!("I1f")));
    assert!(
        built("3", &shop.live, "7").is_empty(),
        "a build of another commit"
    );
}

#[test]
fn the_bundled_policy_alone_needs_no_facts_of_git() {
    let shop = shop("");
    shop.run(&["--fact", "ticket=A-1"]).gives(
        1,
        Text::Has(&["stop[deployment-failed]"]),
        Text::Nothing,
    );
    assert_eq!(
        shop.recorded("1"),
        [("flag ticket".to_owned(), json!("A-1"))]
    );
}

#[test]
fn an_invalid_fact_stops_everything_before_it_starts() {
    let failing = |script: &str| format!("[facts]\ncommand = [\"sh\", \"-c\", '''{script} ''']\n");
    for (script, flags, said) in [
        (
            "echo out of order >&2; exit 1",
            &[][..],
            "the command of `[facts]`, `sh`, ended with exit status 1: out of order",
        ),
        (
            "echo '[]'",
            &[],
            "the command of `[facts]`, `sh`, did not print a JSON object",
        ),
        (
            "echo '{\"author\": 1}'",
            &[],
            "`author` is a fact that greenlight itself reads",
        ),
        (
            "echo '{\"ticket\": 1}'",
            &["--fact", "ticket=1"],
            "two facts have the name `ticket`",
        ),
        (
            "echo '{}'",
            &["--fact", "a=1", "--fact", "a=1"],
            "two facts have the name `a`",
        ),
        (
            "echo '{}'",
            &["--fact", "a"],
            "expected `NAME=TEXT` or `NAME:=JSON`",
        ),
    ] {
        let shop = shop(&failing(script));
        let tag = format!("stage-{}", shop.commit);
        for command in [
            &["run", "--tag", &tag][..],
            &["decide", "--tag", &tag],
            &["tags", "--rev", "HEAD", "--branch", "main"],
        ] {
            let arguments = [command, flags].concat();
            let refused = shop.call(&arguments);
            refused.gives(2, Text::Nothing, Text::Has(&[said]));
        }
        let status = shop.call(&["status"]);
        status.gives(0, Text::Has(&["no deployment yet"]), Text::Nothing);
    }
}
