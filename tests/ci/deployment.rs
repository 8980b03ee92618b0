//! What `greenlight run` needs to take a release to production: nodes that serve what was deployed, and a load test
//! that takes no time.

use std::fmt::Write as _;
use std::fs;

use crate::harness::fixture;
use crate::stand_in::{self, StandIn};
use crate::workspace::Workspace;

/// Two environments with a node each. They end when it is dropped.
pub struct Nodes {
    _nodes: [StandIn; 2],
}

/// Writes `greenlight.toml` to the checkout, and starts its nodes. The load test comes out as this folder of
/// `tests/facts/locust` says.
pub fn prepare(workspace: &Workspace, load_test: &str) -> Nodes {
    let mut configuration = String::from("[release]\npoll-interval = \"1s\"\n");
    let nodes = ["stage", "prod"].map(|environment| {
        let live = workspace.file(environment);
        let node = StandIn::start({
            let live = live.clone();
            move |stream, _| {
                let commit = fs::read_to_string(&live).unwrap_or_default();
                let body = format!("{{\"commit\": \"{commit}\"}}");
                stand_in::answer(stream, "200 OK", "Connection: close\r\n", &body);
            }
        });
        let _ = write!(
            configuration,
            "[[environment]]\nname = \"{environment}\"\nnodes = [\"{}\"]\nconvergence-rounds = 1\n\
             deploy = [\"/bin/sh\", \"-c\", 'printf %s \"$GREENLIGHT_COMMIT\" >\"$1\"', \"sh\", \"{}\"]\n",
            node.url,
            live.display()
        );
        node
    });
    let results = fixture("facts/locust").join(load_test);
    let _ = write!(
        configuration,
        "[load-test]\nformat = \"locust\"\nresults = \"stats.json\"\nhistory = \"stats_history.csv\"\n\
         command = [\"/bin/sh\", \"-c\", 'cp \"$1/stats.json\" \"$1/stats_history.csv\" .', \"sh\", \"{}\"]\n",
        results.display()
    );
    let file = workspace.repository.path().join("greenlight.toml");
    fs::write(file, configuration).expect("a configuration");
    Nodes { _nodes: nodes }
}

/// What production serves.
pub fn live(workspace: &Workspace) -> String {
    workspace.content("prod")
}

/// The releases to deploy, with how each one ends: a load test, the action of the tag, and greenlight's status.
pub const RELEASES: [(&str, &str, i32); 3] = [
    ("passed", "abort", 0),
    ("failed", "warn", 3),
    ("failed", "abort", 1),
];

/// A message that asks for the action.
pub fn message(action: &str) -> String {
    format!("Raise the pool size\n\n[load test: {action}]\n")
}
