//! A commit message: from the command line, a file, standard input or git.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _};
use std::os::fd::AsFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use encoding_rs::{Encoding, REPLACEMENT};

use super::git;
use crate::child::Timed;
use crate::contract::labels::Message;
use crate::error::{Error, Explain as _};
use crate::limits::{self, file};

/// The longest message that is read, in bytes. The policy gets a copy inside its memory.
pub const LONGEST: usize = limits::MESSAGE.length();

/// A message, and whether it was changed in reading.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The message that is passed to the policy.
    pub message: Message,
    /// Whether bytes that are not text were replaced. Offsets then refer to the replaced text.
    pub replaced: bool,
}

/// Takes a message from the command line: its paragraphs, with an empty line between them. Empty ones are left out: a pull
/// request may have no body.
///
/// Source: `git commit`, `-m`: several values are concatenated as separate paragraphs. GitHub joins the title and the body
/// of a pull request in the same way when it squashes.
///
/// # Errors
///
/// If it is too long.
pub fn from_paragraphs(paragraphs: &[String]) -> Result<Reading, Error> {
    let kept = paragraphs
        .iter()
        .map(|it| it.trim_end_matches(['\r', '\n']));
    let kept: Vec<_> = kept.filter(|it| !it.trim().is_empty()).collect();
    if let [alone] = paragraphs {
        return from_bytes(alone.as_bytes(), Origin::Text);
    }
    from_bytes(kept.join("\n\n").as_bytes(), Origin::Text)
}

/// The name of the author of a commit; `None` if the commit does not say.
///
/// Source: the header line `author NAME <ADDRESS> SECONDS ZONE`.
pub fn author(commit: &git::Commit) -> Option<String> {
    person(commit, "author ").0
}

/// The name and the address of the author of a commit, as far as the commit says them.
pub fn authors(commit: &git::Commit) -> Vec<String> {
    let (name, address) = person(commit, "author ");
    name.into_iter().chain(address).collect()
}

/// The name and the address in a header of a commit, `author ` or `committer `, as far as the commit says them.
pub fn person(commit: &git::Commit, header: &str) -> (Option<String>, Option<String>) {
    let Some((name, rest)) = commit
        .header(header)
        .and_then(|line| split_at_last(line, b" <"))
    else {
        return (None, None);
    };
    let address = split_at_last(rest, b"> ").and_then(|(address, _)| text(commit, address));
    (text(commit, name), address)
}

/// A part of a header in the encoding of the commit; `None` if it is empty.
fn text(commit: &git::Commit, part: &[u8]) -> Option<String> {
    let encoding = commit
        .encoding()
        .and_then(|it| Encoding::for_label(it.as_bytes()));
    let text = match (std::str::from_utf8(part), encoding) {
        (Ok(text), _) => text.to_owned(),
        (Err(_), Some(encoding)) => encoding.decode_without_bom_handling(part).0.into_owned(),
        (Err(_), None) => String::from_utf8_lossy(part).into_owned(),
    };
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// When a commit was committed, in milliseconds since 1970; `None` if the commit does not say.
pub fn committed(commit: &git::Commit) -> Option<u64> {
    let (_, rest) = split_at_last(commit.header("committer ")?, b"> ")?;
    let seconds = std::str::from_utf8(rest).ok()?.split(' ').next()?;
    seconds.parse::<u64>().ok()?.checked_mul(1000)
}

fn split_at_last<'a>(text: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let mut places = text.windows(separator.len());
    let at = places.rposition(|it| it == separator)?;
    Some((&text[..at], &text[at + separator.len()..]))
}

/// Takes the bytes of a message from a variable or an event.
///
/// # Errors
///
/// As [`from_file`].
pub fn from_os_text(text: &OsStr) -> Result<Reading, Error> {
    from_bytes(text.as_bytes(), Origin::Text)
}

/// Reads a message from a file.
///
/// # Errors
///
/// If the file can't be read, is too long, or holds a NUL byte.
pub fn from_file(path: &Path) -> Result<Reading, Error> {
    let name = path.display();
    let bytes = file::read(path, &limits::MESSAGE).explain(
        format_args!("failed to read the message from `{name}`"),
        "name a file that holds the commit message, or take it from git with `--rev`",
    )?;
    from_bytes(&bytes, Origin::Text)
}

/// Reads a message from standard input, to its end. A terminal has no time limit.
///
/// # Errors
///
/// As [`from_file`].
pub fn from_stdin() -> Result<Reading, Error> {
    let bytes = standard_input().explain(
        "failed to read the message from standard input",
        "name a file with `--message-file`, or take the message from git with `--rev`",
    )?;
    from_bytes(&bytes, Origin::Text)
}

/// Takes the message of a commit.
///
/// # Errors
///
/// If it is too long or holds a NUL byte.
pub fn from_commit(commit: &git::Commit) -> Result<Reading, Error> {
    from_bytes(commit.message(), Origin::Commit(commit.encoding()))
}

/// Where the bytes of a message come from, which says how to read them.
#[derive(Clone, Copy)]
enum Origin<'a> {
    /// Text from the command line, a file or a variable: UTF-8, possibly truncated by its sender.
    Text,
    /// A whole commit object, with the encoding that its header names.
    Commit(Option<&'a str>),
}

