//! The team's configuration decides; the example adds none of its own.

use std::fs;

use super::{SHELLS, machine, run, step};
use crate::settings;

#[test]
fn every_step_uses_the_configuration_of_the_team() {
    let tags = |jobs: [&str; 2]| {
        let mut step = step("tags");
        let text = step["commands"].to_string();
        let [first, second] = jobs;
        let text = text.replace("checks=", &format!("{first}="));
        let text = text.replace("test=", &format!("{second}="));
        step["commands"] = serde_json::from_str(&text).expect("commands");
        step
    };
    for config in settings::CONFIG {
        let machine = |branch: &str| {
            let mut workspace = machine(settings::MESSAGE, branch);
            if let Some(file) = config {
                workspace.set("GREENLIGHT_CONFIG", file);
            }
            workspace
        };
        let main = machine("main");
        let _nodes = settings::prepare(&main, config);
        run(&main, SHELLS[0], &tags(settings::JOBS))
            .is(1)
            .says(settings::OTHER_BRANCH);

        let trunk = machine(settings::BRANCH);
        let _nodes = settings::prepare(&trunk, config);
        let label = run(&trunk, SHELLS[0], &step("label")).is(0);
        assert!(label.stdout.starts_with("abort: "), "{label}");
        run(&trunk, SHELLS[0], &tags(["checks", "test"]))
            .is(1)
            .says(settings::MISSING_JOB);
        run(&trunk, SHELLS[0], &tags(settings::JOBS)).is(0);
        let printed = fs::read_to_string(trunk.repository.path().join(".tags")).expect("tags");
        assert_eq!(printed.lines().collect::<Vec<_>>(), settings::tags(&trunk));
    }
}
