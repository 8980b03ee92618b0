//! Variables of each system, and the facts that are read from them; the tests that concern all systems.

use std::ffi::OsString;

use super::*;
use crate::contract::names::Named as _;

pub(super) const SHA: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
pub(super) const MERGE: &str = "8f94139338f9404f26296befa88755fc2598c289";

pub(super) type Set<'a> = &'a [(&'a str, &'a str)];

pub(super) fn with<T>(set: Set<'_>, read: impl FnOnce(&Variables<'_>) -> T) -> T {
    let look_up = |name: &str| {
        let found = set.iter().rev().find(|(known, _)| *known == name);
        found.map(|(_, value)| OsString::from(value))
    };
    read(&Variables::new(&look_up))
}

#[track_caller]
pub(super) fn read(set: Set<'_>) -> CiEnvironment {
    with(set, |variables| {
        let (system, _) = detect(variables).expect("one").expect("a system");
        CiEnvironment::read(system, variables)
    })
}

/// A fact as text: its value and its source.
pub(super) fn shown(fact: Option<&Fact>) -> String {
    fact.map_or_else(
        || "-".to_owned(),
        |fact| format!("{} ({})", fact.value, fact.source),
    )
}

/// The base with changes. An empty value unsets a variable.
pub(super) fn changed<'a>(base: Set<'a>, changes: Set<'a>) -> Vec<(&'a str, &'a str)> {
    [base, changes].concat()
}

pub(super) const CIRCLECI: Set<'_> = &[
    ("CI", "true"),
    ("CIRCLECI", "true"),
    ("CIRCLE_SHA1", SHA),
    ("CIRCLE_BRANCH", "main"),
    ("CIRCLE_BUILD_URL", "https://ci.example.org/1"),
];
pub(super) const JENKINS: Set<'_> = &[
    ("CI", "true"),
    ("JENKINS_URL", "https://ci.example.org/"),
    ("GIT_COMMIT", SHA),
    ("BUILD_URL", "https://ci.example.org/job/1/"),
];
pub(super) const GITLAB: Set<'_> = &[
    ("CI", "true"),
    ("GITLAB_CI", "true"),
    ("CI_COMMIT_SHA", SHA),
    ("CI_COMMIT_BRANCH", "main"),
    ("CI_COMMIT_MESSAGE", "Größe\n\n[load test: abort]\n"),
    ("CI_COMMIT_MESSAGE_IS_TRUNCATED", "false"),
    ("CI_PIPELINE_URL", "https://git.example.org/-/pipelines/1"),
    ("CI_JOB_URL", "https://git.example.org/-/jobs/1"),
];
pub(super) const BUILDKITE: Set<'_> = &[
    ("CI", "true"),
    ("BUILDKITE", "true"),
    ("BUILDKITE_COMMIT", SHA),
    ("BUILDKITE_BRANCH", "main"),
    ("BUILDKITE_MESSAGE", "Say it"),
    ("BUILDKITE_PULL_REQUEST", "false"),
    ("BUILDKITE_SOURCE", "webhook"),
    ("BUILDKITE_BUILD_URL", "https://ci.example.org/builds/1"),
];
pub(super) const WOODPECKER: Set<'_> = &[
    ("CI", "woodpecker"),
    ("CI_COMMIT_SHA", SHA),
    ("CI_COMMIT_REF", "refs/heads/main"),
    ("CI_COMMIT_BRANCH", "main"),
    ("CI_COMMIT_MESSAGE", "Say it"),
    ("CI_PIPELINE_EVENT", "push"),
    ("CI_PIPELINE_URL", "https://ci.example.org/1"),
    ("CI_COMMIT_TAG", ""),
    ("CI_COMMIT_PULL_REQUEST", ""),
];
pub(super) const DRONE: Set<'_> = &[
    ("CI", "true"),
    ("DRONE", "true"),
    ("DRONE_COMMIT_SHA", SHA),
    ("DRONE_COMMIT_REF", "refs/heads/main"),
    ("DRONE_BRANCH", "main"),
    ("DRONE_COMMIT_MESSAGE", "Say it"),
    ("DRONE_BUILD_EVENT", "push"),
    ("DRONE_BUILD_LINK", "https://ci.example.org/1"),
];
pub(super) const GITHUB: Set<'_> = &[
    ("CI", "true"),
    ("GITHUB_ACTIONS", "true"),
    ("GITHUB_EVENT_NAME", "push"),
    ("GITHUB_SHA", SHA),
    ("GITHUB_REF", "refs/heads/main"),
    ("GITHUB_REF_TYPE", "branch"),
    ("GITHUB_REF_NAME", "main"),
    ("GITHUB_SERVER_URL", "https://git.example.org"),
    ("GITHUB_REPOSITORY", "shop/cart"),
    ("GITHUB_RUN_ID", "1"),
];

