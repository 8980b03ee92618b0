//! The shared library for Jenkins and its Jenkinsfile, in a stand-in for Jenkins on Debian's Groovy.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::child;
use crate::deployment;
use crate::files;
use crate::harness::fixture;
use crate::messages;
use crate::programs;
use crate::workspace::{Workspace, executable};

/// The folder that `libraryPath` names, as the repository has it.
const LIBRARY_PATH: &str = "host/ci/jenkins/";

/// A build that the stand-in is asked for.
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

/// A build of a Jenkinsfile as a user has filled it in.
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

/// Runs the builds one after the other, and returns how they went.
#[track_caller]
fn run(builds: &[Value]) -> Vec<Value> {
    run_with(
        &programs::on_path("groovy"),
        &programs::on_path("java"),
        builds,
    )
}

/// The same, with this launcher of Groovy and this Java.
#[track_caller]
fn run_with(groovy: &Path, java: &Path, builds: &[Value]) -> Vec<Value> {
    let mut child = Command::new(groovy)
        .arg(fixture("ci/jenkins/harness.groovy"))
        // Debian's launcher does not look on `PATH`.
        .env("JAVA_HOME", child::java_home(java))
        // It is over before a second compiler or a second thread to collect garbage would pay.
        .env("JAVA_OPTS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("groovy starts");
    let mut input = child.stdin.take().expect("a pipe");
    let requests = serde_json::to_vec(builds).expect("JSON");
    // All of it is read before anything is written.
    let read = input.write_all(&requests);
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    child::succeeded("groovy", &output);
    read.expect("it reads");
    let ended: Vec<_> = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", child::shown(&output)));
    assert_eq!(ended.len(), builds.len(), "{}", child::shown(&output));
    ended
}

/// Runs a Jenkinsfile that somebody has pasted and filled in, for a tag, and returns its result and its log.
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

/// A machine of Jenkins. The variables are those of its page "Using environment variables".
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
fn a_deployment_ends_as_greenlight_says() {
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

#[test]
fn a_deployment_that_does_not_begin_is_a_failure_and_shows_no_report() {
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
        // What an earlier build left is not taken for this one's.
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

/// A stand-in for greenlight ends with each status that there is.
#[test]
fn each_status_of_run_is_what_jenkins_calls_it() {
    let expected = [
        (0, "SUCCESS", ""),
        (1, "FAILURE", "stop (status 1)"),
        (2, "FAILURE", "(status 2)"),
        (3, "UNSTABLE", "go, with a warning"),
        (4, "FAILURE", "something has to happen first (status 4)"),
        (70, "FAILURE", "the policy gave no answer"),
        (74, "FAILURE", "could not be written"),
        (75, "FAILURE", "greenlight run --resume"),
        (139, "FAILURE", "an unknown way (status 139)"),
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
    for ((build, (_, result, said)), workspace) in run(&builds).iter().zip(expected).zip(&kept) {
        assert_eq!(build["result"], result);
        let log = build["log"].as_str().expect("a log");
        assert!(log.contains(said), "no {said:?} in {log}");
        assert_eq!(
            workspace.content("greenlight.calls"),
            "run --tag stage-x --config other.toml --warn-exit-code 3 --report html=greenlight-report/deployment.html \
             --report junit=greenlight-report/deployment.xml --digest sha256:y --request k e y\n"
        );
    }
}

#[test]
fn every_message_has_its_label_and_nothing_of_it_runs() {
    let messages = messages::all();
    let workspaces: Vec<_> = messages.iter().map(|it| equipped(&it.text)).collect();
    let steps = "checkout(scm); greenlightLabel().GREENLIGHT_ACTION";
    let mut builds: Vec<_> = workspaces.iter().map(|it| script(it, steps)).collect();
    // One that is spelt wrong is unstable, or a failure.
    let misspelt = equipped("x [load test:skip]\n");
    builds.push(script(&misspelt, steps));
    builds.push(script(
        &misspelt,
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
fn a_tag_says_what_it_asks_for() {
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
fn a_decision_is_what_jenkins_calls_it() {
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

/// The stand-in can fail: a directive, a step and an argument that Jenkins does not know.
#[test]
fn the_stand_in_refuses_what_jenkins_would_not_know() {
    let workspace = machine("x\n");
    let file = files::text("jenkins/Jenkinsfile");
    let wrong = [
        ("milestone(1)", "mileStone(1)", "no step `mileStone`"),
        ("agent none", "agents none", "no `agents` in Pipeline"),
        (
            "allowEmptyArchive",
            "allowNone",
            "`archiveArtifacts` has no argument",
        ),
        ("host/ci/jenkins/", "host/ci/", "nothing is at `host/ci/`"),
    ];
    let builds = wrong.map(|(text, broken, _)| {
        let broken = file.replacen(text, broken, 1);
        assert_ne!(broken, file);
        filled_in(&workspace, &broken, &json!({}))
    });
    for (build, (.., said)) in run(&builds).iter().zip(wrong) {
        let result = build["result"].as_str().expect("a result");
        assert!(result.starts_with(&format!("unknown: {said}")), "{result}");
    }
}

/// A machine whose Java did not come with Debian's package `default-jre-headless`: nothing is where Debian's launcher
/// looks without `JAVA_HOME`, and `java` is a script that runs a Java in another folder.
#[test]
fn a_java_that_is_not_debians_is_enough() {
    let folder = tempfile::tempdir().expect("a folder");
    let launcher = fs::canonicalize(programs::on_path("groovy")).expect("a file");
    for name in ["groovy", "startGroovy"] {
        let text = fs::read_to_string(launcher.with_file_name(name)).expect("a script");
        let text = text.replace("/usr/lib/jvm/default-java", "/nowhere");
        executable(&folder.path().join(name), &text);
    }
    let java = folder.path().join("java");
    let real = programs::on_path("java");
    executable(
        &java,
        &format!("#!/bin/sh\nexec '{}' \"$@\"\n", real.display()),
    );
    let workspace = equipped("x\n");
    let steps = "checkout(scm); greenlightLabel().GREENLIGHT_ACTION";
    let ended = run_with(
        &folder.path().join("groovy"),
        &java,
        &[script(&workspace, steps)],
    );
    assert_eq!(ended[0]["answer"], "warn", "{}", ended[0]["log"]);
}
