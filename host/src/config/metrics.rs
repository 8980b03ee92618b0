//! `[metrics]`: the metrics server that environments are watched with.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use ureq::http::{HeaderName, HeaderValue};

use super::tls::Base;
use super::values::{self, Span, Wrong};
use crate::contract::types::EnvironmentSettings;
use crate::server_settings::{MetricsLogin, MetricsSettings};

/// A metrics server with the HTTP API of Prometheus.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct MetricsTable {
    /// Its URL; `/api/v1/query` is appended.
    #[cfg_attr(test, schemars(extend("format" = "uri")))]
    url: String,
    /// The variable that holds a bearer token.
    token_variable: Option<String>,
    /// The file that holds a bearer token.
    token_file: Option<PathBuf>,
    /// The user, in place of a token.
    user: Option<String>,
    /// The variable that holds the password of the user.
    password_variable: Option<String>,
    /// The file that holds the password of the user.
    password_file: Option<PathBuf>,
    /// More headers of each query, such as the tenant: `{ "X-Scope-OrgID" = "shop" }`. Reports of the configuration
    /// show them, so they must not contain secrets.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// A file with certificate authorities, in PEM. Only they are trusted for this server, in place of those of `[tls]`.
    ca_file: Option<PathBuf>,
    /// How long one query may take; 10s unless set.
    #[serde(default = "ten_seconds")]
    time_limit: Span,
}

const fn ten_seconds() -> Span {
    Span::of(10)
}

impl MetricsTable {
    /// Checks the values, with paths from a folder.
    ///
    /// # Errors
    ///
    /// The key of a value that can't be used.
    pub(super) fn checked(self, base: Base<'_>) -> Result<MetricsSettings, Wrong> {
        let folder = base.folder;
        let url = values::url("metrics.url", &self.url)?;
        values::positive("metrics.time-limit", self.time_limit, "10s")?;
        for (name, value) in &self.headers {
            let is_header = HeaderName::from_bytes(name.as_bytes()).is_ok()
                && HeaderValue::from_str(value).is_ok();
            if !is_header || name.eq_ignore_ascii_case("authorization") {
                return Err(Wrong::new(
                    "metrics.headers",
                    format!("has a header that can't be sent: `{name}`"),
                    "write the name and the value of a header; a login has keys of its own",
                ));
            }
        }
        let token = (self.token_variable, self.token_file);
        let password = (self.password_variable, self.password_file);
        let has_token = token.0.is_some() || token.1.is_some();
        let login = match self.user {
            Some(_) if has_token => {
                return Err(Wrong::new(
                    "metrics",
                    "has both a token and a user",
                    "remove one of them",
                ));
            }
            Some(user) => Some(MetricsLogin::Account {
                user,
                password: values::secret("metrics", "password", password, folder)?,
            }),
            None if password.0.is_some() || password.1.is_some() => {
                return Err(Wrong::new(
                    "metrics",
                    "has a password without a `user`",
                    "add the `user`, or use `token-variable` or `token-file`",
                ));
            }
            None if has_token => Some(MetricsLogin::Token(values::secret(
                "metrics", "token", token, folder,
            )?)),
            None => None,
        };
        Ok(MetricsSettings {
            url,
            login,
            headers: self.headers.into_iter().collect(),
            time_limit: self.time_limit.duration(),
            trust: base.trust("metrics", self.ca_file),
        })
    }
}

/// Checks that the file has `[metrics]` if it has a watch.
pub(super) fn check(
    metrics: Option<&MetricsSettings>,
    environments: &[EnvironmentSettings],
) -> Result<(), Wrong> {
    let watched = environments.iter().position(|it| it.watch.is_some());
    match watched.filter(|_| metrics.is_none()) {
        Some(place) => Err(Wrong::new(
            format!("environment.{place}.watch"),
            "needs a metrics server",
            "add a `[metrics]` table with its `url`",
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::Config;
    use crate::error::Error;
    use crate::secret::Source;
    use crate::server_settings::MetricsLogin;

    fn parse(table: &str) -> Result<Config, Error> {
        Config::parse(&format!("[metrics]\n{table}\n"), Path::new("/srv"))
    }

    #[test]
    fn the_server_and_its_login_are_read() {
        let config = parse(
            "url = \"https://metrics.example.org/prometheus/\"\ntoken-variable = \"TOKEN\"\n\
             headers = { \"X-Scope-OrgID\" = \"shop\" }\ntime-limit = \"3s\"",
        );
        let config = config.expect("a configuration");
        assert_eq!(config.secret_variables(), ["TOKEN"]);
        let metrics = config.metrics.expect("a server");
        assert_eq!(metrics.url, "https://metrics.example.org/prometheus");
        assert_eq!(metrics.time_limit.as_secs(), 3);
        assert_eq!(
            metrics.headers,
            [("X-Scope-OrgID".to_owned(), "shop".to_owned())]
        );
        let account = parse("url = \"http://a\"\nuser = \"ada\"\npassword-file = \"secret\"");
        let login = account.expect("one").metrics.expect("a server").login;
        let expected = MetricsLogin::Account {
            user: "ada".to_owned(),
            password: Source::File("/srv/secret".into()),
        };
        assert_eq!(login, Some(expected));
        let open = parse("url = \"http://a\"").expect("a configuration");
        assert_eq!(open.metrics.expect("a server").login, None);
    }

    #[test]
    fn invalid_tables_are_refused() {
        for (table, said) in [
            ("url = \"a\"", "line 2: `metrics.url` is not a URL"),
            (
                "url = \"http://a\"\ntime-limit = \"0s\"",
                "line 3: `metrics.time-limit` must be greater than 0",
            ),
            (
                "url = \"http://a\"\nheaders = { \"a b\" = \"c\" }",
                "line 3: `metrics.headers` has a header that can't be sent: `a b`",
            ),
            (
                "url = \"http://a\"\nheaders = { authorization = \"hush\" }",
                "line 3: `metrics.headers` has a header that can't be sent: `authorization`",
            ),
            (
                "url = \"http://a\"\nuser = \"a\"\ntoken-variable = \"T\"",
                "line 1: `metrics` has both a token and a user",
            ),
            (
                "url = \"http://a\"\nuser = \"a\"",
                "line 1: `metrics` needs either `password-variable` or `password-file`",
            ),
            (
                "url = \"http://a\"\npassword-variable = \"P\"",
                "line 1: `metrics` has a password without a `user`",
            ),
        ] {
            let error = parse(table).expect_err(said);
            assert!(error.message.starts_with(said), "{}", error.message);
        }
    }
}
