//! The settings of the servers that greenlight talks to: CI systems that run deployments, registries, metrics servers,
//! and Slack.
//! `config` reads them, and `effects` uses them.

pub mod nodes;
use std::time::Duration;

use crate::secret::Source;
use crate::tls::Trust;

/// A metrics server with the HTTP API of Prometheus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricsSettings {
    /// Its URL, without `/api/v1/query`.
    pub url: String,
    /// How to log in; `None` if it needs no login.
    pub login: Option<MetricsLogin>,
    /// More headers of each request.
    pub headers: Vec<(String, String)>,
    /// How long one query may take.
    pub time_limit: Duration,
    /// Which certificates are trusted.
    pub trust: Trust,
}

/// How to log in to a metrics server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetricsLogin {
    /// With a token.
    Token(Source),
    /// With a user and a password.
    Account {
        /// The user.
        user: String,
        /// Where the password is stored.
        password: Source,
    },
}

impl MetricsLogin {
    /// Where its secret is stored.
    pub const fn secret(&self) -> &Source {
        match self {
            Self::Token(secret)
            | Self::Account {
                password: secret, ..
            } => secret,
        }
    }
}

/// The CI system that runs deployments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TriggerSettings {
    /// In Jenkins.
    Jenkins(JenkinsSettings),
    /// In `CircleCI`.
    CircleCi(CircleCiSettings),
    /// In GitHub Actions.
    GitHub(GitHubSettings),
}

impl TriggerSettings {
    /// Where its token is stored.
    pub const fn token(&self) -> &Source {
        match self {
            Self::Jenkins(JenkinsSettings { token, .. })
            | Self::CircleCi(CircleCiSettings { token, .. })
            | Self::GitHub(GitHubSettings { token, .. }) => token,
        }
    }

    /// Its name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Jenkins(_) => "Jenkins",
            Self::CircleCi(_) => "CircleCI",
            Self::GitHub(_) => "GitHub",
        }
    }
}

/// A job of Jenkins, and the account that starts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JenkinsSettings {
    /// The URL of the job, which ends with its name.
    pub job: String,
    /// The user.
    pub user: String,
    /// Where the user's API token is stored.
    pub token: Source,
    /// Which certificates are trusted.
    pub trust: Trust,
}

impl JenkinsSettings {
    /// The URL of the Jenkins server: the part before the first `/job/` or `/view/`. `None` if the URL is not that
    /// of a job.
    pub fn root(&self) -> Option<&str> {
        let (root, name) = self.job.split_once("/job/")?;
        let root = root.split_once("/view/").map_or(root, |(root, _)| root);
        (!name.is_empty() && !name.contains(['?', '#'])).then_some(root)
    }
}

/// A project of `CircleCI`, and the branch whose pipeline runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CircleCiSettings {
    /// The URL of `CircleCI`, without a slash at its end.
    pub url: String,
    /// The slug of the project: `gh/ORGANIZATION/REPOSITORY` or `circleci/ID/ID`.
    pub project: String,
    /// The branch whose configuration is run.
    pub branch: String,
    /// The identifier of the pipeline definition, if the project has one.
    pub definition: Option<String>,
    /// Where the API token is stored.
    pub token: Source,
    /// Which certificates are trusted.
    pub trust: Trust,
}

/// A GitHub repository whose workflow runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitHubSettings {
    /// The URL of the API, without a slash at its end.
    pub url: String,
    /// `OWNER/NAME`.
    pub repository: String,
    /// Where the token is stored.
    pub token: Source,
    /// Which certificates are trusted.
    pub trust: Trust,
}

/// A registry, and the account that logs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrySettings {
    /// Scheme and host: `https://registry.example.org`, without a path.
    pub url: String,
    /// Scheme and host of the token server; those of the registry if missing.
    pub token_server: Option<String>,
    /// The account; anonymous if missing.
    pub account: Option<Account>,
    /// Which certificates are trusted.
    pub trust: Trust,
}

/// An account of a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The user.
    pub user: String,
    /// Where the password, or a token in place of it, is stored.
    pub password: Source,
}

/// The address of Slack's API. Slack for governments has another address.
pub const SLACK_API: &str = "https://slack.com/api";

/// The destination of messages in Slack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// An incoming webhook. It can't update a message.
    Webhook {
        /// The URL of the webhook.
        url: Source,
    },
    /// A channel, to which a bot sends the messages.
    Bot {
        /// The token of the bot.
        token: Source,
        /// The id of the channel.
        channel: String,
        /// The address of the API, without a slash at the end.
        api: String,
    },
}

impl Destination {
    /// The secret: the URL of the webhook, or the token of the bot.
    pub fn secret(&self) -> &Source {
        match self {
            Self::Webhook { url } => url,
            Self::Bot { token, .. } => token,
        }
    }

    /// Whether a message can be updated.
    pub fn updates(&self) -> bool {
        matches!(self, Self::Bot { .. })
    }
}
