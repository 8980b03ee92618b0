//! The file that keeps what a command says.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// A file that grows by so much and no more.
pub struct Log {
    path: PathBuf,
    file: File,
    limit: u64,
    room: u64,
    full: bool,
}

impl Log {
    /// Opens a file to append to, or creates it.
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

    /// Appends bytes. The first ones that find no room are replaced by a line that says so.
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
                "\ngreenlight: the log ends here, after {limit} bytes; what followed was not kept"
            )?;
        }
        Ok(())
    }
}

/// The same error, with the name of the file.
fn named(path: &Path, error: &io::Error) -> io::Error {
    let path = path.display();
    io::Error::new(
        error.kind(),
        format!("the log `{path}` can't be written: {error}"),
    )
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

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
            "before\nabcdef\ngreenlight: the log ends here, after 6 bytes; what followed was not kept\n"
        );
    }
}
