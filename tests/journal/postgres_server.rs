//! Debian's `PostgreSQL`, on a fresh cluster in a temporary folder, reached by a socket in it.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// How long a server may take to start or stop.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server of its own, which ends with this value.
pub struct Server {
    folder: TempDir,
    programs: PathBuf,
    child: Mutex<Option<Child>>,
    databases: AtomicU32,
    /// The port for TCP on loopback, which only some servers have.
    tcp: Option<u16>,
    /// More options.
    options: Vec<String>,
}

impl Server {
    /// Makes a cluster and starts its server.
    pub fn new() -> Self {
        let server = Self::stopped();
        server.start();
        server
    }

    /// Makes a cluster and starts its server, with TCP on loopback. `prepare` gets the folder, writes files to it, and
    /// returns options.
    pub fn with_tcp(prepare: impl FnOnce(&Path) -> Vec<String>) -> Self {
        let mut server = Self::stopped();
        let mut options = prepare(server.folder.path());
        if rustix::process::geteuid().is_root() {
            for file in fs::read_dir(server.folder.path()).expect("a folder") {
                let path = file.expect("a file").path();
                chown(&path, Some(id("-u")), Some(id("-g"))).expect("root may");
            }
        }
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = free.local_addr().expect("its address").port();
        options.push(format!("port={port}"));
        server.tcp = Some(port);
        server.options = options;
        drop(free);
        server.start();
        server
    }

    fn stopped() -> Self {
        let server = Self {
            folder: tempfile::tempdir().expect("a folder"),
            programs: programs(),
            child: Mutex::new(None),
            databases: AtomicU32::new(0),
            tcp: None,
            options: Vec::new(),
        };
        if rustix::process::geteuid().is_root() {
            let (user, group) = (id("-u"), id("-g"));
            chown(server.folder.path(), Some(user), Some(group)).expect("root may");
        }
        fs::set_permissions(server.folder.path(), fs::Permissions::from_mode(0o700)).expect("ours");
        let output = as_postgres(&server.programs.join("initdb"))
            .args(["--username=postgres", "--auth=trust", "--encoding=UTF8"])
            .args(["--locale=C", "--no-sync", "--pgdata"])
            .arg(server.data())
            .current_dir(server.folder.path())
            .output()
            .expect("`initdb` runs");
        assert!(output.status.success(), "`initdb` failed: {output:?}");
        server
    }

    /// The server that tests share: it starts with the first of them and ends with the last.
    pub fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let server = Arc::new(Self::new());
            *shared = Arc::downgrade(&server);
            server
        })
    }

    /// Makes an empty database, and returns its address.
    pub fn database(&self) -> String {
        let name = format!("journal{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut client = self.client("postgres").expect("it runs");
        client
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .expect("made");
        self.address(&name)
    }

    /// The address of an empty database, over TCP, by a name that only the certificate has to know.
    pub fn tcp_database(&self, host: &str, parameters: &str) -> String {
        let database = self.database();
        let path = database.trim_start_matches("postgresql:///");
        let name = path.split('?').next().expect("a name");
        let port = self.tcp.expect("a server with TCP");
        format!("postgresql://postgres@{host}:{port}/{name}?hostaddr=127.0.0.1{parameters}")
    }

    /// How many connections of greenlight are encrypted, and how many are not.
    pub fn encrypted(&self) -> (i64, i64) {
        let mut client = self.client("postgres").expect("it runs");
        let row = client.query_one(
            "SELECT count(*) FILTER (WHERE ssl), count(*) FILTER (WHERE NOT ssl)
             FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'greenlight'",
            &[],
        );
        let row = row.expect("a row");
        (row.get(0), row.get(1))
    }

    /// The folder of its socket.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// An address of this server, with the socket in another folder.
    pub fn through(&self, address: &str, folder: &str) -> String {
        address.replace(&self.folder.path().display().to_string(), folder)
    }

    /// Starts the server again, and waits until it answers.
    pub fn start(&self) {
        let log = fs::File::create(self.folder.path().join("log")).expect("ours");
        let mut child = as_postgres(&self.programs.join("postgres"))
            .arg("-D")
            .arg(self.data())
            .arg("-k")
            .arg(self.folder.path())
            .arg("-c")
            .arg(match self.tcp {
                Some(_) => "listen_addresses=127.0.0.1",
                None => "listen_addresses=",
            })
            .args(self.options.iter().flat_map(|it| ["-c", it]))
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file"))
            .stderr(log)
            .spawn()
            .expect("`postgres` runs");
        let deadline = Instant::now() + PATIENCE;
        let why = loop {
            match self.client("postgres") {
                Ok(_) => {
                    *self.child.lock().unwrap_or_else(PoisonError::into_inner) = Some(child);
                    return;
                }
                Err(why) if Instant::now() > deadline => break why.to_string(),
                Err(_) => std::thread::sleep(Duration::from_millis(10)),
            }
            if let Some(status) = child.try_wait().expect("ours") {
                break status.to_string();
            }
        };
        let _ = child.kill();
        let _ = child.wait();
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        panic!("`postgres` does not start: {why}\n{log}");
    }

    /// Ends the server as a crash does: nothing is tidied up, every connection breaks.
    pub fn crash(&self) {
        self.stop(Signal::QUIT);
    }

    fn stop(&self, signal: Signal) {
        let child = self
            .child
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(mut child) = child else { return };
        let pid = Pid::from_raw(child.id().cast_signed()).expect("not zero");
        let _ = kill_process(pid, signal);
        let _ = child.wait();
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn address(&self, database: &str) -> String {
        let folder = self.folder.path().display();
        let port = self.tcp.unwrap_or(5432);
        format!(
            "postgresql:///{database}?host={folder}&port={port}&user=postgres&connect_timeout=1"
        )
    }

    fn client(&self, database: &str) -> Result<postgres::Client, postgres::Error> {
        postgres::Client::connect(&self.address(database), postgres::NoTls)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop(Signal::INT);
    }
}

/// The newest version's programs, installed where there are none.
fn programs() -> PathBuf {
    let install = || {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/e2e/install");
        let installed = Command::new(script).stdin(Stdio::null()).status();
        installed
            .is_ok_and(|it| it.success())
            .then(installed_programs)
    };
    installed_programs()
        .or_else(|| install().flatten())
        .expect("`initdb` is not there: install Debian's package `postgresql`")
}

fn installed_programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    versions
        .filter_map(|version| {
            let version = version.ok()?.path();
            let number: u32 = version.file_name()?.to_str()?.parse().ok()?;
            let programs = version.join("bin");
            programs
                .join("initdb")
                .exists()
                .then_some((number, programs))
        })
        .max()
        .map(|(_, programs)| programs)
}

/// A command of `PostgreSQL`, which refuses to run as root: then its package's user runs it.
fn as_postgres(program: &Path) -> Command {
    if !rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=postgres", "--regid=postgres", "--clear-groups"])
        .arg(program);
    command
}

fn id(which: &str) -> u32 {
    let output = Command::new("id")
        .args([which, "postgres"])
        .output()
        .expect("`id` runs");
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim()
        .parse()
        .expect("there is no user `postgres`: install Debian's package `postgresql`")
}
