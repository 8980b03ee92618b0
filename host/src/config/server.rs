//! How the servers that greenlight talks to are reached: CI systems that deployments are started in, and
//! registries.

use crate::secret::Source;

/// Where deployments are started.
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
    /// Where its token is.
    pub const fn token(&self) -> &Source {
        match self {
            Self::Jenkins(JenkinsSettings { token, .. })
            | Self::CircleCi(CircleCiSettings { token, .. })
            | Self::GitHub(GitHubSettings { token, .. }) => token,
        }
    }

    /// What it is called.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Jenkins(_) => "Jenkins",
            Self::CircleCi(_) => "CircleCI",
            Self::GitHub(_) => "GitHub",
        }
    }
}

/// Which job is started, and as whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JenkinsSettings {
    /// The URL of the job, which ends with its name.
    pub job: String,
    /// The user.
    pub user: String,
    /// Where the user's API token is.
    pub token: Source,
}

impl JenkinsSettings {
    /// The URL of the Jenkins that has the job, where the job's is one: what stands before the first
    /// `/job/` or `/view/`.
    pub fn root(&self) -> Option<&str> {
        let (root, name) = self.job.split_once("/job/")?;
        let root = root.split_once("/view/").map_or(root, |(root, _)| root);
        (!name.is_empty() && !name.contains(['?', '#'])).then_some(root)
    }
}

/// Which pipeline is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CircleCiSettings {
    /// The URL of `CircleCI`, without a slash at its end.
    pub url: String,
    /// The slug of the project: `gh/ORGANIZATION/REPOSITORY` or `circleci/ID/ID`.
    pub project: String,
    /// The branch whose configuration is run.
    pub branch: String,
    /// The identifier of the pipeline's definition, where it has one.
    pub definition: Option<String>,
    /// Where the API token is.
    pub token: Source,
}

/// Which repository's workflow is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitHubSettings {
    /// The URL of the API, without a slash at its end.
    pub url: String,
    /// `OWNER/NAME`.
    pub repository: String,
    /// Where the token is.
    pub token: Source,
}

/// Which registry is asked, and as whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrySettings {
    /// Scheme and host: `https://registry.example.org`, without a path.
    pub url: String,
    /// Who asks. Nobody says who they are where this is missing.
    pub account: Option<Account>,
}

/// Who asks a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The user.
    pub user: String,
    /// Where the password, or a token that stands for it, is.
    pub password: Source,
}
