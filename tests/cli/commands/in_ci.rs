//! `label`, `tags`, `decide` and `explain` without arguments, in the variables of CI systems.

mod changes;
mod tag_builds;

use std::path::Path;

use crate::harness::{Call, Repository, SHA, Text, greenlight};

const LABELED: &str = "fix: it\n\n[load test: abort]\n";

/// A call in a folder that is no repository.
fn nowhere(folder: &Path, arguments: &[&str], set: &[(&str, &str)]) -> Call {
    greenlight(arguments)
        .within(folder)
        .variables(set)
        // No repository around the folder of temporary files counts.
        .variable("GIT_CEILING_DIRECTORIES", "/")
        .variable("GIT_DIR", "no-repository")
}

fn circleci<'a>(sha: &'a str, branch: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("CIRCLECI", "true"),
        ("CIRCLE_SHA1", sha),
        ("CIRCLE_BRANCH", branch),
    ]
}

fn gitlab<'a>(sha: &'a str, message: &'a str, truncated: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("GITLAB_CI", "true"),
        ("CI_COMMIT_SHA", sha),
        ("CI_COMMIT_BRANCH", "main"),
        ("CI_COMMIT_MESSAGE", message),
        ("CI_COMMIT_MESSAGE_IS_TRUNCATED", truncated),
    ]
}

#[test]
fn git_comes_first_and_then_a_whole_message() {
    let repository = Repository::new();
    let commit = repository.commit(LABELED);
    // What git has counts, also where the variable says something else.
    let set = gitlab(&commit, "x [load test: skip]", "true");
    greenlight(["label"])
        .within(repository.path())
        .variables(&set)
        .gives(0, Text::Has(&["abort: "]), Text::Nothing);
    let folder = tempfile::tempdir().expect("a folder");
    let set = gitlab(SHA, LABELED, "false");
    let shown = nowhere(folder.path(), &["label", "--format", "json"], &set)
        .gives(0, Text::Has(&["\"abort\""]), Text::Nothing)
        .json();
    assert_eq!(shown["commit"], SHA);
}

#[test]
fn a_truncated_message_is_an_error_and_no_default() {
    let folder = tempfile::tempdir().expect("a folder");
    // Even where a label is in what is left.
    for message in ["x", LABELED] {
        let set = gitlab(SHA, message, "true");
        for command in ["label", "tags", "explain"] {
            nowhere(folder.path(), &[command], &set).gives(
                2,
                Text::Nothing,
                Text::Has(&[
                    "`CI_COMMIT_MESSAGE` is truncated",
                    SHA,
                    "help: ",
                    "GIT_DEPTH",
                ]),
            );
        }
    }
}

#[test]
fn systems_without_a_message_need_git() {
    let folder = tempfile::tempdir().expect("a folder");
    nowhere(folder.path(), &["label"], &circleci(SHA, "main")).gives(
        2,
        Text::Nothing,
        Text::Has(&[
            "CircleCI does not provide the commit's message",
            "not in a git repository",
            "`checkout` step",
        ]),
    );
    let set = [
        ("BUILDKITE", "true"),
        ("BUILDKITE_COMMIT", SHA),
        ("BUILDKITE_MESSAGE", LABELED),
    ];
    nowhere(folder.path(), &["label"], &set).gives(
        2,
        Text::Nothing,
        Text::Has(&["`BUILDKITE_MESSAGE` is not read for labels"]),
    );
    nowhere(
        folder.path(),
        &["label"],
        &[("JENKINS_URL", "https://ci.example.org/")],
    )
    .gives(
        2,
        Text::Nothing,
        Text::Has(&["Jenkins does not say which commit it builds", "--rev HEAD"]),
    );
}

