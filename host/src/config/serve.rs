//! `[serve]`: which webhooks are accepted, and how deployments are started.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::approver::{self, Approver, ApproverTable};
use super::server::{CircleCiTable, GitHubTable, JenkinsTable, RegistryTable};
use super::tls::Base;
use super::values::Span;
use super::values::{self, Wrong};
use crate::contract::validate::is_repository;
use crate::secret::Source;
use crate::server_settings::{RegistrySettings, TriggerSettings};

/// The settings of `greenlight serve`.
#[derive(Clone, Debug)]
pub struct Serve {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where the secret of the webhook is stored.
    pub token: Source,
    /// The people with a token of their own.
    pub approvers: Vec<Approver>,
    /// The repository whose pushes start deployments, as the registry names it. The list has one item.
    pub repositories: Vec<String>,
    /// How many deployments may run at the same time.
    pub at_most: usize,
    /// The command that fetches a commit that git does not have, as an argument list.
    pub prepare: Option<Vec<String>>,
    /// How often the registry's tags are listed.
    pub reconcile_every: Duration,
    /// The registry that resolves tags to digests.
    pub registry: Option<RegistrySettings>,
    /// The CI system that runs deployments, unless they run on this machine.
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
    /// The repository whose pushes start deployments, as the registry names it: `["example/app"]`. Each repository needs
    /// a configuration and a server of its own.
    #[cfg_attr(test, schemars(length(min = 1, max = 1)))]
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
    /// The people who approve releases over HTTP. Without any, the secret of the webhook permits approvals.
    #[serde(default)]
    approver: Vec<ApproverTable>,
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
    /// The variables that hold secrets. They are removed from the environment of commands.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let account = self.registry.as_ref().and_then(|it| it.account.as_ref());
        let sources = [
            Some(&self.token),
            self.elsewhere.as_ref().map(TriggerSettings::token),
            account.map(|it| &it.password),
        ];
        let approvers = self.approvers.iter().map(|it| &it.token);
        let sources = sources.into_iter().flatten().chain(approvers);
        sources.filter_map(Source::variable)
    }
}

impl ServeTable {
    /// Checks the values, with paths from a folder.
    pub fn checked(self, base: Base<'_>) -> Result<Serve, Wrong> {
        let listen = match self.listen.as_deref().map(str::parse) {
            None => SocketAddr::from((Ipv4Addr::LOCALHOST, 8930)),
            Some(Ok(address)) => address,
            Some(Err(_)) => {
                return Err(Wrong::new(
                    "serve.listen",
                    "is not an address and a port",
                    "write `127.0.0.1:8930`, or `0.0.0.0:8930` for all addresses of the machine",
                ));
            }
        };
        let token = (self.token_variable, self.token_file);
        let token = values::secret("serve", "token", token, base.folder)?;
        if self.repositories.is_empty() {
            return Err(Wrong::new(
                "serve.repositories",
                "is empty, so no push starts a deployment",
                "name the repository as the registry does: `example/app`",
            ));
        }
        let mut repositories = self.repositories.iter().enumerate();
        if let Some((place, name)) = repositories.find(|(_, it)| !is_repository(it)) {
            return Err(Wrong::new(
                format!("serve.repositories.{place}"),
                format!("has an invalid name of a repository: `{name}`"),
                "write the name without the host of the registry: `example/app`",
            ));
        }
        if self.repositories.len() > 1 {
            let count = self.repositories.len();
            return Err(Wrong::new(
                "serve.repositories",
                format!(
                    "names {count} repositories, and a push to any of them would run the same deploy commands"
                ),
                "keep one; for each other repository, write a configuration with a journal of its own, and start \
                 another server",
            ));
        }
        if self.at_most == 0 {
            return Err(Wrong::new(
                "serve.at-most",
                "must be greater than 0",
                "write how many deployments may run at the same time, or leave the key out for 4",
            ));
        }
        values::positive("serve.reconcile-every", self.reconcile_every, "5m")?;
        if let Some(command) = &self.prepare {
            values::command("serve.prepare", command)?;
        }
        let approvers = approver::checked(self.approver, base.folder)?;
        let mut elsewhere = [
            self.jenkins
                .map(|it| it.checked(base).map(TriggerSettings::Jenkins)),
            self.circleci
                .map(|it| it.checked(base).map(TriggerSettings::CircleCi)),
            self.github
                .map(|it| it.checked(base).map(TriggerSettings::GitHub)),
        ]
        .into_iter()
        .flatten();
        let way = elsewhere.next().transpose()?;
        if elsewhere.next().is_some() {
            return Err(Wrong::new(
                "serve",
                "names more than one CI system",
                "keep one of `[serve.jenkins]`, `[serve.circleci]` and `[serve.github]`",
            ));
        }
        Ok(Serve {
            listen,
            token,
            approvers,
            repositories: self.repositories,
            at_most: self.at_most,
            prepare: self.prepare,
            reconcile_every: self.reconcile_every.duration(),
            registry: self.registry.map(|it| it.checked(base)).transpose()?,
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

    fn parse(text: &str) -> Result<Serve, Wrong> {
        let table: ServeTable = toml::from_str(text).expect("a table");
        table.checked(Base::test())
    }

    #[test]
    fn missing_keys_have_defaults() {
        let serve = parse(LEAST).expect("settings");
        assert_eq!(serve.listen.to_string(), "127.0.0.1:8930");
        assert_eq!(serve.at_most, 4);
        assert_eq!(serve.reconcile_every, Duration::from_mins(5));
        assert!(serve.registry.is_none() && serve.elsewhere.is_none());
        assert_eq!(serve.secrets().collect::<Vec<_>>(), ["SECRET"]);
        assert_eq!(serve.approvers, []);
    }

    #[test]
    fn tokens_of_people_are_secrets() {
        let people = "[[approver]]\nname = \"Ada\"\ntoken-variable = \"ADA_TOKEN\"\n";
        let serve = parse(&format!("{LEAST}{people}")).expect("settings");
        let secrets: Vec<_> = serve.secrets().collect();
        assert_eq!(secrets, ["SECRET", "ADA_TOKEN"]);
    }

    #[test]
    fn invalid_values_are_refused() {
        for (text, said) in [
            (
                "repositories = [\"a\"]".to_owned(),
                "needs either `token-variable`",
            ),
            (
                format!("{LEAST}token-file = \"x\""),
                "has both `token-variable` and `token-file`",
            ),
            (
                LEAST.replace("\"example/app\"", ""),
                "`serve.repositories` is empty",
            ),
            (
                LEAST.replace("example/app", "docker.io/Example"),
                "invalid name of a repository: `docker.io/Example`",
            ),
            (
                LEAST.replace("\"example/app\"", "\"example/app\", \"example/api\""),
                "`serve.repositories` names 2 repositories, and a push to any of them",
            ),
            (
                format!("{LEAST}listen = \"8930\""),
                "not an address and a port",
            ),
            (
                format!("{LEAST}at-most = 0"),
                "`serve.at-most` must be greater",
            ),
            (
                format!("{LEAST}reconcile-every = \"0s\""),
                "`serve.reconcile-every` must be greater",
            ),
            (
                format!("{LEAST}prepare = []"),
                "`serve.prepare` is an empty command",
            ),
        ] {
            let wrong = parse(&text).expect_err(said);
            let why = format!("`{}` {}", wrong.key, wrong.why);
            assert!(why.contains(said), "{why}");
            assert!(!wrong.help.is_empty());
        }
    }
}
