//! The installer, under the shells of CI systems: it installs only the expected sum and version, downloads only a missing
//! program, and leaves no file behind when it fails.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::symlink;
use std::process::{Child, Command, Stdio};

use crate::child;
use crate::files;
use crate::harness::PROGRAM;
use crate::programs;
use crate::workspace::{Ended, VERSION, Workspace, executable, sha256};

/// The shells, with the options of the systems.
const SHELLS: [&[&str]; 4] = [
    &["dash"],
    &["bash", "--noprofile", "--norc", "-eo", "pipefail"],
    &["busybox", "sh", "-e"],
    &["sh", "-xe"],
];

#[track_caller]
fn install(workspace: &Workspace, shell: &[&str]) -> Ended {
    workspace.run(shell, &files::text("install.sh"), &[])
}

/// A workspace that can install greenlight into a folder of its own.
fn workspace() -> Workspace {
    let mut workspace = Workspace::new("x\n");
    workspace.installable();
    let folder = workspace.file("folder").display().to_string();
    workspace.set("GREENLIGHT_INSTALL_FOLDER", folder);
    workspace
}

fn folder(workspace: &Workspace) -> Vec<String> {
    let entries = fs::read_dir(workspace.file("folder")).into_iter().flatten();
    let names = entries.map(|it| it.expect("an entry").file_name());
    names.map(|it| it.to_string_lossy().into_owned()).collect()
}

#[test]
fn a_program_with_the_expected_sum_is_installed() {
    for shell in SHELLS {
        let workspace = workspace();
        let ended = install(&workspace, shell).is(0);
        let expected = format!("{}\n", workspace.file("folder").display());
        assert_eq!(ended.stdout, expected, "{shell:?}");
        assert_eq!(folder(&workspace), ["greenlight"]);
        let asked = workspace.run(
            &["sh"],
            "\"$GREENLIGHT_INSTALL_FOLDER/greenlight\" --version",
            &[],
        );
        assert_eq!(asked.is(0).stdout, format!("greenlight {VERSION}\n"));
    }
}

#[test]
fn a_wrong_sum_leaves_no_file() {
    for shell in SHELLS {
        let mut workspace = workspace();
        let right = workspace.variables()["GREENLIGHT_INSTALL_SHA256"].clone();
        let wrong = "0".repeat(64);
        workspace.set("GREENLIGHT_INSTALL_SHA256", &wrong);
        install(&workspace, shell)
            .is(1)
            .says(&format!("is {right}, expected {wrong}"));
        assert!(folder(&workspace).is_empty(), "{shell:?}");
    }
}

/// With each tool that computes sums, and without any.
#[test]
fn each_tool_for_sums() {
    let tools = [("sha256sum", 0), ("shasum", 0), ("openssl", 0), ("none", 1)];
    for (tool, status) in tools {
        let mut workspace = workspace();
        let tools: &[&str] = if status == 0 { &[tool] } else { &[] };
        only(&mut workspace, tools);
        let ended = install(&workspace, &["dash"]).is(status);
        if status != 0 {
            ended.says("install sha256sum");
            assert!(folder(&workspace).is_empty());
        }
    }
}

#[test]
fn a_program_in_the_folder_is_used_without_a_network() {
    for shell in SHELLS {
        let mut workspace = workspace();
        install(&workspace, shell).is(0);
        workspace.set("GREENLIGHT_INSTALL_URL", "https://127.0.0.1:1/greenlight");
        workspace.stand_in("curl");
        workspace.stand_in("wget");
        install(&workspace, shell).is(0);
        assert_eq!(workspace.content("curl.calls"), "", "{shell:?}");
        assert_eq!(workspace.content("wget.calls"), "", "{shell:?}");
    }
}

#[test]
fn a_program_on_path_is_used_unless_its_sum_or_version_differs() {
    let mut workspace = workspace();
    symlink(PROGRAM, workspace.file("bin/greenlight")).expect("a link");
    workspace.set("GREENLIGHT_INSTALL_SHA256", "");
    workspace.set("GREENLIGHT_INSTALL_URL", "");
    let expected = format!("{}\n", workspace.file("bin").display());
    assert_eq!(install(&workspace, &["dash"]).is(0).stdout, expected);
    // The program on `PATH` has another sum, and no address is set.
    workspace.set("GREENLIGHT_INSTALL_SHA256", "0".repeat(64));
    install(&workspace, &["dash"])
        .is(1)
        .says("set GREENLIGHT_INSTALL_URL");
    // It has another version.
    workspace.set("GREENLIGHT_INSTALL_SHA256", "");
    workspace.set("GREENLIGHT_INSTALL_VERSION", "9.9.9");
    install(&workspace, &["dash"])
        .is(1)
        .says("version 9.9.9 is neither in");
}

