//! Data from outside is read only through `limits` or up to one of its limits.

use std::fs;
use std::path::{Path, PathBuf};

use super::{sources, without_tests};

/// The calls that read data of any length.
const UNBOUNDED: [&str; 10] = [
    "fs::read(",
    "fs::read_to_string(",
    "io::read_to_string(",
    ".read_to_end(",
    ".read_to_string(",
    ".read_to_vec(",
    ".read_until(",
    ".read_line(",
    ".wait_with_output(",
    ".into_body(",
];

/// The places that may make these calls, the number of calls, and why the data can't be long.
const EXCEPTIONS: [(&str, usize, &str); 16] = [
    (
        "clock.rs",
        1,
        "only a test build reads the shift of its clock",
    ),
    ("limits/file.rs", 2, "it reads up to the limit"),
    ("child.rs", 2, "it reads up to the limit"),
    ("facts/message.rs", 2, "it reads up to the limit"),
    ("facts/git_objects.rs", 2, "it reads up to the limit"),
    (
        "sandbox/compile.rs",
        2,
        "a component that `limits` has read, and its code from the same program",
    ),
    (
        "effects/process/gate.rs",
        1,
        "greenlight itself writes the answer",
    ),
    (
        "effects/process/watch.rs",
        1,
        "the kernel writes a line for each process",
    ),
    (
        "effects/process/left_over.rs",
        1,
        "the kernel limits the environment of a program",
    ),
    (
        "journal/holder.rs",
        2,
        "the kernel writes a line for each process",
    ),
    ("effects/trigger/mod.rs", 1, "the body has a limit"),
    ("effects/registry/mod.rs", 2, "the body has a limit"),
    ("effects/slack/mod.rs", 2, "the body has a limit"),
    ("effects/probe/mod.rs", 1, "the body has a limit"),
    ("effects/discovery/mod.rs", 1, "the body has a limit"),
    ("effects/metrics/mod.rs", 1, "the body has a limit"),
];

/// The files of modules that only tests have.
fn test_files(files: &[PathBuf]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for file in files {
        let text = fs::read_to_string(file).expect("a source file");
        let folder = file.parent().expect("a folder");
        for rest in text.split("#[cfg(test)]\n").skip(1) {
            let line = rest.lines().next().unwrap_or_default();
            let name = line
                .split_once("mod ")
                .and_then(|it| it.1.strip_suffix(';'));
            found.extend(name.map(|it| folder.join(format!("{it}.rs"))));
        }
    }
    found
}

#[test]
fn no_reader_is_unbounded() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut wrong = Vec::new();
    let of_tests = test_files(&files);
    for file in files.iter().filter(|it| !of_tests.contains(it)) {
        let text = fs::read_to_string(file).expect("a source file");
        let place = file.strip_prefix(&root).expect("a file of the host");
        let place = place.display().to_string();
        let code = without_tests(file, &text);
        let lines = code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        let found: usize = lines
            .map(|line| UNBOUNDED.iter().filter(|it| line.contains(*it)).count())
            .sum();
        let allowed = EXCEPTIONS.iter().find(|it| it.0 == place);
        let allowed = allowed.map_or(0, |it| it.1);
        if found != allowed {
            wrong.push(format!(
                "{place}: found {found} calls that read data of any length, expected {allowed}; read through \
                 `crate::limits`, or add the file to EXCEPTIONS with a reason"
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let places = EXCEPTIONS.map(|it| it.0);
    for place in places {
        assert!(root.join(place).is_file(), "{place}");
    }
}
