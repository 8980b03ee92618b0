//! `[tls]`: which certificates of servers are trusted, and the certificate of this program. Nothing is read here.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::values::Wrong;
use crate::tls::{Identity, NamedFile, Roots, Trust};

/// Which certificates of servers are trusted, and the certificate of this program. They apply to nodes, Slack,
/// registries, metrics servers and CI systems. The journal has settings of its own, in its URL.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[cfg_attr(
    test,
    schemars(extend("dependentRequired" = {
        "client-certificate": ["client-key"],
        "client-key": ["client-certificate"],
    }))
)]
pub(super) struct TlsTable {
    /// The certificate authorities that are trusted: `bundled`, Mozilla's list in this program; `system`, those of the
    /// operating system, or of the variables `SSL_CERT_FILE` and `SSL_CERT_DIR`; `both` unless set.
    roots: RootsWord,
    /// A file with further certificate authorities, in PEM.
    ca_file: Option<PathBuf>,
    /// The file with the certificate that this program shows to servers that demand one, in PEM, followed by the
    /// certificates between it and its authority.
    client_certificate: Option<PathBuf>,
    /// The file with the private key of the client certificate, in PEM without a password.
    client_key: Option<PathBuf>,
}

/// Which list of certificate authorities is trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Roots"))]
#[serde(rename_all = "kebab-case")]
enum RootsWord {
    /// Mozilla's list, which is part of this program.
    Bundled,
    /// Those of the operating system.
    System,
    /// Both lists.
    #[default]
    Both,
}

/// The folder of the configuration, from which relative paths start, and the settings of `[tls]`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Base<'a> {
    pub folder: &'a Path,
    pub trust: &'a Trust,
}

impl Base<'_> {
    /// The settings for the servers of a table, with its `ca-file`.
    pub fn trust(&self, table: &str, ca_file: Option<PathBuf>) -> Trust {
        let ca_file = ca_file.map(|it| self.folder.join(it));
        self.trust.of_table(table, ca_file)
    }
}

impl TlsTable {
    /// Checks the values. Relative paths start in a folder.
    pub fn checked(self, folder: &Path) -> Result<Trust, Wrong> {
        let named = |key: &str, path: PathBuf| NamedFile {
            setting: format!("tls.{key}"),
            path: folder.join(path),
        };
        let identity = match (self.client_certificate, self.client_key) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some(Identity {
                certificate: named("client-certificate", certificate),
                key: named("client-key", key),
            }),
            (Some(_), None) => {
                return Err(Wrong::new(
                    "tls.client-certificate",
                    "needs `client-key`",
                    "add the file with the private key, or remove `client-certificate`",
                ));
            }
            (None, Some(_)) => {
                return Err(Wrong::new(
                    "tls.client-key",
                    "needs `client-certificate`",
                    "add the file with the certificate, or remove `client-key`",
                ));
            }
        };
        let roots = match self.roots {
            RootsWord::Bundled => Roots::Bundled,
            RootsWord::System => Roots::System,
            RootsWord::Both => Roots::Both,
        };
        let files = self.ca_file.map(|it| named("ca-file", it));
        Ok(Trust {
            roots: Some(roots),
            files: files.into_iter().collect(),
            identity,
            ..Trust::default()
        })
    }
}

#[cfg(test)]
impl Base<'static> {
    /// The folder `/srv`, and the default settings.
    pub fn test() -> Self {
        static TRUST: std::sync::LazyLock<Trust> = std::sync::LazyLock::new(Trust::default);
        Self {
            folder: Path::new("/srv"),
            trust: &TRUST,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn parse(text: &str) -> Result<Config, crate::error::Error> {
        Config::parse(text, Path::new("/srv"))
    }

    #[test]
    fn a_table_can_replace_the_file() {
        let config = parse(
            "[tls]\nroots = \"system\"\nca-file = \"ca.pem\"\n\
             [slack]\nurl-variable = \"X\"\nca-file = \"slack.pem\"\n\
             [serve]\ntoken-variable = \"X\"\nrepositories = [\"shop\"]\n\
             [serve.registry]\nurl = \"https://a.example\"\n",
        );
        let config = config.expect("a configuration");
        let paths = |trust: &Trust| -> Vec<PathBuf> {
            trust.all_files().map(|it| it.path.clone()).collect()
        };
        let slack = config.slack.expect("Slack").trust;
        assert_eq!(slack.roots, None);
        assert_eq!(paths(&slack), [Path::new("/srv/slack.pem")]);
        let registry = config.serve.and_then(|it| it.registry);
        let registry = registry.expect("a registry").trust;
        assert_eq!(registry.roots, Some(Roots::System));
        assert_eq!(paths(&registry), [Path::new("/srv/ca.pem")]);
    }

    #[test]
    fn wrong_values_are_refused() {
        for (text, said) in [
            (
                "client-key = \"k\"",
                "line 2: `tls.client-key` needs `client-certificate`",
            ),
            (
                "client-certificate = \"c\"",
                "line 2: `tls.client-certificate` needs `client-key`",
            ),
            ("roots = \"none\"", "`tls.roots`"),
            ("ca-path = \"x\"", "`ca-path`"),
        ] {
            let error = parse(&format!("[tls]\n{text}\n")).expect_err(text);
            assert!(error.message.contains(said), "{error}");
            assert!(!error.help.is_empty(), "{error}");
        }
    }
}
