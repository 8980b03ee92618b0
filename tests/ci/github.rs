//! The action for GitHub and the workflows that use it.

mod deployments;
mod settings;

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use crate::deployment;
use crate::files;
use crate::messages;
use crate::workspace::{Ended, VERSION, Workspace};

/// How GitHub calls `shell: bash`, and a `run` without a shell.
const BASH: &[&str] = &["bash", "--noprofile", "--norc", "-eo", "pipefail"];
const USUAL: &[&str] = &["bash", "-e"];

/// A machine of GitHub. Its page "Variables reference" lists the variables.
fn machine(message: &str, branch: &str) -> Workspace {
    let mut workspace = Workspace::new(message);
    let commit = workspace.commit.clone();
    let event = workspace.file("event.json");
    let body = json!({
        "ref": format!("refs/heads/{branch}"),
        "after": commit,
        "head_commit": {"id": commit, "message": message},
    });
    fs::write(&event, body.to_string()).expect("an event");
    let reference = format!("refs/heads/{branch}");
    let action = files::path("github").display().to_string();
    let folder = workspace.repository.argument().to_owned();
    let event = event.display().to_string();
    for (name, value) in [
        ("CI", "true"),
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_EVENT_NAME", "push"),
        ("GITHUB_EVENT_PATH", &event),
        ("GITHUB_SHA", &commit),
        ("GITHUB_REF", &reference),
        ("GITHUB_REF_NAME", branch),
        ("GITHUB_REF_TYPE", "branch"),
        ("GITHUB_REPOSITORY", "org/shop"),
        ("GITHUB_RUN_ID", "7"),
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("GITHUB_WORKSPACE", &folder),
        ("GITHUB_ACTION_PATH", &action),
    ] {
        workspace.set(name, value);
    }
    let summary = workspace.file("summary.md").display().to_string();
    workspace.set("GITHUB_STEP_SUMMARY", summary);
    workspace
}

/// The result of the action.
struct Used {
    ended: Ended,
    outputs: BTreeMap<String, String>,
}

/// Uses the action with these inputs.
#[track_caller]
fn using(workspace: &mut Workspace, inputs: &[(&str, &str)]) -> Used {
    let action = files::yaml(&files::text("github/action.yml"));
    let (url, sum) = workspace.download();
    let mut values = BTreeMap::new();
    for (name, input) in action["inputs"].as_object().expect("inputs") {
        if let Some(default) = input["default"].as_str() {
            values.insert(format!("inputs.{name}"), default.to_owned());
        }
    }
    let program = [("version", VERSION), ("url", &url), ("sha256", &sum)];
    for (name, value) in program.iter().chain(inputs) {
        assert!(action["inputs"].get(name).is_some(), "no input `{name}`");
        values.insert(format!("inputs.{name}"), (*value).to_owned());
    }
    let temp = workspace.file("temp").display().to_string();
    values.insert("runner.temp".to_owned(), temp);
    let mut last = None;
    for step in action["runs"]["steps"].as_array().expect("steps") {
        assert_eq!(step["shell"], "bash");
        let id = step["id"].as_str().expect("an id");
        let ended = run(workspace, step, BASH, &values);
        let failed = ended.status != 0;
        for (name, value) in outputs(workspace) {
            values.insert(format!("steps.{id}.outputs.{name}"), value);
        }
        last = Some(ended);
        if failed {
            break;
        }
    }
    let mut outputs = BTreeMap::new();
    for (name, output) in action["outputs"].as_object().expect("outputs") {
        let value = output["value"].as_str().expect("a value");
        // An output that no step sets is empty.
        outputs.insert(name.clone(), evaluate(value, &values).unwrap_or_default());
    }
    Used {
        ended: last.expect("a step"),
        outputs,
    }
}

/// Runs one step, with its own file for outputs.
fn run(
    workspace: &mut Workspace,
    step: &Value,
    shell: &[&str],
    values: &BTreeMap<String, String>,
) -> Ended {
    let file = workspace.file("output");
    fs::write(&file, "").expect("a file");
    workspace.set("GITHUB_OUTPUT", file.display().to_string());
    let environment = step["env"].as_object().into_iter().flatten();
    let environment: Vec<_> = environment
        .map(|(name, value)| {
            let value = value.as_str().expect("a text");
            let value = evaluate(value, values).unwrap_or_else(|| panic!("`{value}` is not known"));
            (name.clone(), value)
        })
        .collect();
    let script = step["run"].as_str().expect("a script");
    assert!(!script.contains("${{"), "a value is pasted into a shell");
    workspace.run(shell, script, &environment)
}

