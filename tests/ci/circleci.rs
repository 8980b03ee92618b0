//! The orb for `CircleCI`, and the configuration that uses it.

mod expand;
mod lint;
mod settings;
mod template;

use serde_json::{Value, json};

use crate::deployment;
use crate::files;
use crate::messages;
use crate::workspace::{VERSION, Workspace};
use expand::{Configuration, Step};

/// The example, with the orb inline instead of its address.
pub fn inlined() -> Value {
    inline(
        &files::text("circleci/release.yml"),
        &files::text("circleci/orb.yml"),
    )
}

/// A configuration, with the orb inline instead of its address.
fn inline(configuration: &str, orb: &str) -> Value {
    let mut configuration = files::yaml(configuration);
    let mut orb = files::yaml(orb);
    let parts = orb.as_object_mut().expect("an orb");
    // An inline orb does not have these keys.
    parts.retain(|key, _| !["version", "description", "examples"].contains(&key.as_str()));
    configuration["orbs"]["greenlight"] = orb;
    configuration
}

/// The findings in a configuration that names the orb by its address.
pub fn findings(configuration: &str) -> Vec<String> {
    lint::lint(&inline(configuration, &files::text("circleci/orb.yml")))
}

/// The configuration, filled in with a program that can be installed.
fn filled_in(workspace: &Workspace) -> Configuration {
    let (url, sum) = workspace.download();
    let mut value = inlined();
    for workflow in ["release", "deploy"] {
        let jobs = value["workflows"][workflow]["jobs"].as_array_mut();
        for job in jobs.expect("jobs") {
            let Some(job) = job.as_object_mut() else {
                continue;
            };
            for (_, given) in job.iter_mut().filter(|(name, _)| name.contains('/')) {
                given["version"] = json!(VERSION);
                given["url"] = json!(url);
                given["sha256"] = json!(sum);
            }
        }
    }
    Configuration::new(value)
}

/// A machine of `CircleCI` with a checkout. Its page "Built-in environment variables" lists the variables.
fn machine(message: &str, branch: &str) -> Workspace {
    let mut workspace = Workspace::new(message);
    let commit = workspace.commit.clone();
    let file = workspace.file("bash.env").display().to_string();
    let folder = workspace.repository.argument().to_owned();
    for (name, value) in [
        ("CI", "true"),
        ("CIRCLECI", "true"),
        ("CIRCLE_SHA1", &commit),
        ("CIRCLE_BRANCH", branch),
        ("CIRCLE_BUILD_URL", "https://circleci.com/gh/org/shop/1"),
        ("CIRCLE_WORKING_DIRECTORY", &folder),
        ("BASH_ENV", &file),
        ("REGISTRY_USER", "ada"),
        ("REGISTRY_PASSWORD", "hush"),
    ] {
        workspace.set(name, value);
    }
    workspace.stand_in("docker");
    workspace
}

/// The result of a job's steps: the name, the status and the output of the step that failed.
type Ran = Result<(), (String, i32, String)>;

/// The status of a job.
fn status(ran: &Ran) -> i32 {
    ran.as_ref().map_or_else(|(_, status, _)| *status, |()| 0)
}

/// Runs the steps of a job until one fails.
fn run(workspace: &Workspace, steps: &[Step]) -> Ran {
    for step in steps {
        let Step::Run(step) = step else {
            continue;
        };
        let shell = step.shell.as_deref().unwrap_or("/bin/bash -eo pipefail");
        let shell: Vec<_> = shell.split(' ').collect();
        let ended = workspace.run(&shell, &step.command, &step.environment);
        if ended.status != 0 {
            let printed = ended.stdout + &ended.stderr;
            return Err((step.name.clone(), ended.status, printed));
        }
    }
    Ok(())
}

