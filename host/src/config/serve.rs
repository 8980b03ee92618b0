//! `[serve]`: what comes in from registries, and how deployments are started.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::duration::Span;
use super::remote::{CircleCiTable, GitHubTable, JenkinsTable, RegistryTable};
use super::server::{RegistrySettings, TriggerSettings};
use crate::contract::validate::is_repository;
use crate::secret::Source;

/// The receiver's settings.
#[derive(Clone, Debug)]
pub struct Serve {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where the secret is that a registry has to show.
    pub token: Source,
    /// The repositories whose pushes start something, as the registry names them.
    pub repositories: Vec<String>,
    /// How many deployments it lets run at a time.
    pub at_most: usize,
    /// The command that gets a commit that git does not have yet, an argument list.
    pub prepare: Option<Vec<String>>,
    /// How often the registry's tags are looked at.
    pub reconcile_every: Duration,
    /// The registry to ask what a tag points at.
    pub registry: Option<RegistrySettings>,
    /// The CI system that deployments are started in, unless they run here.
    pub elsewhere: Option<TriggerSettings>,
}

/// What `greenlight serve` receives, and how it starts deployments: in at most one of `jenkins`, `circleci` and
/// `github`, else by `greenlight run` on this machine.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(
    test,
    schemars(extend("oneOf" = [{"required": ["token-variable"]}, {"required": ["token-file"]}]))
)]
pub(super) struct ServeTable {
    /// The address and port to listen on; `127.0.0.1:8930` unless set.
    listen: Option<String>,
    /// The variable that holds the secret of the webhook.
    token_variable: Option<String>,
    /// The file that holds the secret of the webhook.
    token_file: Option<PathBuf>,
    /// The repositories whose pushes start deployments, as the registry names them: `example/app`.
    #[cfg_attr(test, schemars(length(min = 1)))]
    repositories: Vec<String>,
    /// How many deployments may run on this machine at a time; 4 unless set.
    #[cfg_attr(test, schemars(range(min = 1)))]
    #[serde(default = "four")]
    at_most: usize,
    /// The command that fetches a commit that git does not have: `["git", "fetch"]`.
    #[cfg_attr(test, schemars(length(min = 1)))]
    prepare: Option<Vec<String>>,
    /// How often the registry's tags are listed; 5m unless set.
    #[serde(default = "five_minutes")]
    reconcile_every: Span,
    /// The registry that resolves tags to digests.
    registry: Option<RegistryTable>,
    /// The Jenkins job that deploys.
    jenkins: Option<JenkinsTable>,
    /// The `CircleCI` project whose pipeline deploys.
    circleci: Option<CircleCiTable>,
    /// The GitHub repository whose workflow deploys.
    github: Option<GitHubTable>,
}

impl Serve {
    /// The variables that hold secrets, which commands are not given.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let account = self.registry.as_ref().and_then(|it| it.account.as_ref());
        let sources = [
            Some(&self.token),
            self.elsewhere.as_ref().map(TriggerSettings::token),
            account.map(|it| &it.password),
        ];
        sources.into_iter().flatten().filter_map(Source::variable)
    }
}

