//! The real programs that the tests run. `tests/e2e/install` installs them, and is run where one is
//! missing; a test never skips.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Where the files beside this one are.
pub const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/e2e");

/// A file beside this one, as a full path.
#[track_caller]
pub fn file(name: &str) -> PathBuf {
    let path = Path::new(FILES).join(name);
    fs::canonicalize(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The CNCF Distribution registry.
#[track_caller]
pub fn registry() -> PathBuf {
    on_path("docker-registry")
}

/// The program that copies images to registries, and looks at them there.
#[track_caller]
pub fn skopeo() -> PathBuf {
    on_path("skopeo")
}

/// The browser.
#[track_caller]
pub fn chromium() -> PathBuf {
    on_path("chromium")
}

/// The program that ends another one at a system call.
#[track_caller]
pub fn strace() -> PathBuf {
    on_path("strace")
}

/// The folder of `PostgreSQL`'s `initdb` and `postgres`: Debian has them in one of their version, not on
/// `PATH`.
#[track_caller]
pub fn postgres() -> PathBuf {
    let initdb = look("initdb", || {
        let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
        let folders = versions.flatten().map(|version| version.path().join("bin"));
        folders.chain(path()).collect()
    });
    let folder = initdb.parent().expect("a program is in a folder");
    folder.to_path_buf()
}

/// Locust, in the virtual environment below `target/`.
#[track_caller]
pub fn locust() -> PathBuf {
    in_environment("locust")
}

/// The Python of the same virtual environment.
#[track_caller]
pub fn python() -> PathBuf {
    in_environment("python")
}

/// The accessibility checks, a script for a browser.
#[track_caller]
pub fn axe() -> PathBuf {
    let target = file("../..").join("target");
    look("axe.min.js", || {
        vec![target.join("e2e/axe/node_modules/axe-core")]
    })
}

/// A program that Debian puts on `PATH`.
#[track_caller]
pub fn on_path(name: &str) -> PathBuf {
    look(name, path)
}

/// A program of the virtual environment. The links are not followed: what Python takes for its environment is
/// where it was called.
#[track_caller]
pub fn in_environment(name: &str) -> PathBuf {
    let target = file("../..").join("target");
    look(name, || vec![target.join("e2e/venv/bin")])
}

fn path() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).collect()
}

#[track_caller]
fn look(name: &str, folders: impl Fn() -> Vec<PathBuf>) -> PathBuf {
    let find = || {
        let mut files = folders().into_iter().map(|folder| folder.join(name));
        files.find(|file| file.is_file())
    };
    find()
        .or_else(|| install().then(find).flatten())
        .unwrap_or_else(|| {
            panic!(
                "`{name}` is missing, and tests/e2e/install did not bring it: run it and see why"
            )
        })
}

/// Installs what is missing, once for all tests, and says whether that went well.
fn install() -> bool {
    static DONE: OnceLock<bool> = OnceLock::new();
    *DONE.get_or_init(|| {
        let status = Command::new(file("install")).stdin(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    })
}
