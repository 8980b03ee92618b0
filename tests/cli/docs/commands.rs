//! A page or a message that names a command names one that the program has.

use std::fs;
use std::path::{Path, PathBuf};

use greenlight::cli;

use super::pages;

/// The words after `` `greenlight `` in a text, each with its line.
fn named(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let behind = line.split("`greenlight ").skip(1);
        let words = behind.map(|it| {
            let end = it.find(|c: char| !c.is_ascii_alphanumeric() && c != '-');
            &it[..end.unwrap_or(it.len())]
        });
        let words = words.filter(|it| {
            let is_of_command = |c: char| c.is_ascii_lowercase() || c == '-';
            !it.starts_with('-') && !it.is_empty() && it.chars().all(is_of_command)
        });
        found.extend(words.map(|it| (index + 1, it)));
    }
    found
}

/// The source files below a folder.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path
            .extension()
            .is_some_and(|it| it == "rs" || it == "html")
        {
            found.push(path);
        }
    }
}

#[test]
fn a_named_command_exists() {
    let program = cli::command();
    let known: Vec<_> = program
        .get_subcommands()
        .map(clap::Command::get_name)
        .collect();
    let mut texts: Vec<_> = pages::all()
        .into_iter()
        .map(|it| (it.name, it.text))
        .collect();
    let mut files = Vec::new();
    for folder in ["host/src", "host/templates", "guest/src"] {
        sources(&pages::root().join(folder), &mut files);
    }
    for file in files {
        let text = fs::read_to_string(&file).expect("a text");
        texts.push((file.display().to_string(), text));
    }
    let mut wrong = Vec::new();
    let mut count = 0;
    for (name, text) in &texts {
        for (line, word) in named(text) {
            count += 1;
            if word != "help" && !known.contains(&word) {
                wrong.push(format!("{name}:{line}: `greenlight {word}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(count > 300, "{count}");
}

#[test]
fn a_word_ends_before_its_arguments() {
    let text = "Run `greenlight rollback-advice`.\n`greenlight run --local`, `greenlight --version`, `greenlight k3y`";
    assert_eq!(named(text), [(1, "rollback-advice"), (2, "run")]);
}