#[test]
fn without_ci_nothing_is_read() {
    let repository = Repository::new();
    repository.commit(LABELED);
    for set in [
        &[][..],
        &[
            ("CI", "true"),
            ("CI_COMMIT_MESSAGE", LABELED),
            ("CIRCLE_SHA1", SHA),
        ],
        &[
            ("CIRCLECI", "true"),
            ("CIRCLE_SHA1", SHA),
            ("GREENLIGHT_CI", "none"),
        ],
    ] {
        for command in ["label", "tags"] {
            greenlight([command])
                .within(repository.path())
                .variables(set)
                .gives(
                    2,
                    Text::Nothing,
                    Text::Has(&["no commit message", "--rev REV"]),
                );
        }
    }
}

#[test]
fn variables_of_two_systems_are_an_error() {
    let repository = Repository::new();
    let commit = repository.commit(LABELED);
    let mut set = circleci(&commit, "main");
    set.push(("JENKINS_URL", "https://ci.example.org/"));
    let call = |arguments: &[&str]| {
        greenlight(arguments)
            .within(repository.path())
            .variables(&set)
    };
    call(&["label"]).gives(
        2,
        Text::Nothing,
        Text::Has(&[
            "CircleCI (`CIRCLECI`)",
            "Jenkins (`JENKINS_URL`)",
            "GREENLIGHT_CI=circleci",
        ]),
    );
    call(&["label"])
        .variable("GREENLIGHT_CI", "circleci")
        .gives(0, Text::Has(&["abort: "]), Text::Nothing);
    // Who says everything need not say where.
    call(&["label", "--rev", "HEAD"]).gives(0, Text::Has(&["abort: "]), Text::Nothing);
    let all = [
        "tags",
        "--rev",
        "HEAD",
        "--branch",
        "main",
        "--job",
        "test=passed",
    ];
    call(&all).gives(0, Text::Has(&["latest\n"]), Text::Nothing);
}

#[test]
fn tags_of_a_build_of_the_publish_branch() {
    let repository = Repository::new();
    let commit = repository.commit(LABELED);
    let stage = format!("stage-loadtest-abort-{commit}\n");
    let tags = |arguments: &[&str]| {
        let arguments = ["tags"]
            .iter()
            .chain(arguments)
            .copied()
            .collect::<Vec<_>>();
        greenlight(arguments).within(repository.path())
    };
    let main = circleci(&commit, "main");
    tags(&[])
        .variables(&main)
        .gives(0, Text::Has(&[&stage]), Text::Nothing);
    let cart = circleci(&commit, "cart");
    tags(&[])
        .variables(&cart)
        .gives(1, Text::Nothing, Text::Has(&["a build of `cart`"]));
    // Explicit flags win, each for itself.
    tags(&["--branch", "main"])
        .variables(&cart)
        .gives(0, Text::Has(&[&stage]), Text::Nothing);
    tags(&["--branch", "cart"])
        .variables(&main)
        .gives(1, Text::Nothing, Text::Has(&["`cart`"]));
    tags(&["--message", "x [load test: skip]"])
        .variables(&main)
        .gives(0, Text::Has(&[&format!("stage-{commit}\n")]), Text::Nothing);
    tags(&["--commit", &commit])
        .variables(&main)
        .gives(0, Text::Has(&[&stage]), Text::Nothing);
}

#[test]
fn another_commit_is_not_taken_for_the_one_that_is_built() {
    let repository = Repository::new();
    let first = repository.commit("first [load test: skip]\n");
    let second = repository.commit(LABELED);
    let first_is_built = circleci(&first, "main");
    let call = |arguments: &[&str]| {
        greenlight(arguments)
            .within(repository.path())
            .variables(&first_is_built)
    };
    // Tags of the one would be pushed for an image of the other.
    for arguments in [&["tags"][..], &["tags", "--message", "x"]] {
        call(arguments).gives(
            2,
            Text::Nothing,
            Text::Has(&[
                "the checkout is at",
                &second,
                "CircleCI builds",
                &first,
                "`--rev HEAD`",
            ]),
        );
    }
    // The label is the one of the build, and that it is not the checkout's is said.
    call(&["label"]).gives(
        0,
        Text::Has(&["skip: "]),
        Text::Has(&["note: the checkout is at", &second]),
    );
    call(&["label", "--rev", "HEAD"]).gives(0, Text::Has(&["abort: "]), Text::Nothing);
    let other = format!("stage-loadtest-abort-{second}\n");
    call(&["tags", "--rev", "HEAD"]).gives(0, Text::Has(&[&other]), Text::Nothing);
    call(&["tags", "--commit", &second, "--branch", "main"]).gives(
        0,
        Text::Has(&[&other]),
        Text::Nothing,
    );
    let shown = Text::Has(&[&first, "skip: "]);
    call(&["explain"]).gives(0, shown, Text::Nothing);
    call(&["explain", "HEAD"]).gives(0, Text::Has(&[&second, "abort: "]), Text::Nothing);
}

