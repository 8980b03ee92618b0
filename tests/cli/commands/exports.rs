//! `--export`: what steps behind this one read.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::{Call, Repository, SHA, Text, greenlight};

const HOSTILE: &str =
    "it's \"x\" `touch ran` $(touch ran) * %0A\n::error::pwned\n##[error]\n[load test:skip]\n";

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap_or_default()
}

/// The value of a variable once a shell has read the file; `unset` where it has none.
fn sourced(shell: &str, folder: &Path, name: &str) -> String {
    let output = Command::new(shell)
        .args([
            "-ec",
            &format!(". ./env; printf '%s' \"${{{name}-unset}}\""),
        ])
        .current_dir(folder)
        .env_clear()
        .output()
        .expect("a shell");
    assert!(output.status.success(), "{output:?}");
    assert!(!folder.join("ran").exists(), "something ran");
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn tags(folder: &Path, branch: &str, exports: &[&str]) -> Call {
    let mut arguments = vec![
        "tags",
        "--commit",
        SHA,
        "--message",
        HOSTILE,
        "--branch",
        branch,
    ];
    for export in exports {
        arguments.extend(["--export", export]);
    }
    greenlight(arguments).within(folder)
}

#[test]
fn shells_read_what_was_found_and_nothing_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let told = Text::Has(&["near-miss"]);
    let all = format!("stage-loadtest-warn-{SHA} prod-{SHA} latest");
    fs::write(folder.join("env"), "export MINE=1 # no line end").expect("written");
    tags(folder, "main", &["bash-env=env"]).gives(0, Text::Has(&["latest\n"]), told);
    for shell in ["sh", "bash", "dash"] {
        assert_eq!(sourced(shell, folder, "GREENLIGHT_TAGS"), all);
        assert_eq!(sourced(shell, folder, "GREENLIGHT_ACTION"), "warn");
        assert_eq!(sourced(shell, folder, "GREENLIGHT_LABEL"), "false");
        assert_eq!(sourced(shell, folder, "GREENLIGHT_COMMIT"), SHA);
        assert_eq!(sourced(shell, folder, "GREENLIGHT_REASON"), "");
        assert_eq!(sourced(shell, folder, "GREENLIGHT_PERMISSION"), "unset");
        assert_eq!(sourced(shell, folder, "MINE"), "1");
    }
    // A refusal, and a command that ends without an answer, take the values back.
    tags(folder, "cart", &["bash-env=env"]).gives(1, Text::Nothing, told);
    assert_eq!(sourced("sh", folder, "GREENLIGHT_TAGS"), "");
    assert_eq!(
        sourced("sh", folder, "GREENLIGHT_REASON"),
        "branch-not-published"
    );
    tags(folder, "main", &["bash-env=env"]).gives(0, Text::Has(&["latest\n"]), told);
    greenlight(["tags", "--export", "bash-env=env", "--message", " "])
        .within(folder)
        .gives(2, Text::Nothing, Text::Has(&["message is empty"]));
    assert_eq!(sourced("sh", folder, "GREENLIGHT_TAGS"), "");
    assert_eq!(sourced("sh", folder, "GREENLIGHT_ACTION"), "");
}

#[test]
fn a_long_message_passes_through() {
    let folder = tempfile::tempdir().expect("a folder");
    let long = HOSTILE.repeat((64 << 10) / HOSTILE.len());
    let exports = [
        "bash-env=env",
        "github-output=out",
        "github-summary=md",
        "github-annotations",
    ];
    let mut arguments = vec!["label", "-"];
    for export in exports {
        arguments.extend(["--export", export]);
    }
    let ended = greenlight(arguments)
        .within(folder.path())
        .input(long)
        .run();
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    assert_eq!(sourced("sh", folder.path(), "GREENLIGHT_ACTION"), "warn");
    assert!(read(folder.path(), "md").len() < 80 << 10);
    // The only commands that a runner sees are ours.
    let live = |text: &str| {
        text.lines()
            .filter(|line| line.trim_start().starts_with("::"))
            .count()
    };
    assert_eq!(live(&ended.stdout), 0);
    let ours = |line: &&str| {
        let levels = ["::warning", "::notice"];
        levels
            .iter()
            .any(|level| line.starts_with(&format!("{level} title=greenlight label%3A")))
    };
    let ours = ended.stderr.lines().filter(ours).count();
    assert!(ours >= 1 && live(&ended.stderr) == ours, "{}", ended.stderr);
    assert!(!ended.stderr.contains("##["), "{}", ended.stderr);
}