/// The configuration, after its command `install`.
#[track_caller]
fn installed(workspace: &Workspace) -> Configuration {
    let configuration = filled_in(workspace);
    let (url, sum) = workspace.download();
    let given = json!({"version": VERSION, "url": url, "sha256": sum});
    let install = configuration.command("install", &given);
    assert_eq!(run(workspace, &install), Ok(()));
    configuration
}

/// A variable that a step exported to later steps.
fn exported(workspace: &Workspace, name: &str) -> String {
    let script = format!("printf %s \"${{{name}-}}\"");
    workspace.run(&["bash"], &script, &[]).is(0).stdout
}

#[test]
fn every_message_is_published_under_its_tags() {
    for message in messages::all() {
        let workspace = machine(&message.text, "main");
        let configuration = filled_in(&workspace);
        let label = configuration.job("release", "greenlight/label", &json!({}));
        assert_eq!(run(&workspace, &label), Ok(()), "{}", message.name);
        assert_eq!(exported(&workspace, "GREENLIGHT_ACTION"), message.action);

        let publish = configuration.job("release", "greenlight/publish", &json!({}));
        assert_eq!(run(&workspace, &publish), Ok(()), "{}", message.name);
        let tags = messages::tags(message.action, &workspace.commit);
        assert_eq!(exported(&workspace, "GREENLIGHT_TAGS"), tags.join(" "));
        let image = "registry.example.org/shop";
        let mut expected = vec![
            "login --username ada --password-stdin registry.example.org".to_owned(),
            "load --input /tmp/greenlight-workspace/image.tar".to_owned(),
        ];
        for tag in tags {
            expected.push(format!("tag shop {image}:{tag}"));
            expected.push(format!("push {image}:{tag}"));
        }
        let calls = workspace.content("docker.calls");
        assert_eq!(
            calls.lines().collect::<Vec<_>>(),
            expected,
            "{}",
            message.name
        );
        assert_eq!(workspace.content("docker.input"), "hush");
        workspace.nothing_ran();
    }
}

#[test]
fn another_branch_is_not_published() {
    let workspace = machine("x [load test: skip]\n", "cart");
    let configuration = filled_in(&workspace);
    let publish = configuration.job("release", "greenlight/publish", &json!({}));
    let (step, status, printed) = run(&workspace, &publish).expect_err("it is refused");
    assert_eq!((step.as_str(), status), ("Print the tags", 1), "{printed}");
    assert!(printed.contains("branch-not-published"), "{printed}");
    assert_eq!(workspace.content("docker.calls"), "");
    assert_eq!(exported(&workspace, "GREENLIGHT_TAGS"), "");
}

#[test]
fn a_misspelled_label_fails_the_job_if_it_is_strict() {
    let workspace = machine("x [load test:skip]\n", "main");
    let configuration = filled_in(&workspace);
    let label = |given| configuration.job("release", "greenlight/label", &given);
    assert_eq!(run(&workspace, &label(json!({}))), Ok(()));
    let (step, status, printed) =
        run(&workspace, &label(json!({"strict": true}))).expect_err("it is strict");
    assert_eq!((step.as_str(), status), ("Read the label", 1), "{printed}");
    assert!(printed.contains("[load test: skip]"), "{printed}");
}

#[test]
fn a_tag_is_resolved() {
    let workspace = machine("x\n", "main");
    let configuration = installed(&workspace);
    let tag = format!("stage-loadtest-abort-{}", workspace.commit);
    let resolve = configuration.command("resolve", &json!({"tag": tag}));
    assert_eq!(run(&workspace, &resolve), Ok(()));
    assert_eq!(exported(&workspace, "GREENLIGHT_ENVIRONMENT"), "stage");
    assert_eq!(exported(&workspace, "GREENLIGHT_LOAD_TEST"), "abort");
    assert_eq!(exported(&workspace, "GREENLIGHT_COMMIT"), workspace.commit);
    for tag in [
        "prod-latest",
        "--help",
        "$(touch canary)",
        "'; touch canary; '",
    ] {
        let resolve = configuration.command("resolve", &json!({"tag": tag}));
        let (_, status, printed) = run(&workspace, &resolve).expect_err("another tag");
        assert_eq!(status, 1, "{tag}: {printed}");
    }
    workspace.nothing_ran();
}

