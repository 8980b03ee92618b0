//! The recorded files that the tests read.

use std::path::{Path, PathBuf};

use super::results::Files;

const FACTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/facts");

/// Where a recorded file is.
pub(super) fn path(file: &str) -> PathBuf {
    Path::new(FACTS).join(file)
}

/// The files of a recorded run of Locust, as they lie in a folder.
pub(super) fn locust(folder: &Path) -> Files {
    Files {
        results: folder.join("stats.json"),
        history: Some(folder.join("stats_history.csv")),
        stats: Some(folder.join("stats.csv")),
        exceptions: Some(folder.join("exceptions.csv")),
    }
}

/// A copy of a recorded run of Locust, to be damaged.
pub(super) fn copy(run: &str) -> (tempfile::TempDir, Files) {
    let folder = tempfile::tempdir().expect("a folder");
    for entry in path(&format!("locust/{run}"))
        .read_dir()
        .expect("a recorded run")
    {
        let entry = entry.expect("a recorded file");
        // Not copied with its mode: the recorded files may be read-only.
        let bytes = std::fs::read(entry.path()).expect("a recorded file");
        std::fs::write(folder.path().join(entry.file_name()), bytes).expect("a file to write to");
    }
    let files = locust(folder.path());
    (folder, files)
}