/// Outputs as the runner reads them.
fn outputs(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let (name, delimiter) = line.split_once("<<").expect("a block");
        let value: Vec<_> = lines
            .by_ref()
            .take_while(|line| *line != delimiter)
            .collect();
        found.push((name.to_owned(), value.join("\n")));
    }
    found
}

#[test]
fn github_gets_all_of_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let tag = format!("stage-loadtest-abort-{SHA}");
    let arguments = [
        "decide",
        "--tag",
        &tag,
        "--stage",
        "converged",
        "--load-test",
        "failed",
    ];
    let call = |more: &[&str]| {
        greenlight(
            arguments
                .iter()
                .chain(["--export", "auto"].iter())
                .chain(more),
        )
        .within(folder)
        .variable("GITHUB_ACTIONS", "true")
    };
    let ended = call(&[])
        .variable("GITHUB_OUTPUT", "out")
        .variable("GITHUB_STEP_SUMMARY", "md")
        .gives(
            1,
            Text::Has(&["stop["]),
            Text::Has(&["::error title=greenlight decide%3A load-test-failed::"]),
        );
    assert!(!ended.stdout.contains("::error"), "{}", ended.stdout);
    let expected = [
        ("environment", "stage"),
        ("load-test", "abort"),
        ("commit", SHA),
        ("permission", "stop"),
        ("next", "notify"),
        ("reason", "load-test-failed"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(outputs(&read(folder, "out")), expected);
    let summary = read(folder, "md");
    assert!(
        summary.starts_with("### greenlight decide: stop\n"),
        "{summary}"
    );
    assert!(
        summary.contains("- ✗ <code>load-test-failed</code> "),
        "{summary}"
    );
    // Only for variables that are set.
    call(&[]).gives(
        1,
        Text::Has(&["stop["]),
        Text::Has(&[
            "note: `GITHUB_OUTPUT` is not set",
            "note: `GITHUB_STEP_SUMMARY` is not set",
        ]),
    );
}

#[test]
fn a_warning_is_a_warning() {
    let tag = format!("stage-loadtest-warn-{SHA}");
    let decide = [
        "decide",
        "--tag",
        &tag,
        "--stage",
        "converged",
        "--load-test",
        "failed",
    ];
    greenlight(
        decide
            .iter()
            .chain(&["--warn-exit-code", "3", "--export", "github-annotations"]),
    )
    .gives(
        3,
        Text::Has(&["promote-with-warning["]),
        Text::Has(&["::warning title=greenlight decide%3A "]),
    );
    let label = [
        "label",
        "--message",
        HOSTILE,
        "--export",
        "github-annotations",
    ];
    greenlight(label).gives(
        0,
        Text::Has(&["warn: "]),
        Text::Has(&["::warning title=greenlight label%3A near-miss::"]),
    );
    let refused = ["resolve", "nonsense", "--export", "github-annotations"];
    greenlight(refused).gives(
        1,
        Text::Nothing,
        Text::Has(&["::error title=greenlight resolve%3A "]),
    );
    // What could not be decided is an error, too.
    let nothing = ["label", "--export", "github-annotations"];
    greenlight(nothing).gives(
        2,
        Text::Nothing,
        Text::Has(&["::error title=greenlight label%3A no-answer::no commit message%0Ahelp: "]),
    );
}

#[test]
fn each_system_gets_what_it_reads() {
    let repository = Repository::new();
    let commit = repository.commit("x [load test: abort]");
    let folder = repository.path();
    let call = |set: &[(&str, &str)]| {
        greenlight(["label", "--rev", "HEAD", "--export", "auto"])
            .within(folder)
            .variables(set)
    };
    let shown = Text::Has(&["abort: "]);
    call(&[("CIRCLECI", "true"), ("BASH_ENV", "env")]).gives(0, shown, Text::Nothing);
    assert_eq!(sourced("bash", folder, "GREENLIGHT_COMMIT"), commit);
    call(&[("GITLAB_CI", "true")]).gives(0, shown, Text::Nothing);
    let expected = format!(
        "GREENLIGHT_ACTION=abort\nGREENLIGHT_LABEL=true\nGREENLIGHT_COMMIT={commit}\nGREENLIGHT_REASON=\n"
    );
    assert_eq!(read(folder, "greenlight.env"), expected);
    for (set, said) in [
        (
            &[("JENKINS_URL", "https://ci.example.org/")][..],
            "Jenkins reads no values",
        ),
        (&[("BUILDKITE", "true")], "Buildkite reads no values"),
        (&[("CI", "woodpecker")], "Woodpecker reads no values"),
        (&[("DRONE", "true")], "Drone reads no values"),
        (&[("CIRCLECI", "true")], "`BASH_ENV` is not set"),
        (&[], "no CI system was found"),
    ] {
        call(set).gives(0, shown, Text::Has(&["note: ", said]));
    }
}

#[test]
fn files_are_merged() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    fs::write(
        folder.join("p.json"),
        "{\"mine\": true, \"label\": true, \"tags\": \"old\"}",
    )
    .expect("written");
    fs::write(folder.join("vars"), "MINE=1\nGREENLIGHT_TAGS=old\n").expect("written");
    let exports = ["circleci-parameters=p.json", "dotenv=vars"];
    tags(folder, "main", &exports).gives(0, Text::Has(&["latest\n"]), Text::Has(&["near-miss"]));
    let all = format!("stage-loadtest-warn-{SHA} prod-{SHA} latest");
    let parameters: Value = serde_json::from_str(&read(folder, "p.json")).expect("JSON");
    assert_eq!(
        parameters,
        json!({"mine": true, "action": "warn", "label": false, "tags": all, "commit": SHA, "reason": ""})
    );
    let vars = read(folder, "vars");
    assert!(
        vars.starts_with("MINE=1\nGREENLIGHT_ACTION=warn\n"),
        "{vars}"
    );
    assert!(
        vars.contains(&format!("\nGREENLIGHT_TAGS={all}\n")),
        "{vars}"
    );
    tags(folder, "cart", &exports).gives(1, Text::Nothing, Text::Has(&["refused"]));
    let parameters: Value = serde_json::from_str(&read(folder, "p.json")).expect("JSON");
    assert_eq!(
        parameters,
        json!({"mine": true, "action": "", "tags": "", "commit": SHA, "reason": "branch-not-published"})
    );
    assert!(read(folder, "vars").contains("\nGREENLIGHT_TAGS=\n"));
}