impl ServeTable {
    /// Checks what is said. The error is what is wrong, and what to do about it.
    pub fn checked(self, folder: &Path) -> Result<Serve, (String, String)> {
        let wrong = |why: &str, help: &str| Err((why.to_owned(), help.to_owned()));
        let listen = match self.listen.as_deref().map(str::parse) {
            None => SocketAddr::from((Ipv4Addr::LOCALHOST, 8930)),
            Some(Ok(address)) => address,
            Some(Err(_)) => {
                return wrong(
                    "`listen` of `[serve]` is no address and port",
                    "write it like `127.0.0.1:8930`, or `0.0.0.0:8930` for all of the machine's addresses",
                );
            }
        };
        let token = match (self.token_variable, self.token_file) {
            (Some(name), None) => Source::Variable(name),
            (None, Some(file)) => Source::File(folder.join(file)),
            _ => {
                return wrong(
                    "`[serve]` needs either `token-variable` or `token-file`",
                    "name the variable or the file that holds the webhook's secret; it does not belong into \
                     this file",
                );
            }
        };
        if self.repositories.is_empty() {
            return wrong(
                "`[serve]` has no `repositories`, so nothing would ever start",
                "name them as the registry does: `example/app`",
            );
        }
        if let Some(name) = self.repositories.iter().find(|it| !is_repository(it)) {
            return wrong(
                &format!("`{name}` in `[serve] repositories` is no repository"),
                "name it as the registry does, without the registry itself: `example/app`",
            );
        }
        if self.at_most == 0 {
            return wrong(
                "`at-most` of `[serve]` is 0, so nothing would ever start",
                "leave it out for 4, or say how many deployments may run at a time",
            );
        }
        if self.reconcile_every.seconds() == 0 {
            return wrong(
                "`reconcile-every` of `[serve]` is 0",
                "leave it out for 5m, or say how often the registry's tags are looked at",
            );
        }
        if self
            .prepare
            .as_ref()
            .is_some_and(|it| it.first().is_none_or(String::is_empty))
        {
            return wrong(
                "`prepare` of `[serve]` names no program",
                "write it as a list: `[\"git\", \"fetch\"]`",
            );
        }
        let mut elsewhere = [
            self.jenkins
                .map(|it| it.checked(folder).map(TriggerSettings::Jenkins)),
            self.circleci
                .map(|it| it.checked(folder).map(TriggerSettings::CircleCi)),
            self.github
                .map(|it| it.checked(folder).map(TriggerSettings::GitHub)),
        ]
        .into_iter()
        .flatten();
        let way = elsewhere.next().transpose()?;
        if elsewhere.next().is_some() {
            return wrong(
                "`[serve]` starts deployments in more than one way",
                "keep one of `[serve.jenkins]`, `[serve.circleci]` and `[serve.github]`",
            );
        }
        Ok(Serve {
            listen,
            token,
            repositories: self.repositories,
            at_most: self.at_most,
            prepare: self.prepare,
            reconcile_every: self.reconcile_every.duration(),
            registry: self.registry.map(|it| it.checked(folder)).transpose()?,
            elsewhere: way,
        })
    }
}

const fn four() -> usize {
    4
}

const fn five_minutes() -> Span {
    Span::of(300)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = "token-variable = \"SECRET\"\nrepositories = [\"example/app\"]\n";

    fn parse(text: &str) -> Result<Serve, (String, String)> {
        let table: ServeTable = toml::from_str(text).expect("a table");
        table.checked(Path::new("/srv"))
    }

    #[test]
    fn what_is_left_out_has_defaults() {
        let serve = parse(LEAST).expect("settings");
        assert_eq!(serve.listen.to_string(), "127.0.0.1:8930");
        assert_eq!(serve.at_most, 4);
        assert_eq!(serve.reconcile_every, Duration::from_mins(5));
        assert!(serve.registry.is_none() && serve.elsewhere.is_none());
        assert_eq!(serve.secrets().collect::<Vec<_>>(), ["SECRET"]);
    }

    #[test]
    fn what_can_not_be_meant_is_refused() {
        for (text, said) in [
            (
                "repositories = [\"a\"]".to_owned(),
                "either `token-variable`",
            ),
            (
                format!("{LEAST}token-file = \"x\""),
                "either `token-variable`",
            ),
            (LEAST.replace("\"example/app\"", ""), "no `repositories`"),
            (
                LEAST.replace("example/app", "docker.io/Example"),
                "is no repository",
            ),
            (format!("{LEAST}listen = \"8930\""), "no address and port"),
            (format!("{LEAST}at-most = 0"), "`at-most`"),
            (
                format!("{LEAST}reconcile-every = \"0s\""),
                "`reconcile-every`",
            ),
            (format!("{LEAST}prepare = []"), "`prepare`"),
        ] {
            let (why, help) = parse(&text).expect_err(said);
            assert!(why.contains(said), "{why}");
            assert!(!help.is_empty());
        }
    }
}
