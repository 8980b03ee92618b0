//! The command `run` of the action.

use super::{commands, machine, using};
use crate::deployment;

#[test]
fn each_exit_status_of_a_deployment_ends_the_step() {
    for (load_test, action, status) in deployment::RELEASES {
        let mut workspace = machine(&deployment::message(action), "main");
        let _nodes = deployment::prepare(&workspace, load_test);
        let tag = format!("stage-loadtest-{action}-{}", workspace.commit);
        let used = using(&mut workspace, &[("command", "run"), ("tag", &tag)]);
        // A warning is an annotation, not a failure.
        let ended = used.ended.is(if status == 3 { 0 } else { status });
        let expected: &[&str] = match status {
            0 => &[],
            3 => &[
                "::warning title=greenlight::The release was promoted with a warning: see the summary.",
            ],
            _ => &[
                "::error title=greenlight::The release was not promoted (status 1): see the summary.",
            ],
        };
        assert_eq!(commands(&ended), expected);
        assert_eq!(
            deployment::live(&workspace) == workspace.commit,
            status != 1
        );
        assert!(
            workspace
                .content("summary.md")
                .contains(&workspace.commit[..12])
        );
    }
}

/// A superseded release is not a failure, and later steps can distinguish it from a promoted release.
#[test]
fn a_superseded_release_passes_with_a_notice() {
    let mut workspace = machine(&deployment::message("abort"), "main");
    let _nodes = deployment::prepare(&workspace, "passed");
    let tag = deployment::superseded(&workspace);
    let used = using(&mut workspace, &[("command", "run"), ("tag", &tag)]);
    assert_eq!(used.outputs["conclusion"], "superseded");
    assert_eq!(used.outputs["permission"], "stop");
    assert_eq!(used.outputs["reason"], "superseded");
    let ended = used.ended.is(0);
    assert_eq!(
        commands(&ended),
        ["::notice title=greenlight::A newer release superseded this release: see the summary."]
    );
    let summary = workspace.content("summary.md");
    assert!(
        summary.contains("Superseded by a newer release"),
        "{summary}"
    );
}
