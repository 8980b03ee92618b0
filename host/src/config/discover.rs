//! `[environment.discover]`: how the nodes of an environment are found.

use std::path::PathBuf;

use serde::Deserialize;

use super::tls::Base;
use super::values::{self, Span, Wrong};
use crate::contract::history::MOST_NODES;
use crate::http::{has_credentials, is_url};
use crate::server_settings::nodes::{Discovery, Format, List, Port, Source};

/// How the nodes of an environment are found, before each round.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct DiscoverTable {
    /// The URL of a server that answers with the list of nodes.
    pub url: Option<String>,
    /// A command that prints the list of nodes: a program and its arguments, run in the folder of the configuration without
    /// a shell.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub command: Option<Vec<String>>,
    /// A URL whose host name has the address of each node.
    pub dns: Option<String>,
    /// The variable that holds the token for `url`.
    pub token_variable: Option<String>,
    /// The file that holds the token for `url`. It is read before each request.
    pub token_file: Option<PathBuf>,
    /// A file with the certificate authorities of `url`, in PEM; replaces those of `[tls]`.
    pub ca_file: Option<PathBuf>,
    /// The format of the list; required with `url` and `command`.
    pub format: Option<Format>,
    /// The scheme of the nodes, unless the list has URLs; `http` unless set.
    pub scheme: Option<Scheme>,
    /// The port of the nodes: a number, or its name in an `EndpointSlice`; the port of the list unless set.
    pub port: Option<Port>,
    /// The smallest number of nodes that can converge; 1 unless set.
    #[cfg_attr(test, schemars(range(min = 1, max = MOST_NODES)))]
    pub min_nodes: Option<usize>,
    /// How long finding the nodes may take; 10s unless set.
    #[serde(default = "ten_seconds")]
    pub time_limit: Span,
}

/// The scheme of a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(super) enum Scheme {
    /// Without TLS.
    Http,
    /// With TLS.
    Https,
}

const fn ten_seconds() -> Span {
    Span::of(10)
}

impl DiscoverTable {
    /// Checks the table. `at` is its path.
    pub(super) fn checked(self, at: &str, base: Base<'_>) -> Result<Discovery, Wrong> {
        let key = |name: &str| format!("{at}.{name}");
        values::positive(&key("time-limit"), self.time_limit, "10s")?;
        let min_nodes = self.min_nodes.unwrap_or(1);
        if !(1..=MOST_NODES).contains(&min_nodes) {
            return Err(Wrong::new(
                key("min-nodes"),
                format!("must be a number from 1 to {MOST_NODES}"),
                "write how many nodes the environment has at least",
            ));
        }
        if let Some(Port::Number(0)) = self.port {
            return Err(Wrong::new(
                key("port"),
                "must not be 0",
                "write the number of the port that the nodes listen on, or its name",
            ));
        }
        let time_limit = self.time_limit.duration();
        Ok(Discovery {
            source: self.source(at, base)?,
            min_nodes,
            time_limit,
        })
    }

    /// Where the list comes from.
    fn source(&self, at: &str, base: Base<'_>) -> Result<Source, Wrong> {
        let key = |name: &str| format!("{at}.{name}");
        for (name, is_set) in [
            ("token-variable", self.token_variable.is_some()),
            ("token-file", self.token_file.is_some()),
            ("ca-file", self.ca_file.is_some()),
        ] {
            if is_set && self.url.is_none() {
                return Err(Wrong::new(key(name), "is only for `url`", "remove it"));
            }
        }
        match (&self.url, &self.command, &self.dns) {
            (Some(url), None, None) => {
                check_url(&key("url"), url)?;
                let token = (self.token_variable.clone(), self.token_file.clone());
                let token = match token {
                    (None, None) => None,
                    token => Some(values::secret(at, "token", token, base.folder)?),
                };
                Ok(Source::Url {
                    url: url.clone(),
                    token,
                    trust: base.trust("environment.discover", self.ca_file.clone()),
                    list: self.list(at)?,
                })
            }
            (None, Some(arguments), None) => {
                values::command(&key("command"), arguments)?;
                Ok(Source::Command {
                    arguments: arguments.clone(),
                    folder: base.folder.to_owned(),
                    without: Vec::new(),
                    list: self.list(at)?,
                })
            }
            (None, None, Some(url)) => {
                check_url(&key("dns"), url)?;
                for (name, is_set) in [
                    ("format", self.format.is_some()),
                    ("scheme", self.scheme.is_some()),
                    ("port", self.port.is_some()),
                ] {
                    if is_set {
                        return Err(Wrong::new(
                            key(name),
                            "is not for `dns`",
                            "remove it: the list is the addresses of the host name, and the URL has scheme and port",
                        ));
                    }
                }
                Ok(Source::Dns(url.trim_end_matches('/').to_owned()))
            }
            (None, None, None) => Err(Wrong::new(
                at,
                "does not say where the list of nodes comes from",
                "write `url`, `command` or `dns`",
            )),
            _ => Err(Wrong::new(
                at,
                "has more than one of `url`, `command` and `dns`",
                "keep one of them",
            )),
        }
    }

