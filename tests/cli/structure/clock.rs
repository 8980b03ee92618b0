//! Only one file reads the time, so that a test can shift the clock of a running process. The clock of a release build
//! can't be shifted.

use std::fs;
use std::path::Path;

use super::sources;

/// The calls and SQL expressions that read a clock that is not monotonic.
const READERS: [&str; 8] = [
    "SystemTime::now",
    "UNIX_EPOCH.elapsed",
    "Timestamp::now",
    "Zoned::now",
    "unixepoch(",
    "datetime('now",
    "CURRENT_TIMESTAMP",
    "Realtime",
];

/// The file that may read the time.
const CLOCK: &str = "clock.rs";

#[test]
fn only_the_clock_reads_the_time() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut readers = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("a source file");
        let place = file.strip_prefix(&root).expect("a file of the host");
        for (number, line) in text.lines().enumerate() {
            if READERS.iter().any(|it| line.contains(it)) {
                readers.push(format!("{}:{}", place.display(), number + 1));
            }
        }
    }
    assert!(
        matches!(&readers[..], [one] if one.starts_with(CLOCK)),
        "only one line of `{CLOCK}` may read the time: {readers:?}"
    );
}

/// The part of the clock that tests shift is compiled into builds for tests alone.
#[test]
fn a_release_build_has_no_clock_that_can_be_shifted() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src")
        .join(CLOCK);
    let text = fs::read_to_string(file).expect("the clock");
    let mut before = "";
    let mut uses = 0;
    for line in text.lines() {
        let is_use = line.contains("jumps::") || line.starts_with("mod jumps");
        if is_use {
            uses += 1;
            assert_eq!(before.trim(), "#[cfg(debug_assertions)]", "{line}");
        }
        before = line;
    }
    assert_eq!(uses, 3);
}
