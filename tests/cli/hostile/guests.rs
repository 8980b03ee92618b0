//! Guests as text, and the components that they become.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::harness::fixture;

/// Questions for the program, as arguments.
pub const DECIDE: &[&str] = &[
    "decide",
    "--now=0",
    "--message=é x",
    "--tag=stage-4b825dc642cb6eb9a060e54bf8d69288fbee4904",
];
pub const LABEL: &[&str] = &["label", "--message=é x"];
pub const RESOLVE: &[&str] = &["resolve", "stage-4b825dc642cb6eb9a060e54bf8d69288fbee4904"];
pub const TAGS: &[&str] = &[
    "tags",
    "--branch=main",
    "--message=é x",
    "--commit=4b825dc642cb6eb9a060e54bf8d69288fbee4904",
];

/// A guest as its file describes it.
pub struct Guest {
    /// The name of the file.
    pub name: String,
    /// All of it.
    pub text: String,
    /// The question that it is made for.
    pub asked: &'static [&'static str],
    /// What is said instead of an answer.
    pub ends: Option<String>,
}

/// Reads every guest.
pub fn all() -> Vec<Guest> {
    let mut guests: Vec<_> = fs::read_dir(fixture("guests"))
        .expect("guests")
        .map(|entry| {
            let path = entry.expect("a guest").path();
            let name = path
                .file_stem()
                .and_then(|name| name.to_str())
                .expect("a name");
            let text = source(name);
            let line = |key| text.lines().find_map(|line| line.strip_prefix(key));
            let asked = match line(";; Asked: ") {
                None => DECIDE,
                Some("label") => LABEL,
                Some("resolve") => RESOLVE,
                Some("tags") => TAGS,
                Some(other) => panic!("{name}: {other}"),
            };
            let ends = line(";; Ends: ").map(ToOwned::to_owned);
            Guest {
                name: name.to_owned(),
                asked,
                ends,
                text,
            }
        })
        .collect();
    guests.sort_by(|one, other| one.name.cmp(&other.name));
    guests
}

/// Hostile components, encoded from their text, in a folder that goes when the test ends.
pub struct Folder {
    path: TempDir,
}

impl Folder {
    /// Makes the folder.
    pub fn new() -> Self {
        Self {
            path: tempfile::tempdir().expect("a folder"),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.path.path()
    }

    /// Encodes one.
    #[track_caller]
    pub fn policy(&self, name: &str) -> PathBuf {
        let text = source(name);
        let bytes = match form(&text) {
            Form::Fields => component(&text),
            Form::Whole => encoded(&text),
            Form::Appended => [benign(), sections(&encoded(&text))].concat(),
        };
        self.file(name, &bytes)
    }

    /// Writes some bytes as if they were a component.
    pub fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path.path().join(name).with_extension("wasm");
        fs::write(&path, bytes).expect("written");
        path
    }
}

/// What the text of a guest is.
enum Form {
    /// Fields of a core module, which take the place of the benign policy's.
    Fields,
    /// A component, or a core module, as it is.
    Whole,
    /// A component whose sections go behind the benign policy's. Its first core module is empty, so
    /// that the numbers of the others fit.
    Appended,
}

fn form(text: &str) -> Form {
    let whole = |line: &str| line.starts_with("(component") || line.starts_with("(module");
    if !text.lines().any(whole) {
        Form::Fields
    } else if text.contains("(core module $policy)") {
        Form::Appended
    } else {
        Form::Whole
    }
}

/// Encodes the benign policy.
pub fn benign() -> Vec<u8> {
    component("")
}

fn source(name: &str) -> String {
    let path = fixture(&format!("guests/{name}.wat"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[track_caller]
fn encoded(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("WebAssembly text")
}

/// Makes a policy from the benign one and the fields that differ.
#[track_caller]
pub fn component(fields: &str) -> Vec<u8> {
    let names: Vec<_> = fields.lines().filter_map(defined).collect();
    let benign = source("benign");
    let kept: Vec<_> = benign
        .split("\n\n")
        .filter(|block| {
            !block
                .lines()
                .filter_map(defined)
                .any(|name| names.contains(&name))
        })
        .collect();
    let mut module = encoded(&format!("{}\n{fields}", kept.join("\n\n")));
    let mut contract = Resolve::default();
    let (package, _) = contract.push_dir(fixture("../wit")).expect("the contract");
    let world = contract
        .select_world(&[package], Some("policy"))
        .expect("its world");
    embed_component_metadata(&mut module, &contract, world, StringEncoding::UTF8, false)
        .expect("metadata");
    ComponentEncoder::default()
        .module(&module)
        .and_then(ComponentEncoder::encode)
        .expect("a component")
}

/// The name that a line at the left margin defines: `(func $decide …`.
fn defined(line: &str) -> Option<&str> {
    let mut words = line.strip_prefix('(')?.split_whitespace();
    words.nth(1).filter(|name| name.starts_with('$'))
}

/// What follows the preamble and the first section of a component.
fn sections(component: &[u8]) -> Vec<u8> {
    // A section has an identifier, its size as LEB128, and so many bytes; the first one is short.
    let (preamble, size) = (8, usize::from(component[9]));
    assert!(
        component[8] == 1 && size < 128,
        "an empty core module comes first"
    );
    component[preamble + 2 + size..].to_vec()
}