#[test]
fn only_a_promotion_passes() {
    let cases = [
        ("abort", "passed", 0, "promote"),
        ("warn", "failed", 0, "promote-with-warning"),
        ("abort", "failed", 1, "stop"),
        ("abort", "not-run", 4, "hold"),
    ];
    for (action, verdict, status, expected) in cases {
        let workspace = machine(&deployment::message(action), "main");
        let configuration = installed(&workspace);
        let tag = format!("stage-loadtest-{action}-{}", workspace.commit);
        let given = json!({"tag": tag, "stage": "converged", "load-test": verdict});
        let ended = run(&workspace, &configuration.command("decide", &given));
        assert_eq!(
            self::status(&ended),
            status,
            "{action} {verdict}: {ended:?}"
        );
        assert_eq!(exported(&workspace, "GREENLIGHT_PERMISSION"), expected);
    }
}

#[test]
fn each_exit_status_of_a_deployment_ends_the_step() {
    for (load_test, action, status) in deployment::RELEASES {
        let workspace = machine(&deployment::message(action), "main");
        let _nodes = deployment::prepare(&workspace, load_test);
        let configuration = installed(&workspace);
        let tag = format!("stage-loadtest-{action}-{}", workspace.commit);
        let ended = run(
            &workspace,
            &configuration.command("drive", &json!({"tag": tag})),
        );
        // CircleCI does not know warnings: the step passes.
        let expected = if status == 3 { 0 } else { status };
        assert_eq!(self::status(&ended), expected, "{ended:?}");
        assert_eq!(
            deployment::live(&workspace) == workspace.commit,
            status != 1
        );
        let report = workspace.repository.path().join("greenlight-report");
        assert!(report.join("junit/deployment.xml").is_file());
        assert!(report.join("deployment.html").is_file());
    }
}

/// A superseded release is not a failure, and later steps can distinguish it from a promoted release.
#[test]
fn a_superseded_release_passes() {
    let workspace = machine(&deployment::message("abort"), "main");
    let _nodes = deployment::prepare(&workspace, "passed");
    let configuration = installed(&workspace);
    let tag = deployment::superseded(&workspace);
    let steps = configuration.command("drive", &json!({"tag": tag}));
    assert_eq!(run(&workspace, &steps), Ok(()));
    assert_eq!(exported(&workspace, "GREENLIGHT_CONCLUSION"), "superseded");
}

/// The program is a stand-in that records its arguments.
#[test]
fn a_started_pipeline_deploys_the_release_of_its_parameters() {
    let started = json!({"greenlight-tag": "stage-x", "greenlight-digest": "sha256:y", "greenlight-request": "k e y"});
    let workspace = machine("x\n", "main");
    workspace.stand_in("greenlight");
    let configuration = filled_in(&workspace).started_with(&started);
    let steps: Vec<_> = configuration
        .job("deploy", "greenlight/deploy", &json!({}))
        .into_iter()
        .filter(|step| !matches!(step, Step::Run(it) if it.name == "Install greenlight"))
        .collect();
    assert_eq!(run(&workspace, &steps), Ok(()));
    assert_eq!(
        workspace.content("greenlight.calls"),
        "run --tag stage-x --report html=greenlight-report/deployment.html \
         --report junit=greenlight-report/junit/deployment.xml --digest sha256:y --request k e y \
         --export auto --export dotenv=greenlight-report/deployment.env\n"
    );
    let stored: Vec<_> = steps
        .iter()
        .filter_map(|step| match step {
            Step::BuiltIn(name) => Some(name.as_str()),
            Step::Run(_) => None,
        })
        .collect();
    assert_eq!(
        stored,
        ["checkout", "store_test_results", "store_artifacts"]
    );
}
