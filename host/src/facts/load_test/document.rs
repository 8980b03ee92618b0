//! Opens a results file, and reads JSON from it as a stream.
//!
//! The files of a long run are large: 22 MB of history after an hour with 40 request names, 20 MB of JSON after four
//! hours. So each file is read in chunks, and only sums and curves stay in memory.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::marker::PhantomData;
use std::path::Path;

use serde::de::{DeserializeOwned, DeserializeSeed};

use crate::limits;

/// The size limit of a file, in bytes.
const LONGEST_FILE: u64 = limits::RESULTS_FILE;

/// The size limit of a row of CSV and of a string of JSON, in bytes. Each of them is kept in memory as a whole.
pub(super) const LONGEST_PIECE: u64 = limits::RESULT.bytes;

/// The depth limit of nested JSON. Nested groups of k6 are nested JSON.
const DEEPEST: u64 = 1000;

/// How much is read at once, in bytes.
pub(super) const CHUNK: usize = 64 << 10;

/// Why a file could not be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// The file does not exist.
    Missing,
    /// The test did not write the file: it has the results of an earlier test.
    Stale,
    /// The file is larger than [`LONGEST_FILE`].
    TooLarge,
    /// The file is damaged. The text describes the damage, and follows the name of the file.
    Damaged(String),
}

impl Unreadable {
    /// The fault with the name of the file, without the folder, which differs between machines.
    pub(super) fn explain(&self, path: &Path) -> String {
        let name = name(path);
        match self {
            Self::Missing => format!("{name} does not exist"),
            Self::Stale => format!("{name} is from an earlier test: this test did not write it"),
            Self::TooLarge => format!("{name} is larger than {} GiB", LONGEST_FILE >> 30),
            Self::Damaged(why) => format!("{name} {why}"),
        }
    }

    /// The fault of a failed read.
    pub(super) fn of(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            io::ErrorKind::FileTooLarge => Self::TooLarge,
            // `table` and `Pieces` return this error, with a text for people.
            io::ErrorKind::InvalidData => Self::Damaged(error.to_string()),
            // A folder, a pipe or a device.
            io::ErrorKind::InvalidInput => Self::Damaged("is not a regular file".into()),
            kind => Self::Damaged(format!("can't be read: {kind}")),
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

/// Opens a file to read it up to the size limit.
pub(super) fn open(path: &Path) -> Result<Limited<File>, Unreadable> {
    let file = limits::file::open(path).map_err(|error| Unreadable::of(&error))?;
    Ok(Limited::new(file, LONGEST_FILE))
}

/// A reader that fails after the size limit. The length in the metadata of a file is not sufficient, because the file
/// may grow while it is read.
pub(super) struct Limited<R> {
    inner: R,
    limit: u64,
    length: u64,
}

impl<R> Limited<R> {
    fn new(inner: R, limit: u64) -> Self {
        Self {
            inner,
            limit,
            length: 0,
        }
    }

    /// Whether nothing was read.
    pub(super) fn is_empty(&self) -> bool {
        self.length == 0
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.length += count as u64;
        if self.length > self.limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(count)
    }
}

/// A reader of JSON that fails at a long string and at deep nesting, because a parser keeps both in memory.
struct Pieces<R> {
    inner: R,
    /// The length of the current string so far; `None` outside of strings.
    text: Option<u64>,
    is_escaped: bool,
    depth: u64,
}

impl<R: Read> Read for Pieces<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        for byte in &buffer[..count] {
            self.take(*byte)?;
        }
        Ok(count)
    }
}

impl<R> Pieces<R> {
    fn take(&mut self, byte: u8) -> io::Result<()> {
        let refused = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
        self.text = match (self.text, byte) {
            (None, b'"') => Some(0),
            (None, b'[' | b'{') if self.depth == DEEPEST => {
                return Err(refused(format!("has more than {DEEPEST} levels")));
            }
            (None, byte) => {
                match byte {
                    b'[' | b'{' => self.depth += 1,
                    b']' | b'}' => self.depth = self.depth.saturating_sub(1),
                    _ => {}
                }
                None
            }
            (Some(_), b'"') if !self.is_escaped => None,
            (Some(LONGEST_PIECE), _) => {
                let mebibytes = LONGEST_PIECE >> 20;
                return Err(refused(format!("has a text longer than {mebibytes} MiB")));
            }
            (Some(length), _) => Some(length + 1),
        };
        self.is_escaped = byte == b'\\' && !self.is_escaped;
        Ok(())
    }
}

/// Reads a JSON file that `tool` wrote. The error has the line and column, but no content of the file.
pub(super) fn json<T: DeserializeOwned>(path: &Path, tool: &str) -> Result<T, Unreadable> {
    seeded(path, tool, PhantomData)
}

