//! Properties that hold for any files of a load test.

use super::k6_requests::REQUESTS;
use super::locust_csv::POINTS;
use super::{Files, Format, LONGEST, Point, Results, Run};
use crate::facts::fuzz::MemoryFile;

/// Separates the files in the bytes of a case: the "record separator" of ASCII.
const SEPARATOR: u8 = 0x1e;

/// A complete report of Locust, with one request.
const REPORT: &[u8] =
    include_bytes!("../../../../tests/fuzz/cases/load-test-locust-report/one.json");

fn read(format: Format, files: Files) -> (Results, Vec<Point>) {
    let (results, curve) = super::read(&Run {
        format,
        files,
        requests: vec![REQUESTS.to_owned()],
        names: Vec::new(),
        exit_status: Some(0),
    });
    let longest = LONGEST.as_millis();
    assert!(u128::from(results.duration) <= longest);
    assert!(results.p95.is_none_or(|it| u128::from(it) <= longest));
    assert!(results.complete || !results.notes.is_empty(), "no reason");
    (results, curve)
}

fn results(format: Format, bytes: &[u8]) -> Results {
    let file = MemoryFile::new(bytes);
    let files = Files {
        results: file.path(),
        ..Files::default()
    };
    read(format, files).0
}

/// Lengths to truncate bytes to: without the last byte, and a shorter one that depends on the bytes.
fn cuts(bytes: &[u8]) -> [usize; 2] {
    let sum = bytes
        .iter()
        .fold(0_usize, |sum, it| sum * 31 % 65_521 + usize::from(*it));
    let last = bytes.len().saturating_sub(1);
    [last, sum.checked_rem(last).unwrap_or_default()]
}

/// Reads a JSON file. If it is complete, it is incomplete without its end.
fn json(format: Format, bytes: &[u8]) {
    let whole = results(format, bytes);
    if whole.complete {
        let bytes = bytes.trim_ascii_end();
        for end in cuts(bytes) {
            let part = results(format, &bytes[..end]);
            assert!(
                !part.complete,
                "complete without {} bytes",
                bytes.len() - end
            );
        }
    }
}

/// Reads a summary of k6.
pub(crate) fn k6(bytes: &[u8]) {
    json(Format::K6, bytes);
}

/// Reads a report of Locust.
pub(crate) fn locust_report(bytes: &[u8]) {
    json(Format::Locust, bytes);
}

/// Reads the statistics, the history and the exceptions of Locust, with [`SEPARATOR`] between them. They are complete
/// only with a report, and if each file ends with a complete row.
pub(crate) fn locust_tables(bytes: &[u8]) {
    let mut pieces = bytes.splitn(3, |it| *it == SEPARATOR);
    let mut next = || pieces.next().map(MemoryFile::new);
    let (stats, history, exceptions) = (next(), next(), next());
    let path = |file: &Option<MemoryFile>| file.as_ref().map(MemoryFile::path);
    let report = MemoryFile::new(REPORT);
    let files = Files {
        results: report.path(),
        stats: path(&stats),
        history: path(&history),
        exceptions: path(&exceptions),
        stale: Vec::new(),
    };
    let (with_report, curve) = read(Format::Locust, files.clone());
    assert!(curve.len() <= POINTS);
    let is_cut = bytes
        .split(|it| *it == SEPARATOR)
        .take(3)
        .any(|it| it.last() != Some(&b'\n'));
    assert!(
        !(is_cut && with_report.complete),
        "complete in the middle of a row"
    );
    let missing = Files {
        results: "/nothing".into(),
        ..files
    };
    assert!(
        !read(Format::Locust, missing).0.complete,
        "complete without a report"
    );
}
