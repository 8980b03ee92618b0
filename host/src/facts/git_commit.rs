//! A commit in the format in which git stores it.

/// One commit object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The full hash of the commit.
    pub id: String,
    raw: Vec<u8>,
    /// Offset of the message in `raw`.
    message: usize,
}

impl Commit {
    /// Parses a commit object.
    ///
    /// Source: the output of `git cat-file commit`: header lines, an empty line, the message.
    pub(super) fn new(id: String, raw: Vec<u8>) -> Self {
        let message = raw
            .windows(2)
            .position(|pair| pair == b"\n\n")
            .map_or(raw.len(), |at| at + 2);
        Self { id, raw, message }
    }

    /// The message, as bytes.
    pub fn message(&self) -> &[u8] {
        &self.raw[self.message..]
    }

    /// The encoding of the message, if the commit names an encoding. Git names it unless it is UTF-8.
    pub fn encoding(&self) -> Option<&str> {
        std::str::from_utf8(self.header("encoding ")?).ok()
    }

    /// The value of the first header with this name. `name` ends with a blank.
    pub(super) fn header(&self, name: &str) -> Option<&[u8]> {
        let mut lines = self.raw[..self.message].split(|byte| *byte == b'\n');
        lines.find_map(|line| line.strip_prefix(name.as_bytes()))
    }

    /// Whether the commit has a signature.
    ///
    /// Source: the headers `gpgsig` and, in a repository with SHA-256, `gpgsig-sha256`. Both also hold signatures of SSH.
    pub fn is_signed(&self) -> bool {
        self.header("gpgsig ").is_some() || self.header("gpgsig-sha256 ").is_some()
    }

    /// The parents of the commit; a merge has two or more.
    pub fn parents(&self) -> impl Iterator<Item = &str> {
        self.raw[..self.message]
            .split(|byte| *byte == b'\n')
            .filter_map(|line| line.strip_prefix(b"parent "))
            .filter_map(|id| std::str::from_utf8(id).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_headers_and_message() {
        let raw =
            b"tree 1\nparent 2\nencoding ISO-8859-1\ngpgsig -----\n a\n \n b\n\nSubject\n\nBody\n";
        let commit = Commit::new("3".to_owned(), raw.to_vec());
        assert_eq!(commit.message(), b"Subject\n\nBody\n");
        assert_eq!(commit.encoding(), Some("ISO-8859-1"));
        assert_eq!(commit.parents().collect::<Vec<_>>(), ["2"]);
    }

    #[test]
    fn an_empty_message() {
        let commit = Commit::new("3".to_owned(), b"tree 1\n\n".to_vec());
        assert_eq!(commit.message(), b"");
        assert_eq!(commit.encoding(), None);
        let commit = Commit::new("3".to_owned(), b"tree 1\n".to_vec());
        assert_eq!(commit.message(), b"");
    }
}
