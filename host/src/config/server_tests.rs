use serde::de::DeserializeOwned;

use super::*;
use crate::secret::Source;
use crate::tls::Trust;

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

fn base() -> Base<'static> {
    Base::test()
}

#[test]
fn missing_keys_have_defaults() {
    let jenkins = read::<JenkinsTable>(JENKINS).checked(base());
    assert_eq!(
        jenkins,
        Ok(JenkinsSettings {
            job: "https://jenkins.example/job/deploy".to_owned(),
            user: "ci".to_owned(),
            token: Source::File("/srv/token".into()),
            trust: Trust::default().of_table("serve.jenkins", None),
        })
    );
    let circleci = read::<CircleCiTable>(CIRCLECI).checked(base());
    let circleci = circleci.expect("settings");
    assert_eq!(circleci.url, "https://circleci.com");
    assert_eq!(circleci.definition, None);
    assert_eq!(
        circleci.token,
        Source::Variable("CIRCLECI_TOKEN".to_owned())
    );
    let github = read::<GitHubTable>(GITHUB).checked(base());
    assert_eq!(github.expect("settings").url, "https://api.github.com");
    let registry = read::<RegistryTable>(REGISTRY).checked(base());
    let registry = registry.expect("settings");
    assert_eq!(registry.url, "https://registry.example");
    let password = registry.account.expect("an account").password;
    assert_eq!(password, Source::File("/run/password".into()));
    let anonymous = r#"url = "http://127.0.0.1:5000""#;
    let registry = read::<RegistryTable>(anonymous).checked(base());
    assert_eq!(registry.expect("settings").account, None);
}

/// Checks the error for each table in which something is replaced.
fn said<T: DeserializeOwned, S>(
    text: &str,
    checked: impl Fn(T) -> Result<S, Wrong>,
    cases: &[(&str, &str, &str)],
) {
    for (from, to, said) in cases {
        assert!(text.contains(from), "{from}");
        let Err(wrong) = checked(read(&text.replace(from, to))) else {
            panic!("{to} is taken");
        };
        let why = format!("`{}` {}", wrong.key, wrong.why);
        assert!(why.contains(said), "{why}");
        assert!(!wrong.help.is_empty() && !why.contains("hush"), "{why}");
    }
}

#[test]
fn invalid_values_are_refused() {
    let either = "needs either `token-variable` or `token-file`";
    said(
        JENKINS,
        |it: JenkinsTable| it.checked(base()),
        &[
            ("https://jenkins.example", "jenkins.example", "is not a URL"),
            ("https://", "https://ci:hush@", "is not a URL"),
            ("/job/deploy/", "/job/deploy?token=hush", "is not a URL"),
            (
                "/job/deploy/",
                "/deploy",
                "`serve.jenkins.job` is not the URL of a job",
            ),
            (
                r#""ci""#,
                r#""""#,
                "`serve.jenkins.user` is empty or contains",
            ),
            (
                r#""ci""#,
                r#""ci:hush""#,
                "`serve.jenkins.user` is empty or contains",
            ),
            (r#"token-file = "token""#, "", either),
            (
                r#"token-file = "token""#,
                "token-file = \"a\"\ntoken-variable = \"B\"",
                "has both `token-variable` and `token-file`",
            ),
        ],
    );
    said(
        CIRCLECI,
        |it: CircleCiTable| it.checked(base()),
        &[
            ("gh/org/shop", "org/shop", "not the slug of a project"),
            ("gh/org/shop", "gh/../shop", "not the slug of a project"),
            ("gh/org/shop", "gh/org/shop?", "not the slug of a project"),
            (r#""main""#, r#""""#, "`serve.circleci.branch` is empty"),
            (
                "branch",
                "url = \"circleci.com\"\nbranch",
                "`serve.circleci.url` is not a URL",
            ),
            (r#"token-variable = "CIRCLECI_TOKEN""#, "", either),
        ],
    );
    said(
        GITHUB,
        |it: GitHubTable| it.checked(base()),
        &[
            ("org/shop", "shop", "not the name of a repository"),
            (
                "org/shop",
                "https://github.com/org/shop",
                "not the name of a repository",
            ),
            (
                "repository",
                "url = \"ftp://a\"\nrepository",
                "`serve.github.url` is not a URL",
            ),
            (r#"token-variable = "GITHUB_TOKEN""#, "", either),
        ],
    );
    said(
        REGISTRY,
        |it: RegistryTable| it.checked(base()),
        &[
            (
                "https://registry.example/",
                "registry.example",
                "is not a URL",
            ),
            ("example/", "example/v2", "contains a path"),
            (r#"user = "ci""#, "", "`serve.registry.user` is missing"),
            (
                r#"password-file = "/run/password""#,
                "",
                "needs either `password-variable` or `password-file`",
            ),
        ],
    );
}

#[test]
fn unknown_keys_are_refused() {
    let error = |text: &str| format!("{text}\ntokens = \"x\"");
    assert!(toml::from_str::<JenkinsTable>(&error(JENKINS)).is_err());
    assert!(toml::from_str::<CircleCiTable>(&error(CIRCLECI)).is_err());
    assert!(toml::from_str::<GitHubTable>(&error(GITHUB)).is_err());
    assert!(toml::from_str::<RegistryTable>(&error(REGISTRY)).is_err());
}