/// Reads a JSON file into a value, as [`json`] does.
pub(super) fn seeded<'de, S: DeserializeSeed<'de>>(
    path: &Path,
    tool: &str,
    seed: S,
) -> Result<S::Value, Unreadable> {
    let mut file = open(path)?;
    let read = parse_seeded(&mut file, tool, seed);
    if read.is_err() && file.is_empty() {
        return Err(Unreadable::Damaged("is empty".into()));
    }
    read
}

/// Parses JSON as [`seeded`] reads it.
pub(super) fn parse_seeded<'de, S: DeserializeSeed<'de>>(
    bytes: &mut dyn Read,
    tool: &str,
    seed: S,
) -> Result<S::Value, Unreadable> {
    let pieces = Pieces {
        inner: bytes,
        text: None,
        is_escaped: false,
        depth: 0,
    };
    let reader = BufReader::with_capacity(CHUNK, pieces);
    let mut parser = serde_json::Deserializer::from_reader(reader);
    let read = seed.deserialize(&mut parser);
    let read = read.and_then(|value| parser.end().map(|()| value));
    read.map_err(|error| {
        if error.is_io() {
            return Unreadable::of(&error.into());
        }
        let what = if error.is_eof() {
            "is truncated".to_owned()
        } else if error.is_data() {
            format!("is not in the format of {tool}")
        } else {
            "is not JSON".to_owned()
        };
        let (line, column) = (error.line(), error.column());
        Unreadable::Damaged(format!("{what} (line {line}, column {column})"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse<T: DeserializeOwned>(bytes: &mut dyn Read, tool: &str) -> Result<T, Unreadable> {
        parse_seeded(bytes, tool, PhantomData)
    }

    fn read(path: &Path) -> Result<Vec<u64>, Unreadable> {
        json(path, "Locust")
    }

    #[test]
    fn a_folder_and_a_missing_file_are_reported() {
        let folder = tempfile::tempdir().expect("a folder");
        let no_file = Unreadable::Damaged("is not a regular file".into());
        assert_eq!(read(folder.path()), Err(no_file));
        assert_eq!(read(&folder.path().join("none")), Err(Unreadable::Missing));
    }

    #[test]
    fn sizes_are_bounded() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        let empty = Unreadable::Damaged("is empty".into());
        assert_eq!(read(file.path()), Err(empty));

        let mut endless = Limited::new(io::repeat(b' '), 1 << 20);
        let error = parse::<Vec<u64>>(&mut endless, "Locust").expect_err("an error");
        assert_eq!(
            error.explain(Path::new("a/b.json")),
            "`b.json` is larger than 1 GiB"
        );
    }

    #[test]
    fn nesting_without_an_end_is_refused_early() {
        use serde::de::IgnoredAny;

        for byte in [b'[', b'{'] {
            let mut endless = io::repeat(byte);
            assert!(parse::<IgnoredAny>(&mut endless, "k6").is_err());
        }
        let mut endless = io::repeat(b'[');
        let error = parse::<IgnoredAny>(&mut endless, "k6").expect_err("an error");
        let why = "has more than 1000 levels".to_owned();
        assert_eq!(error, Unreadable::Damaged(why));
        let flat = format!("[{}0]", "[],".repeat(2000));
        assert!(parse::<IgnoredAny>(&mut flat.as_bytes(), "k6").is_ok());
    }

    #[test]
    fn a_text_without_an_end_is_refused_early() {
        for text in [&b"[\""[..], b"[{\"a\\\"", b"{\""] {
            let mut endless = text.chain(io::repeat(b'x'));
            let error = parse::<serde_json::Value>(&mut endless, "k6").expect_err("an error");
            assert_eq!(
                error,
                Unreadable::Damaged("has a text longer than 1 MiB".into())
            );
        }
        let long = format!("[\"{}\", \"\\\\\", 7]", "x".repeat(1 << 20));
        assert!(parse::<serde_json::Value>(&mut long.as_bytes(), "k6").is_ok());
    }

    #[test]
    fn errors_say_where_and_repeat_nothing() {
        let error = |text: &str| {
            let error = parse::<Vec<u64>>(&mut text.as_bytes(), "Locust").expect_err("an error");
            error.explain(Path::new("a"))
        };
        assert_eq!(error("[1, "), "`a` is truncated (line 1, column 4)");
        assert_eq!(error("[1, NaN]"), "`a` is not JSON (line 1, column 5)");
        assert_eq!(
            error("[\n\"secret\"]"),
            "`a` is not in the format of Locust (line 2, column 8)"
        );
    }
}
