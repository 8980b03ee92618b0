use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::Address;

/// Where a journal is. Written out, it has no password in it.
#[derive(Clone, Debug)]
pub enum Location {
    /// A file, made when it is first opened.
    File(PathBuf),
    /// A `PostgreSQL` database.
    Postgres(Address),
}

impl FromStr for Location {
    type Err = String;

    /// Reads `PATH`, `sqlite:PATH`, `postgres://…` or `postgresql://…`. The error names no password.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return text.parse().map(Self::Postgres);
        }
        let path = text.strip_prefix("sqlite:").unwrap_or(text);
        match path.split_once("://") {
            _ if path.is_empty() => Err("the path of the journal is empty".to_owned()),
            Some((scheme, _)) if scheme.chars().all(|c| c.is_ascii_alphanumeric()) => Err(format!(
                "a journal is a path, `sqlite:PATH` or `postgresql://…`, not `{scheme}://…`"
            )),
            _ => Ok(Self::File(path.into())),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(to),
            Self::Postgres(address) => address.fmt(to),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_files() {
        for (text, path) in [
            ("journal.db", "journal.db"),
            ("sqlite:a/b.db", "a/b.db"),
            ("sqlite::memory:", ":memory:"),
            ("./postgres://odd", "./postgres://odd"),
        ] {
            let location: Location = text.parse().expect(text);
            assert!(matches!(&location, Location::File(file) if file.as_os_str() == path));
            assert_eq!(location.to_string(), path);
        }
    }

    #[test]
    fn no_other_database_is_taken_for_a_path() {
        for text in [
            "",
            "sqlite:",
            "mysql://user:hush@host/db",
            "sqlite:http://host",
        ] {
            let error = text.parse::<Location>().expect_err(text);
            assert!(!error.contains("hush"), "{error}");
        }
    }

    #[test]
    fn addresses_are_databases() {
        let text = "postgresql://me:hush@db.example:5433/releases";
        let location: Location = text.parse().expect(text);
        assert_eq!(
            location.to_string(),
            "postgresql://me@db.example:5433/releases"
        );
        assert!(!format!("{location:?}").contains("hush"));
    }
}
