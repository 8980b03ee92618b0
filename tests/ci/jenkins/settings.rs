//! The team's configuration decides; the library adds none of its own.

use serde_json::json;

use super::{equipped, run, script};
use crate::settings;

#[test]
fn every_step_uses_the_configuration_of_the_team() {
    let mut builds = Vec::new();
    let mut kept = Vec::new();
    for config in settings::CONFIG {
        let workspace = equipped(settings::MESSAGE);
        let nodes = settings::prepare(&workspace, config);
        let tag = &settings::tags(&workspace)[0];
        let config = config.map_or_else(String::new, |file| format!(", config: '{file}'"));
        // Without another option, the comma would be the first one.
        let only = config.trim_start_matches(", ");
        builds.push(script(
            &workspace,
            &format!(
                "checkout(scm)\n\
                 def answer = [label: greenlightLabel({only}).GREENLIGHT_ACTION]\n\
                 answer.environment = greenlightResolve('{tag}'{config}).GREENLIGHT_ENVIRONMENT\n\
                 answer.next = greenlightDecide(tag: '{tag}', stage: 'converged', hold: true{config}).GREENLIGHT_NEXT\n\
                 answer.run = greenlightRun(tag: '{tag}'{config})\n\
                 answer"
            ),
        ));
        kept.push((workspace, nodes));
    }
    for (build, (workspace, _)) in run(&builds).iter().zip(&kept) {
        assert_eq!(build["result"], "SUCCESS", "{}", build["log"]);
        assert_eq!(
            build["answer"],
            json!({"label": "abort", "environment": "qa", "next": "load-test", "run": "go"})
        );
        assert_eq!(settings::live(workspace), workspace.commit);
    }
}
