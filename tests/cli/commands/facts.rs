//! `greenlight facts`.

use crate::harness::{Repository, SHA, Text, greenlight};

#[test]
fn outside_of_ci() {
    let repository = Repository::new();
    let commit = repository.commit("x");
    let at = format!("no CI system\ngit: at {commit}, a full clone\n");
    greenlight(["facts"])
        .within(repository.path())
        .gives(0, Text::Has(&[&at]), Text::Nothing);
    let folder = tempfile::tempdir().expect("a folder");
    greenlight(["facts"])
        .within(folder.path())
        .variable("GIT_DIR", "no-repository")
        .gives(
            0,
            Text::Has(&["no CI system\ngit: no repository here\n"]),
            Text::Nothing,
        );
}

#[test]
fn a_commit_that_git_does_not_read_is_a_problem() {
    let repository = Repository::new();
    let commit = repository.commit("x".repeat(6 << 20));
    let said = "git: the commit could not be read\n";
    for variables in [
        &[][..],
        &[("CIRCLECI", "true"), ("CIRCLE_SHA1", commit.as_str())],
    ] {
        let facts = |arguments: &[&str]| {
            greenlight(arguments)
                .within(repository.path())
                .variables(variables)
        };
        facts(&["facts"]).gives(0, Text::Has(&[said, "is longer than 5 MiB"]), Text::Nothing);
        let document = facts(&["facts", "--format", "json"]).run().json();
        let problems = document["problems"].as_array().expect("a list");
        let failed = problems.iter().filter(|it| it["code"] == "git-failed");
        assert_eq!(failed.count(), 1, "{document}");
    }
}

#[test]
fn each_fact_has_its_source() {
    let repository = Repository::new();
    let commit = repository.commit("x");
    let ended = greenlight(["facts"])
        .within(repository.path())
        .variables(&[
            ("CI", "woodpecker"),
            ("CI_COMMIT_SHA", &commit),
            ("CI_COMMIT_BRANCH", "main"),
            ("CI_COMMIT_MESSAGE", "fix\nmore"),
            ("CI_PIPELINE_EVENT", "push"),
            ("CI_PIPELINE_URL", "https://ci.example.org/1"),
            ("CI_PIPELINE_STATUS", "success"),
            ("GREENLIGHT_NEEDS", "{\"lint\": {\"result\": \"skipped\"}}"),
        ])
        .run();
    let expected = format!(
        "Woodpecker (CI)\n  commit: {commit} (CI_COMMIT_SHA)\n  branch: main (CI_COMMIT_BRANCH)\n  build: \
         https://ci.example.org/1 (CI_PIPELINE_URL)\n  job workflow: passed (CI_PIPELINE_STATUS)\n  job lint: \
         skipped (GREENLIGHT_NEEDS)\n  message: fix (CI_COMMIT_MESSAGE, complete)\ngit: at {commit}, a full clone, \
         the commit is present\n"
    );
    assert_eq!(
        (ended.stdout, ended.stderr, ended.status),
        (expected, String::new(), 0)
    );
}

#[test]
fn every_problem_has_help() {
    let repository = Repository::new();
    let commit = repository.commit("x");
    for (set, code) in [
        (
            vec![("CIRCLECI", "true"), ("CIRCLE_SHA1", SHA)],
            "commit-missing",
        ),
        (
            vec![("CIRCLECI", "true"), ("CIRCLE_SHA1", SHA)],
            "head-differs",
        ),
        (vec![("CIRCLECI", "true")], "no-commit"),
        (
            vec![("CIRCLECI", "true"), ("CIRCLE_SHA1", "main")],
            "commit-not-a-hash",
        ),
        (
            vec![("CIRCLECI", "true"), ("DRONE", "true")],
            "system-unsure",
        ),
        (vec![("GREENLIGHT_CI", "travis")], "system-unsure"),
        (
            vec![("CIRCLECI", "true"), ("GREENLIGHT_NEEDS", "{")],
            "needs-unreadable",
        ),
        (
            vec![
                ("GITHUB_ACTIONS", "true"),
                ("GITHUB_EVENT_NAME", "pull_request"),
            ],
            "event-unreadable",
        ),
        (
            vec![
                ("GITLAB_CI", "true"),
                ("CI_COMMIT_SHA", &commit),
                ("CI_COMMIT_MESSAGE", "x"),
                ("CI_COMMIT_MESSAGE_IS_TRUNCATED", "true"),
            ],
            "message-truncated",
        ),
        (
            vec![
                ("BUILDKITE", "true"),
                ("BUILDKITE_COMMIT", &commit),
                ("BUILDKITE_MESSAGE", "x"),
            ],
            "message-unsure",
        ),
        (
            vec![
                ("BUILDKITE", "true"),
                ("BUILDKITE_COMMIT", &commit),
                ("BUILDKITE_BRANCH", "main"),
                ("BUILDKITE_SOURCE", "ui"),
            ],
            "branch-unsure",
        ),
    ] {
        let shown = format!("problem[{code}]: ");
        greenlight(["facts"])
            .within(repository.path())
            .variables(&set)
            .gives(0, Text::Has(&[&shown, "\n  help: "]), Text::Nothing);
    }
}

#[test]
fn variables_do_nothing_to_a_log() {
    let folder = tempfile::tempdir().expect("a folder");
    let ended = greenlight(["facts"])
        .within(folder.path())
        .variables(&[
            ("GITLAB_CI", "true"),
            ("CI_COMMIT_SHA", "\u{1b}[31m\n::error::x"),
            ("CI_COMMIT_BRANCH", "##[error]\u{202e}\n::error::x"),
            ("CI_COMMIT_MESSAGE", "::error::x"),
            ("CI_JOB_URL", "##vso[x]"),
        ])
        .run();
    assert_eq!(ended.status, 0);
    for bad in ["\u{1b}", "\u{202e}", "##"] {
        assert!(!ended.stdout.contains(bad), "{}", ended.stdout);
    }
    assert!(
        ended
            .stdout
            .lines()
            .all(|line| !line.trim_start().starts_with("::"))
    );
}
