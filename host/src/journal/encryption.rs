//! How a connection to `PostgreSQL` is encrypted: the parameters `sslmode`, `sslrootcert`, `sslcert` and `sslkey` of a
//! URL. They mean what they mean for [libpq], with a stricter default.
//!
//! [libpq]: https://www.postgresql.org/docs/current/libpq-ssl.html

use std::path::PathBuf;

use crate::http::is_loopback_host;
use crate::tls::{Identity, NamedFile, Roots, Trust, Verify};

/// Whether to encrypt, and how much of the server's certificate to verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Not encrypted.
    Disable,
    /// Encrypted if the server can. The certificate is not verified.
    Prefer,
    /// Encrypted. The certificate is verified only if the address has an `sslrootcert`.
    Require,
    /// Encrypted, with a certificate of an authority of `sslrootcert`, for any name.
    VerifyCa,
    /// Encrypted, with a certificate of a trusted authority for the name of the server.
    VerifyFull,
}

/// The parameters of an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encryption {
    mode: Option<Mode>,
    authorities: Authorities,
    identity: Option<Identity>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Authorities {
    #[default]
    Default,
    System,
    File(PathBuf),
}

const NAMES: [&str; 4] = ["sslmode", "sslrootcert", "sslcert", "sslkey"];

impl Encryption {
    /// Takes the parameters out of an address, which other parameters may surround.
    ///
    /// # Errors
    ///
    /// If a value can't be used. The error shows no value: it may be a part of a password.
    pub fn take(address: &str) -> Result<(String, Self), String> {
        let Some((before, parameters)) = address.split_once('?') else {
            return Ok((address.to_owned(), Self::default()));
        };
        let mut values: [Option<String>; 4] = Default::default();
        let mut others = Vec::new();
        for parameter in parameters.split('&') {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let name = decoded(name);
            let Some(place) = NAMES.iter().position(|it| name.as_deref() == Some(*it)) else {
                others.push(parameter);
                continue;
            };
            let name = NAMES[place];
            if values[place].is_some() {
                return Err(format!("the address of the database has `{name}` twice"));
            }
            let value = decoded(value).filter(|_| !value.contains('@'));
            let unreadable = || {
                format!("`{name}` in the address of the database can't be read; write `@` as `%40`")
            };
            values[place] = Some(value.ok_or_else(unreadable)?);
        }
        let encryption = Self::of(values)?;
        let rest = if others.is_empty() {
            before.to_owned()
        } else {
            format!("{before}?{}", others.join("&"))
        };
        Ok((rest, encryption))
    }

    fn of([mode, root, certificate, key]: [Option<String>; 4]) -> Result<Self, String> {
        let mode = match mode.as_deref() {
            None => None,
            Some("disable") => Some(Mode::Disable),
            Some("allow" | "prefer") => Some(Mode::Prefer),
            Some("require") => Some(Mode::Require),
            Some("verify-ca") => Some(Mode::VerifyCa),
            Some("verify-full") => Some(Mode::VerifyFull),
            Some(_) => {
                return Err(
                    "unknown `sslmode` in the address of the database; write `verify-full`, `verify-ca`, `require`, \
                     `prefer` or `disable`"
                        .to_owned(),
                );
            }
        };
        let file = |setting: &str, path: String| {
            let path = PathBuf::from(path);
            if path.is_absolute() {
                return Ok(NamedFile {
                    setting: setting.to_owned(),
                    path,
                });
            }
            Err(format!(
                "`{setting}` in the address of the database must be an absolute path"
            ))
        };
        let authorities = match root {
            None => Authorities::Default,
            Some(word) if word == "system" => Authorities::System,
            Some(path) => Authorities::File(file("sslrootcert", path)?.path),
        };
        if mode == Some(Mode::VerifyCa) && !matches!(authorities, Authorities::File(_)) {
            // Anyone can get a certificate of a public authority, for a name of their own.
            return Err(
                "`sslmode=verify-ca` in the address of the database needs `sslrootcert` with the path of a file; or \
                 write `sslmode=verify-full`"
                    .to_owned(),
            );
        }
        let identity = match (certificate, key) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some(Identity {
                certificate: file("sslcert", certificate)?,
                key: file("sslkey", key)?,
            }),
            _ => {
                return Err(
                    "the address of the database needs both `sslcert` and `sslkey`, or none of them"
                        .to_owned(),
                );
            }
        };
        Ok(Self {
            mode,
            authorities,
            identity,
        })
    }

    /// The mode for a server: `verify-full` unless set, but a loopback address is not encrypted unless the address of
    /// the database says so.
    pub fn mode(&self, host: &str) -> Mode {
        self.mode.unwrap_or(if is_loopback_host(host) {
            Mode::Disable
        } else {
            Mode::VerifyFull
        })
    }

    /// How much of a certificate is verified in a mode.
    pub fn verify(&self, mode: Mode) -> Verify {
        match mode {
            Mode::VerifyFull => Verify::Name,
            Mode::VerifyCa => Verify::Authority,
            Mode::Require if matches!(self.authorities, Authorities::File(_)) => Verify::Authority,
            Mode::Disable | Mode::Prefer | Mode::Require => Verify::Nothing,
        }
    }

    /// Whom to trust.
    pub fn trust(&self) -> Trust {
        let (roots, files) = match &self.authorities {
            Authorities::Default => (Some(Roots::Both), Vec::new()),
            Authorities::System => (Some(Roots::System), Vec::new()),
            Authorities::File(path) => {
                let setting = "sslrootcert".to_owned();
                let path = path.clone();
                (None, vec![NamedFile { setting, path }])
            }
        };
        Trust {
            roots,
            files,
            identity: self.identity.clone(),
            ca_setting: "`sslrootcert` in the address of the database".to_owned(),
            identity_setting: "`sslcert` and `sslkey` in the address of the database",
        }
    }
}