fn from_bytes(bytes: &[u8], origin: Origin) -> Result<Reading, Error> {
    if bytes.len() > LONGEST {
        return Err(Error::new(
            format!("the message is longer than {} MiB", LONGEST >> 20),
            "check that this is a commit message, not a build log or another file",
        ));
    }
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        return Err(Error::new(
            format!("the message has a NUL byte at offset {at}: it is not text"),
            "convert the message to UTF-8 first; a file of a Windows editor may be UTF-16",
        ));
    }
    let (text, replaced) = match (std::str::from_utf8(bytes), origin) {
        (Ok(text), _) => (text.to_owned(), false),
        (Err(_), Origin::Commit(Some(name))) => match Encoding::for_label(name.as_bytes()) {
            Some(encoding) if encoding != REPLACEMENT => {
                let (text, replaced) = encoding.decode_without_bom_handling(bytes);
                (text.into_owned(), replaced)
            }
            _ => (String::from_utf8_lossy(bytes).into_owned(), true),
        },
        (Err(_), _) => (String::from_utf8_lossy(bytes).into_owned(), true),
    };
    let truncated = match origin {
        // UTF-8 up to an incomplete last character: the sender truncated by bytes.
        Origin::Text => std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none()),
        Origin::Commit(_) => false,
    };
    Ok(Reading {
        message: Message { text, truncated },
        replaced,
    })
}

fn standard_input() -> io::Result<Vec<u8>> {
    // Read without the buffer of `io::Stdin`: the time limit waits for bytes of the file descriptor.
    let input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut bytes = Vec::new();
    let most = LONGEST as u64 + 1;
    if input.is_terminal() {
        input.take(most).read_to_end(&mut bytes)?;
    } else {
        let timed = Timed::named("it", input, &limits::INPUT);
        timed.take(most).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> Reading {
        from_bytes(bytes, Origin::Text).expect("a message")
    }

    #[test]
    fn a_cut_character_shows_that_the_end_is_missing() {
        let whole = "Größe".as_bytes();
        assert!(!text(whole).message.truncated);
        assert!(text(&whole[..whole.len() - 2]).message.truncated);
        // Invalid UTF-8 before the end is another encoding, not a cut.
        assert!(!text(b"Gr\xf6\xdfe").message.truncated);
    }

    #[test]
    fn the_author_is_a_name() {
        for (lines, name) in [
            (
                &b"author Ada Example <ada@example.org> 1 +0000"[..],
                Some("Ada Example"),
            ),
            (
                b"author Ada <Example> <ada@example.org> 1 +0000",
                Some("Ada <Example>"),
            ),
            (
                b"author Gr\xf6\xdfe <a@example.org> 1 +0000\nencoding ISO-8859-1",
                Some("Größe"),
            ),
            (b"author  <ada@example.org> 1 +0000", None),
            (b"author Ada", None),
            (b"committer Ada <ada@example.org> 1 +0000", None),
        ] {
            let raw = [b"tree 1\n", lines, b"\n\nSubject\n"].concat();
            let commit = git::Commit::new("3".to_owned(), raw);
            let shown = String::from_utf8_lossy(lines);
            assert_eq!(author(&commit).as_deref(), name, "{shown}");
        }
    }

    #[test]
    fn commits_are_read_in_their_own_encoding() {
        let commit = |bytes, name| from_bytes(bytes, Origin::Commit(name)).expect("a message");
        let read = commit(b"Gr\xf6\xdfe", Some("ISO-8859-1"));
        assert_eq!(
            (read.message.text.as_str(), read.replaced),
            ("Größe", false)
        );
        // The second byte of this character is the one of `[`.
        let read = commit(b"\x81\x5bload test: abort]", Some("Shift_JIS"));
        assert_eq!(read.message.text, "ーload test: abort]");
        let read = commit(b"Gr\xf6\xdfe", None);
        assert!(read.replaced && !read.message.truncated);
        let read = commit(b"Gr\xf6", Some("no-such-encoding"));
        assert!(read.replaced && !read.message.truncated);
    }

    #[test]
    fn paragraphs_are_joined_as_git_joins_them() {
        let joined = |given: &[&str]| {
            let given: Vec<_> = given.iter().map(|it| (*it).to_owned()).collect();
            from_paragraphs(&given).expect("a message").message.text
        };
        assert_eq!(joined(&["Title"]), "Title");
        assert_eq!(joined(&["Title", "Body\r\n"]), "Title\n\nBody");
        assert_eq!(joined(&["Title", ""]), "Title");
        assert_eq!(joined(&["", " "]), "");
    }

    #[test]
    fn a_nul_byte_and_a_long_message_are_refused() {
        let error = from_bytes(b"a\0b", Origin::Text).expect_err("NUL");
        assert!(error.message.contains("offset 1"), "{error}");
        let error = from_bytes(&vec![b'x'; LONGEST + 1], Origin::Text).expect_err("long");
        assert!(error.message.contains("4 MiB"), "{error}");
    }
}
