//! One service: a repository with a configuration, a journal, and the processes of greenlight.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use greenlight::deployment::log;
use greenlight::journal::{self, Location, open_inbox};
use rustix::process::{Pid, Signal, kill_process};

use crate::effects::EffectsLog;
use crate::history::{History, Recorded};
use crate::postgres_server::Server;
use crate::process::{self, Process};
use crate::stand_in::StandIn;

/// The program under test.
const GREENLIGHT: &str = env!("CARGO_BIN_EXE_greenlight");

/// The secret of the webhooks.
const SECRET: &str = "a-secret-of-the-checker";

/// How long a lease lasts, in seconds.
pub const LEASE: u32 = 3;

/// How long the server may take to answer a webhook.
const ANSWER: Duration = Duration::from_secs(30);

/// A service.
pub struct Shop {
    /// Its name, which is its repository in the registry.
    pub name: String,
    /// Its effects log.
    pub log: EffectsLog,
    /// Whether an interrupted deploy command may be repeated.
    pub repeatable: bool,
    /// The server of its journal and the address of its database; without it, the journal is a file.
    pub database: Option<(Arc<Server>, String)>,
    folder: PathBuf,
    seed: u64,
    stand_in: Arc<StandIn>,
    server: Option<Process>,
    port: u16,
    /// The commits in their order, each with all of its ancestors.
    pub commits: Vec<(String, BTreeSet<String>)>,
}

impl Shop {
    /// Makes a service in a folder. The seed decides how long its commands take. Both environments serve its first commit.
    pub fn new(
        name: &str,
        folder: &Path,
        stand_in: &Arc<StandIn>,
        seed: u64,
        (repeatable, is_shared): (bool, bool),
    ) -> Self {
        fs::create_dir_all(folder).expect("a folder");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let mut shop = Self {
            name: name.to_owned(),
            log: EffectsLog::of(folder),
            repeatable,
            database: is_shared.then(|| {
                let server = Server::new();
                let database = server.database();
                (Arc::new(server), database)
            }),
            folder: folder.to_owned(),
            seed,
            stand_in: Arc::clone(stand_in),
            server: None,
            port: listener.local_addr().expect("its address").port(),
            commits: Vec::new(),
        };
        shop.git(&["init", "--quiet", "--initial-branch=main"]);
        let first = shop.commit("Before");
        for environment in ["stage", "prod"] {
            let live = folder.join(format!("live-{environment}"));
            fs::write(live, &first).expect("a file");
        }
        stand_in.add(name, folder.to_owned(), shop.log.clone());
        shop.configure();
        shop.shift_clock(0);
        shop
    }

    fn configure(&self) {
        let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests");
        let script = files.join("checker/command.sh");
        let list = |kind: &str, more: &[String]| {
            let log = self.log.file().to_string_lossy().into_owned();
            let (seed, lease) = (self.seed.to_string(), LEASE.to_string());
            let first = ["sh", &script.to_string_lossy(), kind, &log, &seed, &lease];
            let first = first.map(str::to_owned);
            let all: Vec<_> = first.iter().chain(more).collect();
            serde_json::to_string(&all).expect("a list")
        };
        let url = self.stand_in.url();
        let mut text = format!(
            "[release]\npoll-interval = \"1s\"\n[journal]\nlease = \"{LEASE}s\"\n\
             [slack]\nurl-variable = \"SLACK_WEBHOOK\"\nwait = \"2s\"\n"
        );
        if let Some((_, database)) = &self.database {
            text = text.replace("[slack]", &format!("location = \"{database}\"\n[slack]"));
        }
        for environment in ["stage", "prod"] {
            let _ = write!(
                text,
                "[[environment]]\nname = \"{environment}\"\ndeploy = {}\ndeploy-repeatable = {}\n\
                 nodes = [\"{url}/nodes/{}/{environment}\"]\nconvergence-rounds = 1\n\
                 convergence-deadline = \"5s\"\n",
                list("deploy", &[]),
                self.repeatable,
                self.name,
            );
        }
        let results = ["passed", "failed"].map(|it| {
            let file = files.join(format!("facts/locust/{it}/stats.json"));
            file.to_string_lossy().into_owned()
        });
        let _ = write!(
            text,
            "[load-test]\ncommand = {}\nformat = \"locust\"\nresults = \"results.json\"\n\
             [serve]\ntoken-variable = \"HOOK_SECRET\"\nrepositories = [\"{}\"]\n\
             reconcile-every = \"5s\"\nlisten = \"127.0.0.1:{}\"\nat-most = 4\n\
             [serve.registry]\nurl = \"{url}\"\n",
            list("load-test", &results),
            self.name,
            self.port,
        );
        fs::write(self.folder.join("greenlight.toml"), text).expect("a configuration");
    }

    /// The folder of the repository, the journal and the logs.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file with the journal.
    pub fn journal(&self) -> PathBuf {
        self.folder.join(".greenlight/journal.db")
    }

