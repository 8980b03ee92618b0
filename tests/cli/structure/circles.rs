//! The modules of the policy import each other in one direction, held by reading the paths in the source.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::{items, sources, without_tests};

/// The names on the way from the root of the crate to a module.
type Module = Vec<String>;

/// The modules that each module names.
type Graph = BTreeMap<Module, BTreeSet<Module>>;

/// The module of a file.
fn module(root: &Path, file: &Path) -> Module {
    let relative = file.strip_prefix(root).expect("a file of the crate");
    let relative = relative.with_extension("");
    let names = relative
        .iter()
        .map(|name| name.to_string_lossy().into_owned());
    names
        .filter(|name| !["lib", "mod"].contains(&name.as_str()))
        .collect()
}

/// Every path behind a start like `crate::`, with the lists in braces written out.
fn paths(text: &str, names: &Module) -> Vec<Module> {
    let text = text.trim_start();
    if let Some(list) = text.strip_prefix('{') {
        let items = items(list).into_iter();
        return items.flat_map(|it| paths(it, names)).collect();
    }
    let end = text.find(|it: char| !it.is_ascii_alphanumeric() && it != '_');
    let (name, rest) = text.split_at(end.unwrap_or(text.len()));
    let mut names = names.clone();
    match name {
        "super" => drop(names.pop()),
        "self" | "" => {}
        name => names.push(name.to_owned()),
    }
    match rest.strip_prefix("::") {
        Some(rest) => paths(rest, &names),
        None => vec![names],
    }
}

/// The modules that a text names: through `crate::` and `super::`, and by declaring them.
fn named(own: &Module, text: &str, known: &BTreeSet<Module>) -> BTreeSet<Module> {
    let mut found = BTreeSet::new();
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let code = line.trim_start();
        let words: Vec<_> = code.split_whitespace().collect();
        if let [.., "mod", name] = words[..]
            && let Some(name) = name.strip_suffix(';')
        {
            let child: Module = own.iter().cloned().chain([name.to_owned()]).collect();
            found.extend(known.get(&child).cloned());
        }
        for start in ["crate::", "super::"] {
            for (at, _) in line.match_indices(start) {
                let before = line[..at].chars().next_back();
                if code.starts_with("//")
                    || before.is_some_and(|it| it.is_ascii_alphanumeric() || "_:".contains(it))
                {
                    continue;
                }
                let path = &text[offset + at..];
                let paths = match path.strip_prefix("crate::") {
                    Some(rest) => paths(rest, &Module::new()),
                    None => paths(path, own),
                };
                for mut path in paths {
                    while !known.contains(&path) {
                        path.pop();
                    }
                    found.insert(path);
                }
            }
        }
        offset += line.len();
    }
    found.remove(own);
    found
}

/// The imports of a crate, without those of its tests.
fn graph(root: &Path) -> Graph {
    let mut files = Vec::new();
    sources(root, &mut files);
    // Only tests use the fixtures.
    files.retain(|file| {
        let mut names = file.iter().map(|it| it.to_string_lossy());
        !names.any(|name| ["tests", "tests.rs", "fixtures.rs"].contains(&&*name))
    });
    let known = files.iter().map(|file| module(root, file)).collect();
    let imports = files.iter().map(|file| {
        let text = fs::read_to_string(file).expect("a source file");
        let own = module(root, file);
        let named = named(&own, without_tests(file, &text), &known);
        (own, named)
    });
    imports.collect()
}

/// The modules of a circle in the order in which they name each other, if the graph has one.
fn circle(graph: &Graph) -> Option<Vec<Module>> {
    fn walk(graph: &Graph, way: &mut Vec<Module>, done: &mut BTreeSet<Module>) -> bool {
        let last = way.last().expect("a start").clone();
        for next in graph.get(&last).into_iter().flatten() {
            if let Some(start) = way.iter().position(|it| it == next) {
                way.drain(..start);
                return true;
            }
            if !done.contains(next) {
                way.push(next.clone());
                if walk(graph, way, done) {
                    return true;
                }
                way.pop();
            }
        }
        done.insert(last);
        false
    }
    let mut done = BTreeSet::new();
    graph.keys().find_map(|start| {
        let mut way = vec![start.clone()];
        walk(graph, &mut way, &mut done).then_some(way)
    })
}

#[test]
fn the_modules_of_the_policy_import_each_other_in_one_direction() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guest/src");
    let graph = graph(&root);
    assert!(graph.len() > 30, "the policy's source is not where it was");
    let grammar: Module = ["label", "grammar"].map(str::to_owned).to_vec();
    let action = vec!["action".to_owned()];
    assert!(graph[&grammar].contains(&action), "{:?}", graph[&grammar]);
    let circle = circle(&graph).map(|it| it.iter().map(|it| it.join("::")).collect::<Vec<_>>());
    assert_eq!(circle, None, "each names the next, and the last the first");
}

#[test]
fn a_circle_is_found() {
    let modules = [
        ("a", "use crate::{b::{self, X}, c::Y};"),
        ("b", ""),
        ("c", ""),
    ];
    let known = |modules: &[(&str, &str)]| -> BTreeSet<Module> {
        let names = modules.iter().map(|(name, _)| vec![(*name).to_owned()]);
        names.chain([Module::new()]).collect()
    };
    let of = |modules: &[(&str, &str)]| -> Graph {
        let known = known(modules);
        let imports = modules.iter().map(|(name, text)| {
            let own = vec![(*name).to_owned()];
            let named = named(&own, text, &known);
            (own, named)
        });
        imports.collect()
    };
    assert_eq!(circle(&of(&modules)), None);
    let names = |text: &'static str| {
        let mut modules = modules;
        modules[2].1 = text;
        circle(&of(&modules)).map(|it| it.concat())
    };
    assert_eq!(
        names("use super::a::X;"),
        Some(vec!["a".into(), "c".into()])
    );
    assert_eq!(
        names("fn x() { crate::a::x() }"),
        Some(vec!["a".into(), "c".into()])
    );
    assert_eq!(names("// crate::a"), None);
    assert_eq!(names("use crate::b;"), None);
}
