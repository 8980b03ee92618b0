//! Servers with TLS, and Debian's tinyproxy before them, tried by the program with the variables of a user.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::pipeline::{Ended, GREENLIGHT, ended};
use crate::tls_server::{Authority, Server};
use crate::waiting::until;

/// What a node answers.
const VERSION: &str = r#"{"commit": "4b825dc642cb6eb9a060e54bf8d69288fbee4904"}"#;

/// The authorization that the proxy demands.
const USER: &str = "ada:not-to-be-shown";

/// A configuration with one node in each environment.
struct Project(TempDir);

impl Project {
    fn new(more: &str, node: &str, keys: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let environment = |name| {
            format!(
                "[[environment]]\nname = \"{name}\"\ndeploy = [\"true\"]\nnodes = [\"{node}\"]\n{keys}\n"
            )
        };
        let text = format!("{}{}{more}\n", environment("stage"), environment("prod"));
        fs::write(folder.path().join("greenlight.toml"), text).expect("written");
        Self(folder)
    }

    /// Tries every server.
    fn check(&self, variables: &[(&str, &str)]) -> Ended {
        ended(
            Command::new(GREENLIGHT)
                .args(["config", "check", "--config"])
                .arg(self.0.path().join("greenlight.toml"))
                .current_dir(self.0.path())
                .env_clear()
                .envs(variables.iter().copied()),
        )
    }
}

/// A running proxy; it ends when it is dropped.
struct Proxy {
    folder: TempDir,
    child: Child,
    port: u16,
}

