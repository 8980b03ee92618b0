//! The template for GitLab and the pipeline that uses it.

mod lint;
mod settings;

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Map, Value};

use crate::deployment;
use crate::files;
use crate::messages;
use crate::workspace::{Ended, Workspace};

pub use lint::findings;

/// The shells that a runner uses, with the first line of its scripts.
const SHELLS: [(&[&str], &str); 3] = [
    (&["bash"], "set -eo pipefail\n"),
    (&["dash"], "set -e\n"),
    (&["busybox", "sh"], "set -eo pipefail\n"),
];

/// How GitLab shows a job.
#[derive(Debug, PartialEq)]
enum Shown {
    Passed,
    Warning,
    Failed,
}

/// The template and the pipeline, as `include` merges them.
fn configuration() -> Map<String, Value> {
    let mut all = files::yaml(&files::text("gitlab/greenlight.yml"));
    let release = files::yaml(&files::text("gitlab/release.yml"));
    let all = all.as_object_mut().expect("jobs");
    all.extend(release.as_object().expect("jobs").clone());
    all.clone()
}

/// A job with the jobs that it extends: later ones win, and tables are merged.
fn job(configuration: &Map<String, Value>, name: &str) -> Value {
    let own = &configuration[name];
    let mut merged = Value::Object(Map::new());
    let parents = match &own["extends"] {
        Value::String(name) => vec![name.clone()],
        Value::Array(names) => names
            .iter()
            .map(|it| it.as_str().expect("a name").to_owned())
            .collect(),
        _ => Vec::new(),
    };
    for parent in parents {
        merge(&mut merged, &job(configuration, &parent));
    }
    merge(&mut merged, own);
    merged
}

fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from.clone(),
    }
}

/// A machine of GitLab. Its page "Predefined CI/CD variables reference" lists the variables.
fn machine(message: &str, branch: &str) -> Workspace {
    let mut workspace = Workspace::new(message);
    workspace.installable();
    let commit = workspace.commit.clone();
    let folder = workspace.repository.argument().to_owned();
    for (name, value) in [
        ("CI", "true"),
        ("GITLAB_CI", "true"),
        ("CI_COMMIT_SHA", commit.as_str()),
        ("CI_COMMIT_BRANCH", branch),
        ("CI_COMMIT_REF_NAME", branch),
        ("CI_COMMIT_MESSAGE", message),
        ("CI_DEFAULT_BRANCH", "main"),
        ("CI_JOB_URL", "https://gitlab.example.org/org/shop/-/jobs/7"),
        ("CI_PIPELINE_SOURCE", "push"),
        ("CI_PROJECT_DIR", &folder),
        ("CI_REGISTRY", "registry.example.org"),
        ("CI_REGISTRY_IMAGE", "registry.example.org/shop"),
        ("CI_REGISTRY_USER", "ada"),
        ("CI_REGISTRY_PASSWORD", "hush"),
    ] {
        workspace.set(name, value);
    }
    workspace
}

/// Runs a job: `before_script` and `script` are one script, line by line.
fn run(
    workspace: &Workspace,
    shell: (&[&str], &str),
    job: &Value,
    more: &[(String, String)],
) -> (Shown, Ended) {
    let mut script = shell.1.to_owned();
    for key in ["before_script", "script"] {
        for line in job[key].as_array().into_iter().flatten() {
            script.push_str(line.as_str().expect("a line"));
            script.push('\n');
        }
    }
    let variables = job["variables"].as_object().into_iter().flatten();
    let variables =
        variables.map(|(name, value)| (name.clone(), value.as_str().expect("a text").to_owned()));
    let variables: Vec<_> = variables.chain(more.iter().cloned()).collect();
    let ended = workspace.run(shell.0, &script, &variables);
    let allowed = job["allow_failure"]["exit_codes"].as_array();
    let allowed = allowed.is_some_and(|it| it.iter().any(|code| *code == ended.status));
    let shown = match ended.status {
        0 => Shown::Passed,
        _ if allowed => Shown::Warning,
        _ => Shown::Failed,
    };
    (shown, ended)
}

