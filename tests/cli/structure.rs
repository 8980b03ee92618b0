//! Which part of the host may know which other part, held by reading the `use` lines and paths of the source.

use std::fs;
use std::path::{Path, PathBuf};

/// A rule about imports: `part` may (or may not) name `other`.
struct Rule {
    /// What the rule says, for the message of a failure.
    says: &'static str,
    /// Whether a part of the host breaks the rule by naming another part.
    is_broken: fn(part: &str, other: &str) -> bool,
}

const RULES: [Rule; 8] = [
    Rule {
        says: "only `cli` and `serve` know `report`",
        is_broken: |part, other| other == "report" && !["cli", "serve"].contains(&part),
    },
    Rule {
        says: "`config` does not know `effects`",
        is_broken: |part, other| part == "config" && other == "effects",
    },
    Rule {
        says: "`sandbox` does not know `facts`",
        is_broken: |part, other| part == "sandbox" && other == "facts",
    },
    Rule {
        says: "`deployment` does not know `cli`",
        is_broken: |part, other| part == "deployment" && other == "cli",
    },
    Rule {
        says: "`text` knows no other part",
        is_broken: |part, _| part == "text",
    },
    Rule {
        says: "`contract` knows `text` alone",
        is_broken: |part, other| part == "contract" && other != "text",
    },
    Rule {
        says: "`journal` knows neither policy nor reports nor effects",
        is_broken: |part, other| {
            part == "journal" && ["sandbox", "effects", "deployment", "config"].contains(&other)
        },
    },
    Rule {
        says: "nothing below the command line knows `cli`",
        is_broken: |part, other| other == "cli" && part != "main",
    },
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|it| it == "rs") {
            found.push(path);
        }
    }
}

/// The first name behind each `crate::` of a line, and the names in `crate::{…}`.
fn named(line: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for rest in line.split("crate::").skip(1) {
        let end = |text: &str| {
            text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .unwrap_or(text.len())
        };
        match rest.strip_prefix('{') {
            Some(list) => names.extend(
                list.split('}')
                    .next()
                    .unwrap_or(list)
                    .split(',')
                    .map(str::trim)
                    .map(|it| &it[..end(it)]),
            ),
            None => names.push(&rest[..end(rest)]),
        }
    }
    names
}

/// The part that a file belongs to: its first folder below `src`, or its own name.
fn part(root: &Path, file: &Path) -> String {
    let relative = file.strip_prefix(root).expect("a file of the host");
    let first = relative.iter().next().expect("a name").to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// Every breach of a rule, as `file:line: rule`.
fn breaches(root: &Path) -> Vec<String> {
    let mut files = Vec::new();
    sources(root, &mut files);
    assert!(files.len() > 100, "the host's source is not where it was");
    let mut found = Vec::new();
    for file in files {
        let part = part(root, &file);
        let text = fs::read_to_string(&file).expect("a source file");
        for (number, line) in text.lines().enumerate() {
            if line.trim_start().starts_with("//") {
                continue;
            }
            for other in named(line).into_iter().filter(|other| *other != part) {
                for rule in RULES.iter().filter(|it| (it.is_broken)(&part, other)) {
                    let place = file.strip_prefix(root).expect("a file of the host");
                    let place = place.display();
                    found.push(format!("{place}:{}: {}", number + 1, rule.says));
                }
            }
        }
    }
    found
}

#[test]
fn each_part_of_the_host_knows_only_what_it_may() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let found = breaches(&root);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn an_import_is_seen_however_it_is_written() {
    assert_eq!(named("use crate::report::json;"), ["report"]);
    assert_eq!(
        named("use crate::{clock, report::json, sandbox};"),
        ["clock", "report", "sandbox"]
    );
    assert_eq!(named("    crate::facts::git::commit(it)"), ["facts"]);
    assert_eq!(named("use std::fs;"), [""; 0]);
}

/// The files of the host that the fuzz targets compile, from their `#[path = "…"]` attributes.
fn fuzzed(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    let mut found = Vec::new();
    for file in files {
        let folder = file.parent().expect("a folder");
        let text = fs::read_to_string(&file).expect("a source file");
        for rest in text.split("#[path = \"").skip(1) {
            let path = rest.split('"').next().expect("a path");
            found.push(folder.join(path));
        }
    }
    assert!(
        !found.is_empty(),
        "the fuzz targets compile nothing of the host"
    );
    found
}

/// The fuzz targets are a workspace of their own, which only their script builds. A file of the host that moves
/// breaks them, and is noticed here.
#[test]
fn the_fuzz_targets_find_the_files_of_the_host_that_they_compile() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz");
    let library = fs::read_to_string(root.join("src/lib.rs")).expect("the library of the targets");
    for file in fuzzed(&root) {
        assert!(file.is_file(), "{} does not exist", file.display());
        let text = fs::read_to_string(&file).expect("a source file");
        let code = text.lines().filter(|it| !it.trim_start().starts_with("//"));
        for name in code.flat_map(named) {
            assert!(
                library.contains(&format!("pub mod {name};")),
                "{} names `crate::{name}`, which tests/fuzz/src/lib.rs does not have",
                file.display()
            );
        }
    }
}
