//! The team's configuration decides; the orb adds none of its own.

use serde_json::{Value, json};

use super::expand::Configuration;
use super::{Ran, exported, installed, machine, run};
use crate::settings;
use crate::workspace::Workspace;

/// Runs a command of the orb, with the parameter `config` if the file is not `greenlight.toml`.
fn command(
    workspace: &Workspace,
    orb: &Configuration,
    config: Option<&str>,
    name: &str,
    mut given: Value,
) -> Ran {
    if let Some(file) = config {
        given["config"] = json!(file);
    }
    run(workspace, &orb.command(name, &given))
}

/// The command failed with status 1, and printed this.
#[track_caller]
fn failed(ran: Ran, text: &str) {
    let (step, status, printed) = ran.expect_err("a failure");
    assert_eq!(status, 1, "{step}: {printed}");
    assert!(printed.contains(text), "no {text:?}: {printed}");
}

#[test]
fn every_command_uses_the_configuration_of_the_team() {
    let all = json!({"jobs": settings::JOBS.join(" ")});
    for config in settings::CONFIG {
        let main = machine(settings::MESSAGE, "main");
        let _nodes = settings::prepare(&main, config);
        let orb = installed(&main);
        let ran = command(&main, &orb, config, "tags", all.clone());
        failed(ran, settings::OTHER_BRANCH);

        let trunk = machine(settings::MESSAGE, settings::BRANCH);
        let _nodes = settings::prepare(&trunk, config);
        let orb = installed(&trunk);
        let command = |name: &str, given: Value| command(&trunk, &orb, config, name, given);
        assert_eq!(command("label", json!({})), Ok(()));
        assert_eq!(exported(&trunk, "GREENLIGHT_ACTION"), "abort");
        let ran = command("tags", json!({"jobs": "test"}));
        failed(ran, settings::MISSING_JOB);
        assert_eq!(command("tags", all.clone()), Ok(()));
        let tags = settings::tags(&trunk);
        assert_eq!(exported(&trunk, "GREENLIGHT_TAGS"), tags.join(" "));

        assert_eq!(command("resolve", json!({"tag": tags[0]})), Ok(()));
        assert_eq!(exported(&trunk, "GREENLIGHT_ENVIRONMENT"), "qa");
        let evidence = json!({"tag": tags[0], "stage": "converged", "load-test": "failed"});
        failed(command("decide", evidence), "stop[load-test-failed]");
        assert_eq!(command("drive", json!({"tag": tags[0]})), Ok(()));
        assert_eq!(settings::live(&trunk), trunk.commit);
    }
}

/// Each job of the orb hands its parameter `config` to its commands.
#[test]
fn every_job_hands_the_configuration_on() {
    let workspace = machine("x\n", "main");
    workspace.stand_in("greenlight");
    let configuration = super::filled_in(&workspace);
    let jobs = [
        ("release", "greenlight/label", json!({})),
        ("release", "greenlight/publish", json!({"login": []})),
        ("deploy", "greenlight/deploy", json!({"tag": "stage-x"})),
    ];
    for (workflow, name, mut given) in jobs {
        given["config"] = json!("ops/shop.toml");
        let mut steps = configuration.job(workflow, name, &given);
        steps.retain(
            |step| matches!(step, super::Step::Run(it) if it.command.contains("greenlight ")),
        );
        steps.retain(
            |step| !matches!(step, super::Step::Run(it) if it.name == "Install greenlight"),
        );
        assert_eq!(run(&workspace, &steps), Ok(()), "{name}");
    }
    let calls = workspace.content("greenlight.calls");
    assert_eq!(calls.lines().count(), 3, "{calls}");
    assert!(
        calls
            .lines()
            .all(|call| call.contains("--config ops/shop.toml")),
        "{calls}"
    );
}
