//! The shared library for Jenkins and its Jenkinsfile.

mod groovy;
mod settings;

use std::fs;

use serde_json::{Value, json};

use crate::deployment;
use crate::files;
use crate::messages;
use crate::workspace::{Workspace, executable};
use groovy::run;

/// The folder that `libraryPath` names, as the repository has it.
const LIBRARY_PATH: &str = "host/ci/jenkins/";

/// The request for a build.
fn build(workspace: &Workspace, what: &Value, parameters: &Value) -> Value {
    json!({
        "workspace": workspace.repository.argument(),
        "variables": workspace.variables(),
        "parameters": parameters,
        "library": files::path("jenkins"),
        "library-path": LIBRARY_PATH,
        "pipeline": what["pipeline"],
        "script": what["script"],
    })
}

/// A build of the Jenkinsfile.
fn pipeline(workspace: &Workspace, parameters: &Value) -> Value {
    filled_in(workspace, &files::text("jenkins/Jenkinsfile"), parameters)
}

/// A build of a Jenkinsfile that is filled in with a program.
fn filled_in(workspace: &Workspace, file: &str, parameters: &Value) -> Value {
    let (url, sum) = workspace.download();
    let address = "https://downloads.example.org/greenlight-0.1.0-linux-x86_64";
    let filled = file.replace(address, &url).replace(&"0".repeat(64), &sum);
    assert!(filled.contains(&url) && filled.contains(&sum));
    build(workspace, &json!({"pipeline": filled}), parameters)
}

/// A build of steps of the library.
fn script(workspace: &Workspace, script: &str) -> Value {
    build(workspace, &json!({"script": script}), &json!({}))
}

/// Runs a pasted and filled-in Jenkinsfile for a tag, and returns its result and its log.
pub fn paste(workspace: &Workspace, file: &str, tag: &str) -> (String, String) {
    let (url, sum) = workspace.download();
    let file = file.replace("https://downloads.example.org/greenlight", &url);
    let file = file.replace("sha256: '…'", &format!("sha256: '{sum}'"));
    let ended = run(&[build(
        workspace,
        &json!({"pipeline": file}),
        &json!({"TAG": tag}),
    )]);
    let text = |key: &str| ended[0][key].as_str().expect("a text").to_owned();
    (text("result"), text("log"))
}

/// A machine of Jenkins. Its page "Using environment variables" lists the variables.
pub fn machine(message: &str) -> Workspace {
    let mut workspace = Workspace::new(message);
    for (name, value) in [
        ("BUILD_NUMBER", "7"),
        ("BUILD_URL", "https://jenkins.example.org/job/shop/7/"),
        ("JENKINS_URL", "https://jenkins.example.org/"),
        ("JOB_NAME", "shop"),
    ] {
        workspace.set(name, value);
    }
    workspace
}

/// The same, with greenlight on `PATH`.
fn equipped(message: &str) -> Workspace {
    let workspace = machine(message);
    workspace.download();
    let program = workspace.file("bin/greenlight");
    fs::copy(workspace.file("download"), program).expect("a program");
    workspace
}

fn calls(build: &Value) -> Vec<&str> {
    let calls = build["calls"].as_array().expect("calls");
    calls.iter().filter_map(Value::as_str).collect()
}

#[test]
fn each_deployment_sets_the_result_of_the_build() {
    let results = ["SUCCESS", "UNSTABLE", "FAILURE"];
    let mut builds = Vec::new();
    let mut kept = Vec::new();
    for (load_test, action, _) in deployment::RELEASES {
        let workspace = machine(&deployment::message(action));
        let nodes = deployment::prepare(&workspace, load_test);
        let tag = format!("stage-loadtest-{action}-{}", workspace.commit);
        builds.push(pipeline(&workspace, &json!({"TAG": tag})));
        kept.push((workspace, nodes));
    }
    for ((build, result), (workspace, _)) in run(&builds).iter().zip(results).zip(&kept) {
        assert_eq!(build["result"], result, "{}", build["log"]);
        let calls = calls(build);
        assert_eq!(
            calls[..8],
            [
                "library",
                "milestone 1",
                "lock greenlight-deployment",
                "agent any",
                "checkout",
                "sh",
                "sh Install greenlight",
                "sh Deploy",
            ]
        );
        assert!(
            calls[8].starts_with("junit ") && !calls[8].contains("without"),
            "{calls:?}"
        );
        assert_eq!(
            calls[9..],
            ["archive deployment.html deployment.xml", "publishHTML"]
        );
        let promoted = result != "FAILURE";
        assert_eq!(deployment::live(workspace) == workspace.commit, promoted);
    }
}

