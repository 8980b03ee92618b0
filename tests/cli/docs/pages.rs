//! The pages of the documentation, and the blocks of a page.

use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::fixture;

/// A page.
pub struct Page {
    /// Its path below the root of the repository.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Its Markdown.
    pub text: String,
}

/// A fenced block.
pub struct Block<'a> {
    /// What is behind the fence.
    pub language: &'a str,
    /// Its lines.
    pub text: String,
    /// The first line of its text in the page, counted from 1.
    pub line: usize,
}

/// The root of the repository.
pub fn root() -> PathBuf {
    fs::canonicalize(fixture("..")).expect("the repository")
}

/// README and every page below `host/docs`.
pub fn all() -> Vec<Page> {
    let mut names = vec![root().join("README.md")];
    collect(&root().join("host/docs"), &mut names);
    names.sort();
    let read = |path: PathBuf| Page {
        name: path
            .strip_prefix(root())
            .expect("it is below")
            .to_string_lossy()
            .into_owned(),
        text: fs::read_to_string(&path).expect("a page"),
        path,
    };
    names.into_iter().map(read).collect()
}

/// A page by its name.
pub fn page(name: &str) -> Page {
    let found = all().into_iter().find(|it| it.name == name);
    found.unwrap_or_else(|| panic!("there is no page `{name}`"))
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|it| it == "md") {
            found.push(path);
        }
    }
}

impl Page {
    /// Its fenced blocks, in order.
    pub fn blocks(&self) -> Vec<Block<'_>> {
        let mut blocks = Vec::new();
        let mut lines = self.text.lines().enumerate();
        while let Some((number, line)) = lines.next() {
            let Some(language) = line.trim_start().strip_prefix("```") else {
                continue;
            };
            let text: Vec<_> = lines
                .by_ref()
                .map(|(_, line)| line)
                .take_while(|line| *line != "```")
                .collect();
            blocks.push(Block {
                language,
                text: text.join("\n") + "\n",
                line: number + 2,
            });
        }
        blocks
    }

    /// Its blocks of a language.
    pub fn blocks_in(&self, language: &str) -> Vec<Block<'_>> {
        let mut blocks = self.blocks();
        blocks.retain(|it| it.language == language);
        blocks
    }

    /// Its text without fenced blocks, line by line: number from 1, and the line.
    pub fn prose(&self) -> Vec<(usize, &str)> {
        let mut inside = false;
        let mut prose = Vec::new();
        for (number, line) in self.text.lines().enumerate() {
            if line.starts_with("```") {
                inside = !inside;
            } else if !inside {
                prose.push((number + 1, line));
            }
        }
        prose
    }
}
