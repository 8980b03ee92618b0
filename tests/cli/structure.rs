//! Which part of the host may know which other part, held by reading the `use` lines and paths of the source.

mod circles;
mod clock;
mod layout;
mod readers;

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

/// The floors of the host, the lowest first. A part names parts of its own floor and of the floors below.
const FLOORS: [&[&str]; 9] = [
    &["text"],
    &[
        "child",
        "clock",
        "contract",
        "error",
        "http",
        "limits",
        "retry",
        "secret",
        "server_settings",
        "tls",
        "window",
    ],
    &["journal", "sandbox"],
    &["effects", "facts", "merge_hours"],
    &["config"],
    &["deployment", "local"],
    &["report", "serve"],
    &["cli"],
    &["fuzz", "lib", "main"],
];

/// The floor of a part, counted from the ground.
fn floor(part: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&part))
}

/// The items of a list in braces, up to its end. A list inside an item belongs to the item.
fn items(list: &str) -> Vec<&str> {
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (at, character) in list.char_indices() {
        match character {
            '{' => depth += 1,
            ',' | '}' if depth == 0 => {
                found.push(&list[start..at]);
                start = at + 1;
                if character == '}' {
                    break;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    found
}

/// The first names behind the `super::` of a path or of a list of paths, each with the number of `super::`.
fn first_names(path: &str, up: usize) -> Vec<(usize, &str)> {
    let path = path.trim_start();
    if let Some(rest) = path.strip_prefix("super::") {
        return first_names(rest, up + 1);
    }
    if let Some(list) = path.strip_prefix('{') {
        let items = items(list).into_iter();
        return items.flat_map(|it| first_names(it, up)).collect();
    }
    let end = path.find(|it: char| !it.is_ascii_alphanumeric() && it != '_');
    let name = &path[..end.unwrap_or(path.len())];
    if name.is_empty() {
        Vec::new()
    } else {
        vec![(up, name)]
    }
}

/// The indentation of a line that begins a module with a body.
fn module_body(line: &str) -> Option<usize> {
    let code = line.trim_start();
    let words: Vec<&str> = code.split_whitespace().collect();
    let begins = matches!(words[..], ["mod", _, "{"] | [_, "mod", _, "{"]);
    begins.then_some(line.len() - code.len())
}

/// The parts that a text names through `crate::` or `super::`, each with its line. `depth` is the number of modules
/// from the root of the host to the module that the text is the source of.
fn named(depth: usize, text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut bodies: Vec<usize> = Vec::new();
    let mut offset = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let code = line.trim_start();
        let indent = line.len() - code.len();
        if code.starts_with('}') && bodies.last() == Some(&indent) {
            bodies.pop();
        }
        bodies.extend(module_body(line));
        let depth = depth + bodies.len();
        for start in ["crate::", "super::"] {
            for (at, _) in line.match_indices(start) {
                let before = line[..at].chars().next_back();
                if code.starts_with("//")
                    || before.is_some_and(|it| it.is_ascii_alphanumeric() || "_:".contains(it))
                {
                    continue;
                }
                let path = &text[offset + at..];
                let names = match path.strip_prefix("crate::") {
                    Some(rest) => first_names(rest, depth),
                    None => first_names(path, 0),
                };
                let of_root = names.into_iter().filter(|(up, _)| *up == depth);
                found.extend(of_root.map(|(_, name)| (number + 1, name)));
            }
        }
        offset += line.len();
    }
    found
}

/// The number of modules from the root of the host to the module of a file. `x_tests.rs` is the module `x::tests`.
fn depth(root: &Path, file: &Path) -> usize {
    let relative = file.strip_prefix(root).expect("a file of the host");
    let folders = relative.components().count() - 1;
    let stem = file.file_stem().expect("a name").to_string_lossy();
    match &*stem {
        "mod" | "lib" | "main" => folders,
        stem if stem.ends_with("_tests") => folders + 2,
        _ => folders + 1,
    }
}

/// The source of a file without its tests, which may use other parts as examples.
fn without_tests<'a>(file: &Path, text: &'a str) -> &'a str {
    let stem = file.file_stem().expect("a name").to_string_lossy();
    let is_in_tests = file.parent().is_some_and(|it| it.ends_with("tests"));
    if is_in_tests || stem == "tests" || stem.ends_with("_tests") {
        return "";
    }
    text.split("mod tests {").next().unwrap_or(text)
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
        let place = file.strip_prefix(root).expect("a file of the host");
        let place = place.display();
        let depth = depth(root, &file);
        let text = without_tests(&file, &text);
        for (line, other) in named(depth, text) {
            for rule in RULES.iter().filter(|it| (it.is_broken)(&part, other)) {
                if other != part {
                    found.push(format!("{place}:{line}: {}", rule.says));
                }
            }
        }
        let own = floor(&part).unwrap_or_else(|| panic!("`{part}` is on no floor"));
        for (line, other) in named(depth, text) {
            if floor(other).is_some_and(|it| it > own) {
                found.push(format!(
                    "{place}:{line}: `{other}` is on a higher floor than `{part}`"
                ));
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

/// The most lines of a source file.
const LINES: usize = 400;

#[test]
fn no_source_file_is_long() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for folder in ["guest/src", "host/build", "host/src", "tests"] {
        sources(&root.join(folder), &mut files);
    }
    let long: Vec<_> = files
        .iter()
        .filter_map(|file| {
            let text = fs::read_to_string(file).expect("a source file");
            let lines = text.lines().count();
            (lines > LINES).then(|| format!("{}: {lines} lines", file.display()))
        })
        .collect();
    assert!(long.is_empty(), "longer than {LINES} lines: {long:#?}");
}

/// The names alone.
fn names(depth: usize, text: &str) -> Vec<&str> {
    named(depth, text)
        .into_iter()
        .map(|(_, name)| name)
        .collect()
}

#[test]
fn an_import_is_seen_however_it_is_written() {
    assert_eq!(names(1, "use crate::report::json;"), ["report"]);
    assert_eq!(
        names(1, "use crate::{clock, report::{json, text}, sandbox};"),
        ["clock", "report", "sandbox"]
    );
    let broken = "use crate::{\n    clock::{\n        now,\n    },\n    report,\n};";
    assert_eq!(names(1, broken), ["clock", "report"]);
    assert_eq!(names(1, "    crate::facts::git::commit(it)"), ["facts"]);
    assert_eq!(names(1, "use std::fs;"), [""; 0]);
    assert_eq!(names(1, "// use crate::facts;"), [""; 0]);
}

#[test]
fn a_path_through_the_parents_is_seen() {
    assert_eq!(names(2, "use super::super::effects::Failure;"), ["effects"]);
    assert_eq!(
        names(2, "use super::super::{effects, text::{time, json}};"),
        ["effects", "text"]
    );
    assert_eq!(names(2, "use super::values;"), [""; 0]);
    assert_eq!(names(1, "use super::secret;"), ["secret"]);
    let body = "mod tests {\n    use super::super::effects;\n}\nuse super::super::facts;";
    assert_eq!(named(2, body), [(4, "facts")]);
}

#[test]
fn each_part_is_on_one_floor_and_in_the_table_of_the_documentation() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let library = fs::read_to_string(root.join("src/lib.rs")).expect("the library");
    let page = fs::read_to_string(root.join("docs/architecture.md")).expect("a page");
    let modules = library.lines().filter_map(|line| {
        let line = line.strip_prefix("pub ").unwrap_or(line);
        line.strip_prefix("mod ")?.strip_suffix(';')
    });
    for part in modules {
        let floors = FLOORS.iter().filter(|it| it.contains(&part)).count();
        assert_eq!(floors, 1, "`{part}`");
        assert!(page.contains(&format!("\n| `{part}` |")), "`{part}`");
    }
}

/// The files of the host that the fuzzer compiles: those that its `#[path = "…"]` attributes name, and the modules below
/// them.
fn fuzzed(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    let mut found = Vec::new();
    for file in files {
        let folder = file.parent().expect("a folder");
        let text = fs::read_to_string(&file).expect("a source file");
        for rest in text.split("#[path = \"").skip(1) {
            let path = folder.join(rest.split('"').next().expect("a path"));
            if path.ends_with("mod.rs") {
                sources(path.parent().expect("a folder"), &mut found);
            }
            found.push(path);
        }
    }
    assert!(found.len() > 50, "the fuzzer does not compile the host");
    found
}

/// The fuzzer is a separate workspace, which only its script builds. A file of the host that moves, or that names another
/// part, breaks its build. This test finds that earlier.
#[test]
fn the_fuzzer_finds_the_parts_of_the_host_that_it_compiles() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz");
    let program = fs::read_to_string(root.join("src/main.rs")).expect("the fuzzer");
    for file in fuzzed(&root) {
        assert!(file.is_file(), "{} does not exist", file.display());
        let text = fs::read_to_string(&file).expect("a source file");
        // The fuzzer has the same modules as the host, so only paths that begin with `crate::` are checked.
        for name in names(usize::MAX / 2, without_tests(&file, &text)) {
            assert!(
                program.contains(&format!("mod {name};")),
                "{} names `crate::{name}`, which tests/fuzz/src/main.rs does not have",
                file.display()
            );
        }
        for part in ["contract", "journal", "sandbox"] {
            let own = root.join("src").join(part).join("mod.rs");
            let own = fs::read_to_string(own).expect("a part of the fuzzer");
            let host = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(part);
            for rest in without_tests(&file, &text)
                .split(&format!("crate::{part}::"))
                .skip(1)
            {
                let end = rest.find(|c: char| !c.is_ascii_lowercase() && c != '_');
                let name = &rest[..end.unwrap_or(rest.len())];
                let is_module = !name.is_empty()
                    && (host.join(format!("{name}.rs")).is_file() || host.join(name).is_dir());
                assert!(
                    !is_module || own.contains(&format!("mod {name};")),
                    "{} names `crate::{part}::{name}`, which tests/fuzz/src/{part}/mod.rs does not have",
                    file.display()
                );
            }
        }
    }
}