/// A superseded release is not a failure, and later steps can distinguish it from a promoted release.
#[test]
fn a_superseded_release_is_not_built() {
    let workspace = machine(&deployment::message("abort"));
    let _nodes = deployment::prepare(&workspace, "passed");
    let tag = deployment::superseded(&workspace);
    let builds = [pipeline(&workspace, &json!({"TAG": tag}))];
    let ended = run(&builds);
    assert_eq!(ended[0]["result"], "NOT_BUILT", "{}", ended[0]["log"]);
    let log = ended[0]["log"].as_str().expect("a log");
    assert!(
        log.contains("a newer release superseded this release"),
        "{log}"
    );
    let calls = calls(&ended[0]);
    assert!(
        calls.contains(&"archive deployment.html deployment.xml"),
        "{calls:?}"
    );
}

#[test]
fn a_refused_deployment_is_a_failure_without_a_report() {
    let mut builds = Vec::new();
    let mut kept = Vec::new();
    for tag in [
        "",
        "prod-latest",
        "'; touch canary; '",
        "$(touch canary)",
        "--local",
    ] {
        let workspace = machine("x\n");
        // The report of an earlier build must not be shown.
        let folder = workspace.repository.path().join("greenlight-report");
        fs::create_dir(&folder).expect("a folder");
        fs::write(folder.join("deployment.xml"), "<testsuites/>").expect("a report");
        let nodes = deployment::prepare(&workspace, "passed");
        builds.push(pipeline(&workspace, &json!({"TAG": tag})));
        kept.push((workspace, nodes));
    }
    let ended = run(&builds);
    assert_eq!(ended.len(), kept.len());
    for (build, (workspace, _)) in ended.iter().zip(&kept) {
        assert_eq!(build["result"], "FAILURE", "{}", build["log"]);
        assert!(
            calls(build).contains(&"junit without a report"),
            "{}",
            build["log"]
        );
        assert_eq!(deployment::live(workspace), "");
        workspace.nothing_ran();
    }
}

/// A stand-in for greenlight ends with each exit status.
#[test]
fn each_exit_status_of_run_sets_the_result_of_the_build() {
    let expected = [
        (0, "SUCCESS", ""),
        (1, "FAILURE", "stop (status 1)"),
        (2, "FAILURE", "(status 2)"),
        (3, "UNSTABLE", "go, with a warning"),
        (4, "FAILURE", "another step must happen first (status 4)"),
        (70, "FAILURE", "the policy gave no answer"),
        (74, "FAILURE", "could not be written"),
        (75, "FAILURE", "greenlight run --resume"),
        (139, "FAILURE", "unknown exit status (status 139)"),
    ];
    let mut builds = Vec::new();
    let mut kept = Vec::new();
    for (status, ..) in expected {
        let workspace = machine("x\n");
        let program = format!(
            "#!/bin/sh\nprintf '%s\\n' \"$*\" >>\"$HOME/greenlight.calls\"\nexit {status}\n"
        );
        executable(&workspace.file("bin/greenlight"), &program);
        builds.push(script(
            &workspace,
            "greenlightRun(tag: 'stage-x', digest: 'sha256:y', request: 'k e y', config: 'other.toml')",
        ));
        kept.push(workspace);
    }
    for ((build, (_, result, text)), workspace) in run(&builds).iter().zip(expected).zip(&kept) {
        assert_eq!(build["result"], result);
        let log = build["log"].as_str().expect("a log");
        assert!(log.contains(text), "no {text:?} in {log}");
        assert_eq!(
            workspace.content("greenlight.calls"),
            "run --tag stage-x --warn-exit-code 3 --export dotenv=.greenlight-run.env --report html=greenlight-report/deployment.html \
             --report junit=greenlight-report/deployment.xml --digest sha256:y --request k e y --config other.toml\n"
        );
    }
}

