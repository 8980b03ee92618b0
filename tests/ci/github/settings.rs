//! The team's configuration decides; the action adds none of its own.

use serde_json::json;

use super::{Used, machine, using};
use crate::settings;
use crate::workspace::Workspace;

/// Uses a command of the action, with the input `config` if the file is not `greenlight.toml`.
#[track_caller]
fn command(
    workspace: &mut Workspace,
    config: Option<&str>,
    command: &str,
    inputs: &[(&str, &str)],
) -> Used {
    let mut all = vec![("command", command)];
    all.extend(config.map(|file| ("config", file)));
    all.extend(inputs);
    using(workspace, &all)
}

/// The input `needs`, with jobs that passed.
fn needs(jobs: &[&str]) -> String {
    let passed = json!({"result": "success"});
    let needs = jobs.iter().map(|job| ((*job).to_owned(), passed.clone()));
    serde_json::Value::Object(needs.collect()).to_string()
}

#[test]
fn every_command_uses_the_configuration_of_the_team() {
    let all = needs(&settings::JOBS);
    for config in settings::CONFIG {
        let mut main = machine(settings::MESSAGE, "main");
        let _nodes = settings::prepare(&main, config);
        let used = command(&mut main, config, "tags", &[("needs", &all)]);
        used.ended.is(1).says(settings::OTHER_BRANCH);

        let mut trunk = machine(settings::MESSAGE, settings::BRANCH);
        let _nodes = settings::prepare(&trunk, config);
        let used = command(&mut trunk, config, "label", &[]);
        used.ended.is(0);
        assert_eq!(used.outputs["action"], "abort");
        let used = command(&mut trunk, config, "tags", &[("needs", &needs(&["test"]))]);
        used.ended.is(1).says(settings::MISSING_JOB);
        let used = command(&mut trunk, config, "tags", &[("needs", &all)]);
        used.ended.is(0);
        let tags = settings::tags(&trunk);
        assert_eq!(used.outputs["tags"], tags.join(" "));

        let tag = ("tag", tags[0].as_str());
        let used = command(&mut trunk, config, "resolve", &[tag]);
        used.ended.is(0);
        assert_eq!(used.outputs["environment"], "qa");
        let evidence = [tag, ("stage", "converged"), ("load-test", "failed")];
        let used = command(&mut trunk, config, "decide", &evidence);
        used.ended.is(1);
        assert_eq!(used.outputs["reason"], "load-test-failed");
        command(&mut trunk, config, "run", &[tag]).ended.is(0);
        assert_eq!(settings::live(&trunk), trunk.commit);
    }
}
