//! CSV as Python's `csv` module writes it, read by header name: lines end in CRLF, quoted fields may span
//! lines, and columns come and go between versions.

use csv::{ByteRecord, ReaderBuilder};

/// A table with a header.
pub(super) struct Table {
    header: ByteRecord,
    rows: Vec<ByteRecord>,
    torn: bool,
}

impl Table {
    /// Reads a table. A last row that was cut off is dropped, and told by [`Table::is_torn`].
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let mut reader = ReaderBuilder::new().flexible(true).from_reader(bytes);
        let header = reader.byte_headers().map_err(|_| "is not CSV")?.clone();
        let mut rows = reader
            .byte_records()
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| "is not CSV")?;
        // Every row ends in a line break, and every quote has its other one (a quote in a field is written
        // as two). A file that was cut off in a field may end in a line break, but not outside of quotes.
        let quoted = bytes
            .iter()
            .fold(false, |open, byte| open ^ (*byte == b'"'));
        let torn = quoted || !bytes.ends_with(b"\n");
        if torn {
            rows.pop();
        }
        if let Some(row) = rows.iter().find(|row| row.len() != header.len()) {
            let (fields, columns) = (row.len(), header.len());
            let number = number(row);
            return Err(format!(
                "has {fields} fields for {columns} columns in row {number}"
            ));
        }
        Ok(Self { header, rows, torn })
    }

    /// Whether the file ends in the middle of a row. One that ends between two rows can't be told from a
    /// whole one.
    pub(super) fn is_torn(&self) -> bool {
        self.torn
    }

    /// Every row but a torn one.
    pub(super) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|record| Row {
            header: &self.header,
            record,
        })
    }

    /// The rows of all requests together: named `Aggregated`, and without a type (a request may have any
    /// name, but it has a method).
    pub(super) fn aggregated(&self) -> Result<Vec<Row<'_>>, String> {
        // A file without rows still has to be the right one.
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

    /// Asks for a column.
    pub(super) fn require(&self, column: &str) -> Result<(), String> {
        position(&self.header, column).map(drop)
    }
}

/// A row, whose fields are asked for by the name of their column.
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

    /// A number that may be missing: no such column, or `N/A`.
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
        let number = number(self.record);
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
fn number(record: &ByteRecord) -> u64 {
    record.position().map_or(0, csv::Position::record)
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn drops_a_row_that_was_cut_off() {
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
