//! A machine of a CI system, as far as a step sees it: a repository, a home, variables, programs.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::child;
use crate::harness::{PROGRAM, Repository};
use crate::messages::CANARY;
use crate::programs;

/// The version of the program under test.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// One machine with one checkout.
pub struct Workspace {
    /// The checkout.
    pub repository: Repository,
    /// Its tip.
    pub commit: String,
    home: TempDir,
    variables: BTreeMap<String, String>,
}

/// The result of a step.
#[derive(Debug)]
pub struct Ended {
    /// Its status.
    pub status: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Workspace {
    /// Checks out a commit with this message. The environment has only `HOME` and `PATH`.
    #[track_caller]
    pub fn new(message: &str) -> Self {
        let repository = Repository::new();
        let commit = repository.commit(message);
        let home = tempfile::tempdir().expect("a folder");
        fs::create_dir(home.path().join("bin")).expect("a folder");
        let path = std::env::var("PATH").expect("PATH");
        let bin = home.path().join("bin");
        let path = format!("{}:{path}", bin.display());
        let variables = [("PATH", path), ("HOME", home.path().display().to_string())];
        Self {
            repository,
            commit,
            variables: variables
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
            home,
        }
    }

    /// A file outside the checkout.
    pub fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// The content of a file outside the checkout; empty if the file does not exist.
    pub fn content(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap_or_default()
    }

    /// Sets a variable.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.variables.insert(name.to_owned(), value.into());
    }

    /// The variables.
    pub fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }

    /// Puts a stand-in for a program on `PATH`. It records its arguments in the file `NAME.calls`, and its standard
    /// input in `NAME.input`.
    pub fn stand_in(&self, name: &str) {
        let (calls, input) = (
            self.file(&format!("{name}.calls")),
            self.file(&format!("{name}.input")),
        );
        let script = format!(
            "#!/bin/sh\nprintf '%s\\n' \"$*\" >>'{}'\ncat >>'{}'\n",
            calls.display(),
            input.display()
        );
        executable(&self.file("bin").join(name), &script);
    }

    /// The program under test as a download, with its SHA-256: a small script that executes the built program.
    pub fn download(&self) -> (String, String) {
        let file = self.file("download");
        executable(&file, &format!("#!/bin/sh\nexec '{PROGRAM}' \"$@\"\n"));
        (format!("file://{}", file.display()), sha256(&file))
    }

    /// Sets the variables of the installer to the download.
    pub fn installable(&mut self) {
        let (url, sum) = self.download();
        self.set("GREENLIGHT_INSTALL_VERSION", VERSION);
        self.set("GREENLIGHT_INSTALL_URL", url);
        self.set("GREENLIGHT_INSTALL_SHA256", sum);
    }

    /// Runs a script in the checkout, as a file.
    #[track_caller]
    pub fn run(&self, shell: &[&str], script: &str, more: &[(String, String)]) -> Ended {
        let file = self.file("script");
        fs::write(&file, script).expect("a file");
        // The shell comes from the `PATH` of this process, not of the step.
        let output = Command::new(programs::on_path(shell[0]))
            .args(&shell[1..])
            .arg(&file)
            .current_dir(self.repository.path())
            .env_clear()
            .envs(&self.variables)
            .envs(more.iter().cloned())
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|error| panic!("{shell:?}: {error}"));
        let text = |stream: &[u8]| {
            let text = String::from_utf8(stream.to_vec());
            text.unwrap_or_else(|_| panic!("no UTF-8: {}", child::shown(&output)))
        };
        Ended {
            status: output.status.code().unwrap_or(-1),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// No part of a message ran: no file is called like the canary.
    #[track_caller]
    pub fn nothing_ran(&self) {
        let mut folders = vec![
            self.repository.path().to_path_buf(),
            self.home.path().to_path_buf(),
        ];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                assert_ne!(path.file_name().and_then(|it| it.to_str()), Some(CANARY));
                if path.is_dir() && !path.is_symlink() {
                    folders.push(path);
                }
            }
        }
    }
}

impl Ended {
    /// Asserts the status.
    #[track_caller]
    pub fn is(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{self}");
        self
    }

    /// Asserts that standard error contains a text.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "no {text:?}: {self}");
        self
    }
}

/// Shows both streams, because a program may print the cause of a failure to either.
impl fmt::Display for Ended {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            status,
            stdout,
            stderr,
        } = self;
        write!(
            formatter,
            "status {status}\n--- stdout\n{stdout}\n--- stderr\n{stderr}"
        )
    }
}

/// Writes an executable script.
#[track_caller]
pub fn executable(path: &Path, script: &str) {
    fs::write(path, script).expect("a file");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("its mode");
}

/// The SHA-256 of a file, in hexadecimal digits.
#[track_caller]
pub fn sha256(path: &Path) -> String {
    use std::fmt::Write as _;

    let sum = Sha256::digest(fs::read(path).expect("a file"));
    sum.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
