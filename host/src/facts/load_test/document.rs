//! Reads a results file whole, up to a size limit: JSON, and CSV as Python's `csv` module writes it.
//!
//! Fields of CSV are found by the name of their column, because versions of a tool add and remove columns. Lines end
//! in CRLF, and quoted fields may span lines.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use csv::{ByteRecord, ReaderBuilder};
use serde::de::DeserializeOwned;

/// The size limit of a file, in bytes. Summaries have a few kilobytes; a history with one row per second reaches the
/// limit after a day.
pub(super) const LIMIT: u64 = 16 << 20;

/// Why a file could not be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// It does not exist.
    Missing,
    /// It exists and is damaged in this way; the text follows the name of the file.
    Damaged(String),
}

impl Unreadable {
    /// The fault with the name of the file, without the folder, which differs between machines.
    pub(super) fn explain(&self, path: &Path) -> String {
        match self {
            Self::Missing => format!("{} does not exist", name(path)),
            Self::Damaged(why) => format!("{} {why}", name(path)),
        }
    }
}

impl From<String> for Unreadable {
    fn from(why: String) -> Self {
        Self::Damaged(why)
    }
}

/// The name of a file in a note.
pub(super) fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    format!("`{}`", name.to_string_lossy())
}

/// Reads a file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Unreadable> {
    let damaged = |error: &io::Error| match error.kind() {
        io::ErrorKind::NotFound => Unreadable::Missing,
        kind => Unreadable::Damaged(format!("can't be read: {kind}")),
    };
    // The type is checked before opening, because opening a named pipe waits for its other end.
    let metadata = path.metadata().map_err(|error| damaged(&error))?;
    if !metadata.is_file() {
        return Err(Unreadable::Damaged("is not a file".into()));
    }
    let mut bytes = Vec::new();
    // The length in the metadata is not enough: the file may be growing.
    File::open(path)
        .and_then(|file| file.take(LIMIT + 1).read_to_end(&mut bytes))
        .map_err(|error| damaged(&error))?;
    match bytes.len() as u64 {
        0 => Err(Unreadable::Damaged("is empty".into())),
        length if length > LIMIT => Err(Unreadable::Damaged("is larger than 16 MiB".into())),
        _ => Ok(bytes),
    }
}

/// Parses JSON that a tool writes. The error has the place and repeats no part of the file.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8], tool: &str) -> Result<T, String> {
    serde_json::from_slice(bytes).map_err(|error| {
        let what = if error.is_eof() {
            "is truncated".to_owned()
        } else if error.is_data() {
            format!("is not what {tool} writes")
        } else {
            "is not JSON".to_owned()
        };
        format!("{what} (line {}, column {})", error.line(), error.column())
    })
}

/// A table with a header.
pub(super) struct Table {
    header: ByteRecord,
    rows: Vec<ByteRecord>,
    torn: bool,
}

impl Table {
    /// Parses a table. A last row that was truncated is dropped, and [`Table::is_torn`] reports it.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let mut reader = ReaderBuilder::new().flexible(true).from_reader(bytes);
        let header = reader.byte_headers().map_err(|_| "is not CSV")?.clone();
        let mut rows = reader
            .byte_records()
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| "is not CSV")?;
        // Every row ends in a line break, and the number of quotes is even (a quote in a field is written as two).
        // A file that was truncated inside a field may end in a line break, but then a quote is open.
        let quoted = bytes
            .iter()
            .fold(false, |open, byte| open ^ (*byte == b'"'));
        let torn = quoted || !bytes.ends_with(b"\n");
        if torn {
            rows.pop();
        }
        if let Some(row) = rows.iter().find(|row| row.len() != header.len()) {
            let (fields, columns) = (row.len(), header.len());
            let number = row_number(row);
            return Err(format!(
                "has {fields} fields for {columns} columns in row {number}"
            ));
        }
        Ok(Self { header, rows, torn })
    }

    /// Whether the file ends in the middle of a row. A file that was truncated between two rows looks whole.
    pub(super) fn is_torn(&self) -> bool {
        self.torn
    }

    /// Every complete row.
    pub(super) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|record| Row {
            header: &self.header,
            record,
        })
    }

    /// The rows with the total of all requests: those named `Aggregated` without a type. A request may have any name,
    /// but it always has a method in that column.
    pub(super) fn aggregated(&self) -> Result<Vec<Row<'_>>, String> {
        // Also checked for a file without rows.
        for column in ["Type", "Name"] {
            self.require(column)?;
        }
        let mut rows = Vec::new();
        for row in self.rows() {
            if row.field("Name")? == b"Aggregated" && row.field("Type")?.is_empty() {
                rows.push(row);
            }
        }
        Ok(rows)
    }

    /// Checks that a column exists.
    pub(super) fn require(&self, column: &str) -> Result<(), String> {
        position(&self.header, column).map(drop)
    }
}