#[test]
fn each_system_is_recognized_in_a_build_of_a_push() {
    for (system, set, sign, commit, branch, message) in [
        (
            System::CircleCi,
            CIRCLECI,
            "CIRCLECI",
            "CIRCLE_SHA1",
            "CIRCLE_BRANCH",
            None,
        ),
        (
            System::GitHub,
            GITHUB,
            "GITHUB_ACTIONS",
            "GITHUB_SHA",
            "GITHUB_REF_NAME",
            None,
        ),
        (
            System::GitLab,
            GITLAB,
            "GITLAB_CI",
            "CI_COMMIT_SHA",
            "CI_COMMIT_BRANCH",
            Some("complete"),
        ),
        (
            System::Buildkite,
            BUILDKITE,
            "BUILDKITE",
            "BUILDKITE_COMMIT",
            "BUILDKITE_BRANCH",
            Some("unsure"),
        ),
        (
            System::Woodpecker,
            WOODPECKER,
            "CI",
            "CI_COMMIT_SHA",
            "CI_COMMIT_BRANCH",
            Some("complete"),
        ),
        (
            System::Drone,
            DRONE,
            "DRONE",
            "DRONE_COMMIT_SHA",
            "DRONE_BRANCH",
            Some("complete"),
        ),
        (
            System::Jenkins,
            &changed(JENKINS, &[("BRANCH_NAME", "main")]),
            "JENKINS_URL",
            "GIT_COMMIT",
            "BRANCH_NAME",
            None,
        ),
    ] {
        assert_eq!(with(set, detect), Ok(Some((system, sign))), "{set:?}");
        let read = read(set);
        assert_eq!(read.system, system);
        assert_eq!(shown(read.commit.as_ref()), format!("{SHA} ({commit})"));
        assert_eq!(shown(read.branch.as_ref()), format!("main ({branch})"));
        assert_eq!(read.built_branch().as_deref(), Some("main"));
        let completeness = read.message.as_ref().map(|said| said.completeness.name());
        assert_eq!(completeness, message, "{system:?}");
        assert!(
            read.build_url
                .is_some_and(|url| url.value.starts_with("https://"))
        );
        assert_eq!((read.change, read.tag), (None, None), "{system:?}");
        assert_eq!(read.jobs, Ok(Vec::new()));
        assert!(read.problems.is_empty(), "{:?}", read.problems);
    }
}

#[test]
fn a_build_of_a_tag_has_no_branch() {
    for (set, changes) in [
        (CIRCLECI, &[("CIRCLE_TAG", "v1"), ("CIRCLE_BRANCH", "")][..]),
        (
            GITHUB,
            &[("GITHUB_REF_TYPE", "tag"), ("GITHUB_REF_NAME", "v1")],
        ),
        (GITLAB, &[("CI_COMMIT_TAG", "v1"), ("CI_COMMIT_BRANCH", "")]),
        (BUILDKITE, &[("BUILDKITE_TAG", "v1")]),
        (
            WOODPECKER,
            &[("CI_COMMIT_TAG", "v1"), ("CI_PIPELINE_EVENT", "tag")],
        ),
        (DRONE, &[("DRONE_TAG", "v1"), ("DRONE_BUILD_EVENT", "tag")]),
        (
            JENKINS,
            &[
                ("TAG_NAME", "v1"),
                ("BRANCH_NAME", "v1"),
                ("GIT_BRANCH", "v1"),
            ],
        ),
    ] {
        let read = read(&changed(set, changes));
        assert_eq!(read.tag.map(|tag| tag.value).as_deref(), Some("v1"));
        assert_eq!(read.branch, None, "{changes:?}");
    }
}

/// A fork's branch can have the name of the branch that is published, and must not be published.
#[track_caller]
pub(super) fn is_never_published(set: Set<'_>, changes: Set<'_>) -> CiEnvironment {
    let read = read(&changed(set, changes));
    let built = read.built_branch();
    assert_eq!(
        built.as_deref(),
        Some("main (pull request 7)"),
        "{changes:?}"
    );
    let commit = read.commit.as_ref().map(|it| it.value.as_str());
    assert_eq!(commit, Some(SHA), "{changes:?}");
    let target = read.change.as_ref().and_then(|it| it.target.as_ref());
    assert_eq!(
        target.map(|it| it.value.as_str()),
        Some("main"),
        "{changes:?}"
    );
    read
}