/// The variables that a job exports to the jobs that need it.
fn exported(workspace: &Workspace, job: &Value) -> BTreeMap<String, String> {
    let file = job["artifacts"]["reports"]["dotenv"]
        .as_str()
        .expect("a file");
    let text = fs::read_to_string(workspace.repository.path().join(file)).expect("the file");
    text.lines()
        .map(|line| line.split_once('=').expect("a variable"))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn variables(values: &[(&str, &str)]) -> Vec<(String, String)> {
    values
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn every_message_is_published_under_its_tags() {
    let configuration = configuration();
    for (index, message) in messages::all().iter().enumerate() {
        let workspace = machine(&message.text, "main");
        workspace.stand_in("docker");
        // Each message under one shell; each shell has several messages.
        let shell = SHELLS[index % SHELLS.len()];
        let label = job(&configuration, "label");
        let (shown, ended) = run(&workspace, shell, &label, &[]);
        assert_eq!(shown, Shown::Passed, "{}: {ended}", message.name);
        let from_job = exported(&workspace, &label);
        assert_eq!(
            from_job["GREENLIGHT_ACTION"], message.action,
            "{}",
            message.name
        );

        let tags = job(&configuration, "tags");
        let (shown, ended) = run(&workspace, shell, &tags, &[]);
        assert_eq!(shown, Shown::Passed, "{}: {ended}", message.name);
        let from_job = exported(&workspace, &tags);
        let expected = messages::tags(message.action, &workspace.commit);
        assert_eq!(
            from_job["GREENLIGHT_TAGS"],
            expected.join(" "),
            "{}",
            message.name
        );

        let given: Vec<_> = from_job.into_iter().collect();
        let (shown, ended) = run(&workspace, shell, &job(&configuration, "publish"), &given);
        assert_eq!(shown, Shown::Passed, "{}: {ended}", message.name);
        let calls = workspace.content("docker.calls");
        let pushed: Vec<_> = calls
            .lines()
            .filter_map(|line| line.strip_prefix("push "))
            .collect();
        let expected = expected
            .iter()
            .map(|tag| format!("registry.example.org/shop:{tag}"));
        assert_eq!(pushed, expected.collect::<Vec<_>>(), "{}", message.name);
        assert_eq!(workspace.content("docker.input"), "hush");
        workspace.nothing_ran();
    }
}

#[test]
fn every_message_under_every_shell() {
    let configuration = configuration();
    let label = job(&configuration, "label");
    for shell in SHELLS {
        for message in messages::all() {
            let workspace = machine(&message.text, "main");
            let (shown, ended) = run(&workspace, shell, &label, &[]);
            assert_eq!(shown, Shown::Passed, "{}: {ended}", message.name);
            assert_eq!(
                exported(&workspace, &label)["GREENLIGHT_ACTION"],
                message.action
            );
            workspace.nothing_ran();
        }
    }
}

#[test]
fn another_branch_is_not_published() {
    let configuration = configuration();
    let workspace = machine("x\n", "cart");
    let tags = job(&configuration, "tags");
    let (shown, ended) = run(&workspace, SHELLS[0], &tags, &[]);
    assert_eq!(shown, Shown::Failed, "{ended}");
    ended.is(1).says("branch-not-published");
    assert_eq!(exported(&workspace, &tags)["GREENLIGHT_TAGS"], "");
}

#[test]
fn a_misspelled_label_is_a_warning() {
    let configuration = configuration();
    for shell in SHELLS {
        let workspace = machine("x [load test:skip]\n", "main");
        let label = job(&configuration, "label");
        let (shown, ended) = run(&workspace, shell, &label, &[]);
        assert_eq!(shown, Shown::Warning, "{ended}");
        assert_eq!(exported(&workspace, &label)["GREENLIGHT_ACTION"], "warn");
    }
}

#[test]
fn only_a_warning_is_shown_as_a_warning() {
    let configuration = configuration();
    let decide = job(&configuration, ".greenlight-decide");
    let cases = [
        ("abort", "passed", Shown::Passed, 0, "promote"),
        ("warn", "failed", Shown::Warning, 3, "promote-with-warning"),
        ("abort", "failed", Shown::Failed, 1, "stop"),
        ("abort", "not-run", Shown::Failed, 4, "hold"),
    ];
    for (action, load_test, expected, status, verdict) in cases {
        let workspace = machine(&deployment::message(action), "main");
        let tag = format!("stage-loadtest-{action}-{}", workspace.commit);
        let given = variables(&[
            ("TAG", &tag),
            ("STAGE", "converged"),
            ("LOAD_TEST", load_test),
        ]);
        let (shown, ended) = run(&workspace, SHELLS[1], &decide, &given);
        assert_eq!(shown, expected, "{ended}");
        ended.is(status);
        assert_eq!(
            exported(&workspace, &decide)["GREENLIGHT_PERMISSION"],
            verdict
        );
    }
}

#[test]
fn a_tag_is_only_an_argument() {
    let configuration = configuration();
    let resolve = job(&configuration, ".greenlight-resolve");
    for tag in [
        "prod-latest",
        "--help",
        "$(touch canary)",
        "'; touch canary; '",
        "",
    ] {
        let workspace = machine("x\n", "main");
        let (shown, ended) = run(&workspace, SHELLS[1], &resolve, &variables(&[("TAG", tag)]));
        assert_eq!(shown, Shown::Failed, "{tag}: {ended}");
        ended.is(1);
        workspace.nothing_ran();
    }
    let workspace = machine("x\n", "main");
    let tag = format!("prod-{}", workspace.commit);
    let (shown, ended) = run(
        &workspace,
        SHELLS[1],
        &resolve,
        &variables(&[("TAG", &tag)]),
    );
    assert_eq!(shown, Shown::Passed, "{ended}");
    assert_eq!(
        exported(&workspace, &resolve)["GREENLIGHT_ENVIRONMENT"],
        "prod"
    );
}

#[test]
fn each_exit_status_of_a_deployment_ends_the_job() {
    let configuration = configuration();
    let deploy = job(&configuration, "deploy");
    for (load_test, action, status) in deployment::RELEASES {
        let workspace = machine(&deployment::message(action), "main");
        let _nodes = deployment::prepare(&workspace, load_test);
        let tag = format!("stage-loadtest-{action}-{}", workspace.commit);
        let (shown, ended) = run(&workspace, SHELLS[0], &deploy, &variables(&[("TAG", &tag)]));
        let expected = match status {
            0 => Shown::Passed,
            3 => Shown::Warning,
            _ => Shown::Failed,
        };
        assert_eq!(shown, expected, "{ended}");
        ended.is(status);
        assert_eq!(
            deployment::live(&workspace) == workspace.commit,
            status != 1
        );
        let junit = deploy["artifacts"]["reports"]["junit"]
            .as_str()
            .expect("a file");
        assert!(workspace.repository.path().join(junit).is_file());
    }
}

/// A superseded release is not a failure, and later jobs can distinguish it from a promoted release.
#[test]
fn a_superseded_release_passes() {
    let configuration = configuration();
    let deploy = job(&configuration, "deploy");
    for shell in SHELLS {
        let workspace = machine(&deployment::message("abort"), "main");
        let _nodes = deployment::prepare(&workspace, "passed");
        let tag = deployment::superseded(&workspace);
        let (shown, ended) = run(&workspace, shell, &deploy, &variables(&[("TAG", &tag)]));
        assert_eq!(shown, Shown::Passed, "{ended}");
        assert_eq!(
            exported(&workspace, &deploy)["GREENLIGHT_CONCLUSION"],
            "superseded"
        );
    }
}

/// The program is a stand-in that records its arguments.
#[test]
fn a_deployment_passes_its_variables_on() {
    let configuration = configuration();
    let mut workspace = machine("x\n", "main");
    let program = workspace.file("download");
    crate::workspace::executable(
        &program,
        "#!/bin/sh\ncase $1 in --version) echo greenlight 0.1.0 ;; *) printf '%s\\n' \"$*\" >>\"$HOME/calls\" ;; esac\n",
    );
    workspace.set(
        "GREENLIGHT_INSTALL_SHA256",
        crate::workspace::sha256(&program),
    );
    workspace.set("GREENLIGHT_INSTALL_VERSION", "0.1.0");
    let given = variables(&[
        ("TAG", "stage-x"),
        ("DIGEST", "sha256:y"),
        ("REQUEST", "k e y"),
    ]);
    let (shown, ended) = run(
        &workspace,
        SHELLS[0],
        &job(&configuration, "deploy"),
        &given,
    );
    assert_eq!(shown, Shown::Passed, "{ended}");
    assert_eq!(
        workspace.content("calls"),
        "run --tag stage-x --warn-exit-code 3 --report html=greenlight-report/deployment.html \
         --report junit=greenlight-report/deployment.xml --digest sha256:y --request k e y --export dotenv=greenlight.env\n"
    );
}
