//! Nodes that answer as Dockerflow says, and change their version one by one.
//!
//! Source: <https://github.com/mozilla-services/Dockerflow>.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use tokio::sync::oneshot;

use super::NODES;

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
    Path((environment, commit)): Path<(String, String)>,
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
