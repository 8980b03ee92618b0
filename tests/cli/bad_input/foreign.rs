//! Files that are not regular or too large are refused at once, with little memory.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use wait4::Wait4 as _;

use super::{is_error, nowhere};
use crate::harness::{PROGRAM, Repository, greenlight};

/// A folder, an endless device, and a pipe without a writer are refused.
fn odd(folder: &Path) -> [(String, &'static str); 3] {
    let pipe = folder.join("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo").success());
    [
        (folder.display().to_string(), "a folder"),
        ("/dev/zero".to_owned(), "a device"),
        (pipe.display().to_string(), "a pipe"),
    ]
}

#[test]
fn only_regular_files_are_read() {
    let folder = nowhere();
    for (path, kind) in odd(folder.path()) {
        let said = format!("it is {kind}, not a regular file");
        for arguments in [
            &["label", "--message", "x", "--config", &path][..],
            &["run", "--tag", "stage-0", "--config", &path],
            &["label", "--message", "x", "--policy", &path],
            &["policy", "inspect", &path],
            &["label", "--message-file", &path],
            &["decide", "--tag", "stage-0123456", "--history", &path],
        ] {
            is_error(greenlight(arguments.iter().copied()), &[&said, &path]);
        }
        let call = greenlight(["label", "--message", "x"]);
        is_error(call.variable("GREENLIGHT_CONFIG", &path), &[&said, &path]);
        for kind in ["dotenv", "circleci-parameters"] {
            let export = format!("{kind}={path}");
            let call = greenlight(["label", "--message", "x", "--export", &export]);
            let ended = call.run();
            assert_eq!(ended.status, 74, "{}", ended.stderr);
            assert!(ended.stderr.contains(&said), "{}", ended.stderr);
        }
    }
}

/// The size of a commit is checked before the commit is read. Neither git nor greenlight uses memory for the message.
#[test]
fn a_commit_of_300_mebibytes() {
    const MESSAGE: usize = 300 << 20;
    /// The memory limit in KiB, for the program and its child processes.
    const MOST: u64 = 128 << 10;
    let shop = Repository::new();
    shop.commit("Open the shop\n");
    let commit = shop.commit("x".repeat(MESSAGE));
    let configuration = super::super::commands::run::UNREACHABLE;
    fs::write(shop.path().join("greenlight.toml"), configuration).expect("written");
    let tag = format!("stage-{commit}");
    for (arguments, said) in [
        (&["label", "--rev", &commit][..], "is longer than 5 MiB"),
        (&["label", "--rev", "HEAD"], "is longer than 5 MiB"),
        (
            &["tags", "--rev", "HEAD", "--branch", "main"],
            "is longer than 5 MiB",
        ),
        (&["explain"], "is longer than 5 MiB"),
        (&["run", "--tag", &tag], "is longer than 5 MiB"),
        (&["replay"], "larger than git is allowed to read"),
    ] {
        let child = Command::new(PROGRAM)
            .args(arguments)
            .current_dir(shop.path())
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(shop.path().join("said")).expect("a file"))
            .spawn()
            .expect("the program starts");
        let used = child.wait4().expect("it ends");
        let text = fs::read_to_string(shop.path().join("said")).expect("a text");
        assert_eq!(used.status.code(), Some(2), "{arguments:?}: {text}");
        assert!(text.contains(said), "{arguments:?}: {text}");
        let peak = used.rusage.maxrss >> 10;
        assert!(peak < MOST, "{arguments:?}: {peak} KiB");
    }
}
