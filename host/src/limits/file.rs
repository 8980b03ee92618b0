//! Reads regular files up to a limit. For a folder, a pipe or a device, the error names the kind of file. The program
//! would wait for the other end of a pipe, and a device may be endless.

use std::fs::{File, FileType, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

use super::Limit;

/// Opens a regular file for reading, without waiting.
///
/// # Errors
///
/// If the file can't be opened; [`ErrorKind::InvalidInput`] if it is not a regular file.
pub fn open(path: &Path) -> io::Result<File> {
    // Without `NONBLOCK`, opening a named pipe waits for its other end. Without `NOCTTY`, opening a
    // terminal can make it the controlling terminal.
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(path)?;
    let kind = file.metadata()?.file_type();
    match name_of(kind) {
        None => Ok(file),
        Some(name) => Err(io::Error::new(
            ErrorKind::InvalidInput,
            format!("it is {name}, not a regular file"),
        )),
    }
}

/// Reads a regular file.
///
/// # Errors
///
/// The errors of [`open`] and of reading; [`ErrorKind::FileTooLarge`] if the file is longer than the limit.
pub fn read(path: &Path, limit: &Limit) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(limit.bytes + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit.bytes {
        return Err(too_long(limit));
    }
    Ok(bytes)
}

/// Reads a regular file as UTF-8.
///
/// # Errors
///
/// The errors of [`read`]; [`ErrorKind::InvalidData`] if the file is not UTF-8.
pub fn read_text(path: &Path, limit: &Limit) -> io::Result<String> {
    let text = String::from_utf8(read(path, limit)?);
    text.map_err(|_| io::Error::new(ErrorKind::InvalidData, "it is not UTF-8"))
}

/// Reads the end of a regular file, with at most as many bytes as the limit.
///
/// # Errors
///
/// The errors of [`open`] and of reading.
pub fn read_end(path: &Path, limit: &Limit) -> io::Result<Vec<u8>> {
    let mut file = open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(limit.bytes)))?;
    let mut bytes = Vec::new();
    file.take(limit.bytes).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The error for input that is longer than a limit.
pub fn too_long(limit: &Limit) -> io::Error {
    io::Error::new(
        ErrorKind::FileTooLarge,
        format!("it is longer than {}", limit.size()),
    )
}

/// The name of a file type; `None` for a regular file.
fn name_of(kind: FileType) -> Option<&'static str> {
    if kind.is_file() {
        None
    } else if kind.is_dir() {
        Some("a folder")
    } else if kind.is_fifo() {
        Some("a pipe")
    } else if kind.is_char_device() || kind.is_block_device() {
        Some("a device")
    } else if kind.is_socket() {
        Some("a socket")
    } else {
        Some("a file of another kind")
    }
}
