//! `greenlight serve`, as a test starts it.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use greenlight::journal::inbox::{
    Counts, DeploymentRequest, DeploymentRequestState, Inbox, PushEventRow,
};
use greenlight::journal::{self, Header};
use rustix::process::{Pid, Signal, kill_process};

use crate::pipeline::{GREENLIGHT, LIMIT, Pipeline};
use crate::process::Process;
use crate::waiting;

/// The secret of the webhook. It must not appear in the log or on the page.
pub const SECRET: &str = "never-to-be-shown";

/// How long an answer may take before a test gives up.
const ANSWER: Duration = Duration::from_secs(30);

/// A running server. It ends when it is dropped; [`Cleaner`] ends the deployments that it started.
pub struct Server {
    process: Process,
    /// Its address: `127.0.0.1:PORT`.
    pub address: String,
    log: PathBuf,
}

/// Kills the processes that were started in a folder, at the end of a test.
pub struct Cleaner(PathBuf);

/// The `[serve]` table for the repository `shop`.
pub fn table(more: &str) -> String {
    format!(
        "[serve]\ntoken-variable = \"HOOK_SECRET\"\nrepositories = [\"shop\"]\nreconcile-every = \"1s\"\n{more}"
    )
}

/// A port that was free a moment ago.
#[track_caller]
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

impl Server {
    /// Starts one on a free port, and waits until it listens.
    #[track_caller]
    pub fn start(pipeline: &Pipeline) -> Self {
        Self::listening(pipeline, pipeline.command(), 0).expect("it listens")
    }

    /// Starts one on this port.
    #[track_caller]
    pub fn start_on(pipeline: &Pipeline, port: u16) -> Self {
        Self::listening(pipeline, pipeline.command(), port).expect("it listens")
    }

    /// Starts one outside the folder of the configuration.
    #[track_caller]
    pub fn start_in(pipeline: &Pipeline, folder: &Path) -> Self {
        let mut command = pipeline.command();
        command.current_dir(folder).env(
            "GREENLIGHT_CONFIG",
            pipeline.folder().join("greenlight.toml"),
        );
        Self::listening(pipeline, command, 0).expect("it listens")
    }

    /// Starts one by a command that ends in the program. Returns nothing if it ends before it listens.
    #[track_caller]
    pub fn listening(pipeline: &Pipeline, mut command: Command, port: u16) -> Option<Self> {
        pipeline.configure();
        let log = tempfile::Builder::new()
            .prefix("serve-")
            .tempfile_in(pipeline.folder())
            .expect("a file");
        let (file, log) = log.keep().expect("a file");
        command
            .args(["serve", "--listen", &format!("127.0.0.1:{port}")])
            .env("HOOK_SECRET", SECRET)
            .env("JENKINS_TOKEN", SECRET)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file);
        let mut process = Process::start("greenlight serve", &mut command);
        let address = waiting::until("address of the server", LIMIT, || {
            let said = fs::read_to_string(&log).expect("its log");
            let address = said.lines().find_map(|line| {
                let (_, rest) = line.split_once("listening on http://")?;
                // In JSON a quote follows.
                let end = rest.find('"').unwrap_or(rest.len());
                Some(rest[..end].to_owned())
            });
            match address {
                Some(address) => Some(Some(address)),
                None => process.ended().map(|_| None),
            }
        })?;
        Some(Self {
            process,
            address,
            log,
        })
    }

    /// Sends a body with the secret. Returns the status, or nothing without an answer.
    pub fn send(&self, body: &str) -> Option<u16> {
        let authorization = format!("authorization: Bearer {SECRET}\r\n");
        let (status, _) = self.ask("POST", "/hooks", &authorization, body.as_bytes())?;
        Some(status)
    }

    /// Sends a body until it is accepted.
    #[track_caller]
    pub fn accept(&self, body: &str) {
        let status = self.send(body);
        assert_eq!(status, Some(202), "{}", self.log());
    }

    /// Sends a request. Returns the status and the whole answer.
    pub fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &[u8],
    ) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        stream.set_read_timeout(Some(ANSWER)).expect("a time limit");
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: server\r\n{headers}content-length: {length}\r\n\
             connection: close\r\n\r\n"
        );
        // The server may refuse a request before all of it was sent.
        let _ = stream
            .write_all(head.as_bytes())
            .and_then(|()| stream.write_all(body));
        answer(&mut stream)
    }

    /// The answer of a path, which must be 200.
    #[track_caller]
    pub fn get(&self, path: &str) -> String {
        let answer = self.ask("GET", path, "", b"");
        let (status, text) = answer.unwrap_or_else(|| panic!("no answer: {}", self.log()));
        assert_eq!(status, 200, "{path}: {text}");
        text
    }

    /// The number of the process, for signals.
    pub fn pid(&mut self) -> Pid {
        Pid::from_child(self.process.child())
    }

    /// Ends it with SIGTERM, and waits.
    #[track_caller]
    pub fn stop(mut self) -> ExitStatus {
        kill_process(self.pid(), Signal::TERM).expect("it runs");
        self.process.wait(LIMIT)
    }

    /// Waits for its end.
    #[track_caller]
    pub fn wait(self) -> ExitStatus {
        self.process.wait(LIMIT)
    }

    /// Its exit status, if it has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.process.ended()
    }

    /// The file with its log.
    pub fn log_file(&self) -> PathBuf {
        self.log.clone()
    }

    /// Its log so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).expect("its log")
    }
}

