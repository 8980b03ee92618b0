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

/// The parts of the host, from the ground up. A part names only parts of lower floors.
const FLOORS: [&[&str]; 12] = [
    &["text", "clock", "retry", "child"],
    &["contract", "error", "http"],
    &["secret"],
    &["journal", "sandbox"],
    &["facts"],
    &["config"],
    &["effects"],
    &["deployment", "local"],
    &["report"],
    &["serve"],
    &["cli"],
    &["main", "lib"],
];

fn floor(part: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&part))
}

/// The code of a file as statements, without comments and without the tests at its end: the number of the first line
/// of each, and its text. A `use` that spans several lines is one statement.
fn statements(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with("//") {
            continue;
        }
        if open {
            let (_, statement) = found.last_mut().expect("it was opened");
            statement.push_str(line);
            open = !line.contains(';');
            continue;
        }
        open = (line.starts_with("use ") || line.starts_with("pub use ")) && !line.contains(';');
        found.push((number + 1, line.to_owned()));
    }
    found
}

/// The first name behind each `crate::` of a statement, the names in `crate::{…}`, and the first name behind as many
/// `super::` as there are modules around the statement.
fn named(statement: &str, depth: usize) -> Vec<&str> {
    let supers = "super::".repeat(depth);
    let mut names = Vec::new();
    for root in ["crate::", &supers] {
        for (place, _) in statement.match_indices(root) {
            let before = &statement[..place];
            let after = &statement[place + root.len()..];
            if root.is_empty() || before.ends_with("super::") || after.starts_with("super::") {
                continue;
            }
            match after.strip_prefix('{') {
                Some(list) => names.extend(first_names(list)),
                None => names.push(word(after)),
            }
        }
    }
    names
}

/// The word that a text starts with.
fn word(text: &str) -> &str {
    let text = text.trim_start();
    let end = text.find(|it: char| !it.is_ascii_alphanumeric() && it != '_');
    &text[..end.unwrap_or(text.len())]
}

/// The first word of each item of a list up to its closing brace, whatever is nested in it.
fn first_names(list: &str) -> Vec<&str> {
    let mut names = vec![word(list)];
    let mut nested = 0;
    for (place, it) in list.char_indices() {
        match it {
            '{' => nested += 1,
            '}' if nested == 0 => break,
            '}' => nested -= 1,
            ',' if nested == 0 => names.push(word(&list[place + 1..])),
            _ => {}
        }
    }
    names.retain(|it| !it.is_empty());
    names
}

/// The number of modules around the statements of a file: 1 for `a.rs` and `a/mod.rs`, 2 for `a/b.rs`.
fn depth(root: &Path, file: &Path) -> usize {
    let relative = file.strip_prefix(root).expect("a file of the host");
    let is_folder = relative.ends_with("mod.rs");
    relative.iter().count() - usize::from(is_folder)
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
        let depth = depth(root, &file);
        let place = file.strip_prefix(root).expect("a file of the host");
        let place = place.display();
        let own = floor(&part);
        if own.is_none() {
            found.push(format!("{place}: `{part}` is not in the list of floors"));
        }
        let text = fs::read_to_string(&file).expect("a source file");
        // Tests may use stand-ins of any part.
        let tests = text.find("#[cfg(test)]\nmod tests").unwrap_or(text.len());
        let code = text[..tests].lines().count();
        for (number, statement) in statements(&text) {
            for other in named(&statement, depth)
                .into_iter()
                .filter(|it| *it != part)
            {
                for rule in RULES.iter().filter(|it| (it.is_broken)(&part, other)) {
                    found.push(format!("{place}:{number}: {}", rule.says));
                }
                let is_higher = floor(other).is_some_and(|it| Some(it) >= own);
                if is_higher && number <= code && !is_test(&file) {
                    found.push(format!("{place}:{number}: `{other}` is on no lower floor"));
                }
            }
        }
    }
    found
}

/// Whether a file has nothing but tests and what they need.
fn is_test(file: &Path) -> bool {
    let name = file.file_stem().expect("a name").to_string_lossy();
    ["tests", "properties", "agreement"].contains(&&*name)
        || name.starts_with("fixture")
        || name == "stand_in"
}

#[test]
fn each_part_of_the_host_knows_only_what_it_may() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let found = breaches(&root);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn an_import_is_seen_however_it_is_written() {
    assert_eq!(named("use crate::report::json;", 2), ["report"]);
    assert_eq!(
        named("use crate::{clock, report::{json, sarif}, sandbox};", 2),
        ["clock", "report", "sandbox"]
    );
    assert_eq!(named("crate::facts::git::commit(it)", 2), ["facts"]);
    assert_eq!(named("use std::fs;", 2), [""; 0]);
    assert_eq!(named("use super::super::effects::probe;", 2), ["effects"]);
    assert_eq!(named("use super::effects::probe;", 2), [""; 0]);
    assert_eq!(named("use super::effects;", 1), ["effects"]);
    assert_eq!(
        named("use super::{effects, facts};", 1),
        ["effects", "facts"]
    );
}

#[test]
fn a_statement_of_several_lines_is_one() {
    let text =
        "// use crate::cli;\nuse crate::{\n    cli::{Exit, Error},\n    text,\n};\nfn main() {}\n";
    let found = statements(text);
    assert_eq!(found[0].0, 2);
    assert_eq!(named(&found[0].1, 1), ["cli", "text"]);
    assert_eq!(found[1], (6, "fn main() {}".to_owned()));
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
        for name in code.flat_map(|it| named(it, 2)) {
            assert!(
                library.contains(&format!("pub mod {name};")),
                "{} names `crate::{name}`, which tests/fuzz/src/lib.rs does not have",
                file.display()
            );
        }
    }
}
