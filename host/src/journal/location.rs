//! Where a journal is: a file, or the address of a `PostgreSQL` database.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{ChannelBinding, Host, SslMode, SslNegotiation};

use super::encryption::Encryption;

/// Where a journal is. Its text form contains no password.
#[derive(Clone, Debug)]
pub enum Location {
    /// A file, created when it is first opened.
    File(PathBuf),
    /// A `PostgreSQL` database.
    Postgres(Address),
}

impl FromStr for Location {
    type Err = String;

    /// Parses `PATH`, `sqlite:PATH`, `postgres://…` or `postgresql://…`. The error contains no password.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return text.parse().map(Self::Postgres);
        }
        let path = text.strip_prefix("sqlite:").unwrap_or(text);
        match path.split_once("://") {
            _ if path.is_empty() => Err("the path of the journal is empty".to_owned()),
            Some((scheme, _)) if scheme.chars().all(|c| c.is_ascii_alphanumeric()) => Err(format!(
                "expected a path, `sqlite:PATH` or `postgresql://…` as the location of a journal, not `{scheme}://…`"
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

/// How long to try to reach a server, unless the address has a `connect_timeout`.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a server may be silent before its connection is closed.
const SILENCE: Duration = Duration::from_secs(10);

/// The address of a `PostgreSQL` database, and how to log in. Its text form contains no password.
///
/// It is parsed from a [connection URI].
///
/// [connection URI]: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
#[derive(Clone)]
pub struct Address {
    config: Box<Config>,
    encryption: Encryption,
    patience: Duration,
}

impl Address {
    /// What the client connects with.
    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    /// How connections are encrypted.
    pub(super) fn encryption(&self) -> &Encryption {
        &self.encryption
    }

    /// How long to try to reach the server.
    pub(super) fn patience(&self) -> Duration {
        self.patience
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // The parser's message is not repeated: it shows the end of a password that contains an `@`.
        let invalid = || {
            "invalid address of a database; write `postgresql://USER:PASSWORD@HOST/DATABASE`, and encode special \
             characters of the password and of parameters, `@` as `%40` and `/` as `%2F`"
                .to_owned()
        };
        if is_ambiguous(text) {
            return Err(invalid());
        }
        let (rest, encryption) = Encryption::take(text)?;
        let mut config: Config = rest.parse().map_err(|_| invalid())?;
        if config.get_channel_binding() == ChannelBinding::Require {
            return Err(unsupported("channel_binding=require"));
        }
        if config.get_ssl_negotiation() == SslNegotiation::Direct {
            return Err(unsupported("sslnegotiation=direct"));
        }
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err("the address of the database names no host".to_owned());
        }
        // The socket is encrypted before the library gets it.
        config.ssl_mode(SslMode::Disable);
        if config.get_application_name().is_none() {
            config.application_name("greenlight");
        }
        let patience = config.get_connect_timeout().copied().unwrap_or(PATIENCE);
        config.connect_timeout(patience.min(Duration::from_secs(5)));
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(SILENCE);
        }
        if parameter(text, "keepalives_idle").is_none() {
            config.keepalives_idle(SILENCE / 2);
            config.keepalives_interval(SILENCE / 4);
            config.keepalives_retries(2);
        }
        Ok(Self {
            config: Box::new(config),
            encryption,
            patience,
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("postgresql://")?;
        if let Some(user) = self.config.get_user() {
            write!(to, "{user}@")?;
        }
        let ports = self.config.get_ports();
        for (index, host) in self.config.get_hosts().iter().enumerate() {
            if index > 0 {
                to.write_str(",")?;
            }
            match host {
                Host::Tcp(name) => to.write_str(name)?,
                Host::Unix(path) => path.display().fmt(to)?,
            }
            if let Some(port) = ports.get(index).or(ports.first()) {
                write!(to, ":{port}")?;
            }
        }
        write!(to, "/{}", self.config.get_dbname().unwrap_or_default())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{self}")
    }
}

fn unsupported(parameter: &str) -> String {
    format!(
        "the address of the database has `{parameter}`, which is not supported; write `sslmode=verify-full`, which \
         proves the identity of the server, too"
    )
}

/// Whether the parser may find another password in the address than its author meant. The parser ends the password at the
/// first `@`, and the rest of the password would be shown as part of a name.
fn is_ambiguous(text: &str) -> bool {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].matches('@').count() {
        0 => rest.contains('@'),
        count => count > 1,
    }
}

/// Finds a parameter behind the question mark.
fn parameter<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, parameters) = text.split_once('?')?;
    parameters
        .split('&')
        .filter_map(|parameter| parameter.split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
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

    #[test]
    fn no_password_is_shown() {
        for text in [
            "postgres://me:hush@one,two:5433/db?connect_timeout=3",
            "postgres://me@one/db?password=hush",
            "postgresql:///db?host=/run/postgresql&user=me&password=hush",
        ] {
            let address: Address = text.parse().expect(text);
            let shown = format!("{address} {address:?}");
            assert!(shown.contains("me@") && !shown.contains("hush"), "{shown}");
        }
    }

    #[test]
    fn parameters_without_an_effect_are_refused() {
        for parameter in ["channel_binding=require", "sslnegotiation=direct"] {
            let text = format!("postgresql://me@host/db?application_name=x&{parameter}");
            let error = text.parse::<Address>().expect_err("refused");
            assert!(error.contains(&format!("`{parameter}`")), "{error}");
        }
        for parameter in ["sslpassword=hush", "sslcrl=/hush", "sslmodus=hush"] {
            let text = format!("postgresql://me@host/db?{parameter}");
            let error = text.parse::<Address>().expect_err("refused");
            assert!(!error.contains("hush"), "{error}");
        }
    }

    #[test]
    fn a_password_is_used_as_it_is_written() {
        let text = "postgresql://me:sslmode=allow@host/db?sslmode=allow";
        let address: Address = text.parse().expect(text);
        let password = address.config().get_password();
        assert_eq!(password, Some("sslmode=allow".as_bytes()));
    }

    #[test]
    fn an_invalid_address_is_not_shown() {
        for text in [
            "postgresql://me:p@hush?x=1@host/db",
            "postgresql://me:p@ss?sslmode=hush@host/db",
            "postgresql://me:hush@host:port/db",
            "postgresql://me:hush@/db",
            "postgresql://me:hu/sh@host/db",
            "postgresql://me:hu@sh@host/db",
            "postgresql://host/db?password=hush@",
            "postgresql://host/db?password=hu@sh",
        ] {
            let error = text.parse::<Address>().expect_err(text);
            assert!(!error.contains("hush"), "{error}");
        }
    }

    #[test]
    fn a_time_limit_of_the_address_is_kept() {
        let patience = |text: &str| text.parse::<Address>().expect(text).patience();
        assert_eq!(
            patience("postgresql://host?connect_timeout=1"),
            Duration::from_secs(1)
        );
        assert_eq!(patience("postgresql://host"), PATIENCE);
    }
}