#[test]
fn jobs_are_handed_over_and_flags_win_by_name() {
    let repository = Repository::new();
    let commit = repository.commit(LABELED);
    let main = circleci(&commit, "main");
    let needs = "{\"test\": {\"result\": \"success\"}, \"lint\": {\"result\": \"failure\"}}";
    let call = |arguments: &[&str]| {
        greenlight(arguments)
            .within(repository.path())
            .variables(&main)
            .variable("GREENLIGHT_NEEDS", needs)
    };
    let failed = Text::Has(&["job-failed", "`lint`"]);
    call(&["tags"]).gives(1, Text::Nothing, failed);
    call(&["tags", "--job", "test=passed"]).gives(1, Text::Nothing, failed);
    call(&["tags", "--job", "lint=passed"]).gives(0, Text::Has(&["latest\n"]), Text::Nothing);
    call(&["tags", "--job", "lint=passed", "--require-job", "test"]).gives(
        0,
        Text::Has(&["latest\n"]),
        Text::Nothing,
    );
    call(&["tags"])
        .variable("GREENLIGHT_NEEDS", "success")
        .gives(
            2,
            Text::Nothing,
            Text::Has(&["`GREENLIGHT_NEEDS`", "toJSON(needs)"]),
        );
}

#[test]
fn buildkite_leaves_the_commit_to_the_checkout() {
    let repository = Repository::new();
    let commit = repository.commit(LABELED);
    let set = [
        ("BUILDKITE", "true"),
        ("BUILDKITE_COMMIT", "HEAD"),
        ("BUILDKITE_BRANCH", "main"),
        ("BUILDKITE_SOURCE", "ui"),
        ("BUILDKITE_PULL_REQUEST", "false"),
    ];
    let tag = format!("stage-loadtest-abort-{commit}\n");
    greenlight(["tags"])
        .within(repository.path())
        .variables(&set)
        .gives(0, Text::Has(&[&tag]), Text::Nothing);
    let folder = tempfile::tempdir().expect("a folder");
    nowhere(folder.path(), &["tags"], &set).gives(
        2,
        Text::Nothing,
        Text::Has(&["Buildkite", "help: "]),
    );
}

#[test]
fn a_decision_takes_the_message_of_its_own_commit() {
    let repository = Repository::new();
    let commit = repository.commit(LABELED);
    let set = circleci(&commit, "main");
    let decide = |tag: &str| {
        greenlight([
            "decide",
            "--stage",
            "converged",
            "--load-test",
            "failed",
            "--tag",
            tag,
        ])
        .within(repository.path())
        .variables(&set)
    };
    // The tag says `warn`, the label `abort`: that is a contradiction, which is only seen with the message.
    decide(&format!("stage-loadtest-warn-{commit}")).gives(
        1,
        Text::Has(&["stop[", "abort"]),
        Text::Nothing,
    );
    // Another commit's message is not its own.
    decide(&format!("stage-loadtest-warn-{SHA}")).gives(
        0,
        Text::Has(&["promote-with-warning["]),
        Text::Nothing,
    );
    // Without the message it is decided as before, and that is said.
    let folder = tempfile::tempdir().expect("a folder");
    let tag = format!("stage-loadtest-warn-{commit}");
    nowhere(folder.path(), &["decide", "--tag", &tag], &set).gives(
        4,
        Text::Has(&["hold["]),
        Text::Has(&["note: no message for "]),
    );
}
