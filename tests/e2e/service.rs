//! The service that is deployed: several nodes in one process, replaced one by one. `service.py` says
//! what they answer.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tempfile::TempDir;

use crate::process::{self, Process};
use crate::{http, programs, waiting};

const LIMIT: Duration = Duration::from_secs(30);

/// A running service; it ends when it is dropped.
pub struct Service {
    _process: Process,
    _home: TempDir,
    ready: Ready,
}

/// What the service prints when it is ready: URLs without a slash at the end.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ready {
    nodes: Vec<String>,
    balancer: String,
    control: String,
}

/// What has happened to the service.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The nodes, in order.
    pub nodes: Vec<Node>,
    /// All deployments that were not refused, in order.
    pub deployments: Vec<Deployment>,
    /// How often the page was asked for.
    pub requests: u64,
}

/// A node.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// What it runs, whatever it says.
    pub commit: String,
    /// False while it is being replaced.
    pub up: bool,
}

/// A deployment that was asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// Its place in the order, from 0.
    pub number: usize,
    /// When, in seconds since 1970.
    pub time: f64,
    /// `rolling`, `finished`, or `replaced` by another deployment.
    pub state: String,
    /// How many nodes it has replaced.
    pub replaced: usize,
    /// The commit it brings.
    pub commit: String,
    /// The image, as it was given.
    pub image: Option<String>,
    /// The tag, as it was given.
    pub tag: Option<String>,
    /// The environment, as it was given.
    pub environment: Option<String>,
}

impl Service {
    /// Starts a service of so many nodes that run the commit, and waits until they answer.
    #[track_caller]
    pub fn start(nodes: usize, commit: &str) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let mut process = Process::start(
            "service.py",
            process::clean(&programs::python(), home.path())
                .arg(programs::file("service.py"))
                .args(["--nodes", &nodes.to_string(), "--commit", commit])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped()),
        );
        let output = process.child().stdout.take().expect("a pipe");
        let mut line = String::new();
        let read = BufReader::new(output).read_line(&mut line);
        read.expect("the service says where it is");
        let ready = serde_json::from_str(&line);
        Self {
            ready: ready.unwrap_or_else(|error| panic!("the service says {line:?}: {error}")),
            _process: process,
            _home: home,
        }
    }

    /// The URLs of the nodes.
    pub fn nodes(&self) -> &[String] {
        &self.ready.nodes
    }

    /// The URL of the load balancer, which passes on to the nodes that are up: the load test's.
    pub fn balancer(&self) -> &str {
        &self.ready.balancer
    }

    /// The command that deploys to it, for `greenlight.toml`. It reads `GREENLIGHT_COMMIT`.
    #[track_caller]
    pub fn deploy_command(&self) -> Vec<String> {
        let text = |path: std::path::PathBuf| path.into_os_string().into_string().expect("UTF-8");
        vec![
            text(programs::python()),
            text(programs::file("deploy.py")),
            self.ready.control.clone(),
        ]
    }

    /// Deploys without the command, as another tool would. Returns before the nodes are replaced.
    #[track_caller]
    pub fn deploy(&self, commit: &str) {
        self.post(&format!("/deploy?commit={commit}"), 202);
    }

    /// Lets a node answer 500 to everything.
    #[track_caller]
    pub fn break_node(&self, node: usize) {
        self.obey(&format!("/break?node={node}"));
    }

    /// Lets every node answer 500 to everything for as long as it runs the commit.
    #[track_caller]
    pub fn break_commit(&self, commit: &str) {
        self.obey(&format!("/break?commit={commit}"));
    }

    /// Lets a node say the commit in every second answer.
    #[track_caller]
    pub fn flap(&self, node: usize, commit: &str) {
        self.obey(&format!("/flap?node={node}&commit={commit}"));
    }

    /// Lets a node keep its commit in deployments.
    #[track_caller]
    pub fn freeze(&self, node: usize) {
        self.obey(&format!("/freeze?node={node}"));
    }

    /// Lets this part of the page's answers be 500: 0.0 is none, 1.0 all.
    #[track_caller]
    pub fn fail_requests(&self, rate: f64) {
        self.obey(&format!("/fail-requests?rate={rate}"));
    }

    /// Lets the balancer send each answer so much later.
    #[track_caller]
    pub fn delay(&self, later: Duration) {
        self.obey(&format!("/delay?seconds={}", later.as_secs_f64()));
    }

    /// Refuses deployments: the deploy command fails.
    #[track_caller]
    pub fn refuse_deployments(&self) {
        self.obey("/refuse-deployments");
    }

    /// Sets how long a node is gone in a deployment, also for the one that is just gone; 0.05 s unless this
    /// is said. With minutes, and then nothing, a test holds a deployment and lets it go.
    #[track_caller]
    pub fn pace(&self, gone: Duration) {
        self.obey(&format!("/pace?seconds={}", gone.as_secs_f64()));
    }

    /// Ends everything that was broken, frozen, flapping, failing or refused.
    #[track_caller]
    pub fn mend(&self) {
        self.obey("/mend");
    }

    /// What has happened to it.
    #[track_caller]
    pub fn state(&self) -> State {
        let state = http::json(&format!("{}/state", self.ready.control));
        serde_json::from_value(state).expect("a state")
    }

    /// Waits until its state is as `wanted`.
    #[track_caller]
    pub fn wait(&self, what: &str, wanted: impl Fn(&State) -> bool) -> State {
        waiting::until(what, LIMIT, || Some(self.state()).filter(&wanted))
    }

    #[track_caller]
    fn obey(&self, path: &str) {
        self.post(path, 200);
    }

    #[track_caller]
    fn post(&self, path: &str, expected: u16) {
        let (status, said) = http::post(&format!("{}{path}", self.ready.control), "");
        assert_eq!(status, expected, "{path}: {said}");
    }
}