    /// How a list is read.
    fn list(&self, at: &str) -> Result<List, Wrong> {
        let key = |name: &str| format!("{at}.{name}");
        let Some(format) = self.format else {
            return Err(Wrong::new(
                key("format"),
                "is missing",
                "write `endpointslices`, `http-sd`, `consul` or `lines`",
            ));
        };
        if matches!(self.port, Some(Port::Name(_))) && format != Format::Endpointslices {
            return Err(Wrong::new(
                key("port"),
                "is a name, and only `endpointslices` have names of ports",
                "write the number of the port",
            ));
        }
        let scheme = match self.scheme {
            Some(Scheme::Https) => "https",
            Some(Scheme::Http) | None => "http",
        };
        Ok(List {
            format,
            scheme: scheme.to_owned(),
            port: self.port.clone(),
        })
    }
}

/// Checks a URL, which may have a query. The error does not quote the URL, because it can contain a password.
fn check_url(key: &str, url: &str) -> Result<(), Wrong> {
    if is_url(url) && !has_credentials(url) {
        return Ok(());
    }
    Err(Wrong::new(
        key,
        "is not a URL that consists of scheme, host, path and query",
        "write a URL like `http://shop.example.org:8000`; a token has keys of its own",
    ))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::Config;
    use crate::server_settings::nodes::{Format, Port, Source};

    fn parse(table: &str) -> Result<Config, crate::error::Error> {
        let text = format!(
            "[[environment]]\nname = \"stage\"\ndeploy = [\"./deploy\"]\n[environment.discover]\n{table}\n[[environment]]\nname = \"prod\"\ndeploy = [\"./deploy\"]\nnodes = [\"http://p\"]\n"
        );
        Config::parse(&text, Path::new("/srv"))
    }

    #[test]
    fn each_source_is_read() {
        let found = |table: &str| {
            let config = parse(table).expect(table);
            config.environments[0]
                .discovery
                .clone()
                .expect("a discovery")
        };
        let url = found(
            "url = \"https://k.example.org/slices?labelSelector=a\"\nformat = \"endpointslices\"\n\
             token-file = \"token\"\nport = \"http\"\nmin-nodes = 2\nscheme = \"https\"",
        );
        let Source::Url {
            token: Some(_),
            list,
            ..
        } = &url.source
        else {
            panic!("{url:?}");
        };
        assert_eq!((list.format, url.min_nodes), (Format::Endpointslices, 2));
        assert_eq!(list.scheme, "https");
        assert_eq!(list.port, Some(Port::Name("http".to_owned())));
        let command = found("command = [\"./nodes\"]\nformat = \"lines\"\nport = 80");
        let Source::Command { folder, list, .. } = &command.source else {
            panic!("{command:?}");
        };
        assert_eq!(folder, Path::new("/srv"));
        assert_eq!(
            (list.port.clone(), &list.scheme[..]),
            (Some(Port::Number(80)), "http")
        );
        assert_eq!(command.min_nodes, 1);
        let dns = found("dns = \"http://shop.example.org:8000/\"");
        assert!(matches!(&dns.source, Source::Dns(url) if url == "http://shop.example.org:8000"));
    }

    #[test]
    fn the_token_is_withheld_from_commands() {
        let config = parse("url = \"http://k\"\nformat = \"lines\"\ntoken-variable = \"K_TOKEN\"");
        let config = config.expect("a configuration");
        assert_eq!(config.secret_variables(), ["K_TOKEN"]);
    }

    #[test]
    fn invalid_tables_are_refused() {
        for (table, said) in [
            (
                "min-nodes = 1",
                "line 4: `environment.discover` does not say where",
            ),
            (
                "url = \"http://k\"\ndns = \"http://k\"",
                "line 4: `environment.discover` has more than one of",
            ),
            (
                "url = \"http://k\"",
                "line 4: `environment.discover.format` is missing",
            ),
            (
                "url = \"http://u:p@k\"\nformat = \"lines\"",
                "line 5: `environment.discover.url` is not a URL",
            ),
            (
                "dns = \"http://k\"\nformat = \"lines\"",
                "line 6: `environment.discover.format` is not for `dns`",
            ),
            (
                "dns = \"http://k\"\nport = 80",
                "line 6: `environment.discover.port` is not for `dns`",
            ),
            (
                "dns = \"http://k\"\ntoken-file = \"t\"",
                "line 6: `environment.discover.token-file` is only for `url`",
            ),
            (
                "dns = \"http://k\"\nca-file = \"t\"",
                "line 6: `environment.discover.ca-file` is only for `url`",
            ),
            (
                "url = \"http://k\"\nformat = \"lines\"\nport = \"http\"",
                "line 7: `environment.discover.port` is a name",
            ),
            (
                "url = \"http://k\"\nformat = \"lines\"\nport = 0",
                "line 7: `environment.discover.port` must not be 0",
            ),
            (
                "url = \"http://k\"\nformat = \"lines\"\nmin-nodes = 0",
                "line 7: `environment.discover.min-nodes` must be",
            ),
            (
                "url = \"http://k\"\nformat = \"lines\"\ntime-limit = \"0s\"",
                "line 7: `environment.discover.time-limit` must be greater than 0",
            ),
            (
                "command = []\nformat = \"lines\"",
                "line 5: `environment.discover.command` is an empty command",
            ),
        ] {
            let error = parse(table).expect_err(table);
            assert!(error.message.starts_with(said), "{}", error.message);
            assert!(!error.help.is_empty());
        }
    }
}
