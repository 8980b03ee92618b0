//! What `tests/fresh/run` copies from this machine onto the fresh one.

use std::io::Write as _;
use std::process::{Command, Stdio};

/// A configuration with a credential in every place that Cargo knows, each with the text `hush`.
///
/// Source: <https://doc.rust-lang.org/cargo/reference/config.html>.
const CONFIGURATION: &str = r#"
net.git-fetch-with-cli = true # hush
net . "retry" = 5
net.ssh.known-hosts = ["hush"]
# registry.token = "hush"
[registry]
token = "hush"
default = "mine"
"secret-key" = 'hush'
secret-key-subject = "hush"
credential-provider = ["cargo:token", "hush"]
global-credential-providers = [
  "hush",
  "cargo:token-from-stdout hush",
]
[registries.mine]
index = "sparse+https://mine.example/index/"   # hush
token = "hush"
secret-key = "hush"
credential-provider = { command = "hush" }
[registries]
other = { token = "hush", index = "sparse+https://other.example/" }
third.index = "https://ada:hush@third.example/"
third . token = """
hush
index = "hush"
"""
"fourth".token = '''hush'''
"fourth"."index" = "https://fourth.example/"
fifth = { index = "https://fifth.example/", "token" = "hush" }
sixth = { index = "https://sixth.example/", credential-provider = ["hush"] }
[credential-alias]
mine = ["hush"]
[source.crates-io]
replace-with = "mirror"
[source."mirror"]
registry = "sparse+https://mirror.example/"
[ http ] # hush
proxy = "ada:hush@proxy.example:3128"
timeout = 30
[[array]]
http.user-agent = "hush"
[env]
TOKEN = "hush"
"#;

const COPIED: &str = r#"
net = { git-fetch-with-cli = true, retry = 5 }
http.timeout = 30
registry.default = "mine"
[registries]
mine.index = "sparse+https://mine.example/index/"
other.index = "sparse+https://other.example/"
fourth.index = "https://fourth.example/"
fifth.index = "https://fifth.example/"
sixth.index = "https://sixth.example/"
[source]
crates-io.replace-with = "mirror"
mirror.registry = "sparse+https://mirror.example/"
"#;

/// Runs the function of the script that copies a configuration of Cargo.
fn without_credentials(configuration: &str) -> String {
    let script = include_str!("../fresh/run");
    let start = script
        .find("\nwithout_credentials() {")
        .expect("the function");
    let (function, _) = script[start..].split_once("\n}\n").expect("its end");
    let mut shell = Command::new("bash")
        .args(["-euo", "pipefail", "-c"])
        .arg(format!("{function}\n}}\nwithout_credentials"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("bash");
    let mut input = shell.stdin.take().expect("a pipe");
    input
        .write_all(configuration.as_bytes())
        .expect("it is read");
    drop(input);
    let output = shell.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn the_configuration_of_cargo_is_copied_without_credentials() {
    let given: toml::Table = CONFIGURATION.parse().expect("TOML");
    assert!(given.contains_key("registries"));
    let copied = without_credentials(CONFIGURATION);
    assert!(!copied.contains("hush"), "{copied}");
    let copied: toml::Table = copied.parse().expect("TOML");
    let expected: toml::Table = COPIED.parse().expect("TOML");
    assert_eq!(copied, expected);
}

#[test]
fn a_configuration_without_these_settings_becomes_empty() {
    assert_eq!(
        without_credentials("[registry]\ntoken = \"hush\"\n[alias]\nb = \"build\"\n"),
        ""
    );
    assert_eq!(without_credentials(""), "");
}
