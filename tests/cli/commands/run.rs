//! `run`, `status` and `rollback-advice`, as far as they go without a service to deploy.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::harness::{Repository, Text, greenlight};

/// Two environments whose nodes refuse connections.
pub const UNREACHABLE: &str = r#"
[release]
poll-interval = "1s"

[[environment]]
name = "stage"
deploy = ["true"]
nodes = ["http://127.0.0.1:1"]
convergence-deadline = "1s"

[[environment]]
name = "prod"
deploy = ["true"]
nodes = ["http://127.0.0.1:1"]
"#;

fn folder(configuration: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("greenlight.toml"), configuration).expect("written");
    folder
}

/// A repository with the configuration beside it, and the tag of its commit.
pub fn shop(configuration: &str) -> (Repository, String) {
    let shop = Repository::new();
    let commit = shop.commit("Change [load test: skip]\n");
    fs::write(shop.path().join("greenlight.toml"), configuration).expect("written");
    (shop, format!("stage-{commit}"))
}

#[track_caller]
pub fn refused(folder: &Path, arguments: &[&str], said: &[&str]) {
    greenlight(arguments.iter().copied())
        .within(folder)
        .gives(2, Text::Nothing, Text::Has(said));
}

#[test]
fn without_a_configuration() {
    let folder = tempfile::tempdir().expect("a folder");
    for command in [&["run", "--resume"][..], &["status"], &["rollback-advice"]] {
        refused(
            folder.path(),
            command,
            &[
                "failed to read the configuration",
                "help: write a `greenlight.toml`",
            ],
        );
    }
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

#[test]
fn a_typing_error_names_the_nearest_key() {
    let folder = folder(&UNREACHABLE.replace("nodes", "node"));
    refused(
        folder.path(),
        &["status"],
        &["unknown key `node`", "help: did you mean `nodes`?"],
    );
}

#[test]
fn looking_makes_nothing() {
    let folder = folder(UNREACHABLE);
    greenlight(["status"]).within(folder.path()).gives(
        0,
        Text::Has(&["no deployment yet", "stage: not locked\nprod: not locked\n"]),
        Text::Nothing,
    );
    for arguments in [
        &["rollback-advice"][..],
        &["rollback-advice", "--bad", "HEAD"],
    ] {
        refused(
            folder.path(),
            arguments,
            &[
                "nothing was deployed to production yet",
                "help: no deployment in the journal changed it",
            ],
        );
    }
    assert!(!folder.path().join(".greenlight").exists());
}

#[test]
fn what_is_run_is_named_once() {
    let folder = folder(UNREACHABLE);
    for arguments in [&["run"][..], &["run", "--local", "--resume"]] {
        greenlight(arguments.iter().copied())
            .within(folder.path())
            .gives(2, Text::Nothing, Text::Has(&["error: "]));
    }
    refused(
        folder.path(),
        &["run", "--resume"],
        &["found no unfinished deployment"],
    );
    refused(
        folder.path(),
        &["run", "--resume", "7"],
        &["deployment 7 does not exist"],
    );
}

#[test]
fn a_refused_tag_begins_nothing() {
    let (shop, _) = shop(UNREACHABLE);
    greenlight(["run", "--tag", "prod-latest"])
        .within(shop.path())
        .gives(1, Text::Nothing, Text::Has(&["refused:", "tag-commit"]));
    assert!(!shop.path().join(".greenlight").exists());
}

#[test]
fn nodes_that_refuse_connections() {
    let (shop, tag) = shop(UNREACHABLE);
    greenlight(["run", "--tag", &tag])
        .within(shop.path())
        .gives(
            1,
            Text::Has(&[
                "deploy to `stage`: succeeded",
                "stop[not-converged]: `stage` did not converge within 1 s",
                "`; http://127.0.0.1:1 gives no usable answer since ",
            ]),
            Text::Nothing,
        );
    greenlight(["status"]).within(shop.path()).gives(
        0,
        Text::Has(&[
            "deployment 1: stopped",
            "stage: failed",
            "prod: not deployed",
        ]),
        Text::Nothing,
    );
}

#[test]
fn a_deployment_whose_process_was_killed_is_interrupted() {
    let killed = UNREACHABLE.replacen(
        r#"deploy = ["true"]"#,
        r#"deploy = ["sh", "-c", "kill -KILL $PPID"]"#,
        1,
    );
    let (shop, tag) = shop(&killed);
    greenlight(["run", "--tag", &tag]).within(shop.path()).run();
    let ended = greenlight(["status", "1"]).within(shop.path()).gives(
        0,
        Text::Has(&[
            "deployment 1: interrupted",
            "  next: deploy to `stage`\n",
            "  its process has ended: continue with `greenlight run --resume 1`\n",
            "deploy stage: interrupted\n",
        ]),
        Text::Nothing,
    );
    assert!(!ended.stdout.contains("running"), "{}", ended.stdout);
    let ended = greenlight(["status", "--format", "json"])
        .within(shop.path())
        .run();
    let deployment = &ended.json()["deployments"][0];
    assert_eq!(deployment["state"], "interrupted");
    assert_eq!(deployment["timeline"]["steps"][0]["state"], "interrupted");
    let mut status = vec!["status".to_owned(), "1".to_owned()];
    status.extend(REPORTS.map(|(kind, _)| format!("--report={kind}=status.{kind}")));
    let ended = greenlight(&status).within(shop.path()).run();
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    reports_say_interrupted(shop.path(), "status");
}

#[test]
fn a_run_that_is_asked_to_end_reports_an_interrupted_deployment() {
    let ended = UNREACHABLE.replacen(
        r#"deploy = ["true"]"#,
        r#"deploy = ["sh", "-c", "kill -TERM $PPID; exec tail -f /dev/null"]"#,
        1,
    );
    let (shop, tag) = shop(&ended);
    let mut run = vec!["run".to_owned(), "--tag".to_owned(), tag];
    run.extend(REPORTS.map(|(kind, _)| format!("--report={kind}=run.{kind}")));
    let ended = greenlight(&run).within(shop.path()).run();
    assert_eq!(ended.status, 75, "{}", ended.stderr);
    reports_say_interrupted(shop.path(), "run");
}

/// Reports, and what each says about the state of an interrupted deployment.
const REPORTS: [(&str, &str); 3] = [
    ("html", "<h1>Interrupted in stage</h1>"),
    ("junit", "interrupted; its process has ended"),
    ("markdown", "## ⚠ Interrupted in stage"),
];

#[track_caller]
fn reports_say_interrupted(folder: &Path, name: &str) {
    for (kind, state) in REPORTS {
        let text = fs::read_to_string(folder.join(format!("{name}.{kind}"))).expect("a report");
        assert!(text.contains(state), "{kind}: {text}");
        assert!(text.contains("greenlight run --resume 1"), "{kind}: {text}");
        for word in ["Running", "running", "aiting for"] {
            assert!(!text.contains(word), "{kind} says {word}: {text}");
        }
    }
}

#[test]
fn a_command_that_does_not_exist() {
    let (shop, tag) = shop(&UNREACHABLE.replacen(r#"["true"]"#, r#"["no-such-program"]"#, 1));
    greenlight(["run", "--tag", &tag])
        .within(shop.path())
        .gives(
            1,
            Text::Has(&["no-such-program", "stop[deployment-failed]"]),
            Text::Nothing,
        );
}

#[test]
fn output_of_a_command_does_nothing_to_a_terminal_or_a_runner() {
    let script = r#"["printf", "\\033[31m::error::x\\n"]"#;
    let (shop, tag) = shop(&UNREACHABLE.replacen(r#"["true"]"#, script, 1));
    let ended = greenlight(["run", "--tag", &tag]).within(shop.path()).run();
    assert!(!ended.stdout.contains('\u{1b}'), "{}", ended.stdout);
    assert!(ended.stdout.contains("| \\u{1b}[31m"), "{}", ended.stdout);
}

#[test]
fn another_policy_than_configured() {
    let policy = format!(
        "[policy]\nfile = \"p.wasm\"\ndigest = \"sha256:{}\"\n",
        "0".repeat(64)
    );
    let (shop, tag) = shop(&format!("{policy}{UNREACHABLE}"));
    refused(shop.path(), &["run", "--tag", &tag], &["p.wasm", "help: "]);
    greenlight(["policy", "export", "p.wasm"])
        .within(shop.path())
        .run();
    refused(
        shop.path(),
        &["run", "--tag", &tag],
        &["does not match the configuration: it is sha256:"],
    );
}

#[test]
fn reports_of_a_deployment() {
    let (shop, tag) = shop(UNREACHABLE);
    for report in ["html", "html=", "pdf=x"] {
        refused(
            shop.path(),
            &["run", "--tag", &tag, "--report", report],
            &["expected `html=FILE`"],
        );
    }
    let arguments = [
        "run",
        "--tag",
        &tag,
        "--report",
        "junit=j.xml",
        "--report",
        "html=no/x",
    ];
    let ended = greenlight(arguments).within(shop.path()).run();
    assert_eq!(ended.status, 74, "{}", ended.stderr);
    let written = fs::read_to_string(shop.path().join("j.xml")).expect("the other one");
    assert!(written.contains("<testsuites"), "{written}");
    greenlight(["status", "1", "--report", "sarif=s.json"])
        .within(shop.path())
        .gives(
            0,
            Text::Has(&["steps:", "deploy stage: succeeded"]),
            Text::Nothing,
        );
    let sarif = fs::read_to_string(shop.path().join("s.json")).expect("written");
    assert!(sarif.contains("not-converged"), "{sarif}");
}

#[test]
fn a_file_that_is_not_a_journal() {
    let (shop, tag) = shop(UNREACHABLE);
    fs::create_dir(shop.path().join(".greenlight")).expect("a folder");
    let file = shop.path().join(".greenlight/journal.db");
    fs::write(&file, "a shopping list").expect("written");
    let ended = greenlight(["run", "--tag", &tag]).within(shop.path()).run();
    assert_eq!(ended.status, 74, "{}", ended.stderr);
    assert!(
        ended.stderr.contains("the journal failed"),
        "{}",
        ended.stderr
    );
    assert_eq!(
        fs::read_to_string(&file).expect("it is there"),
        "a shopping list"
    );
}

#[test]
fn a_command_is_not_told_the_secret() {
    let hook = "[slack]\nurl-variable = \"HOOK\"\nwait = \"0s\"\n";
    let (shop, tag) = shop(&format!(
        "{hook}{}",
        UNREACHABLE.replacen(r#"["true"]"#, r#"["env"]"#, 1)
    ));
    let ended = greenlight(["run", "--tag", &tag])
        .within(shop.path())
        .variable("HOOK", "http://127.0.0.1:1/services/secret")
        .run();
    assert_eq!(ended.status, 1, "{}", ended.stderr);
    assert!(
        ended.stdout.contains("| GREENLIGHT_ENVIRONMENT=stage"),
        "{}",
        ended.stdout
    );
    for said in ["secret", "HOOK"] {
        assert!(!ended.stdout.contains(said), "{}", ended.stdout);
    }
}

/// People learn at the start that they would not be told of the end.
#[test]
fn a_channel_whose_variable_is_not_set() {
    let (shop, tag) = shop(&format!("[slack]\nurl-variable = \"HOOK\"\n{UNREACHABLE}"));
    for arguments in [&["run", "--tag", &tag][..], &["run", "--resume"]] {
        refused(shop.path(), arguments, &["`HOOK`", "help: set it"]);
    }
    assert!(
        !shop.path().join(".greenlight").exists(),
        "nothing was begun"
    );
}

#[test]
fn a_server_whose_channel_has_no_variable() {
    let server = "[serve]\ntoken-file = \"token\"\nrepositories = [\"example/app\"]\n";
    let (shop, _) = shop(&format!(
        "[slack]\nurl-variable = \"HOOK\"\n{UNREACHABLE}\n{server}"
    ));
    fs::write(shop.path().join("token"), "0123456789abcdef").expect("written");
    let ended = greenlight(["serve"]).within(shop.path()).run();
    assert_eq!(ended.status, 2, "{}", ended.stderr);
    assert!(ended.stderr.contains("`HOOK`"), "{}", ended.stderr);
}

#[test]
fn a_load_test_without_configuration() {
    let (shop, _) = shop(UNREACHABLE);
    let commit = shop.commit("Change [load test: abort]\n");
    let tag = format!("stage-loadtest-abort-{commit}");
    refused(
        shop.path(),
        &["run", "--tag", &tag],
        &[
            "the release asks for a load test, which is not configured",
            "help: write a `[load-test]`",
        ],
    );
    assert!(
        !shop.path().join(".greenlight").exists(),
        "nothing was begun"
    );
}

#[test]
fn a_commit_that_git_does_not_have() {
    let (shop, _) = shop(UNREACHABLE);
    let tag = format!("stage-{}", "1".repeat(40));
    refused(
        shop.path(),
        &["run", "--tag", &tag],
        &["git does not have the tag's commit", "help: check the tag"],
    );
    refused(
        shop.path(),
        &["run", "--tag", &tag, "--approved-by", " "],
        &["expected a name that is not blank"],
    );
    assert!(
        !shop.path().join(".greenlight").exists(),
        "nothing was begun"
    );
}
