//! What `greenlight run` needs to deploy a release to production: a configuration, nodes that serve the deployed
//! commit, and a load test that takes no time.

use std::fmt::Write as _;
use std::fs;

use crate::harness::fixture;
use crate::stand_in::{self, StandIn};
use crate::workspace::Workspace;

/// Two environments with a node each. They end when it is dropped.
pub struct Nodes {
    _nodes: [StandIn; 2],
}

/// A configuration, as far as tests vary it.
pub struct Configuration<'a> {
    /// The file, below the checkout.
    pub file: &'a str,
    /// The lines of `[release]`.
    pub release: &'a str,
    /// The environments, in order.
    pub environments: [&'a str; 2],
}

/// Writes a `greenlight.toml` that sets no rules, and starts its nodes. The verdict of the load test follows from this
/// folder of `tests/facts/locust`.
pub fn prepare(workspace: &Workspace, load_test: &str) -> Nodes {
    let usual = Configuration {
        file: "greenlight.toml",
        release: "",
        environments: ["stage", "prod"],
    };
    usual.prepare(workspace, load_test)
}

impl Configuration<'_> {
    /// Writes the configuration and starts its nodes.
    pub fn prepare(&self, workspace: &Workspace, load_test: &str) -> Nodes {
        let mut text = format!("[release]\npoll-interval = \"1s\"\n{}", self.release);
        let nodes = self.environments.map(|environment| {
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
                text,
                "[[environment]]\nname = \"{environment}\"\nnodes = [\"{}\"]\nconvergence-rounds = 1\n\
                 deploy = [\"/bin/sh\", \"-c\", 'printf %s \"$GREENLIGHT_COMMIT\" >\"$1\"', \"sh\", \"{}\"]\n",
                node.url,
                live.display()
            );
            node
        });
        let results = fixture("facts/locust").join(load_test);
        let _ = write!(
            text,
            "[load-test]\nformat = \"locust\"\nresults = \"stats.json\"\nhistory = \"stats_history.csv\"\n\
             command = [\"/bin/sh\", \"-c\", 'cp \"$1/stats.json\" \"$1/stats_history.csv\" .', \"sh\", \"{}\"]\n",
            results.display()
        );
        let file = workspace.repository.path().join(self.file);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(file, text).expect("a configuration");
        Nodes { _nodes: nodes }
    }
}

/// The commit that production serves.
pub fn live(workspace: &Workspace) -> String {
    workspace.content("prod")
}

/// The releases to deploy: a load test, the action of the tag, and the exit status of `greenlight run`.
pub const RELEASES: [(&str, &str, i32); 3] = [
    ("passed", "abort", 0),
    ("failed", "warn", 3),
    ("failed", "abort", 1),
];

/// Prepares a release that will be superseded, because a newer commit is live in production. Returns its tag.
pub fn superseded(workspace: &Workspace) -> String {
    let newer = workspace.repository.commit("Newer");
    fs::write(workspace.file("prod"), newer).expect("a commit");
    workspace
        .repository
        .git(&["checkout", "--quiet", &workspace.commit]);
    format!("stage-loadtest-abort-{}", workspace.commit)
}

/// A message with a label for the action.
pub fn message(action: &str) -> String {
    format!("Raise the pool size\n\n[load test: {action}]\n")
}