#[test]
fn another_version_is_replaced_but_not_by_a_file_that_is_no_program() {
    let mut workspace = workspace();
    fs::create_dir(workspace.file("folder")).expect("a folder");
    let old = workspace.file("folder/greenlight");
    executable(&old, "#!/bin/sh\necho greenlight 0.0.1\n");
    install(&workspace, &["dash"]).is(0);
    assert_eq!(
        sha256(&old),
        workspace.variables()["GREENLIGHT_INSTALL_SHA256"]
    );

    let other = workspace.file("other");
    fs::write(&other, "text").expect("a file");
    workspace.set(
        "GREENLIGHT_INSTALL_URL",
        format!("file://{}", other.display()),
    );
    workspace.set("GREENLIGHT_INSTALL_SHA256", sha256(&other));
    let before = sha256(&old);
    install(&workspace, &["dash"]).is(1).says("is not version");
    assert_eq!(folder(&workspace), ["greenlight"]);
    assert_eq!(sha256(&old), before, "the installed program stays");
}

/// A TLS server with a download. It ends when it is dropped.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    /// Serves the files outside the checkout, with a self-signed certificate in `certificate.pem`.
    #[track_caller]
    fn start(workspace: &Workspace) -> Self {
        let openssl = programs::on_path("openssl");
        let folder = workspace.file(".");
        let made = Command::new(&openssl)
            .args([
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
            ])
            .args([
                "-subj",
                "/CN=greenlight",
                "-addext",
                "subjectAltName=IP:127.0.0.1",
            ])
            .args(["-keyout", "key.pem", "-out", "certificate.pem"])
            .current_dir(&folder)
            .output()
            .expect("openssl starts");
        child::succeeded("openssl req", &made);
        let log = folder.join("server.log");
        let mut child = Command::new(openssl)
            .args(["s_server", "-WWW", "-accept", "127.0.0.1:0"])
            .args(["-cert", "certificate.pem", "-key", "key.pem"])
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(&log).expect("a file"))
            .spawn()
            .expect("openssl starts");
        let stdout = child.stdout.take().expect("a pipe");
        let mut server = Self { child, port: 0 };
        let mut printed = String::new();
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(port) = line.strip_prefix("ACCEPT 127.0.0.1:") {
                server.port = port.parse().expect("a port");
                return server;
            }
            printed = printed + &line + "\n";
        }
        let log = fs::read_to_string(log).unwrap_or_default();
        panic!("openssl s_server names no port\n--- stdout\n{printed}\n--- stderr\n{log}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn each_download_program_works() {
    for tool in ["curl", "wget"] {
        let mut workspace = workspace();
        let server = Server::start(&workspace);
        let url = format!("https://127.0.0.1:{}/download", server.port);
        workspace.set("GREENLIGHT_INSTALL_URL", url);
        only(&mut workspace, &["sha256sum", tool]);
        // The certificate is self-signed, so it is not trusted.
        install(&workspace, &["dash"])
            .is(1)
            .says("could not be downloaded");
        assert!(folder(&workspace).is_empty());
        let certificate = workspace.file("certificate.pem").display().to_string();
        let settings = workspace.file("wgetrc");
        fs::write(&settings, format!("ca_certificate = {certificate}\n")).expect("a file");
        workspace.set("WGETRC", settings.display().to_string());
        workspace.set("CURL_CA_BUNDLE", certificate);
        install(&workspace, &["dash"]).is(0);
        assert_eq!(folder(&workspace), ["greenlight"], "{tool}");
    }
}

/// Reduces `PATH` to these programs, those that the installer always needs, and a `sleep` that returns at once.
fn only(workspace: &mut Workspace, tools: &[&str]) {
    let bin = workspace.file("only");
    fs::create_dir(&bin).expect("a folder");
    let always = ["sh", "cp", "mkdir", "mktemp", "chmod", "mv", "rm"];
    for name in always.iter().chain(tools) {
        symlink(programs::on_path(name), bin.join(name)).expect("a link");
    }
    executable(&bin.join("sleep"), "#!/bin/sh\n");
    workspace.set("PATH", bin.display().to_string());
}

#[test]
fn a_download_is_tried_three_times() {
    let mut workspace = workspace();
    workspace.set("GREENLIGHT_INSTALL_URL", "https://127.0.0.1:1/greenlight");
    executable(
        &workspace.file("bin/curl"),
        "#!/bin/sh\necho \"$*\" >>\"$HOME/curl.calls\"\nexit 7\n",
    );
    // The installer sleeps between two attempts.
    workspace.stand_in("sleep");
    install(&workspace, &["dash"])
        .is(1)
        .says("could not be downloaded in 3 attempts");
    let calls = workspace.content("curl.calls");
    assert_eq!(calls.lines().count(), 3);
    assert!(calls.contains("--proto =https") && calls.contains("--max-time"));
    assert!(folder(&workspace).is_empty());
}

