//! `greenlight serve` in a process, and what it makes of webhooks.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use greenlight::journal::inbox::{DeploymentRequestState, Inbox};
use greenlight::journal::{self, Location};

use crate::harness::PROGRAM;
use crate::waiting;

/// How long a server may take to start a deployment, and the deployment to end.
const LIMIT: Duration = Duration::from_secs(30);

/// The secret of the webhook.
const SECRET: &str = "a-secret-of-the-test";

/// `greenlight serve`, ended when it is dropped.
struct Server {
    child: Child,
    address: String,
}

/// Where a server runs.
pub struct Place<'a> {
    /// The repository, whose folder has the journal.
    pub repository: &'a Path,
    /// The current folder.
    pub folder: &'a Path,
    /// Its log.
    pub log: &'a Path,
    /// Variables of its environment.
    pub variables: &'a [(&'static str, String)],
}

impl Server {
    fn start(place: &Place<'_>) -> Self {
        let child = Command::new(PROGRAM)
            .args(["serve", "--listen", "127.0.0.1:0", "--repo"])
            .arg(place.repository)
            .current_dir(place.folder)
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .envs(place.variables.iter().map(|(name, value)| (name, value)))
            .env("HOOK_SECRET", SECRET)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(place.log).expect("a file"))
            .spawn()
            .expect("the program starts");
        let mut server = Self {
            child,
            address: String::new(),
        };
        server.address = waiting::until("address of the server", LIMIT, || {
            let text = fs::read_to_string(place.log).expect("its log");
            let (_, rest) = text.split_once("listening on http://")?;
            rest.split_once('\n')
                .map(|(address, _)| address.trim().to_owned())
        });
        server
    }

    /// Sends what Docker Hub sends for a tag.
    fn send(&self, tag: &str) {
        let body = serde_json::json!({
            "push_data": { "pushed_at": 1, "pusher": "ci", "tag": tag },
            "repository": { "name": "shop", "namespace": "", "repo_name": "shop" },
        })
        .to_string();
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        let head = format!(
            "POST /hooks HTTP/1.1\r\nhost: server\r\nauthorization: Bearer {SECRET}\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).expect("it reads");
        stream.write_all(body.as_bytes()).expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended; a test that fails says so itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a server makes of a tag: `Some` names why it starts nothing.
type Refusal = Option<String>;

/// Sends tags to a server, one after the other, and waits until the deployments have ended.
pub fn served(place: &Place<'_>, tags: &[&str]) -> Vec<Refusal> {
    let server = Server::start(place);
    let journal = Location::File(place.repository.join(".greenlight/journal.db"));
    let mut inbox = journal::open_inbox(&journal).expect("the inbox");
    let send = |tag: &&str| {
        server.send(tag);
        decided(inbox.as_mut(), tag)
    };
    let decisions = tags.iter().map(send).collect();
    let mut store = journal::open(&journal).expect("the journal");
    waiting::until("end of the deployments", LIMIT, || {
        let deployments = store.deployments(100).expect("deployments");
        deployments
            .iter()
            .all(|it| it.conclusion.is_some())
            .then_some(())
    });
    decisions
}

/// Waits for the server's decision about a tag.
fn decided(inbox: &mut dyn Inbox, tag: &str) -> Refusal {
    waiting::until("decision of the server", LIMIT, || {
        let requests = inbox.deployment_requests(100).expect("requests");
        match &requests.iter().find(|it| it.tag == tag)?.state {
            DeploymentRequestState::Started { .. } => Some(None),
            state @ DeploymentRequestState::Stopped { .. } => Some(Some(format!("{state:?}"))),
            _ => None,
        }
    })
}
