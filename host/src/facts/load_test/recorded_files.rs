//! The recorded files that the tests read, and properties that hold for every damage to them.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::{Files, Format, REQUESTS, Results, Run};

const FACTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/facts");

/// Path of a recorded file.
pub(super) fn path(file: &str) -> PathBuf {
    Path::new(FACTS).join(file)
}

/// Paths of the files of a Locust run in a folder.
pub(super) fn locust(folder: &Path) -> Files {
    Files {
        results: folder.join("stats.json"),
        history: Some(folder.join("stats_history.csv")),
        stats: Some(folder.join("stats.csv")),
        exceptions: Some(folder.join("exceptions.csv")),
        stale: Vec::new(),
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
        let bytes = fs::read(entry.path()).expect("a recorded file");
        fs::write(folder.path().join(entry.file_name()), bytes).expect("a file to write to");
    }
    let files = locust(folder.path());
    (folder, files)
}

const WHOLE: [(Format, &str); 4] = [
    (Format::Locust, "locust/passed/stats.json"),
    (Format::Locust, "locust/failed/stats.json"),
    (Format::K6, "k6/passed.json"),
    (Format::K6, "k6/failed.json"),
];

/// A test that ended with exit status 0.
pub(super) fn run(format: Format, files: &Files) -> Run {
    Run {
        format,
        files: files.clone(),
        requests: vec![REQUESTS.to_owned()],
        names: Vec::new(),
        exit_status: Some(0),
    }
}

/// Reads the results files of a test that ended with exit status 0.
pub(super) fn read(format: Format, files: &Files) -> Results {
    super::read(&run(format, files)).0
}

fn of(format: Format, bytes: &[u8], file: &Path) -> Results {
    fs::write(file, bytes).expect("a file to write to");
    let results = file.to_owned();
    read(
        format,
        &Files {
            results,
            ..Files::default()
        },
    )
}

fn check(results: &Results) {
    assert!(results.complete || !results.notes.is_empty());
    assert!(!results.complete || results.failures <= results.requests);
}

#[test]
fn truncated_json_is_never_complete() {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    for (format, name) in WHOLE {
        let whole = fs::read(path(name)).expect("a recorded file");
        assert!(of(format, &whole, file.path()).complete, "{name}");
        let results = file.path().to_owned();
        let files = Files {
            results,
            ..Files::default()
        };
        // A line break after the JSON is not part of it.
        for end in (0..whole.trim_ascii_end().len()).rev() {
            file.as_file()
                .set_len(end as u64)
                .expect("a file to write to");
            assert!(!read(format, &files).complete, "{name}, {end}");
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        let folder = tempfile::tempdir().expect("a folder");
        let files = locust(folder.path());
        let paths = [&files.history, &files.stats, &files.exceptions];
        for path in paths.into_iter().flatten().chain([&files.results]) {
            fs::write(path, &bytes).expect("a file to write to");
        }
        for format in [Format::Locust, Format::K6] {
            check(&read(format, &files));
        }
    }

    #[test]
    fn any_damage_is_read(
        name in select(vec!["stats.json", "stats.csv", "stats_history.csv", "exceptions.csv"]),
        run in select(vec!["passed", "failed", "exceptions"]),
        at in any::<Index>(),
        with in prop_oneof![prop::collection::vec(any::<u8>(), 0..4), select(b"0-9\"',\r\n}]".to_vec()).prop_map(|byte| vec![byte])],
    ) {
        let (folder, files) = copy(run);
        let damaged = folder.path().join(name);
        let mut bytes = fs::read(&damaged).expect("a recorded file");
        let at = at.index(bytes.len());
        bytes.splice(at..=at, with);
        fs::write(&damaged, bytes).expect("a file to write to");
        check(&read(Format::Locust, &files));
    }

    #[test]
    fn any_damage_of_a_summary_is_read(
        (_, name) in select(WHOLE[2..].to_vec()),
        at in any::<Index>(),
        with in any::<u8>(),
    ) {
        let mut bytes = fs::read(path(name)).expect("a recorded file");
        let at = at.index(bytes.len());
        bytes[at] = with;
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        check(&of(Format::K6, &bytes, file.path()));
    }
}
