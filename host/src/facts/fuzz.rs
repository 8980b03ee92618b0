//! Properties that hold for any output of git, and for any history.

use std::fs::File;
use std::io::{Cursor, Write as _};
use std::os::fd::AsRawFd as _;
use std::path::PathBuf;

use rustix::fs::{MemfdFlags, memfd_create};

use super::git::Answer;
use super::git_objects::object;
use super::message::{self, LONGEST};
use super::{history_file, merges, reverts};
use crate::contract::promotion::Event;
use crate::error::Error;
use crate::limits;

/// A file in memory, for readers that open a path.
pub(super) struct MemoryFile(File);

impl MemoryFile {
    pub(super) fn new(bytes: &[u8]) -> Self {
        let file = memfd_create("fuzz", MemfdFlags::CLOEXEC).expect("memory");
        let mut file = File::from(file);
        file.write_all(bytes).expect("memory");
        Self(file)
    }

    /// A path that opens the file while this value exists.
    pub(super) fn path(&self) -> PathBuf {
        format!("/proc/self/fd/{}", self.0.as_raw_fd()).into()
    }
}

/// Reads the output of `git cat-file --batch`.
pub(crate) fn objects(bytes: &[u8]) {
    let mut output = Cursor::new(bytes);
    loop {
        let before = output.position();
        match object(&mut output) {
            Ok(None) | Err(Answer::Broken(_)) => return,
            Ok(Some(commit)) => {
                let message = commit.message();
                assert!(message.len() as u64 <= limits::COMMIT.bytes);
                commit.parents().for_each(drop);
                assert!(message::author(&commit).is_none_or(|it| !it.is_empty()));
                message::committed(&commit);
                check_message(message::from_commit(&commit), commit.encoding(), message);
            }
            Err(Answer::Missing(_) | Answer::TooLong(_)) => {}
        }
        assert!(output.position() > before, "no progress");
    }
}

fn check_message(read: Result<message::Reading, Error>, encoding: Option<&str>, bytes: &[u8]) {
    let Ok(read) = read else { return };
    // A replacement character has three bytes.
    assert!(read.message.text.len() <= 3 * bytes.len().min(LONGEST));
    assert!(!read.message.text.contains('\0'), "a NUL byte");
    let is_same = read.message.text.as_bytes() == bytes;
    assert!(
        is_same || read.replaced || encoding.is_some(),
        "the text was changed"
    );
}

/// Reads a message as text, and the commits that the message says it reverts.
pub(crate) fn message(bytes: &[u8]) {
    use std::os::unix::ffi::OsStrExt as _;
    let text = std::ffi::OsStr::from_bytes(bytes);
    check_message(message::from_os_text(text), None, bytes);
    for id in reverts::named(&String::from_utf8_lossy(bytes)) {
        assert!(id.len() >= 7 && id.bytes().all(|it| it.is_ascii_hexdigit()));
    }
}

/// Reads the output of `git rev-list --format` and of `git diff-tree -p`.
pub(crate) fn lists(bytes: &[u8]) {
    for (id, message) in reverts::listed_in(bytes) {
        assert!(!id.contains('\n') && !message.contains('\0'));
    }
    let lines = reverts::without_numbers(bytes);
    assert!(lines.len() <= bytes.len() + 1, "the result is longer");
    assert_eq!(reverts::without_numbers(&lines), lines);
    let text = String::from_utf8_lossy(bytes);
    let merges = merges::merges(&text);
    let unreadable = usize::try_from(merges.unreadable).expect("a count");
    assert!(merges.list.len() + unreadable <= text.lines().count());
    for merge in &merges.list {
        assert!(merge.offset.abs() < 24 * 3600 + 60 * 60, "{}", merge.offset);
        assert!(!merge.name.contains(['\0', '\n']) && !merge.email.contains(['\0', '\n']));
    }
}

/// Reads a history; `None` if it is invalid.
pub(crate) fn history(bytes: &[u8]) -> Option<Vec<Event>> {
    history_file::parse(str::from_utf8(bytes).ok()?).ok()
}
