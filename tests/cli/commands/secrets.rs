//! Commands of the configuration do not get the secrets that greenlight itself uses.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use super::run::{UNREACHABLE, shop};
use crate::harness::greenlight;

/// A node that serves a commit, until it is dropped.
struct Node {
    address: SocketAddr,
    commit: Arc<Mutex<String>>,
    stopped: Arc<AtomicBool>,
    server: Option<JoinHandle<()>>,
}

impl Node {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (commit, stopped) = (
            Arc::new(Mutex::new(String::new())),
            Arc::new(AtomicBool::new(false)),
        );
        let (current, end) = (Arc::clone(&commit), Arc::clone(&stopped));
        let server = thread::spawn(move || {
            for stream in listener.incoming() {
                if end.load(Ordering::SeqCst) {
                    break;
                }
                let mut stream = stream.expect("a connection");
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    stream.read_exact(&mut byte).expect("a request");
                    request.extend(byte);
                }
                let body = format!("{{\"commit\": \"{}\"}}", current.lock().expect("a commit"));
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
                );
                stream.write_all(answer.as_bytes()).expect("it is read");
            }
        });
        Self {
            address,
            commit,
            stopped,
            server: Some(server),
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        if let Some(server) = self.server.take() {
            let _ = server.join();
        }
    }
}

/// Checks each command of the configuration for each secret of the configuration.
#[test]
fn no_command_gets_a_secret() {
    let secrets = "[slack]\nurl-variable = \"SLACK\"\n[serve]\ntoken-variable = \"HOOK\"\nrepositories = [\"shop\"]\n\
                   [serve.registry]\nurl = \"http://127.0.0.1:1\"\nuser = \"ci\"\npassword-variable = \"REGISTRY\"\n\
                   [serve.jenkins]\njob = \"http://127.0.0.1:1/job/a\"\nuser = \"ci\"\ntoken-variable = \"JENKINS\"\n\
                   [load-test]\ncommand = [\"env\"]\nformat = \"k6\"\nresults = \"results.json\"\n";
    let node = Node::start();
    let config = UNREACHABLE
        .replace(r#"["true"]"#, r#"["env"]"#)
        .replace("http://127.0.0.1:1", &format!("http://{}", node.address))
        .replace("convergence-deadline = \"1s\"", "convergence-rounds = 1");
    let (shop, _) = shop(&format!("{config}{secrets}"));
    let commit = shop.commit("Change [load test: warn]\n");
    node.commit.lock().expect("a commit").clone_from(&commit);
    let tag = format!("stage-loadtest-warn-{commit}");
    let digest = format!("sha256:{}", "a".repeat(64));
    let ended = greenlight(["run", "--tag", &tag, "--digest", &digest, "--request", "k1"])
        .within(shop.path())
        .variables(&[
            ("SLACK", "http://127.0.0.1:1/hush-slack"),
            ("HOOK", "hush-hook-of-the-test"),
            ("REGISTRY", "hush-registry"),
            ("JENKINS", "hush-jenkins"),
        ])
        .run();
    let environments = ended.stdout.matches("| GREENLIGHT_ENVIRONMENT=").count();
    assert_eq!(
        environments, 3,
        "two deployments and a load test: {}",
        ended.stdout
    );
    for said in ["hush", "SLACK=", "HOOK=", "REGISTRY=h", "JENKINS="] {
        assert!(!ended.stdout.contains(said), "{said}: {}", ended.stdout);
        assert!(!ended.stderr.contains(said), "{said}: {}", ended.stderr);
    }
}
