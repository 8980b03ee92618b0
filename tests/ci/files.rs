//! The files of the plug-ins.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::harness::fixture;

/// The shell function of the installer.
pub fn installer() -> String {
    let text = text("install.sh");
    let from = text.find("greenlight_install() (").expect("the function");
    let to = text[from..].find("\n)\n").expect("its end") + from + "\n)\n".len();
    text[from..to].to_owned()
}

/// The path of a file below `host/ci/`; links are resolved.
pub fn path(name: &str) -> PathBuf {
    let path = fixture("../host/ci").join(name);
    fs::canonicalize(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The text of a file below `host/ci/`.
#[track_caller]
pub fn text(name: &str) -> String {
    fs::read_to_string(path(name)).expect("a text")
}

/// A YAML document.
#[track_caller]
pub fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The names of all files below `host/ci/`.
pub fn all() -> Vec<String> {
    let root = path(".");
    let mut folders = vec![root.clone()];
    let mut names = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(&root).expect("it is below");
                names.push(name.to_str().expect("UTF-8").to_owned());
            }
        }
    }
    names.sort();
    names
}
