//! The output of a command: its log file, and its lines.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::LINE_LIMIT;

/// A log file with a size limit.
pub struct Log {
    path: PathBuf,
    file: File,
    limit: u64,
    room: u64,
    full: bool,
}

impl Log {
    /// Opens or creates a file to append to.
    pub fn open(path: &Path, limit: u64) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path);
        Ok(Self {
            path: path.to_owned(),
            file: file.map_err(|error| named(path, &error))?,
            limit,
            room: limit,
            full: false,
        })
    }

    /// Appends bytes. A line about the limit replaces the first bytes beyond it.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.full {
            return Ok(());
        }
        self.write(bytes).map_err(|error| named(&self.path, &error))
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let room = usize::try_from(self.room).unwrap_or(usize::MAX);
        let kept = &bytes[..bytes.len().min(room)];
        self.file.write_all(kept)?;
        self.room -= kept.len() as u64;
        if kept.len() < bytes.len() {
            self.full = true;
            let limit = self.limit;
            writeln!(
                self.file,
                "\ngreenlight: the log ends here, after {limit} bytes; later output was dropped"
            )?;
        }
        Ok(())
    }
}

/// Adds the name of the file to an error.
fn named(path: &Path, error: &io::Error) -> io::Error {
    let path = path.display();
    io::Error::new(
        error.kind(),
        format!("the log `{path}` can't be written: {error}"),
    )
}

/// Splits a stream into lines. A line is passed on as soon as it reaches [`LINE_LIMIT`], and its rest is dropped.
#[derive(Default)]
pub struct Lines {
    line: Vec<u8>,
    /// The line was passed on at the limit, before its end.
    cut: bool,
}

impl Lines {
    /// Takes the next bytes.
    pub fn take(&mut self, bytes: &[u8], hand: &mut dyn FnMut(&str)) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (piece, whole) = match piece.strip_suffix(b"\n") {
                Some(piece) => (piece, true),
                None => (piece, false),
            };
            if !self.cut {
                let room = LINE_LIMIT - self.line.len();
                self.line.extend_from_slice(&piece[..piece.len().min(room)]);
                if piece.len() > room {
                    hand(&String::from_utf8_lossy(without_torn(&self.line)));
                    self.cut = true;
                }
            }
            if whole {
                self.end(hand);
            }
        }
    }

    /// Takes the end of the stream: the last line may have no line feed.
    pub fn finish(&mut self, hand: &mut dyn FnMut(&str)) {
        if !self.line.is_empty() {
            self.end(hand);
        }
    }

    fn end(&mut self, hand: &mut dyn FnMut(&str)) {
        if !self.cut {
            let line = self.line.strip_suffix(b"\r").unwrap_or(&self.line);
            hand(&String::from_utf8_lossy(line));
        }
        self.line.clear();
        self.cut = false;
    }
}

/// Removes a last character that the limit cut.
fn without_torn(line: &[u8]) -> &[u8] {
    match str::from_utf8(line) {
        Err(error) if error.error_len().is_none() => &line[..error.valid_up_to()],
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::fs;

    #[test]
    fn appends_until_it_is_full() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log");
        fs::write(&path, "before\n").expect("a file");
        let mut log = Log::open(&path, 6).expect("a log");
        log.append(b"abc").expect("room");
        log.append(b"def").expect("room");
        assert_eq!(fs::read(&path).expect("a file"), b"before\nabcdef");
        for more in [b"g", b"h"] {
            log.append(more).expect("no error");
        }
        assert_eq!(
            fs::read_to_string(&path).expect("a file"),
            "before\nabcdef\ngreenlight: the log ends here, after 6 bytes; later output was dropped\n"
        );
    }

    fn lines(chunks: &[&[u8]]) -> Vec<String> {
        let mut found = Vec::new();
        let mut lines = Lines::default();
        for chunk in chunks {
            lines.take(chunk, &mut |line| found.push(line.to_owned()));
        }
        lines.finish(&mut |line| found.push(line.to_owned()));
        found
    }

    #[test]
    fn lines_end_with_a_line_feed_or_the_stream() {
        assert_eq!(lines(&[]), [""; 0]);
        assert_eq!(
            lines(&[b"a\nb", b"c\r\n", b"\n", b"d"]),
            ["a", "bc", "", "d"]
        );
        assert_eq!(lines(&[b"\xff\xc3", b"\xa4\n"]), ["\u{fffd}ä"]);
    }

    #[test]
    fn a_long_line_is_cut_once() {
        let full = "x".repeat(LINE_LIMIT);
        let text = format!("{full}\n{full}y\n{full}yyy");
        assert_eq!(
            lines(&[text.as_bytes(), b"z\nend"]),
            [&full, &full, &full, "end"]
        );
        let torn = format!("{}ää", "x".repeat(LINE_LIMIT - 1));
        assert_eq!(lines(&[torn.as_bytes()]), ["x".repeat(LINE_LIMIT - 1)]);
    }

    proptest! {
        #[test]
        fn chunks_do_not_matter(text in any::<Vec<u8>>(), size in 1_usize..9) {
            let chunks: Vec<_> = text.chunks(size).collect();
            prop_assert_eq!(lines(&chunks), lines(&[&text]));
        }
    }
}
