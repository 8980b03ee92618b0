//! Runs the program from an empty environment, and checks all that comes out of it.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

/// A commit hash that no repository of the tests has.
pub const SHA: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/// A configuration with two environments and a load test, whose commands fail and whose nodes refuse connections.
pub const SHOP: &str = r#"
[[environment]]
name = "stage"
deploy = ["false"]
nodes = ["http://127.0.0.1:1"]

[[environment]]
name = "prod"
deploy = ["false"]
nodes = ["http://127.0.0.1:1"]

[load-test]
command = ["false"]
format = "k6"
results = "results.json"
"#;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_greenlight");

/// One call of the program.
pub struct Call {
    command: Command,
    input: Vec<u8>,
}

/// Starts a call with the arguments, in an empty environment. `PATH` alone is kept: git is on it.
pub fn greenlight<I: IntoIterator<Item = A>, A: AsRef<OsStr>>(arguments: I) -> Call {
    let mut command = Command::new(PROGRAM);
    command.args(arguments);
    clean(&mut command);
    Call {
        command,
        input: Vec::new(),
    }
}

impl Call {
    /// Runs in a folder.
    pub fn within(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Sets a variable.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Sets several variables.
    pub fn variables(mut self, set: &[(&str, &str)]) -> Self {
        self.command.envs(set.iter().copied());
        self
    }

    /// Gives text on standard input, which is empty without it.
    pub fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    /// Runs it.
    pub fn run(mut self) -> Ended {
        let mut child = self
            .command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut pipe = child.stdin.take().expect("a pipe");
        let input = self.input;
        // A program that does not want all of it closes the pipe.
        let writer = thread::spawn(move || pipe.write_all(&input).is_ok());
        let output = child.wait_with_output().expect("the program ends");
        writer.join().expect("the writer ends");
        Ended {
            call: format!("{:?}", self.command),
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).expect("standard output is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("standard error is UTF-8"),
        }
    }

    /// Runs it, and checks all that comes out: the status, standard output, standard error.
    #[track_caller]
    pub fn gives(self, status: i32, stdout: Text<'_>, stderr: Text<'_>) -> Ended {
        let ended = self.run();
        let shown = format!(
            "{}\n--- stdout\n{}\n--- stderr\n{}\n--- status {}",
            ended.call, ended.stdout, ended.stderr, ended.status
        );
        assert_eq!(ended.status, status, "{shown}");
        stdout.check(&ended.stdout, &format!("standard output\n{shown}"));
        stderr.check(&ended.stderr, &format!("standard error\n{shown}"));
        ended
    }
}

/// What came out.
#[derive(Debug)]
pub struct Ended {
    call: String,
    /// The exit status, or -1 after a signal.
    pub status: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Ended {
    /// Standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| {
            panic!("{}: {error}\n{}", self.call, self.stdout);
        })
    }
}

/// What a stream is expected to hold.
#[derive(Clone, Copy)]
pub enum Text<'a> {
    /// Nothing at all.
    Nothing,
    /// Exactly this.
    Is(&'a str),
    /// Each of these somewhere.
    Has(&'a [&'a str]),
}

impl Text<'_> {
    #[track_caller]
    fn check(self, text: &str, shown: &str) {
        match self {
            Text::Nothing => assert_eq!(text, "", "{shown}"),
            Text::Is(expected) => assert_eq!(text, expected, "{shown}"),
            Text::Has(parts) => {
                for part in parts {
                    assert!(text.contains(part), "no {part:?} in {shown}");
                }
            }
        }
    }
}

fn clean(command: &mut Command) {
    command.env_clear();
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
}

/// A git repository in a folder of its own, removed when it is dropped.
pub struct Repository {
    folder: tempfile::TempDir,
}

impl Repository {
    /// Makes an empty repository, on the branch `main`.
    pub fn new() -> Self {
        let repository = Self {
            folder: tempfile::tempdir().expect("a folder"),
        };
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where it is, as an argument.
    pub fn argument(&self) -> &str {
        self.path().to_str().expect("UTF-8")
    }

    /// Runs git in it, and returns what it prints.
    #[track_caller]
    pub fn git(&self, arguments: &[&str]) -> String {
        self.git_with(arguments, b"")
    }

    /// Runs git in it with standard input.
    #[track_caller]
    pub fn git_with(&self, arguments: &[&str], input: &[u8]) -> String {
        let mut command = Command::new("git");
        clean(&mut command);
        let mut child = command
            .args(arguments)
            .current_dir(self.path())
            // Neither this machine's settings nor its clock are part of a test.
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .envs([("GIT_AUTHOR_NAME", "Ada"), ("GIT_COMMITTER_NAME", "Ada")])
            .envs([
                ("GIT_AUTHOR_EMAIL", "ada@example.org"),
                ("GIT_COMMITTER_EMAIL", "ada@example.org"),
            ])
            .envs([
                ("GIT_AUTHOR_DATE", "1700000000 +0000"),
                ("GIT_COMMITTER_DATE", "1700000000 +0000"),
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("git starts");
        child
            .stdin
            .take()
            .expect("a pipe")
            .write_all(input)
            .expect("git reads");
        let output = child.wait_with_output().expect("git ends");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {stderr}");
        String::from_utf8(output.stdout)
            .expect("UTF-8")
            .trim_end()
            .to_owned()
    }

    /// Makes an empty commit with a message, byte by byte, and returns its hash.
    #[track_caller]
    pub fn commit(&self, message: impl AsRef<[u8]>) -> String {
        self.git_with(
            &[
                "commit",
                "--quiet",
                "--allow-empty",
                "--allow-empty-message",
                "--cleanup=verbatim",
                "--file=-",
            ],
            message.as_ref(),
        );
        self.git(&["rev-parse", "HEAD"])
    }
}

/// A file that the repository holds, by its path below `tests/`.
pub fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests")
        .join(path)
}
