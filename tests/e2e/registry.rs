//! A CNCF Distribution registry on loopback, and skopeo to fill it.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::{self, Process};
use crate::{http, programs, waiting};

const LIMIT: Duration = Duration::from_secs(30);

/// What the registry says in its log as soon as it has a port.
const LISTENING: &str = "listening on 127.0.0.1:";

/// A registry with a store of its own; both go when it is dropped.
pub struct Registry {
    /// Ends before its store goes: fields are dropped in order.
    process: Option<Process>,
    store: TempDir,
    port: u16,
    /// The only user that it answers.
    account: Option<(&'static str, &'static str)>,
    /// Whom it tells of what is pushed.
    hook: Option<String>,
}

impl Registry {
    /// Starts one, and waits until it answers.
    #[track_caller]
    pub fn start() -> Self {
        Self::with(None, None)
    }

    /// Starts one that answers a user with a password alone.
    #[track_caller]
    pub fn guarded(user: &'static str, password: &'static str) -> Self {
        Self::with(Some((user, password)), None)
    }

    /// Starts one that tells a webhook of what is pushed.
    #[track_caller]
    pub fn telling(hook: &str) -> Self {
        Self::with(None, Some(hook.to_owned()))
    }

    #[track_caller]
    fn with(account: Option<(&'static str, &'static str)>, hook: Option<String>) -> Self {
        let mut registry = Self {
            process: None,
            store: tempfile::tempdir().expect("a folder"),
            port: 0,
            account,
            hook,
        };
        registry.restart();
        registry
    }

    /// Kills it, if it runs, and starts it again with what it has stored, at the same address.
    #[track_caller]
    pub fn restart(&mut self) {
        self.process = None;
        let config = self.store.path().join("config.yml");
        fs::write(&config, self.configuration().to_string()).expect("a configuration");
        let log = self.store.path().join("log");
        let output = File::create(&log).expect("a log");
        let mut process = Process::start(
            "docker-registry",
            process::guarded(&programs::registry(), self.store.path())
                .arg("serve")
                .arg(config)
                .stdout(output.try_clone().expect("a second handle"))
                .stderr(output),
        );
        let said = || fs::read_to_string(&log).expect("a log");
        self.port = waiting::until("port of the registry", LIMIT, || {
            let ended = process.ended();
            assert!(ended.is_none(), "the registry ended:\n{}", said());
            port(&said())
        });
        let url = format!("http://{}/v2/", self.address());
        let expected = if self.account.is_some() { 401 } else { 200 };
        waiting::until("answer of the registry", LIMIT, || {
            (http::status(&url) == Some(expected)).then_some(())
        });
        self.process = Some(process);
    }

    /// The configuration: <https://distribution.github.io/distribution/about/configuration/>.
    fn configuration(&self) -> Value {
        let folder = self.store.path();
        let mut settings = json!({
            "version": 0.1,
            "log": { "level": "info", "accesslog": { "disabled": true } },
            "storage": { "filesystem": { "rootdirectory": folder.join("store") } },
            "http": { "addr": self.address() },
        });
        if let Some((user, password)) = self.account {
            let accounts = folder.join("htpasswd");
            let line = format!("{user}:{}\n", hashed(password));
            fs::write(&accounts, line).expect("a list of accounts");
            settings["auth"] = json!({ "htpasswd": { "realm": "tests", "path": accounts } });
        }
        if let Some(hook) = &self.hook {
            let endpoint = json!({
                "name": "greenlight",
                "url": hook,
                "headers": { "Authorization": ["Bearer not-to-be-shown"] },
                "timeout": "1s",
                "threshold": 5,
                "backoff": "1s",
            });
            settings["notifications"] = json!({ "endpoints": [endpoint] });
        }
        settings
    }

    /// Where it is, as image names begin: `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Pushes the image in the folder under a tag, to the repository `shop`. Gives the digest that the
    /// registry has it by.
    #[track_caller]
    pub fn push(&self, image: &Path, tag: &str) -> String {
        let digest = self.store.path().join(format!("digest-{tag}"));
        let mut source = std::ffi::OsString::from("oci:");
        source.push(image);
        let mut command = self.skopeo("copy");
        if let Some((user, password)) = self.account {
            command.arg(format!("--dest-creds={user}:{password}"));
        }
        command.arg("--dest-tls-verify=false").arg("--digestfile");
        run(command.arg(&digest).arg(source).arg(self.name(tag)));
        fs::read_to_string(digest).expect("a digest")
    }

    /// The digest of the image that a tag names.
    #[track_caller]
    pub fn digest(&self, tag: &str) -> String {
        let digest = &self.inspect(tag)["Digest"];
        digest.as_str().expect("a digest").to_owned()
    }

    /// What skopeo says of the image that a tag names: an object with `Digest`, `Labels` and `RepoTags`.
    #[track_caller]
    pub fn inspect(&self, tag: &str) -> Value {
        let mut command = self.skopeo("inspect");
        let said = run(command.arg("--tls-verify=false").arg(self.name(tag)));
        serde_json::from_str(&said).expect("JSON")
    }

    fn name(&self, tag: &str) -> String {
        format!("docker://{}/shop:{tag}", self.address())
    }

    /// The policy that the flag turns off is the machine's about whose images to trust.
    fn skopeo(&self, does: &str) -> Command {
        let mut command = process::clean(&programs::skopeo(), self.store.path());
        command.arg("--insecure-policy").arg(does);
        command
    }
}

/// Runs it to its end, and gives what it said.
#[track_caller]
fn run(command: &mut Command) -> String {
    let ended = command.stdin(Stdio::null()).output().expect("it starts");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{command:?} failed: {said}");
    String::from_utf8(ended.stdout).expect("UTF-8")
}

/// A password as a list of accounts has it: the registry knows bcrypt alone, and Debian's C library makes it.
#[track_caller]
fn hashed(password: &str) -> String {
    let make = "print crypt($ARGV[0], '$2b$04$abcdefghijklmnopqrstuu')";
    run(Command::new("perl").args(["-e", make, password]))
}

/// The port in the log, once it is there.
fn port(log: &str) -> Option<u16> {
    let (_, rest) = log.split_once(LISTENING)?;
    let end = rest.find(|character: char| !character.is_ascii_digit())?;
    rest[..end].parse().ok()
}
