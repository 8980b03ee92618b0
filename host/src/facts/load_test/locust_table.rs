//! Locust's `PREFIX_stats.csv` and `PREFIX_exceptions.csv`. Both are rewritten every second while it runs,
//! and not once more at its end.

use std::path::Path;

use super::document::{self, Unreadable};
use super::histogram;
use super::table::Table;

/// The row of all requests together.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) requests: u64,
    pub(super) failures: u64,
    /// In milliseconds; nothing without requests, and where the column was not asked for.
    pub(super) p95: Option<u64>,
    /// In milliseconds; nothing without requests.
    pub(super) duration: Option<u64>,
}

/// Reads the totals of a statistics file.
pub(super) fn totals(path: &Path) -> Result<Totals, Unreadable> {
    Ok(parse_totals(&document::read(path)?)?)
}

fn parse_totals(bytes: &[u8]) -> Result<Totals, String> {
    let table = Table::parse(bytes)?;
    if table.is_torn() {
        return Err("ends in the middle of a row".into());
    }
    let rows = table.aggregated()?;
    let [row] = rows.as_slice() else {
        let rows = rows.len();
        return Err(format!("has {rows} `Aggregated` rows instead of one"));
    };
    let requests = row.count("Request Count")?;
    let failures = row.count("Failure Count")?;
    if failures > requests {
        return Err("contradicts itself: more requests failed than were made".into());
    }
    Ok(Totals {
        requests,
        failures,
        p95: row.optional("95%")?.and_then(histogram::up),
        // The rate is requests by the time from the first to the last, so this is what the JSON spans.
        duration: histogram::at_rate(requests, row.number("Requests/s")?),
    })
}

/// The exceptions of a run.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Exceptions {
    /// How many, the same ones included.
    pub(super) count: u64,
    /// Whether the file ends in the middle of a row.
    pub(super) torn: bool,
}

/// Counts the exceptions of an exceptions file.
pub(super) fn exceptions(path: &Path) -> Result<Exceptions, Unreadable> {
    Ok(parse_exceptions(&document::read(path)?)?)
}

fn parse_exceptions(bytes: &[u8]) -> Result<Exceptions, String> {
    let table = Table::parse(bytes)?;
    table.require("Count")?;
    let count = table.rows().try_fold(0_u64, |sum, row| {
        sum.checked_add(row.count("Count")?)
            .ok_or("has too many exceptions to count")
            .map_err(str::to_owned)
    })?;
    Ok(Exceptions {
        count,
        torn: table.is_torn(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixtures;
    use super::*;

    #[test]
    fn reads_recorded_totals() {
        let expected = Totals {
            requests: 196,
            failures: 48,
            p95: Some(21),
            duration: Some(4102),
        };
        let path = fixtures::path("locust/failed/stats.csv");
        assert_eq!(totals(&path), Ok(expected));
        let nothing = Totals {
            requests: 0,
            failures: 0,
            p95: None,
            duration: None,
        };
        let path = fixtures::path("locust/no-requests/stats.csv");
        assert_eq!(totals(&path), Ok(nothing));
    }

    #[test]
    fn totals_may_have_other_columns() {
        let text = b"New,Name,Type,Requests/s,Failure Count,Request Count\r\n\
            \"a\r\nb\",Aggregated,,2.5,1,10\r\n";
        let expected = Totals {
            requests: 10,
            failures: 1,
            p95: None,
            duration: Some(4000),
        };
        assert_eq!(parse_totals(text), Ok(expected));
    }

    #[test]
    fn totals_are_whole() {
        let text =
            std::fs::read(fixtures::path("locust/failed/stats.csv")).expect("a recorded file");
        for end in 0..text.len() {
            assert!(parse_totals(&text[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn counts_recorded_exceptions() {
        let path = fixtures::path("locust/exceptions/exceptions.csv");
        let expected = |count, torn| Ok(Exceptions { count, torn });
        assert_eq!(exceptions(&path), expected(117, false));
        let path = fixtures::path("locust/passed/exceptions.csv");
        assert_eq!(exceptions(&path), expected(0, false));
    }

    #[test]
    fn a_torn_row_of_exceptions_is_seen() {
        let text = std::fs::read(fixtures::path("locust/exceptions/exceptions.csv"))
            .expect("a recorded file");
        let header = text
            .iter()
            .position(|byte| *byte == b'\n')
            .expect("a header")
            + 1;
        for end in (0..text.len()).filter(|end| *end != header) {
            match parse_exceptions(&text[..end]) {
                Ok(exceptions) => assert!(exceptions.torn, "{end}"),
                Err(why) => assert!(end < header, "{end}: {why}"),
            }
        }
    }
}