#[test]
fn every_message_has_its_label_and_no_part_of_it_runs() {
    let messages = messages::all();
    let workspaces: Vec<_> = messages.iter().map(|it| equipped(&it.text)).collect();
    let steps = "checkout(scm); greenlightLabel().GREENLIGHT_ACTION";
    let mut builds: Vec<_> = workspaces.iter().map(|it| script(it, steps)).collect();
    // A misspelled label makes the build unstable; with `strict` it fails the build.
    let misspelled = equipped("x [load test:skip]\n");
    builds.push(script(&misspelled, steps));
    builds.push(script(
        &misspelled,
        "checkout(scm); greenlightLabel(strict: true)",
    ));
    let ended = run(&builds);
    for ((build, message), workspace) in ended.iter().zip(&messages).zip(&workspaces) {
        assert_eq!(
            build["answer"], message.action,
            "{}: {}",
            message.name, build["log"]
        );
        assert_eq!(build["result"], "SUCCESS", "{}", message.name);
        workspace.nothing_ran();
    }
    let [.., unstable, failure] = &ended[..] else {
        panic!("{ended:?}");
    };
    assert_eq!(unstable["result"], "UNSTABLE", "{}", unstable["log"]);
    assert_eq!(unstable["answer"], "warn");
    assert_eq!(failure["result"], "FAILURE");
}

#[test]
fn a_tag_is_resolved() {
    let workspace = equipped("x\n");
    let skip = format!("stage-loadtest-skip-{}", workspace.commit);
    let ended = run(&[
        script(&workspace, &format!("greenlightResolve('{skip}')")),
        script(&workspace, "greenlightResolve('prod-latest')"),
    ]);
    assert_eq!(ended[0]["result"], "SUCCESS", "{}", ended[0]["log"]);
    assert_eq!(ended[0]["answer"]["GREENLIGHT_ENVIRONMENT"], "stage");
    assert_eq!(ended[0]["answer"]["GREENLIGHT_LOAD_TEST"], "skip");
    assert_eq!(ended[0]["answer"]["GREENLIGHT_COMMIT"], workspace.commit);
    assert_eq!(ended[1]["result"], "FAILURE");
}

#[test]
fn each_decision_sets_the_result_of_the_build() {
    let none = Value::Null;
    let cases = [
        (
            "abort",
            "stage: 'converged', loadTest: 'passed'",
            "SUCCESS",
            json!("promote"),
        ),
        (
            "warn",
            "stage: 'converged', loadTest: 'failed'",
            "UNSTABLE",
            json!("promote-with-warning"),
        ),
        (
            "abort",
            "stage: 'converged', loadTest: 'failed'",
            "FAILURE",
            none.clone(),
        ),
        ("abort", "stage: 'converged'", "FAILURE", none.clone()),
        (
            "abort",
            "stage: 'converged', hold: true",
            "SUCCESS",
            json!("hold"),
        ),
        ("abort", "stage: 'nowhere', hold: true", "FAILURE", none),
    ];
    let mut builds = Vec::new();
    let mut kept = Vec::new();
    for (action, more, ..) in &cases {
        let workspace = equipped(&deployment::message(action));
        let tag = format!("stage-loadtest-{action}-{}", workspace.commit);
        let steps = format!("greenlightDecide(tag: '{tag}', {more}).GREENLIGHT_PERMISSION");
        builds.push(script(&workspace, &steps));
        kept.push(workspace);
    }
    for (build, (action, more, result, verdict)) in run(&builds).iter().zip(cases) {
        assert_eq!(build["result"], result, "{action} {more}: {}", build["log"]);
        assert_eq!(build["answer"], verdict, "{action} {more}");
    }
}