    fn location(&self) -> Location {
        match &self.database {
            None => Location::File(self.journal()),
            Some((_, address)) => address.parse().expect("an address"),
        }
    }

    /// Sets the clock of all processes of the service, in seconds from the real time.
    pub fn shift_clock(&self, offset: i64) {
        // A process may read the file now, so the new contents replace it at once.
        let new = self.folder.join("clock.new");
        fs::write(&new, offset.to_string()).expect("a file");
        fs::rename(new, self.folder.join("clock")).expect("a file");
    }

    /// Commits a message, and returns the commit.
    pub fn commit(&mut self, message: &str) -> String {
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
        let commit = self.git(&["rev-parse", "HEAD"]);
        let mut ancestors = BTreeSet::new();
        if let Some((last, before)) = self.commits.last() {
            ancestors.clone_from(before);
            ancestors.insert(last.clone());
        }
        self.commits.push((commit.clone(), ancestors));
        commit
    }

    /// Commits the revert of an earlier commit.
    pub fn revert(&mut self, commit: &str) -> String {
        let message = format!("Revert \"Change\"\n\nThis reverts commit {commit}.");
        self.commit(&message)
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .current_dir(&self.folder)
            .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org"])
            .args(["-c", "gc.auto=0"])
            .args(arguments)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .output()
            .expect("git starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {said}");
        let said = String::from_utf8(output.stdout).expect("text");
        said.trim().to_owned()
    }

    /// A command of greenlight in the folder.
    pub fn greenlight(&self) -> Command {
        let mut command = process::clean(Path::new(GREENLIGHT), &self.folder);
        command
            .current_dir(&self.folder)
            .env("HOOK_SECRET", SECRET)
            .env(
                "SLACK_WEBHOOK",
                format!("{}/slack/{}", self.stand_in.url(), self.name),
            )
            .env("GREENLIGHT_TEST_CLOCK_OFFSET", self.folder.join("clock"))
            .stdin(Stdio::null());
        command
    }

    /// Starts the server, unless it runs.
    pub fn serve(&mut self) {
        if let Some(server) = &mut self.server {
            let Some(ended) = server.ended() else { return };
            let is_crash = ended.code() == Some(101)
                || ended
                    .signal()
                    .is_some_and(|it| it != Signal::KILL.as_raw() && it != Signal::TERM.as_raw());
            assert!(!is_crash, "the server ended with {ended}");
        }
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.folder.join("serve.log"));
        let mut command = self.greenlight();
        command
            .arg("serve")
            .stdout(Stdio::null())
            .stderr(log.expect("a log"));
        self.server = Some(Process::start("greenlight serve", &mut command));
    }

    /// Kills the server, if it runs.
    pub fn kill_server(&mut self) {
        if let Some(server) = &mut self.server {
            let _ = kill_process(Pid::from_child(server.child()), Signal::KILL);
        }
    }

    /// Whether the server has ended, or does not accept connections.
    pub fn was_away(&mut self) -> bool {
        let ended = self.server.as_mut().is_none_or(|it| it.ended().is_some());
        ended || TcpStream::connect(("127.0.0.1", self.port)).is_err()
    }

    /// Asks the server, and returns the status of its answer.
    pub fn ask(&self, method: &str, path: &str, body: &str) -> Option<u16> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(ANSWER)).ok()?;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: server\r\nauthorization: Bearer {SECRET}\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).ok()?;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        answer.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
    }

    /// Pushes an image under a tag to the registry.
    pub fn push(&self, tag: &str, digest: &str) {
        self.stand_in.push(&self.name, tag, digest);
    }

    /// Makes the nodes and the registry silent. The result lets them answer again.
    pub fn silence(&self) -> impl FnOnce() + Send + 'static {
        let (stand_in, name) = (Arc::clone(&self.stand_in), self.name.clone());
        stand_in.answer(&name, false);
        move || stand_in.answer(&name, true)
    }

    /// The recorded history so far.
    pub fn history(&self, seed: u64) -> History {
        let mut history = History {
            seed,
            service: self.name.clone(),
            repeatable: self.repeatable,
            effects: self.log.read(),
            ancestors: self.commits.iter().cloned().collect(),
            ..History::default()
        };
        if self.database.is_none() && !self.journal().exists() {
            return history;
        }
        let mut store = journal::open(&self.location()).expect("the journal");
        let mut inbox = open_inbox(&self.location()).expect("the inbox");
        let mut deployments = BTreeMap::new();
        for header in store.deployments(usize::MAX).expect("deployments") {
            let entries = log::read(store.as_mut(), header.number).expect("intact records");
            deployments.insert(header.number, Recorded { header, entries });
        }
        history.deployments = deployments;
        history.push_events = inbox.push_events(100_000).expect("push events");
        history.requests = inbox.deployment_requests(100_000).expect("requests");
        history
    }
}