/// A text with values instead of expressions; none if an expression has no value.
fn evaluate(text: &str, values: &BTreeMap<String, String>) -> Option<String> {
    let mut parts = text.split("${{");
    let mut evaluated = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (expression, rest) = part.split_once("}}").expect("its end");
        evaluated.push_str(values.get(expression.trim())?);
        evaluated.push_str(rest);
    }
    Some(evaluated)
}

/// The outputs of the last step, as the runner reads them.
fn outputs(workspace: &Workspace) -> Vec<(String, String)> {
    let text = workspace.content("output");
    let mut lines = text.lines();
    let mut outputs = Vec::new();
    while let Some(line) = lines.next() {
        // The first of both decides the form.
        let equals = line.find('=').unwrap_or(usize::MAX);
        let heredoc = line.find("<<").unwrap_or(usize::MAX);
        assert!(equals != heredoc, "neither form: {line}");
        if equals < heredoc {
            outputs.push((line[..equals].to_owned(), line[equals + 1..].to_owned()));
        } else {
            let end = &line[heredoc + 2..];
            let value: Vec<_> = lines.by_ref().take_while(|line| *line != end).collect();
            outputs.push((line[..heredoc].to_owned(), value.join("\n")));
        }
    }
    outputs
}

/// The lines of the output that the runner takes for workflow commands.
fn commands(ended: &Ended) -> Vec<String> {
    let all = format!("{}\n{}", ended.stdout, ended.stderr);
    let lines = all.lines().map(str::trim_start);
    lines
        .filter(|line| line.starts_with("::") || line.contains("##["))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_message_is_published_under_its_tags() {
    let workflow = files::yaml(&files::text("github/release.yml"));
    let steps = workflow["jobs"]["publish"]["steps"].as_array();
    let push = steps.expect("steps").last().expect("the last one").clone();
    for message in messages::all() {
        let mut workspace = machine(&message.text, "main");
        workspace.stand_in("docker");
        let used = using(&mut workspace, &[("command", "label")]);
        let ended = used.ended.is(0);
        assert_eq!(used.outputs["action"], message.action, "{}", message.name);
        assert_eq!(commands(&ended), Vec::<String>::new(), "{}", message.name);

        let needs = r#"{"checks":{"result":"success","outputs":{}},"test":{"result":"success"},"image":{"result":"success"}}"#;
        let used = using(&mut workspace, &[("command", "tags"), ("needs", needs)]);
        let ended = used.ended.is(0);
        assert_eq!(commands(&ended), Vec::<String>::new(), "{}", message.name);
        let tags = messages::tags(message.action, &workspace.commit);
        assert_eq!(used.outputs["tags"], tags.join(" "), "{}", message.name);
        assert_eq!(used.outputs["commit"], workspace.commit);

        let values = BTreeMap::from(
            [
                ("steps.tags.outputs.tags", used.outputs["tags"].as_str()),
                ("secrets.REGISTRY_USER", "ada"),
                ("secrets.REGISTRY_PASSWORD", "hush"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        run(&mut workspace, &push, USUAL, &values).is(0);
        let pushed: Vec<_> = tags
            .iter()
            .map(|tag| format!("push registry.example.org/shop:{tag}"))
            .collect();
        let calls = workspace.content("docker.calls");
        let calls: Vec<_> = calls
            .lines()
            .filter(|line| line.starts_with("push"))
            .collect();
        assert_eq!(calls, pushed, "{}", message.name);
        assert_eq!(workspace.content("docker.input"), "hush");
        workspace.nothing_ran();
    }
}

#[test]
fn a_failed_job_or_another_branch_is_not_published() {
    for (branch, result, code) in [
        ("main", "failure", "job-failed"),
        ("main", "cancelled", "job-"),
        ("cart", "success", "branch-not-published"),
    ] {
        let mut workspace = machine("x\n", branch);
        let needs = json!({"test": {"result": result}}).to_string();
        let used = using(&mut workspace, &[("command", "tags"), ("needs", &needs)]);
        used.ended.is(1).says(code);
        assert_eq!(used.outputs["tags"], "");
    }
}

#[test]
fn a_misspelled_label_is_an_annotation() {
    let mut workspace = machine("x [load test:skip]\n", "main");
    let used = using(&mut workspace, &[("command", "label")]);
    let ended = used.ended.is(0);
    let commands = commands(&ended);
    assert_eq!(commands.len(), 1, "{commands:?}");
    assert!(commands[0].starts_with("::warning "), "{commands:?}");
    assert!(commands[0].contains("[load test: skip]"), "{commands:?}");
    using(&mut workspace, &[("command", "label"), ("strict", "true")])
        .ended
        .is(1);
}

/// A squash message does not exist before the merge: the action reads the pull request's title and body.
#[test]
fn the_title_and_the_body_of_a_pull_request_are_read() {
    let mut workspace = machine("x\n", "main");
    let message = "Raise the pool size\n\n$(id) `id`\r\n[load test: abort]\r\n";
    let used = using(
        &mut workspace,
        &[
            ("command", "label"),
            ("message", message),
            ("strict", "true"),
        ],
    );
    used.ended.is(0);
    assert_eq!(used.outputs["action"], "abort");
    workspace.nothing_ran();
}

#[test]
fn a_warning_passes_with_an_annotation_and_a_stop_or_hold_fails() {
    let cases = [
        ("abort", "passed", 0, "promote", ""),
        ("warn", "failed", 0, "promote-with-warning", "::warning "),
        ("abort", "failed", 1, "stop", "::error "),
        ("abort", "not-run", 4, "hold", ""),
    ];
    for (action, load_test, status, verdict, command) in cases {
        let mut workspace = machine(&deployment::message(action), "main");
        let tag = format!("stage-loadtest-{action}-{}", workspace.commit);
        let inputs = [
            ("command", "decide"),
            ("tag", tag.as_str()),
            ("stage", "converged"),
            ("load-test", load_test),
        ];
        let used = using(&mut workspace, &inputs);
        assert_eq!(used.outputs["permission"], verdict);
        let ended = used.ended.is(status);
        let commands = commands(&ended);
        let annotated = commands.iter().any(|it| it.starts_with(command));
        assert!(command.is_empty() || annotated, "{verdict}: {commands:?}");
    }
}

#[test]
fn a_tag_is_only_an_argument() {
    for tag in [
        "prod-latest",
        "--help",
        "$(touch canary)",
        "'; touch canary; '",
        "::error::x",
    ] {
        for command in ["resolve", "decide", "run"] {
            let mut workspace = machine("x\n", "main");
            let _nodes = deployment::prepare(&workspace, "passed");
            let used = using(&mut workspace, &[("command", command), ("tag", tag)]);
            assert_ne!(used.ended.status, 0, "{command} {tag}: {}", used.ended);
            assert_eq!(deployment::live(&workspace), "");
            workspace.nothing_ran();
        }
    }
    let mut workspace = machine("x\n", "main");
    using(&mut workspace, &[("command", "label; touch canary")])
        .ended
        .is(2);
    workspace.nothing_ran();
}

/// Counts the steps that use the action. Each gives it only known inputs, and every required one.
#[track_caller]
pub fn uses(steps: &[Value]) -> usize {
    let action = files::yaml(&files::text("github/action.yml"));
    let inputs = action["inputs"].as_object().expect("inputs");
    let of_ours = |step: &&Value| {
        let uses = step["uses"].as_str();
        uses.is_some_and(|it| it.starts_with("example-org/greenlight/host/ci/github@"))
    };
    let ours = steps.iter().filter(of_ours);
    for step in ours.clone() {
        let given = step["with"].as_object().expect("inputs");
        assert!(
            given.keys().all(|name| inputs.contains_key(name)),
            "{given:?}"
        );
        let needed = inputs.iter().filter(|(_, it)| it["required"] == true);
        let mut needed = needed.map(|(name, _)| name);
        assert!(needed.all(|name| given.contains_key(name)), "{given:?}");
    }
    ours.count()
}

#[test]
fn the_workflows_use_known_inputs() {
    let mut count = 0;
    for name in ["release", "deploy"] {
        let workflow = files::yaml(&files::text(&format!("github/{name}.yml")));
        for job in workflow["jobs"].as_object().expect("jobs").values() {
            count += uses(job["steps"].as_array().expect("steps"));
        }
    }
    assert_eq!(count, 3);
}

/// `greenlight serve` starts this workflow and finds its run by the name.
#[test]
fn serve_can_start_the_deployment() {
    let workflow = files::yaml(&files::text("github/deploy.yml"));
    let name = "greenlight ${{ github.event.client_payload.request }}";
    assert_eq!(workflow["run-name"], name);
    assert_eq!(
        workflow["on"]["repository_dispatch"]["types"],
        json!(["greenlight-deploy"])
    );
    assert_eq!(workflow["concurrency"]["cancel-in-progress"], false);
    let given = &workflow["jobs"]["deploy"]["steps"][1]["with"];
    for part in ["tag", "digest", "request"] {
        let expected = format!("${{{{ github.event.client_payload.{part} }}}}");
        assert_eq!(given[part], expected);
    }
}