/// Whether a variable has the message.
pub(super) fn has_message(read: &CiEnvironment) -> bool {
    let said = read.message.as_ref();
    said.is_some_and(|said| said.completeness == Completeness::Complete)
}

#[test]
fn only_hashes_are_commits() {
    for (set, name) in [
        (CIRCLECI, "CIRCLE_SHA1"),
        (JENKINS, "GIT_COMMIT"),
        (GITHUB, "GITHUB_SHA"),
        (BUILDKITE, "BUILDKITE_COMMIT"),
    ] {
        for value in [
            "main",
            "4b825dc",
            "--help",
            "4B825DC642CB6EB9A060E54BF8D69288FBEE4904",
            "HEAD^1",
        ] {
            let read = read(&changed(set, &[(name, value)]));
            assert_eq!(
                (read.commit, read.problems[0].code),
                (None, "commit-not-a-hash")
            );
        }
    }
}

#[test]
fn no_system_and_two_systems() {
    for none in [
        &[][..],
        &[("CI", "true")],
        &[
            ("CIRCLECI", ""),
            ("GITHUB_ACTIONS", ""),
            ("JENKINS_URL", ""),
        ],
        &[("GITHUB_ACTIONS", "false")],
        // GitLab and Woodpecker both set these.
        &[("CI_COMMIT_SHA", SHA), ("CI_COMMIT_BRANCH", "main")],
    ] {
        assert_eq!(with(none, detect), Ok(None), "{none:?}");
    }
    let both = changed(JENKINS, GITHUB);
    let error = with(&both, detect).expect_err("two");
    assert!(error.message.contains("Jenkins (`JENKINS_URL`)"), "{error}");
    assert!(
        error.message.contains("GitHub Actions (`GITHUB_ACTIONS`)"),
        "{error}"
    );
    assert!(
        error.help.contains("`GREENLIGHT_CI=jenkins`"),
        "{}",
        error.help
    );
    for (system, word) in System::ALL {
        assert!(!system.how_to_fetch(true).is_empty() && !system.title().is_empty());
        let choice = [(CHOICE, *word)];
        let settled = changed(&both, &choice);
        assert_eq!(with(&settled, detect), Ok(Some((*system, CHOICE))));
    }
    assert_eq!(with(&changed(&both, &[(CHOICE, "none")]), detect), Ok(None));
    with(&[(CHOICE, "travis")], detect).expect_err("unknown");
    // Early releases of Woodpecker also set the variables of Drone.
    let woodpecker = changed(DRONE, WOODPECKER);
    assert_eq!(
        with(&woodpecker, detect),
        Ok(Some((System::Woodpecker, "CI")))
    );
}

#[test]
fn a_pull_request_elsewhere_is_never_a_build_of_a_branch() {
    for (set, changes) in [
        (
            BUILDKITE,
            &[
                ("BUILDKITE_PULL_REQUEST", "7"),
                ("BUILDKITE_PULL_REQUEST_BASE_BRANCH", "main"),
            ][..],
        ),
        (
            WOODPECKER,
            &[
                ("CI_PIPELINE_EVENT", "pull_request"),
                ("CI_COMMIT_PULL_REQUEST", "7"),
                ("CI_COMMIT_SOURCE_BRANCH", "main"),
                ("CI_COMMIT_TARGET_BRANCH", "main"),
            ],
        ),
        (
            DRONE,
            &[
                ("DRONE_BUILD_EVENT", "pull_request"),
                ("DRONE_PULL_REQUEST", "7"),
                ("DRONE_SOURCE_BRANCH", "main"),
                ("DRONE_TARGET_BRANCH", "main"),
            ],
        ),
        (
            JENKINS,
            &[
                ("BRANCH_NAME", "PR-7"),
                ("GIT_BRANCH", "PR-7"),
                ("CHANGE_ID", "7"),
                ("CHANGE_BRANCH", "main"),
                ("CHANGE_TARGET", "main"),
                ("CHANGE_FORK", "fork"),
            ],
        ),
    ] {
        assert!(
            !has_message(&is_never_published(set, changes)),
            "{changes:?}"
        );
    }
}
