//! The whole pipeline on one machine, with built-in nodes, deployments and load.
//!
//! An ordinary configuration drives the deployment, and its commands are this program itself. So a deployment here
//! takes the same path as one to real nodes.
//!
//! The nodes answer as Dockerflow defines (<https://github.com/mozilla-services/Dockerflow>), and change their
//! version one by one.

mod commands;

pub use commands::{DEPLOY, LOAD, run_as_child};

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
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
use crate::config::{Config, Environment, LoadTest};
use crate::contract::types::Settings;
use crate::facts::load_test::Format;

/// Nodes of each environment.
const NODES: usize = 2;

/// The settings of a pipeline over built-in nodes: those of the configuration, except that nodes next door are
/// asked every second. Without a configuration, limits that fit the built-in load.
pub fn settings(resolved: &Resolved) -> Settings {
    let mut settings = resolved.settings.clone();
    settings.poll_interval = 1;
    if resolved.config().is_none() {
        for environment in &mut settings.environments {
            environment.convergence_deadline = 60;
        }
        settings.thresholds.min_requests = 20;
    }
    settings
}

/// Makes the configuration of a pipeline over built-in nodes.
///
/// `program` is this program, `folder` a folder for its files.
pub fn config(program: &Path, folder: &Path, nodes: &Nodes, settings: Settings) -> Config {
    let program = program.to_string_lossy().into_owned();
    let environments = settings.environments.iter();
    let environments = environments
        .map(|it| Environment {
            name: it.name.clone(),
            deploy: vec![program.clone(), DEPLOY.to_owned(), nodes.control(&it.name)],
            time_limit: Duration::from_mins(1),
            repeatable: true,
            nodes: nodes.urls(&it.name),
            node_time_limit: Duration::from_secs(2),
        })
        .collect();
    let results = PathBuf::from("results.json");
    let history = PathBuf::from("results_stats_history.csv");
    Config {
        folder: folder.to_owned(),
        environments,
        load_test: Some(LoadTest::built_in(
            vec![
                program,
                LOAD.to_owned(),
                results.to_string_lossy().into_owned(),
                history.to_string_lossy().into_owned(),
            ],
            Format::Locust,
            results,
            history,
        )),
        policy: None,
        slack: None,
        journal: folder.join("journal.db").to_string_lossy().into_owned(),
        records: folder.to_owned(),
        lease: Duration::from_secs(30),
        serve: None,
        settings,
    }
}

/// How long a node is away while it changes its version.
const RESTART: Duration = Duration::from_millis(400);

/// The nodes of all environments, which answer until this is dropped.
pub struct Nodes {
    addresses: HashMap<String, Vec<SocketAddr>>,
    control: SocketAddr,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What a node serves; nothing while it is away.
type Served = Arc<Mutex<Option<String>>>;

type Fleet = Arc<HashMap<String, Vec<Served>>>;

impl Nodes {
    /// Starts the nodes of some environments on loopback, on free ports. Each one serves `version`.
    ///
    /// # Errors
    ///
    /// If the system gives no port or thread.
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
                    // Whether it was said or the other end is gone: it is over.
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

    /// Where a new version of an environment is asked for: the commit is to be added.
    pub fn control(&self, environment: &str) -> String {
        format!("http://{}/deploy/{environment}/", self.control)
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        if let Some(end) = self.end.take() {
            // A thread that has ended already needs no word.
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
            // It serves until the runtime ends, and with it everything.
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

/// Begins to change the nodes one by one, and answers at once, as a cluster does.
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
