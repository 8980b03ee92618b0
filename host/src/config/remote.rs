//! Tables of `[serve]`: where deployments are started, and which registry is asked.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::server::{Account, CircleCiSettings, GitHubSettings, JenkinsSettings, RegistrySettings};
use crate::http::is_url;
use crate::secret::Source;

/// What is wrong, and what to do about it.
type Wrong = (String, String);

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
}

/// The registry that resolves tags to digests and lists tags: `[serve.registry]`.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RegistryTable {
    /// Its scheme and host.
    #[cfg_attr(test, schemars(extend("format" = "uri")))]
    url: String,
    /// The user; anonymous unless set.
    user: Option<String>,
    /// The variable that holds the password or token.
    password_variable: Option<String>,
    /// The file that holds the password or token.
    password_file: Option<PathBuf>,
}

impl JenkinsTable {
    /// What it says, with paths from a folder.
    ///
    /// # Errors
    ///
    /// What can't be meant, and what to do about it.
    pub fn checked(self, folder: &Path) -> Result<JenkinsSettings, Wrong> {
        let job = url("the `job` of Jenkins", &self.job)?;
        if self.user.is_empty() || self.user.contains([':', '\n', '\r']) {
            return wrong(
                "the `user` of Jenkins is none",
                "name the one whom the API token is of",
            );
        }
        let settings = JenkinsSettings {
            job,
            user: self.user,
            token: secret(
                "jenkins",
                "token",
                (self.token_variable, self.token_file),
                folder,
            )?,
        };
        if settings.root().is_none() {
            return wrong(
                &format!("the `job` of Jenkins is no job's URL: `{}`", settings.job),
                "copy it from the job's page: `https://jenkins.example.org/job/deploy`",
            );
        }
        Ok(settings)
    }
}

impl CircleCiTable {
    /// What it says, with paths from a folder.
    ///
    /// # Errors
    ///
    /// What can't be meant, and what to do about it.
    pub fn checked(self, folder: &Path) -> Result<CircleCiSettings, Wrong> {
        if !are_names(&self.project, 3) {
            return wrong(
                &format!("`{}` is no project of CircleCI", self.project),
                "copy the slug from the project's settings: `gh/ORGANIZATION/REPOSITORY`",
            );
        }
        if self.branch.is_empty() {
            return wrong(
                "the `branch` of CircleCI is none",
                "name the one whose configuration is to run",
            );
        }
        Ok(CircleCiSettings {
            url: url("the `url` of CircleCI", &self.url)?,
            project: self.project,
            branch: self.branch,
            definition: self.definition,
            token: secret(
                "circleci",
                "token",
                (self.token_variable, self.token_file),
                folder,
            )?,
        })
    }
}

impl GitHubTable {
    /// What it says, with paths from a folder.
    ///
    /// # Errors
    ///
    /// What can't be meant, and what to do about it.
    pub fn checked(self, folder: &Path) -> Result<GitHubSettings, Wrong> {
        if !are_names(&self.repository, 2) {
            return wrong(
                &format!("`{}` is no repository of GitHub", self.repository),
                "write it as `OWNER/NAME`",
            );
        }
        Ok(GitHubSettings {
            url: url("the `url` of GitHub", &self.url)?,
            repository: self.repository,
            token: secret(
                "github",
                "token",
                (self.token_variable, self.token_file),
                folder,
            )?,
        })
    }
}

impl RegistryTable {
    /// What it says, with paths from a folder.
    ///
    /// # Errors
    ///
    /// What can't be meant, and what to do about it.
    pub fn checked(self, folder: &Path) -> Result<RegistrySettings, Wrong> {
        let url = url("the `url` of the registry", &self.url)?;
        let host = url.split_once("://").map_or("", |(_, host)| host);
        if host.contains('/') {
            return wrong(
                &format!("the `url` of the registry has a path: `{url}`"),
                "write the scheme and the host alone: `https://registry.example.org`",
            );
        }
        let password = (self.password_variable, self.password_file);
        let account = match self.user {
            None if password == (None, None) => None,
            Some(user) if !user.is_empty() && !user.contains([':', '\n', '\r']) => Some(Account {
                user,
                password: secret("registry", "password", password, folder)?,
            }),
            _ => {
                return wrong(
                    "the registry has a password without a `user`",
                    "name the user, or leave the password out",
                );
            }
        };
        Ok(RegistrySettings { url, account })
    }
}