impl Proxy {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (user, password) = USER.split_once(':').expect("both");
        // Another process may take the port before the proxy does; then the proxy ends, and gets another port.
        let mut child = None;
        let port = until("proxy", Duration::from_secs(30), || {
            let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
            let port = free.local_addr().expect("its address").port();
            drop(free);
            let text = format!(
                "Port {port}\nListen 127.0.0.1\nTimeout 30\nLogLevel Connect\nLogFile \"{}\"\nBasicAuth {user} {password}\n",
                folder.path().join("log").display()
            );
            let path = folder.path().join("tinyproxy.conf");
            fs::write(&path, text).expect("written");
            let mut proxy = Command::new("tinyproxy")
                .args(["-d", "-c"])
                .arg(&path)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("`tinyproxy` is installed by tests/e2e/install");
            loop {
                if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                    child = Some(proxy);
                    return Some(port);
                }
                if proxy.try_wait().expect("ours").is_some() {
                    return None;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        Self {
            folder,
            child: child.expect("it runs"),
            port,
        }
    }

    fn url(&self) -> String {
        format!("http://{USER}@127.0.0.1:{}", self.port)
    }

    /// How many requests the proxy got.
    fn requests(&self) -> usize {
        self.log().matches("Request (").count()
    }

    /// What the proxy wrote about connections.
    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn a_certificate_of_a_node_is_checked_with_the_file_of_its_table() {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = Authority::new();
    let ca = shown(&authority.write(folder.path(), "ca"));
    let node = Server::start(&authority.server(&["localhost"]), None, VERSION);

    let unknown = Project::new("", &node.url(), "").check(&[]);
    let said = "`localhost` is of an authority that is not trusted; if the authority is your own, name the file with its \
                certificate with `ca-file` in `[environment]` or `[tls]`";
    unknown.is(1, &[said]);

    let keys = format!("ca-file = \"{ca}\"");
    Project::new("", &node.url(), &keys)
        .check(&[])
        .is(0, &["serves 4b825dc"]);
    let all = format!("[tls]\nca-file = \"{ca}\"");
    Project::new(&all, &node.url(), "")
        .check(&[])
        .is(0, &["serves 4b825dc"]);

    // The file of the table replaces that of `[tls]`.
    let other = shown(&Authority::new().write(folder.path(), "other"));
    let keys = format!("ca-file = \"{other}\"");
    let check = Project::new(&all, &node.url(), &keys).check(&[]);
    check.is(1, &["with `ca-file` in `[environment]`\n"]);

    let check = Project::new("", &node.url(), "ca-file = \"none.pem\"").check(&[]);
    check.is(1, &["none.pem` (`environment.ca-file`): No such file"]);
}

#[test]
fn the_list_of_the_operating_system_is_trusted_unless_it_is_left_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = Authority::new();
    let ca = shown(&authority.write(folder.path(), "ca"));
    let node = Server::start(&authority.server(&["localhost"]), None, VERSION);
    let check = |roots: &str, file: &str| {
        let project = Project::new(roots, &node.url(), "");
        project.check(&[("SSL_CERT_FILE", file)])
    };
    let roots = |word: &str| format!("[tls]\nroots = \"{word}\"");
    check("", &ca).is(0, &["serves 4b825dc"]);
    check(&roots("system"), &ca).is(0, &["serves 4b825dc"]);
    check(&roots("bundled"), &ca).is(1, &["not trusted"]);
    let missing = check(&roots("system"), "/dev/null");
    missing.is(
        1,
        &["has no list of trusted certificates", "`SSL_CERT_FILE`"],
    );
}

#[test]
fn every_kind_of_server_uses_the_file_of_its_table() {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = Authority::new();
    let ca = shown(&authority.write(folder.path(), "ca"));
    let server = Server::start(&authority.server(&["localhost"]), None, VERSION);
    let (url, token) = (server.url(), folder.path().join("token"));
    fs::write(&token, "token").expect("written");
    let token = shown(&token);
    let more = |ca: &str| {
        format!(
            "[slack]\ntoken-file = \"{token}\"\nchannel = \"C0123456789\"\napi = \"{url}\"\n{ca}\n\
             [serve]\ntoken-file = \"{token}\"\nrepositories = [\"shop\"]\n\
             [serve.registry]\nurl = \"{url}\"\n{ca}\n\
             [serve.jenkins]\njob = \"{url}/job/deploy\"\nuser = \"ada\"\ntoken-file = \"{token}\"\n{ca}\n"
        )
    };
    let without = Project::new(&more(""), &url, "").check(&[]);
    for table in ["slack", "serve.registry", "serve.jenkins"] {
        without.is(1, &[&format!("with `ca-file` in `[{table}]` or `[tls]`")]);
    }
    let with = Project::new(&more(&format!("ca-file = \"{ca}\"")), &url, "").check(&[]);
    for table in ["slack", "serve.registry", "serve.jenkins"] {
        assert!(
            !with.stdout.contains(&format!("[{table}]")),
            "{}",
            with.stdout
        );
    }
}

#[test]
fn requests_go_through_the_proxy_unless_they_are_excepted() {
    let folder = tempfile::tempdir().expect("a folder");
    let proxy = Proxy::start();
    let token = folder.path().join("token");
    fs::write(&token, "token").expect("written");
    let token = shown(&token);
    let slack = format!(
        "[slack]\ntoken-file = \"{token}\"\nchannel = \"C0123456789\"\napi = \"https://slack.invalid/api\"\n\
         [serve]\ntoken-file = \"{token}\"\nrepositories = [\"shop\"]\n\
         [serve.registry]\nurl = \"https://registry.invalid\"\n"
    );
    let project = Project::new(&slack, "https://node.invalid", "");
    // The proxy knows none of these names. Its log shows which it was asked for, and its answer who asked it.
    let url = proxy.url();
    for variable in ["HTTPS_PROXY", "https_proxy"] {
        let check = project.check(&[(variable, &url)]);
        check.is(
            1,
            &[&format!(
                "the proxy that the variable `{variable}` names can't be used"
            )],
        );
        assert!(
            !format!("{check:?}").contains("not-to-be-shown"),
            "{check:?}"
        );
    }
    let log = proxy.log();
    for host in ["node.invalid", "slack.invalid", "registry.invalid"] {
        assert!(log.contains(&format!("CONNECT {host}:443")), "{log}");
    }
    let requests = proxy.requests();

    let excepted = project.check(&[("HTTPS_PROXY", &url), ("no_proxy", "node.invalid,.invalid")]);
    excepted.is(1, &["unknown host name"]);
    assert!(
        !excepted.stdout.contains("HTTPS_PROXY"),
        "{}",
        excepted.stdout
    );
    let other = project.check(&[("HTTP_PROXY", &url)]);
    assert!(!other.stdout.contains("HTTP_PROXY"), "{}", other.stdout);
    assert_eq!(proxy.requests(), requests);

    let wrong = url.replace("not-to-be-shown", "wrong");
    project
        .check(&[("HTTPS_PROXY", &wrong)])
        .is(1, &["names can't be used: it answered with status 401"]);
    let check = project.check(&[("HTTPS_PROXY", "socks5://ada:not-to-be-shown@proxy.invalid")]);
    check.is(
        1,
        &["the variable `HTTPS_PROXY` holds no URL of an HTTP proxy"],
    );
    assert!(
        !format!("{check:?}").contains("not-to-be-shown"),
        "{check:?}"
    );
}

#[test]
fn a_tunnel_of_the_proxy_reaches_a_node_and_loopback_does_not_use_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let proxy = Proxy::start();
    let authority = Authority::new();
    let ca = shown(&authority.write(folder.path(), "ca"));
    let certificate = authority.server(&["0.0.0.0", "127.0.0.1"]);
    let node = Server::start(&certificate, None, VERSION);
    // Linux connects to this machine for this address, which is no loopback address for the program.
    let target = node.url_of_address().replace("127.0.0.1", "0.0.0.0");
    let keys = format!("ca-file = \"{ca}\"");
    let url = proxy.url();
    let check = |node: &str| Project::new("", node, &keys).check(&[("HTTPS_PROXY", &url)]);
    check(&node.url_of_address()).is(0, &["serves 4b825dc"]);
    assert_eq!(proxy.requests(), 0, "{}", proxy.log());
    check(&target).is(0, &["serves 4b825dc"]);
    let tunnel = target.replace("https://", "CONNECT ");
    assert!(proxy.log().contains(&tunnel), "{}", proxy.log());
}
