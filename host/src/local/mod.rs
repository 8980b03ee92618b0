//! The whole pipeline on one machine, with built-in nodes, deployments and load.
//!
//! An ordinary configuration drives the deployment, and its commands are this program itself. So a deployment here
//! takes the same path as one to real nodes.
//!
//! The nodes answer as Dockerflow defines (<https://github.com/mozilla-services/Dockerflow>), and change their
//! version one by one.

mod built_in_commands;

pub use built_in_commands::{DEPLOY, LOAD, STEP, run_as_child};

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use axum::extract::{self, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use tokio::sync::oneshot;

use crate::config::resolved::Resolved;
use crate::config::{Config, Environment, Labels, LoadTest, Step};
use crate::contract::types::Settings;
use crate::facts::load_test::Format;
use crate::server_settings::nodes::Document;
use crate::tls::Trust;
use crate::window::Window;

/// How long the nodes of an environment may take to converge without a configuration, in seconds.
pub const CONVERGENCE_DEADLINE: u32 = 60;

/// How many requests a load test needs without a configuration.
pub const MIN_REQUESTS: u64 = 20;

/// Nodes of each environment.
const NODES: usize = 2;

/// The settings of the built-in pipeline: those of the configuration, but with a poll interval of one second. Without a
/// configuration, the limits fit the built-in load.
pub fn settings(resolved: &Resolved) -> Settings {
    let mut settings = resolved.settings.clone();
    settings.poll_interval = 1;
    for environment in &mut settings.environments {
        for test in &mut environment.load_tests {
            // The built-in load has requests of one name alone.
            test.by_name.clear();
        }
    }
    if resolved.config().is_none() {
        for environment in &mut settings.environments {
            environment.convergence_deadline = CONVERGENCE_DEADLINE;
        }
        for environment in &mut settings.environments {
            for test in &mut environment.load_tests {
                test.thresholds.min_requests = MIN_REQUESTS;
            }
        }
    }
    settings
}

/// Whether the built-in pipeline uses a setting of the configuration. [`settings`] and [`config`] replace the others.
pub fn uses(name: &str) -> bool {
    match name.rsplit_once('.') {
        None => matches!(name, "environment" | "policy"),
        Some(("release", key)) => key != "poll-interval",
        Some(("policy", _)) => true,
        Some((table, key)) if table.starts_with("load-test") => {
            table.ends_with(".thresholds") || key == "environments"
        }
        Some((table, _)) if table.starts_with("window.") => true,
        Some((table, key)) => {
            table.starts_with("environment.")
                && (key.starts_with("convergence-")
                    || key.starts_with("approval")
                    || matches!(key, "before" | "after" | "author-may-approve"))
        }
    }
}

/// Makes the configuration of the built-in pipeline.
///
/// `program` is the path of this program, `folder` the folder for the files of the run. The windows are those of the
/// configuration.
pub fn config(
    program: &Path,
    folder: &Path,
    nodes: &Nodes,
    (mut settings, windows): (Settings, Vec<Window>),
) -> Config {
    // The built-in service has no metrics.
    for environment in &mut settings.environments {
        environment.watch = None;
    }
    let program = program.to_string_lossy().into_owned();
    let environments = settings.environments.iter();
    let environments = environments
        .map(|it| Environment {
            name: it.name.clone(),
            deploy: vec![program.clone(), DEPLOY.to_owned(), nodes.control(&it.name)],
            time_limit: Duration::from_mins(1),
            repeatable: true,
            cleanup: None,
            nodes: nodes.urls(&it.name),
            discovery: None,
            document: Document::default(),
            node_time_limit: Duration::from_secs(2),
            trust: Trust::default(),
            metrics: Vec::new(),
        })
        .collect();
    let named = settings.environments.iter();
    let named: BTreeSet<_> = named
        .flat_map(|it| it.before.iter().chain(&it.after))
        .collect();
    let steps = named.into_iter().map(|name| Step {
        name: name.clone(),
        command: vec![program.clone(), STEP.to_owned()],
        time_limit: Duration::from_mins(1),
        repeatable: true,
        cleanup: None,
    });
    let steps = steps.collect();
    let load_tests = load_tests(&program, &settings);
    Config {
        folder: folder.to_owned(),
        environments,
        steps,
        load_tests,
        windows,
        metrics: None,
        facts: None,
        labels: Labels::default(),
        policy: None,
        slack: None,
        report_url: None,
        journal: folder.join("journal.db").to_string_lossy().into_owned(),
        records: folder.to_owned(),
        lease: Duration::from_secs(30),
        serve: None,
        settings,
    }
}

/// The built-in load in place of each load test.
fn load_tests(program: &str, settings: &Settings) -> Vec<LoadTest> {
    let mut environments: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for environment in &settings.environments {
        for test in &environment.load_tests {
            let names = environments.entry(&test.name).or_default();
            names.push(environment.name.clone());
        }
    }
    let results = "results.json";
    let history = "results_stats_history.csv";
    let command = [program, LOAD, results, history].map(str::to_owned);
    let built_in = |(name, environments)| {
        LoadTest::built_in(
            name,
            environments,
            command.to_vec(),
            Format::Locust,
            (results.into(), history.into()),
        )
    };
    environments.into_iter().map(built_in).collect()
}

/// How long a node is down while it changes its version.
const RESTART: Duration = Duration::from_millis(400);

/// The nodes of all environments. They answer until this is dropped.
pub struct Nodes {
    addresses: HashMap<String, Vec<SocketAddr>>,
    control: SocketAddr,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// The commit that a node serves; `None` while it is down.
type Served = Arc<Mutex<Option<String>>>;

type Fleet = Arc<HashMap<String, Vec<Served>>>;

impl Nodes {
    /// Starts the nodes of some environments on loopback, on free ports. Each one serves `version`.
    ///
    /// # Errors
    ///
    /// If the system refuses a port or a thread.
    pub fn start(environments: &[String], version: Option<&str>) -> io::Result<Self> {
        let mut addresses = HashMap::new();
        let mut fleet = HashMap::new();
        let mut listeners = Vec::new();
        for environment in environments {
            let mut served = Vec::new();
            let mut here = Vec::new();
            for _ in 0..NODES {
                let node: Served = Arc::new(Mutex::new(version.map(str::to_owned)));
                let listener = listen()?;
                here.push(listener.local_addr()?);
                listeners.push((listener, Arc::clone(&node)));
                served.push(node);
            }
            addresses.insert(environment.clone(), here);
            fleet.insert(environment.clone(), served);
        }
        let control_listener = listen()?;
        let control = control_listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (end, ended) = oneshot::channel();
        let fleet: Fleet = Arc::new(fleet);
        let thread = std::thread::Builder::new()
            .name("nodes".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    for (listener, node) in listeners {
                        serve(listener, node_routes(node));
                    }
                    serve(control_listener, control_routes(fleet));
                    // A message and a dropped sender both end the nodes.
                    let _ = ended.await;
                });
            })?;
        Ok(Self {
            addresses,
            control,
            end: Some(end),
            thread: Some(thread),
        })
    }

    /// The base URLs of an environment's nodes.
    pub fn urls(&self, environment: &str) -> Vec<String> {
        let addresses = self.addresses.get(environment).into_iter().flatten();
        addresses.map(|it| format!("http://{it}")).collect()
    }

    /// The URL that starts a deployment to an environment, without the commit, which the caller appends.
    pub fn control(&self, environment: &str) -> String {
        format!("http://{}/deploy/{environment}/", self.control)
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        if let Some(end) = self.end.take() {
            // The thread may have ended already.
            let _ = end.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn listen() -> io::Result<TcpListener> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn serve(listener: TcpListener, routes: Router) {
    if let Ok(listener) = tokio::net::TcpListener::from_std(listener) {
        tokio::spawn(async move {
            // It serves until the runtime ends.
            let _ = axum::serve(listener, routes).await;
        });
    }
}

fn node_routes(node: Served) -> Router {
    Router::new()
        .route("/__version__", get(version))
        .route("/__heartbeat__", get(heartbeat))
        .route("/__lbheartbeat__", get(heartbeat))
        .route("/", get(heartbeat))
        .with_state(node)
}

async fn version(State(node): State<Served>) -> Response {
    let served = node.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match served {
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Some(commit) => {
            let version = serde_json::json!({
                "source": "built in",
                "version": commit.get(..12),
                "commit": commit,
                "build": "",
            });
            ([("content-type", "application/json")], version.to_string()).into_response()
        }
    }
}

async fn heartbeat(State(node): State<Served>) -> StatusCode {
    match *node.lock().unwrap_or_else(PoisonError::into_inner) {
        Some(_) => StatusCode::OK,
        None => StatusCode::SERVICE_UNAVAILABLE,
    }
}

fn control_routes(fleet: Fleet) -> Router {
    Router::new()
        .route("/deploy/{environment}/{commit}", post(deploy))
        .with_state(fleet)
}

/// Starts to change the nodes one by one, and answers at once, as a cluster does.
async fn deploy(
    State(fleet): State<Fleet>,
    extract::Path((environment, commit)): extract::Path<(String, String)>,
) -> StatusCode {
    let Some(nodes) = fleet.get(&environment).cloned() else {
        return StatusCode::NOT_FOUND;
    };
    tokio::spawn(async move {
        for node in nodes {
            set(&node, None);
            tokio::time::sleep(RESTART).await;
            set(&node, Some(commit.clone()));
        }
    });
    StatusCode::ACCEPTED
}

fn set(node: &Served, commit: Option<String>) {
    *node.lock().unwrap_or_else(PoisonError::into_inner) = commit;
}
