//! The tables of `[serve]` that describe servers: CI systems that run deployments, and registries.

use std::path::PathBuf;

use serde::Deserialize;

use super::tls::Base;
use super::values::{self, Wrong};
use crate::server_settings::{
    Account, CircleCiSettings, GitHubSettings, JenkinsSettings, RegistrySettings,
};

/// A Jenkins job with the parameters `TAG`, `DIGEST` and `REQUEST`: `[serve.jenkins]`.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(
    test,
    schemars(extend("oneOf" = [{"required": ["token-variable"]}, {"required": ["token-file"]}]))
)]
pub struct JenkinsTable {
    /// The URL of the job's page.
    #[cfg_attr(test, schemars(extend("format" = "uri")))]
    job: String,
    /// The user that the API token belongs to.
    user: String,
    /// The variable that holds the API token.
    token_variable: Option<String>,
    /// The file that holds the API token.
    token_file: Option<PathBuf>,
    /// A file with certificate authorities, in PEM. Only they are trusted for this server, in place of those of `[tls]`.
    ca_file: Option<PathBuf>,
}

/// A `CircleCI` project with the parameters `greenlight-tag`, `greenlight-digest` and `greenlight-request`:
/// `[serve.circleci]`.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(
    test,
    schemars(extend("oneOf" = [{"required": ["token-variable"]}, {"required": ["token-file"]}]))
)]
pub struct CircleCiTable {
    /// Its slug: `gh/ORGANIZATION/REPOSITORY`.
    project: String,
    /// The branch whose configuration runs.
    branch: String,
    /// The pipeline definition, for projects of the GitHub App of `CircleCI`.
    definition: Option<String>,
    /// The URL of `CircleCI`; `https://circleci.com` unless set.
    #[cfg_attr(test, schemars(extend("format" = "uri")))]
    #[serde(default = "circleci_com")]
    url: String,
    /// The variable that holds the API token.
    token_variable: Option<String>,
    /// The file that holds the API token.
    token_file: Option<PathBuf>,
    /// A file with certificate authorities, in PEM. Only they are trusted for this server, in place of those of `[tls]`.
    ca_file: Option<PathBuf>,
}

/// A GitHub repository with a workflow on `repository_dispatch` of the type `greenlight-deploy`:
/// `[serve.github]`.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(
    test,
    schemars(extend("oneOf" = [{"required": ["token-variable"]}, {"required": ["token-file"]}]))
)]
pub struct GitHubTable {
    /// Its name: `OWNER/NAME`.
    repository: String,
    /// The URL of GitHub's API; `https://api.github.com` unless set.
    #[cfg_attr(test, schemars(extend("format" = "uri")))]
    #[serde(default = "api_github_com")]
    url: String,
    /// The variable that holds the API token.
    token_variable: Option<String>,
    /// The file that holds the API token.
    token_file: Option<PathBuf>,
    /// A file with certificate authorities, in PEM. Only they are trusted for this server, in place of those of `[tls]`.
    ca_file: Option<PathBuf>,
}

/// The registry that resolves tags to digests and lists tags: `[serve.registry]`.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RegistryTable {
    /// Its scheme and host.
    #[cfg_attr(test, schemars(extend("format" = "uri")))]
    url: String,
    /// The scheme and host of the token server, such as `https://auth.docker.io` for Docker Hub; those of the registry
    /// unless set. greenlight sends the user and the password only to the registry and this server.
    #[cfg_attr(test, schemars(extend("format" = "uri")))]
    token_server: Option<String>,
    /// The user; anonymous unless set.
    user: Option<String>,
    /// The variable that holds the password or token.
    password_variable: Option<String>,
    /// The file that holds the password or token.
    password_file: Option<PathBuf>,
    /// A file with certificate authorities, in PEM. Only they are trusted for the registry and its token server, in place of those of `[tls]`.
    ca_file: Option<PathBuf>,
}

impl JenkinsTable {
    /// Checks the values, with paths from the folder of the configuration.
    ///
    /// # Errors
    ///
    /// The key of a value that can't be used.
    pub(super) fn checked(self, base: Base<'_>) -> Result<JenkinsSettings, Wrong> {
        let job = values::url("serve.jenkins.job", &self.job)?;
        if !is_user(&self.user) {
            return Err(Wrong::new(
                "serve.jenkins.user",
                "is empty or contains `:` or a line break",
                "use the user that the API token belongs to",
            ));
        }
        let token = (self.token_variable, self.token_file);
        let settings = JenkinsSettings {
            job,
            user: self.user,
            token: values::secret("serve.jenkins", "token", token, base.folder)?,
            trust: base.trust("serve.jenkins", self.ca_file),
        };
        if settings.root().is_none() {
            return Err(Wrong::new(
                "serve.jenkins.job",
                format!("is not the URL of a job: `{}`", settings.job),
                "copy it from the job's page: `https://jenkins.example.org/job/deploy`",
            ));
        }
        Ok(settings)
    }
}