#[test]
fn a_dotenv_file_that_gitlab_would_drop_is_told_of() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    fs::write(
        folder.join("vars"),
        format!("MINE={}\n", "x".repeat(5 << 10)),
    )
    .expect("written");
    tags(folder, "main", &["dotenv=vars"]).gives(
        0,
        Text::Has(&["latest\n"]),
        Text::Has(&["warning: `vars` is longer than the 5 KiB"]),
    );
    assert!(read(folder, "vars").contains("\nGREENLIGHT_REASON=\n"));
}

#[test]
fn resolve_says_what_the_tag_asks_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let tag = format!("prod-{SHA}");
    greenlight(["resolve", &tag, "--export", "dotenv=vars"])
        .within(folder.path())
        .gives(0, Text::Has(&["environment: prod\n"]), Text::Nothing);
    let expected = format!(
        "GREENLIGHT_ENVIRONMENT=prod\nGREENLIGHT_LOAD_TEST=\nGREENLIGHT_COMMIT={SHA}\nGREENLIGHT_REASON=\n"
    );
    assert_eq!(read(folder.path(), "vars"), expected);
}

#[test]
fn an_export_that_cannot_be_written_is_not_passed_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    fs::write(folder.join("list.json"), "[]").expect("written");
    for export in [
        "bash-env=no/such/folder",
        "github-output=.",
        "dotenv=.",
        "circleci-parameters=list.json",
    ] {
        let (_, file) = export.split_once('=').expect("a file");
        let said = format!("failed to write `{file}`");
        tags(folder, "main", &[export, "github-summary=md"]).gives(
            74,
            Text::Nothing,
            Text::Has(&[&said]),
        );
    }
    assert_eq!(read(folder, "list.json"), "[]");
    // What can be written is.
    assert!(read(folder, "md").contains("### greenlight tags: "));
    for (export, variable) in [
        ("bash-env", "BASH_ENV"),
        ("github-output", "GITHUB_OUTPUT"),
        ("github-summary", "GITHUB_STEP_SUMMARY"),
    ] {
        let said = format!("`{variable}` is not set");
        tags(folder, "main", &[export]).gives(2, Text::Nothing, Text::Has(&[&said, "help: "]));
    }
    for export in ["", "dotenv", "auto=x", "env", "github-annotations=x"] {
        tags(folder, "main", &[export]).gives(
            2,
            Text::Nothing,
            Text::Has(&["circleci-parameters=FILE"]),
        );
    }
}