/// A URL without a slash at its end, and without what would stand behind its path or before its host.
fn url(what: &str, text: &str) -> Result<String, Wrong> {
    let trimmed = text.trim_end_matches('/');
    if is_url(trimmed) && !trimmed.contains(['?', '#', '@']) {
        return Ok(trimmed.to_owned());
    }
    // What stands before an `@` may be a password.
    wrong(
        &format!("{what} is no URL of scheme, host and path"),
        "write it as `https://ci.example.org`; who asks is said beside it",
    )
}

/// Where a secret is: in one place.
fn secret(
    table: &str,
    what: &str,
    place: (Option<String>, Option<PathBuf>),
    folder: &Path,
) -> Result<Source, Wrong> {
    match place {
        (Some(name), None) => Ok(Source::Variable(name)),
        (None, Some(file)) => Ok(Source::File(folder.join(file))),
        _ => wrong(
            &format!("`serve.{table}` needs either `{what}-variable` or `{what}-file`"),
            &format!("name the variable or the file that holds the {what}; it is a secret itself"),
        ),
    }
}

/// Whether a text is so many names with `/` in between, none of which changes the path that it stands in.
fn are_names(text: &str, count: usize) -> bool {
    let name = |text: &str| {
        let legal = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'.' | b'_' | b'-');
        !text.is_empty() && text.bytes().all(legal) && !text.bytes().all(|it| it == b'.')
    };
    text.split('/').count() == count && text.split('/').all(name)
}

fn wrong<T>(why: &str, help: &str) -> Result<T, Wrong> {
    Err((why.to_owned(), help.to_owned()))
}

fn circleci_com() -> String {
    "https://circleci.com".to_owned()
}