/// Neither errors nor traces show the password before the host or the signature after the path.
#[test]
fn an_address_is_shown_without_its_secrets() {
    for shell in SHELLS {
        let mut workspace = workspace();
        only(&mut workspace, &["sha256sum", "curl"]);
        workspace.set("GREENLIGHT_INSTALL_VERSION", "9.9.9");
        for (before, behind) in [
            ("ada:hush@", "?signature=hush"),
            ("", "?signature=hush#hush"),
            ("hush@", "#hush"),
            ("ada:hu@hush@", "?x=hush/@"),
        ] {
            let url = format!("https://{before}127.0.0.1:1/greenlight{behind}");
            workspace.set("GREENLIGHT_INSTALL_URL", url);
            let ended = install(&workspace, shell).is(1);
            let ended = ended.says("https://127.0.0.1:1/greenlight could not be downloaded");
            assert!(!ended.stderr.contains("hush"), "{shell:?}: {ended:?}");
        }
        // A wrong sum, and a wrong version.
        let program = workspace.file("a program");
        executable(&program, "#!/bin/sh\necho greenlight 0.0.1\n");
        fs::remove_file(workspace.file("only/curl")).expect("a link");
        executable(
            &workspace.file("only/curl"),
            &format!(
                "#!/bin/sh\nwhile [ \"$1\" != --output ]; do shift; done\ncp '{}' \"$2\"\n",
                program.display()
            ),
        );
        workspace.set(
            "GREENLIGHT_INSTALL_URL",
            "https://ada:hush@127.0.0.1:1/a?hush",
        );
        for (sum, said) in [
            ("0".repeat(64), "the SHA-256 of https://127.0.0.1:1/a is"),
            (sha256(&program), "the program at https://127.0.0.1:1/a has"),
        ] {
            workspace.set("GREENLIGHT_INSTALL_SHA256", sum);
            let ended = install(&workspace, shell).is(1).says(said);
            assert!(!ended.stderr.contains("hush"), "{shell:?}: {ended:?}");
        }
    }
}

#[test]
fn a_missing_or_invalid_variable_is_an_error() {
    let cases = [
        (
            "GREENLIGHT_INSTALL_VERSION",
            "",
            "GREENLIGHT_INSTALL_VERSION is empty",
        ),
        (
            "GREENLIGHT_INSTALL_SHA256",
            "",
            "set GREENLIGHT_INSTALL_SHA256",
        ),
        (
            "GREENLIGHT_INSTALL_SHA256",
            "ABC",
            "64 lowercase hexadecimal digits",
        ),
        (
            "GREENLIGHT_INSTALL_URL",
            "http://example.org/x",
            "must begin with https:// or file:///",
        ),
    ];
    for (name, value, says) in cases {
        let mut workspace = workspace();
        workspace.set(name, value);
        install(&workspace, &["dash"]).is(1).says(says);
        assert!(folder(&workspace).is_empty());
    }
}

/// The plug-ins that can't include a file contain the function.
#[test]
fn the_copies_are_the_original() {
    let original = files::installer();
    assert!(!original.contains("<<"), "CircleCI replaces it");
    let mut copies = Vec::new();
    for name in files::all() {
        let text = files::text(&name);
        if name.ends_with("install.sh") || !text.contains("greenlight_install() (") {
            continue;
        }
        let first = text
            .lines()
            .find(|line| line.ends_with("greenlight_install() ("))
            .expect("its first line");
        let indent = " ".repeat(first.len() - first.trim_start().len());
        let copy: String = original
            .lines()
            .map(|line| match line {
                "" => "\n".to_owned(),
                line => format!("{indent}{line}\n"),
            })
            .collect();
        assert!(text.contains(&copy), "{name}: another text");
        copies.push(name);
    }
    assert_eq!(copies, ["circleci/orb.yml", "gitlab/greenlight.yml"]);
}

/// A resource of the shared library must be a file below `resources`: Jenkins refuses links that leave it.
#[test]
fn the_installer_is_a_resource_of_the_jenkins_library() {
    let resource = files::path("jenkins/resources/greenlight/install.sh");
    let library = files::path("jenkins");
    assert!(resource.starts_with(library), "{}", resource.display());
    assert_eq!(files::path("install.sh"), resource);
}