/// A row, whose fields are found by the name of their column.
pub(super) struct Row<'a> {
    header: &'a ByteRecord,
    record: &'a ByteRecord,
}

impl Row<'_> {
    /// A whole number.
    pub(super) fn count(&self, column: &str) -> Result<u64, String> {
        self.parsed(column)
    }

    /// A number that is neither negative nor infinite.
    pub(super) fn number(&self, column: &str) -> Result<f64, String> {
        let number: f64 = self.parsed(column)?;
        if number.is_finite() && number >= 0.0 {
            Ok(number)
        } else {
            Err(self.unexpected(column))
        }
    }

    /// A number that may be missing: without the column, or with `N/A` in it.
    pub(super) fn optional(&self, column: &str) -> Result<Option<f64>, String> {
        match self.field(column) {
            Err(_) | Ok(b"N/A" | b"") => Ok(None),
            Ok(_) => self.number(column).map(Some),
        }
    }

    fn field(&self, column: &str) -> Result<&[u8], String> {
        let index = position(self.header, column)?;
        Ok(self.record.get(index).unwrap_or_default())
    }

    fn parsed<T: std::str::FromStr>(&self, column: &str) -> Result<T, String> {
        str::from_utf8(self.field(column)?)
            .ok()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| self.unexpected(column))
    }

    fn unexpected(&self, column: &str) -> String {
        let number = row_number(self.record);
        format!("has an unexpected `{column}` in row {number}")
    }
}

fn position(header: &ByteRecord, column: &str) -> Result<usize, String> {
    header
        .iter()
        .position(|name| name == column.as_bytes())
        .ok_or_else(|| format!("has no column `{column}`"))
}

/// Number of the row, from 1, without the header.
fn row_number(record: &ByteRecord) -> u64 {
    record.position().map_or(0, csv::Position::record)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_and_a_missing_file_are_reported() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(
            read(folder.path()),
            Err(Unreadable::Damaged("is not a file".into()))
        );
        assert_eq!(read(&folder.path().join("none")), Err(Unreadable::Missing));
    }

    #[test]
    fn sizes_are_bounded() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        assert_eq!(
            read(file.path()),
            Err(Unreadable::Damaged("is empty".into()))
        );
        file.as_file().set_len(LIMIT).expect("a file to write to");
        assert_eq!(read(file.path()).expect("a document").len() as u64, LIMIT);
        file.as_file()
            .set_len(LIMIT + 1)
            .expect("a file to write to");
        assert_eq!(
            read(file.path())
                .expect_err("an error")
                .explain(Path::new("a/b.json")),
            "`b.json` is larger than 16 MiB"
        );
    }

    #[test]
    fn errors_say_where_and_repeat_nothing() {
        let error =
            |text: &str| parse::<Vec<u64>>(text.as_bytes(), "Locust").expect_err("an error");
        assert_eq!(error("[1, "), "is truncated (line 1, column 4)");
        assert_eq!(error("[1, NaN]"), "is not JSON (line 1, column 5)");
        assert_eq!(
            error("[\n\"secret\"]"),
            "is not what Locust writes (line 2, column 8)"
        );
    }

    fn counts(text: &str) -> Result<(Vec<u64>, bool), String> {
        let table = Table::parse(text.as_bytes())?;
        let counts = table.rows().map(|row| row.count("Count"));
        Ok((counts.collect::<Result<_, _>>()?, table.is_torn()))
    }

    #[test]
    fn reads_by_name_across_lines() {
        let text = "New,Count,Message\r\nx,1,\"a, \"\"b\"\"\nc\"\r\n\"\",2,\r\n";
        assert_eq!(counts(text), Ok((vec![1, 2], false)));
    }

    #[test]
    fn drops_a_truncated_row() {
        for torn in ["1", "1,a", "1,\"a\n", "1,\"a\r\n", "12,\"a\"\"", "1,a\r"] {
            let text = format!("Count,Message\r\n7,x\r\n{torn}");
            assert_eq!(counts(&text), Ok((vec![7], true)), "{torn:?}");
        }
    }

    #[test]
    fn refuses_another_shape() {
        assert_eq!(
            counts("Count,Message\r\n1\r\n"),
            Err("has 1 fields for 2 columns in row 1".into())
        );
        assert_eq!(counts("Sum\r\n1\r\n"), Err("has no column `Count`".into()));
        assert_eq!(
            counts("Count\r\n-1\r\n"),
            Err("has an unexpected `Count` in row 1".into())
        );
    }

    #[test]
    fn numbers_are_finite_and_not_negative() {
        for text in ["NaN", "inf", "-0.5", "1,5", "1e999", "\u{663}"] {
            let table = Table::parse(format!("n\n\"{text}\"\n").as_bytes()).expect("a table");
            let row = table.rows().next().expect("a table");
            assert!(row.number("n").is_err(), "{text}");
            assert!(row.optional("n").is_err(), "{text}");
            assert_eq!(row.optional("m"), Ok(None));
        }
    }
}