fn api_github_com() -> String {
    "https://api.github.com".to_owned()
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;

    use super::*;

    const JENKINS: &str = r#"
        job = "https://jenkins.example/job/deploy/"
        user = "ci"
        token-file = "token"
    "#;
    const CIRCLECI: &str = r#"
        project = "gh/org/shop"
        branch = "main"
        token-variable = "CIRCLECI_TOKEN"
    "#;
    const GITHUB: &str = r#"
        repository = "org/shop"
        token-variable = "GITHUB_TOKEN"
    "#;
    const REGISTRY: &str = r#"
        url = "https://registry.example/"
        user = "ci"
        password-file = "/run/password"
    "#;

    fn read<T: DeserializeOwned>(text: &str) -> T {
        toml::from_str(text).expect("a table")
    }

    fn folder() -> &'static Path {
        Path::new("/srv")
    }

    #[test]
    fn what_is_left_out_has_defaults() {
        let jenkins = read::<JenkinsTable>(JENKINS).checked(folder());
        assert_eq!(
            jenkins,
            Ok(JenkinsSettings {
                job: "https://jenkins.example/job/deploy".to_owned(),
                user: "ci".to_owned(),
                token: Source::File("/srv/token".into()),
            })
        );
        let circleci = read::<CircleCiTable>(CIRCLECI).checked(folder());
        let circleci = circleci.expect("settings");
        assert_eq!(circleci.url, "https://circleci.com");
        assert_eq!(circleci.definition, None);
        assert_eq!(
            circleci.token,
            Source::Variable("CIRCLECI_TOKEN".to_owned())
        );
        let github = read::<GitHubTable>(GITHUB).checked(folder());
        assert_eq!(github.expect("settings").url, "https://api.github.com");
        let registry = read::<RegistryTable>(REGISTRY).checked(folder());
        let registry = registry.expect("settings");
        assert_eq!(registry.url, "https://registry.example");
        let password = registry.account.expect("an account").password;
        assert_eq!(password, Source::File("/run/password".into()));
        let nobody = r#"url = "http://127.0.0.1:5000""#;
        let registry = read::<RegistryTable>(nobody).checked(folder());
        assert_eq!(registry.expect("settings").account, None);
    }

    /// What is said of tables, each with something replaced.
    fn said<T: DeserializeOwned, S>(
        text: &str,
        checked: impl Fn(T) -> Result<S, Wrong>,
        cases: &[(&str, &str, &str)],
    ) {
        for (from, to, said) in cases {
            assert!(text.contains(from), "{from}");
            let Err((why, help)) = checked(read(&text.replace(from, to))) else {
                panic!("{to} is taken");
            };
            assert!(why.contains(said), "{why}");
            assert!(!help.is_empty() && !why.contains("hush"), "{why}");
        }
    }

    #[test]
    fn what_can_not_be_meant_is_refused() {
        let either = "needs either `token-variable` or `token-file`";
        said(
            JENKINS,
            |it: JenkinsTable| it.checked(folder()),
            &[
                ("https://jenkins.example", "jenkins.example", "is no URL"),
                ("https://", "https://ci:hush@", "is no URL"),
                ("/job/deploy/", "/job/deploy?token=hush", "is no URL"),
                ("/job/deploy/", "/deploy", "is no job's URL"),
                (r#""ci""#, r#""""#, "the `user` of Jenkins is none"),
                (r#""ci""#, r#""ci:hush""#, "the `user` of Jenkins is none"),
                (r#"token-file = "token""#, "", either),
                (
                    r#"token-file = "token""#,
                    "token-file = \"a\"\ntoken-variable = \"B\"",
                    either,
                ),
            ],
        );
        said(
            CIRCLECI,
            |it: CircleCiTable| it.checked(folder()),
            &[
                ("gh/org/shop", "org/shop", "is no project"),
                ("gh/org/shop", "gh/../shop", "is no project"),
                ("gh/org/shop", "gh/org/shop?", "is no project"),
                (r#""main""#, r#""""#, "the `branch` of CircleCI is none"),
                (
                    "branch",
                    "url = \"circleci.com\"\nbranch",
                    "the `url` of CircleCI is no URL",
                ),
                (r#"token-variable = "CIRCLECI_TOKEN""#, "", either),
            ],
        );
        said(
            GITHUB,
            |it: GitHubTable| it.checked(folder()),
            &[
                ("org/shop", "shop", "is no repository"),
                (
                    "org/shop",
                    "https://github.com/org/shop",
                    "is no repository",
                ),
                (
                    "repository",
                    "url = \"ftp://a\"\nrepository",
                    "the `url` of GitHub is no URL",
                ),
                (r#"token-variable = "GITHUB_TOKEN""#, "", either),
            ],
        );
        said(
            REGISTRY,
            |it: RegistryTable| it.checked(folder()),
            &[
                ("https://registry.example/", "registry.example", "is no URL"),
                ("example/", "example/v2", "has a path"),
                (r#"user = "ci""#, "", "a password without a `user`"),
                (
                    r#"password-file = "/run/password""#,
                    "",
                    "needs either `password-variable` or `password-file`",
                ),
            ],
        );
    }

    #[test]
    fn keys_that_are_not_known_are_refused() {
        let error = |text: &str| format!("{text}\ntokens = \"x\"");
        assert!(toml::from_str::<JenkinsTable>(&error(JENKINS)).is_err());
        assert!(toml::from_str::<CircleCiTable>(&error(CIRCLECI)).is_err());
        assert!(toml::from_str::<GitHubTable>(&error(GITHUB)).is_err());
        assert!(toml::from_str::<RegistryTable>(&error(REGISTRY)).is_err());
    }
}
