//! One file that a tool left behind, read whole but never more than a bound.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use serde::de::DeserializeOwned;

/// The most that is read of a file, in bytes. Summaries are a few kilobytes; a history with a row a second
/// reaches this after a day.
pub(super) const LIMIT: u64 = 16 << 20;

/// Why a file could not be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// It is not there.
    Missing,
    /// It is there, and this is wrong with it: reads well after the file's name.
    Damaged(String),
}

impl Unreadable {
    /// Says it, with the file's name. The folder stays out: it is another one on every machine.
    pub(super) fn explain(&self, path: &Path) -> String {
        match self {
            Self::Missing => format!("{} is not there", name(path)),
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
    // Asked before it is opened: opening a named pipe waits for its other end.
    let metadata = path.metadata().map_err(|error| damaged(&error))?;
    if !metadata.is_file() {
        return Err(Unreadable::Damaged("is not a file".into()));
    }
    let mut bytes = Vec::new();
    // The length that was asked for is not trusted: the file may be growing.
    File::open(path)
        .and_then(|file| file.take(LIMIT + 1).read_to_end(&mut bytes))
        .map_err(|error| damaged(&error))?;
    match bytes.len() as u64 {
        0 => Err(Unreadable::Damaged("is empty".into())),
        length if length > LIMIT => Err(Unreadable::Damaged("is larger than 16 MiB".into())),
        _ => Ok(bytes),
    }
}

/// Reads JSON of a tool's shape. The error says where it is, and repeats nothing of the file.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8], tool: &str) -> Result<T, String> {
    serde_json::from_slice(bytes).map_err(|error| {
        let what = if error.is_eof() {
            "ends in the middle".to_owned()
        } else if error.is_data() {
            format!("is not what {tool} writes")
        } else {
            "is not JSON".to_owned()
        };
        format!("{what} (line {}, column {})", error.line(), error.column())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_is_not_opened() {
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
        assert_eq!(error("[1, "), "ends in the middle (line 1, column 4)");
        assert_eq!(error("[1, NaN]"), "is not JSON (line 1, column 5)");
        assert_eq!(
            error("[\n\"secret\"]"),
            "is not what Locust writes (line 2, column 8)"
        );
    }
}
