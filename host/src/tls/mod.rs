//! Which certificates of servers are trusted, and the certificate with which this program identifies itself.
//!
//! [`Trust`] is a setting: making one reads nothing. A [`Context`] reads the files when the first connection needs
//! them, and again after one of them was replaced.

mod context;
mod explain;
#[cfg(test)]
pub(crate) mod stand_in;
mod verify;

use std::path::PathBuf;

pub use context::Context;
pub use explain::explain;
pub use verify::Verify;

/// The certificate authorities that are trusted without a `ca-file`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Roots {
    /// Mozilla's list, which is part of the program.
    Bundled,
    /// Those of the operating system, or of `SSL_CERT_FILE` and `SSL_CERT_DIR`.
    System,
    /// Both lists.
    #[default]
    Both,
}

/// A file, and the setting that names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedFile {
    /// The setting, for messages: `slack.ca-file`.
    pub setting: String,
    /// The path.
    pub path: PathBuf,
}

/// The certificate with which this program identifies itself, and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The certificate, followed by those between it and its authority.
    pub certificate: NamedFile,
    /// The private key.
    pub key: NamedFile,
}

/// Whom to trust, and how to identify this program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    /// The lists of authorities that are trusted in addition to `files`; `None` to trust `files` alone.
    pub roots: Option<Roots>,
    /// Files with further authorities.
    pub files: Vec<NamedFile>,
    /// The certificate of this program, if a server demands one.
    pub identity: Option<Identity>,
    /// Where an unknown authority can be added, for messages: "`ca-file` in `[tls]`".
    pub ca_setting: String,
    /// Where the certificate of this program can be set, for messages.
    pub identity_setting: &'static str,
}

impl Default for Trust {
    fn default() -> Self {
        Self {
            roots: Some(Roots::default()),
            files: Vec::new(),
            identity: None,
            ca_setting: "`ca-file` in `[tls]`".to_owned(),
            identity_setting: "`client-certificate` and `client-key` in `[tls]`",
        }
    }
}

impl Trust {
    /// The settings for the servers of a table. With a `ca-file` of its own, a table trusts the authorities in this file
    /// only.
    #[must_use]
    pub fn of_table(&self, table: &str, ca_file: Option<PathBuf>) -> Self {
        let mut trust = self.clone();
        trust.ca_setting = format!("`ca-file` in `[{table}]` or `[tls]`");
        if let Some(path) = ca_file {
            trust.roots = None;
            trust.ca_setting = format!("`ca-file` in `[{table}]`");
            trust.files = vec![NamedFile {
                setting: format!("{table}.ca-file"),
                path,
            }];
        }
        trust
    }

    /// Every file that is read before a connection.
    pub fn all_files(&self) -> impl Iterator<Item = &NamedFile> {
        let identity = self.identity.iter();
        let identity = identity.flat_map(|it| [&it.certificate, &it.key]);
        self.files.iter().chain(identity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_a_table_replaces_the_other_authorities() {
        let base = Trust {
            files: vec![NamedFile {
                setting: "tls.ca-file".to_owned(),
                path: "/all.pem".into(),
            }],
            ..Trust::default()
        };
        let same = base.of_table("slack", None);
        assert_eq!((same.roots, &same.files), (base.roots, &base.files));
        assert_eq!(same.ca_setting, "`ca-file` in `[slack]` or `[tls]`");
        let own = base.of_table("slack", Some("/own.pem".into()));
        assert_eq!(own.roots, None);
        let files: Vec<_> = own.all_files().map(|it| it.setting.as_str()).collect();
        assert_eq!(files, ["slack.ca-file"]);
    }
}
