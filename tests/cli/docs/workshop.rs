//! The repository that transcripts and scripts of the documentation run in.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use super::pages::root;
use crate::harness::{PROGRAM, Repository};

/// The history of a shop: three commits, of which one has a label and one nearly has.
pub fn shop() -> Repository {
    let shop = Repository::new();
    shop.commit("Open the shop\n");
    shop.commit("Fix the cart [load test:skip]\n");
    shop.commit(
        "Raise the pool size\n\nThe pool was too small for the evening peak.\n\n[load test: abort]\n",
    );
    shop
}

/// Runs lines as a reader would, in an environment that has `PATH` and `HOME` alone. Returns whether they
/// succeeded, and what a terminal shows.
pub fn shell(lines: &str, folder: &Path, first: Option<&Path>) -> (bool, String) {
    let program = Path::new(PROGRAM).parent().expect("a folder");
    let inherited = env::var_os("PATH").expect("PATH");
    let inherited = env::split_paths(&inherited).collect::<Vec<_>>();
    let mut folders: Vec<PathBuf> = first.map(Path::to_owned).into_iter().collect();
    folders.push(program.to_owned());
    folders.extend(inherited);
    let output = Command::new("/bin/sh")
        .args(["-c", &format!("exec 2>&1\n{lines}")])
        .current_dir(folder)
        .env_clear()
        .env("PATH", env::join_paths(folders).expect("a path"))
        .env("HOME", folder)
        .output()
        .expect("a shell");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    (output.status.success(), text)
}

/// A clone of greenlight as scripts of the documentation find it: the installer is the real one, `cargo` and
/// the project's own scripts only note what they are asked for.
pub struct Clone {
    repository: Repository,
}

/// Scripts of the project that take minutes.
const SCRIPTS: [&str; 4] = [
    ".ci/run",
    "tests/e2e/install",
    "tests/fuzz/run",
    "tests/fresh/run",
];

impl Clone {
    pub fn new() -> Self {
        let clone = Self { repository: shop() };
        let calls = clone.folder().join("calls");
        let note = |name: &str| format!("#!/bin/sh\necho \"{name} $*\" >>'{}'\n", calls.display());
        // `cargo build --release` leaves the program behind.
        let built = "target/x86_64-unknown-linux-gnu/release";
        let leave_behind = format!(
            "case $* in *--release*) mkdir -p {built} && cp '{PROGRAM}' {built}/greenlight ;; esac\n"
        );
        clone.script("stand-ins/cargo", &(note("cargo") + &leave_behind));
        for name in SCRIPTS.into_iter().filter(|it| root().join(it).exists()) {
            clone.script(name, &note(name));
        }
        let installer = fs::read_to_string(root().join("host/ci/install.sh")).expect("installer");
        clone.script("host/ci/install.sh", &installer);
        clone
    }

    fn script(&self, name: &str, text: &str) {
        let path = self.folder().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, text).expect("a script");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a mode");
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        self.repository.path()
    }

    /// Runs a script in it, and returns what it called; every call is a list of words.
    #[track_caller]
    pub fn run(&self, script: &str) -> Vec<Vec<String>> {
        let stand_ins = self.folder().join("stand-ins");
        let (went_well, text) = shell(
            &format!("set -eu\n{script}"),
            self.folder(),
            Some(&stand_ins),
        );
        assert!(went_well, "{script}\n{text}");
        let calls = fs::read_to_string(self.folder().join("calls")).unwrap_or_default();
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect();
        calls.lines().map(words).collect()
    }
}
