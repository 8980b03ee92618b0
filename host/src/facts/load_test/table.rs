//! Reads CSV row by row, as Python's `csv` module writes it.
//!
//! The reader finds a field by the name of its column, because versions of a tool add and remove columns. Lines end in
//! CRLF, and quoted fields may span lines.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use csv::{ByteRecord, Reader, ReaderBuilder};

use super::document::{self, CHUNK, LONGEST_PIECE, Limited, Unreadable};

/// A table with a header.
pub(super) struct Table<R> {
    reader: Reader<Rows<R>>,
    header: ByteRecord,
}

impl Table<Limited<File>> {
    /// Opens a table.
    pub(super) fn open(path: &Path) -> Result<Self, Unreadable> {
        let mut table = Self::new(document::open(path)?)?;
        if table.reader.get_mut().inner.is_empty() {
            return Err(Unreadable::Damaged("is empty".into()));
        }
        Ok(table)
    }
}

impl<R: Read> Table<R> {
    /// Reads the header of a table.
    pub(super) fn new(inner: R) -> Result<Self, Unreadable> {
        let mut reader = ReaderBuilder::new()
            .flexible(true)
            .buffer_capacity(CHUNK)
            .from_reader(Rows::new(inner));
        let header = reader.byte_headers().map_err(fault)?.clone();
        Ok(Self { reader, header })
    }

    /// Checks that a column exists.
    pub(super) fn require(&self, column: &str) -> Result<(), String> {
        position(&self.header, column).map(drop)
    }

    /// Reads every complete row. Returns whether the file ends in the middle of a row; that row is dropped. A file that
    /// was truncated between two rows looks complete.
    pub(super) fn rows(
        mut self,
        mut each: impl FnMut(&Row<'_>) -> Result<(), String>,
    ) -> Result<bool, Unreadable> {
        let header = self.header;
        let mut take = |record: &ByteRecord| {
            let (fields, columns) = (record.len(), header.len());
            if fields != columns {
                let number = row_number(record);
                return Err(format!(
                    "has {fields} fields for {columns} columns in row {number}"
                ));
            }
            each(&Row {
                header: &header,
                record,
            })
        };
        let (mut row, mut next) = (ByteRecord::new(), ByteRecord::new());
        let mut is_read = false;
        // A row is passed on when the next row was read, because the last row may be incomplete.
        loop {
            self.reader.get_mut().length = 0;
            if !self.reader.read_byte_record(&mut next).map_err(fault)? {
                break;
            }
            if is_read {
                take(&row)?;
            }
            std::mem::swap(&mut row, &mut next);
            is_read = true;
        }
        let is_torn = self.reader.get_ref().is_torn();
        if is_read && !is_torn {
            take(&row)?;
        }
        Ok(is_torn)
    }

    /// Reads the rows with the total of all requests: their name is `Aggregated` and their type is empty. A request can
    /// have the same name, but its type is never empty. Returns the same value as [`Self::rows`].
    pub(super) fn aggregated(
        self,
        mut each: impl FnMut(&Row<'_>) -> Result<(), String>,
    ) -> Result<bool, Unreadable> {
        // Checked here, so that a file without rows is checked, too.
        for column in ["Type", "Name"] {
            self.require(column)?;
        }
        self.rows(|row| {
            if row.field("Name")? == b"Aggregated" && row.field("Type")?.is_empty() {
                each(row)?;
            }
            Ok(())
        })
    }
}

fn fault(error: csv::Error) -> Unreadable {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => Unreadable::of(&error),
        _ => Unreadable::Damaged("is not CSV".into()),
    }
}

/// A reader of the bytes of a table. It fails after a row that is too long, and knows whether the last row is complete.
struct Rows<R> {
    inner: R,
    /// The number of bytes that were read since the last row.
    length: u64,
    /// Whether the number of quotation marks so far is odd.
    is_quoted: bool,
    last: Option<u8>,
}

impl<R> Rows<R> {
    fn new(inner: R) -> Self {
        Self {
            inner,
            length: 0,
            is_quoted: false,
            last: None,
        }
    }

    /// Whether the bytes end in the middle of a row. Every complete row ends in a line break and has an even number of
    /// quotation marks (a quotation mark in a field is written twice). A file that was truncated inside a quoted field
    /// may end in a line break, but its number of quotation marks is odd.
    fn is_torn(&self) -> bool {
        self.is_quoted || self.last != Some(b'\n')
    }
}

impl<R: Read> Read for Rows<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.length > LONGEST_PIECE {
            let why = format!("has a row longer than {} MiB", LONGEST_PIECE >> 20);
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        let count = self.inner.read(buffer)?;
        self.length += count as u64;
        let bytes = &buffer[..count];
        let toggled = |is_quoted, byte: &u8| is_quoted ^ (*byte == b'"');
        self.is_quoted = bytes.iter().fold(self.is_quoted, toggled);
        self.last = bytes.last().copied().or(self.last);
        Ok(count)
    }
}

/// A row, with access to a field by the name of its column.
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

    /// A number that may be absent: the table has no such column, or the field is `N/A`.
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

/// The number of the row, from 1. The header is not counted.
fn row_number(record: &ByteRecord) -> u64 {
    record.position().map_or(0, csv::Position::record)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(text: &str) -> Result<(Vec<u64>, bool), Unreadable> {
        let mut counts = Vec::new();
        let is_torn = Table::new(text.as_bytes())?.rows(|row| {
            counts.push(row.count("Count")?);
            Ok(())
        })?;
        Ok((counts, is_torn))
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
        for (text, why) in [
            (
                "Count,Message\r\n1\r\n",
                "has 1 fields for 2 columns in row 1",
            ),
            ("Sum\r\n1\r\n", "has no column `Count`"),
            ("Count\r\n-1\r\n", "has an unexpected `Count` in row 1"),
        ] {
            assert_eq!(counts(text), Err(Unreadable::Damaged(why.into())));
        }
    }

    #[test]
    fn numbers_are_finite_and_not_negative() {
        for text in ["NaN", "inf", "-0.5", "1,5", "1e999", "\u{663}"] {
            let text = format!("n\n\"{text}\"\n");
            let mut rows = 0;
            let read = Table::new(text.as_bytes()).expect("a table").rows(|row| {
                rows += 1;
                assert!(row.number("n").is_err(), "{text}");
                assert!(row.optional("n").is_err(), "{text}");
                assert_eq!(row.optional("m"), Ok(None));
                Ok(())
            });
            assert_eq!((read, rows), (Ok(false), 1));
        }
    }

    #[test]
    fn a_row_without_an_end_is_refused_early() {
        for start in [&b"a\n\""[..], b"a\nx", b"\"", b"x"] {
            let endless = start.chain(io::repeat(b'x'));
            let read = Table::new(endless).and_then(|table| table.rows(|_| Ok(())));
            let why = "has a row longer than 1 MiB".to_owned();
            assert_eq!(read, Err(Unreadable::Damaged(why)));
        }
    }

    #[test]
    fn a_long_table_is_read() {
        let rows = "x,1\n".repeat(1_000_000);
        let mut sum = 0;
        let text = b"New,Count\n".chain(rows.as_bytes());
        let read = Table::new(text).expect("a table").rows(|row| {
            sum += row.count("Count")?;
            Ok(())
        });
        assert_eq!((read, sum), (Ok(false), 1_000_000));
    }
}
