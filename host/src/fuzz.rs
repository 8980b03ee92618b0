//! The readers of data from outside, and what must hold for any bytes that they read.
//!
//! Each `fuzz.rs` beside a reader has its properties. `tests/fuzz/run` looks for bytes that break one, and the test
//! below repeats the bytes that did.

use crate::{effects, facts};

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

/// All readers.
pub const READERS: &[Reader] = &[
    Reader {
        name: "node",
        check: effects::probe::fuzz::version,
        seeds: &[],
    },
    Reader {
        name: "registry-challenge",
        check: effects::registry::fuzz::challenge,
        seeds: &[],
    },
    Reader {
        name: "registry-link",
        check: effects::registry::fuzz::link,
        seeds: &[],
    },
    Reader {
        name: "registry-tags",
        check: effects::registry::fuzz::tags,
        seeds: &[],
    },
    Reader {
        name: "webhook",
        check: facts::webhook::fuzz::body,
        seeds: &["facts/registry"],
    },
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