impl CircleCiTable {
    /// Checks the values, with paths from the folder of the configuration.
    ///
    /// # Errors
    ///
    /// The key of a value that can't be used.
    pub(super) fn checked(self, base: Base<'_>) -> Result<CircleCiSettings, Wrong> {
        if !are_names(&self.project, 3) {
            return Err(Wrong::new(
                "serve.circleci.project",
                format!("is not the slug of a project: `{}`", self.project),
                "copy the slug from the project's settings: `gh/ORGANIZATION/REPOSITORY`",
            ));
        }
        if self.branch.is_empty() {
            return Err(Wrong::new(
                "serve.circleci.branch",
                "is empty",
                "name the branch whose pipeline configuration runs",
            ));
        }
        let token = (self.token_variable, self.token_file);
        Ok(CircleCiSettings {
            url: values::url("serve.circleci.url", &self.url)?,
            project: self.project,
            branch: self.branch,
            definition: self.definition,
            token: values::secret("serve.circleci", "token", token, base.folder)?,
            trust: base.trust("serve.circleci", self.ca_file),
        })
    }
}

impl GitHubTable {
    /// Checks the values, with paths from the folder of the configuration.
    ///
    /// # Errors
    ///
    /// The key of a value that can't be used.
    pub(super) fn checked(self, base: Base<'_>) -> Result<GitHubSettings, Wrong> {
        if !are_names(&self.repository, 2) {
            return Err(Wrong::new(
                "serve.github.repository",
                format!("is not the name of a repository: `{}`", self.repository),
                "write it as `OWNER/NAME`",
            ));
        }
        let token = (self.token_variable, self.token_file);
        Ok(GitHubSettings {
            url: values::url("serve.github.url", &self.url)?,
            repository: self.repository,
            token: values::secret("serve.github", "token", token, base.folder)?,
            trust: base.trust("serve.github", self.ca_file),
        })
    }
}

impl RegistryTable {
    /// Checks the values, with paths from the folder of the configuration.
    ///
    /// # Errors
    ///
    /// The key of a value that can't be used.
    pub(super) fn checked(self, base: Base<'_>) -> Result<RegistrySettings, Wrong> {
        let url = origin("serve.registry.url", &self.url)?;
        let token_server = self.token_server.as_deref();
        let token_server = token_server.map(|it| origin("serve.registry.token-server", it));
        let token_server = token_server.transpose()?;
        if let Some(server) = &token_server
            && server.starts_with("http://")
            && !url.starts_with("http://")
        {
            return Err(Wrong::new(
                "serve.registry.token-server",
                "has no TLS, but the registry has TLS",
                "write an `https` URL: without TLS, the password would be readable on the network",
            ));
        }
        let password = (self.password_variable, self.password_file);
        let account = match self.user {
            None if password == (None, None) => None,
            Some(user) if is_user(&user) => Some(Account {
                user,
                password: values::secret("serve.registry", "password", password, base.folder)?,
            }),
            Some(_) => {
                return Err(Wrong::new(
                    "serve.registry.user",
                    "is empty or contains `:` or a line break",
                    "use the user that the password belongs to",
                ));
            }
            None => {
                return Err(Wrong::new(
                    "serve.registry.user",
                    "is missing, but a password is set",
                    "set `user`, or remove the password",
                ));
            }
        };
        Ok(RegistrySettings {
            url,
            token_server,
            account,
            trust: base.trust("serve.registry", self.ca_file),
        })
    }
}

/// Checks that a URL has only a scheme and a host.
fn origin(key: &str, text: &str) -> Result<String, Wrong> {
    let url = values::url(key, text)?;
    let host = url.split_once("://").map_or("", |(_, host)| host);
    if host.contains('/') {
        return Err(Wrong::new(
            key,
            format!("contains a path: `{url}`"),
            "write only the scheme and the host: `https://registry.example.org`",
        ));
    }
    Ok(url)
}

/// Whether a text can be the user of HTTP's basic authentication.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc7617#section-2>.
fn is_user(text: &str) -> bool {
    !text.is_empty() && !text.contains([':', '\n', '\r'])
}

/// Whether a text consists of `count` names separated by `/`. A name of dots alone is refused: it would change
/// the path of the URL.
fn are_names(text: &str, count: usize) -> bool {
    let name = |text: &str| {
        let legal = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'.' | b'_' | b'-');
        !text.is_empty() && text.bytes().all(legal) && !text.bytes().all(|it| it == b'.')
    };
    text.split('/').count() == count && text.split('/').all(name)
}

fn circleci_com() -> String {
    "https://circleci.com".to_owned()
}

fn api_github_com() -> String {
    "https://api.github.com".to_owned()
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