/// Replaces each `%` and two hexadecimal digits with a byte. `None` if that is not possible, or not UTF-8.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        let digit = |it: u8| char::from(it).to_digit(16);
        let value = digit(digits[0])? * 16 + digit(digits[1])?;
        bytes.push(u8::try_from(value).ok()?);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(parameters: &str) -> Result<(String, Encryption), String> {
        Encryption::take(&format!("postgresql://host/db{parameters}"))
    }

    #[test]
    fn other_parameters_stay() {
        for (parameters, rest) in [
            ("", ""),
            ("?sslmode=require", ""),
            ("?a=1&sslmode=require&b=2", "?a=1&b=2"),
            ("?ssl%6dode=require&a=1", "?a=1"),
            ("?a=b?c", "?a=b?c"),
        ] {
            let (left, _) = taken(parameters).expect(parameters);
            assert_eq!(left, format!("postgresql://host/db{rest}"));
        }
    }

    #[test]
    fn modes_have_the_names_of_libpq_and_a_strict_default() {
        for (parameters, host, mode, verify) in [
            ("", "db.example", Mode::VerifyFull, Verify::Name),
            ("", "localhost", Mode::Disable, Verify::Nothing),
            ("", "127.0.0.2", Mode::Disable, Verify::Nothing),
            ("", "::1", Mode::Disable, Verify::Nothing),
            (
                "?sslmode=verify-full",
                "::1",
                Mode::VerifyFull,
                Verify::Name,
            ),
            (
                "?sslmode=disable",
                "db.example",
                Mode::Disable,
                Verify::Nothing,
            ),
            (
                "?sslmode=allow",
                "db.example",
                Mode::Prefer,
                Verify::Nothing,
            ),
            (
                "?sslmode=prefer",
                "db.example",
                Mode::Prefer,
                Verify::Nothing,
            ),
            (
                "?sslmode=require",
                "db.example",
                Mode::Require,
                Verify::Nothing,
            ),
            (
                "?sslmode=require&sslrootcert=/ca",
                "a",
                Mode::Require,
                Verify::Authority,
            ),
            (
                "?sslmode=verify-ca&sslrootcert=/ca",
                "a",
                Mode::VerifyCa,
                Verify::Authority,
            ),
        ] {
            let (_, encryption) = taken(parameters).expect(parameters);
            assert_eq!(encryption.mode(host), mode, "{parameters} {host}");
            assert_eq!(encryption.verify(mode), verify, "{parameters} {host}");
        }
    }

    #[test]
    fn files_are_named_by_their_parameters() {
        let (_, encryption) = taken("?sslrootcert=/a%20b&sslcert=/c&sslkey=/k").expect("files");
        let trust = encryption.trust();
        assert_eq!(trust.roots, None);
        let files = trust
            .all_files()
            .map(|it| format!("{} {}", it.setting, it.path.display()));
        let files: Vec<_> = files.collect();
        assert_eq!(files, ["sslrootcert /a b", "sslcert /c", "sslkey /k"]);
        let roots = |parameters| taken(parameters).expect("an address").1.trust().roots;
        assert_eq!(roots("?sslrootcert=system"), Some(Roots::System));
        assert_eq!(roots(""), Some(Roots::Both));
    }

    #[test]
    fn wrong_values_are_refused_and_not_shown() {
        for (parameters, said) in [
            ("?sslmode=hush", "unknown `sslmode`"),
            ("?sslmode=", "unknown `sslmode`"),
            ("?sslmode", "unknown `sslmode`"),
            ("?sslmode=prefer&sslmode=hush", "`sslmode` twice"),
            (
                "?sslrootcert=hush",
                "`sslrootcert` in the address of the database must be an absolute path",
            ),
            (
                "?sslrootcert=/hu@sh",
                "`sslrootcert` in the address of the database can't be read",
            ),
            (
                "?sslrootcert=/hush%4",
                "`sslrootcert` in the address of the database can't be read",
            ),
            ("?sslcert=/hush", "both `sslcert` and `sslkey`"),
            ("?sslkey=/hush", "both `sslcert` and `sslkey`"),
            ("?sslmode=verify-ca", "needs `sslrootcert`"),
            (
                "?sslmode=verify-ca&sslrootcert=system",
                "needs `sslrootcert`",
            ),
        ] {
            let why = taken(parameters).expect_err(parameters);
            assert!(why.contains(said) && !why.contains("hush"), "{why}");
        }
    }
}
