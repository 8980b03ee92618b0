//! A team whose settings differ from every default. In each CI system its configuration decides, whether a plug-in
//! finds `greenlight.toml` by itself or an input names another file.

use crate::deployment::{Configuration, Nodes};
use crate::workspace::Workspace;

/// The input `config`: unset, or the path of the file.
pub const CONFIG: [Option<&str>; 2] = [None, Some("ops/shop.toml")];

/// A message without a label, so that `default-action` decides.
pub const MESSAGE: &str = "Raise the pool size\n";

/// The branch that the team publishes.
pub const BRANCH: &str = "trunk";

/// The jobs that publishing requires.
pub const JOBS: [&str; 2] = ["lint", "test"];

/// What `tags` prints for a build of `main`.
pub const OTHER_BRANCH: &str = "only builds of `trunk` are published";

/// What `tags` prints if it gets only the result of `test`.
pub const MISSING_JOB: &str = "no status was given for the required job `lint`";

/// Writes the team's configuration and starts its nodes. Its load test passes.
pub fn prepare(workspace: &Workspace, config: Option<&str>) -> Nodes {
    let team = Configuration {
        file: config.unwrap_or("greenlight.toml"),
        release: "default-action = \"abort\"\npublish-branch = \"trunk\"\nrequired-jobs = [\"lint\", \"test\"]\n",
        environments: ["qa", "live"],
    };
    team.prepare(workspace, "passed")
}

/// The tags to push for the commit of a workspace.
pub fn tags(workspace: &Workspace) -> [String; 3] {
    let commit = &workspace.commit;
    [
        format!("qa-loadtest-abort-{commit}"),
        format!("live-{commit}"),
        "latest".to_owned(),
    ]
}

/// The commit that the team's production serves.
pub fn live(workspace: &Workspace) -> String {
    workspace.content("live")
}
