//! The top level of the repository.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The entries that are not hidden, without `target`, which cargo writes.
const TOP_LEVEL: [&str; 9] = [
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "guest",
    "host",
    "rust-toolchain.toml",
    "tests",
    "wit",
];

#[test]
fn the_top_level_has_only_the_fixed_entries() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let entries = fs::read_dir(root).expect("the repository");
    let names = entries.map(|it| it.expect("an entry").file_name());
    let found: BTreeSet<_> = names
        .map(|it| it.into_string().expect("UTF-8"))
        .filter(|it| !it.starts_with('.') && it != "target")
        .collect();
    assert_eq!(found, TOP_LEVEL.map(str::to_owned).into());
}
