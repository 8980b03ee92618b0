//! The readers of data from outside, and the properties that hold for any bytes that they read.
//!
//! The properties of a reader are in the `fuzz.rs` beside it. `tests/fuzz/run` searches for bytes that break a property.
//! The test below repeats the bytes that it found.

mod policy;

use crate::effects::{self, registry};
use crate::facts::{self, load_test};
use crate::{config, journal, sandbox};

/// A reader, or a part of one.
#[derive(Debug)]
pub struct Reader {
    /// Its name: that of its folder in `tests/fuzz/cases`.
    pub name: &'static str,
    /// Reads bytes, and panics if a property does not hold.
    pub check: fn(&[u8]),
    /// Files and folders in `tests` to start from.
    pub seeds: &'static [&'static str],
}

const fn reader(name: &'static str, check: fn(&[u8]), seeds: &'static [&'static str]) -> Reader {
    Reader { name, check, seeds }
}

/// All readers.
pub const READERS: &[Reader] = &[
    reader("component", sandbox::fuzz::component, &[]),
    reader(
        "configuration",
        config::fuzz::file,
        &["cases/greenlight.toml"],
    ),
    reader("configuration-password", config::fuzz::password, &[]),
    reader("event", facts::ci::fuzz::event, &[]),
    reader("git-lists", facts::fuzz::lists, &[]),
    reader("git-objects", facts::fuzz::objects, &[]),
    reader("history", policy::history, &["cases/history.json"]),
    reader("journal-location", journal::fuzz::location, &[]),
    reader("label", policy::labels, &[]),
    reader("load-test-k6", load_test::fuzz::k6, &["facts/k6"]),
    reader(
        "load-test-locust-report",
        load_test::fuzz::locust_report,
        &[
            "facts/locust/passed/stats.json",
            "facts/locust/failed/stats.json",
        ],
    ),
    reader(
        "load-test-locust-tables",
        load_test::fuzz::locust_tables,
        &[],
    ),
    reader("message", facts::fuzz::message, &[]),
    reader("node", effects::probe::fuzz::version, &[]),
    reader("registry-challenge", registry::fuzz::challenge, &[]),
    reader("registry-link", registry::fuzz::link, &[]),
    reader("registry-errors", registry::fuzz::errors, &[]),
    reader("registry-tags", registry::fuzz::tags, &[]),
    reader("registry-token", registry::fuzz::token, &[]),
    reader("retry-after", effects::fuzz::wait, &[]),
    reader("tag", policy::tag, &[]),
    reader("webhook", facts::webhook::fuzz::body, &["facts/registry"]),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    fn tests() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests")
    }

    /// The files at a path, and in the folders below it.
    fn files(path: &Path) -> Vec<PathBuf> {
        if !path.is_dir() {
            return vec![path.to_owned()];
        }
        let entries = fs::read_dir(path).expect("a folder");
        let entries = entries.map(|it| it.expect("an entry").path());
        entries.flat_map(|it| files(&it)).collect()
    }

    #[test]
    fn every_seed_and_every_finding_is_read() {
        for reader in READERS {
            let cases = tests().join("fuzz/cases").join(reader.name);
            let seeds = reader.seeds.iter().map(|it| tests().join(it));
            let mut read = 0;
            for file in seeds.chain([cases]).flat_map(|it| files(&it)) {
                let bytes = fs::read(&file).unwrap_or_else(|it| panic!("{}: {it}", file.display()));
                println!("{}: {}", reader.name, file.display());
                (reader.check)(&bytes);
                read += 1;
            }
            assert!(read > 0, "`{}` has no seed", reader.name);
        }
    }

    #[test]
    fn every_folder_of_cases_belongs_to_a_reader() {
        let names: BTreeSet<_> = READERS.iter().map(|it| it.name.to_owned()).collect();
        assert_eq!(names.len(), READERS.len(), "each name is used once");
        let folders = fs::read_dir(tests().join("fuzz/cases")).expect("a folder");
        let folders = folders.map(|it| it.expect("an entry").file_name());
        let folders: BTreeSet<_> = folders
            .map(|it| it.to_string_lossy().into_owned())
            .collect();
        assert_eq!(folders, names);
    }
}