/// Reads an answer: the status, and all of it.
pub fn answer(stream: &mut TcpStream) -> Option<(u16, String)> {
    let mut text = Vec::new();
    // A connection may be reset after the answer.
    let _ = stream.read_to_end(&mut text);
    let text = String::from_utf8_lossy(&text).into_owned();
    let status = text.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    Some((status, text))
}

/// What Docker Hub sends for a tag.
pub fn docker_hub(tag: &str) -> String {
    serde_json::json!({
        "push_data": { "pushed_at": 1, "pusher": "ci", "tag": tag },
        "repository": { "name": "shop", "namespace": "", "repo_name": "shop" },
    })
    .to_string()
}

/// What Distribution sends for a tag.
pub fn distribution(tag: &str, digest: &str) -> String {
    serde_json::json!({ "events": [{
        "id": "1",
        "timestamp": "2026-01-01T00:00:00Z",
        "action": "push",
        "target": {
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": digest,
            "repository": "shop",
            "tag": tag,
        },
    }] })
    .to_string()
}

/// A digest, for tests without a registry.
pub fn digest(of: u64) -> String {
    format!("sha256:{of:064x}")
}

/// Reads the inbox and the journal of a pipeline.
pub struct StoreReader(Box<dyn Inbox>, Box<dyn journal::Store>);

impl StoreReader {
    #[track_caller]
    pub fn of(pipeline: &Pipeline) -> Self {
        let location = pipeline.location();
        Self(
            journal::open_inbox(&location).expect("the inbox"),
            journal::open(&location).expect("the journal"),
        )
    }

    #[track_caller]
    pub fn deployment_requests(&mut self) -> Vec<DeploymentRequest> {
        self.0
            .deployment_requests(100_000)
            .expect("deployment requests")
    }

    #[track_caller]
    pub fn push_events(&mut self) -> Vec<PushEventRow> {
        self.0.push_events(100_000).expect("push events")
    }

    #[track_caller]
    pub fn counts(&mut self) -> Counts {
        self.0.counts().expect("counts")
    }

    #[track_caller]
    pub fn deployments(&mut self) -> Vec<Header> {
        self.1.deployments(1000).expect("deployments")
    }

    /// Waits until the deployment request of a tag has a state, and returns it.
    #[track_caller]
    pub fn until(
        &mut self,
        tag: &str,
        what: &str,
        is: impl Fn(&DeploymentRequestState) -> bool,
    ) -> DeploymentRequest {
        waiting::until(
            &format!("{what} deployment request of {tag}"),
            LIMIT,
            || {
                let mut requests = self.deployment_requests().into_iter();
                requests.find(|it| it.tag == tag && is(&it.state))
            },
        )
    }

    /// Waits until the deployment of a tag has ended, and returns its header.
    #[track_caller]
    pub fn until_ended(&mut self, tag: &str) -> Header {
        let request = self.until(tag, "started", |it| {
            matches!(it, DeploymentRequestState::Started { .. })
        });
        waiting::until(&format!("end of {tag}"), LIMIT, || {
            let header = self.1.of_request(&request.key).expect("the journal");
            header.filter(|it| it.conclusion.is_some())
        })
    }
}

impl Cleaner {
    pub fn of(pipeline: &Pipeline) -> Self {
        Self(pipeline.folder().to_owned())
    }
}

impl Drop for Cleaner {
    fn drop(&mut self) {
        // A process that was started in the folder has it as its home.
        let mark = format!("HOME={}", self.0.display());
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let number = entry.file_name().to_str().and_then(|it| it.parse().ok());
            let is_ours = environment(&entry.path())
                .is_some_and(|it| it.split(|byte| *byte == 0).any(|it| it == mark.as_bytes()));
            if let Some(pid) = number.and_then(Pid::from_raw).filter(|_| is_ours) {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
    }
}

fn environment(process: &Path) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    let mut file = File::open(process.join("environ")).ok()?;
    file.read_to_end(&mut text).ok()?;
    Some(text)
}

/// The program, killed when one of its threads calls fsync for the n-th time.
pub fn killed_at(pipeline: &Pipeline, n: usize) -> Command {
    let mut command = pipeline.around(&crate::programs::strace());
    command
        // Its threads, not the programs that it starts.
        .args(["-f", "--detach-on=execve", "-qq", "-o", "/dev/null"])
        .args(["-e", "trace=fsync,fdatasync"])
        .arg("-e")
        .arg(format!("inject=fsync,fdatasync:signal=KILL:when={n}"))
        .arg(GREENLIGHT);
    command
}
