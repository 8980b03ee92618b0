//! `greenlight tags`.

use crate::harness::{Call, Repository, SHA, Text, greenlight};

fn tags(arguments: &[&str]) -> Call {
    greenlight(["tags"].iter().chain(arguments))
}

#[test]
fn every_action_has_its_tags() {
    for (message, first) in [
        ("x [load test: abort]", "stage-loadtest-abort"),
        ("x [load test: warn]", "stage-loadtest-warn"),
        ("x [load test: skip]", "stage"),
        ("x", "stage-loadtest-warn"),
    ] {
        let shown = format!("{first}-{SHA}\nprod-{SHA}\nlatest\n");
        tags(&["--commit", SHA, "--branch", "main", "--message", message]).gives(
            0,
            Text::Is(&shown),
            Text::Nothing,
        );
    }
    let sha256 = "0123456789abcdef".repeat(4);
    let shown = format!("stage-loadtest-warn-{sha256}\nprod-{sha256}\nlatest\n");
    tags(&["--commit", &sha256, "--branch", "main", "-"])
        .input("x")
        .gives(0, Text::Is(&shown), Text::Nothing);
}

#[test]
fn git_knows_the_branch_of_its_tip() {
    let repository = Repository::new();
    let older = repository.commit("first");
    let tip = repository.commit("second [load test: skip]");
    let shown = format!("stage-{tip}\nprod-{tip}\nlatest\n");
    let repo = repository.argument();
    tags(&["--rev", "HEAD", "--repo", repo]).gives(0, Text::Is(&shown), Text::Nothing);
    tags(&["--rev", "HEAD"])
        .within(repository.path())
        .gives(0, Text::Is(&shown), Text::Nothing);
    // Of other commits git does not know what branch they were built from.
    tags(&["--rev", "HEAD~1", "--repo", repo]).gives(
        1,
        Text::Nothing,
        Text::Has(&[
            "branch-unknown",
            "help: give the branch that was built with `--branch`",
        ]),
    );
    let shown = format!("stage-loadtest-warn-{older}\nprod-{older}\nlatest\n");
    tags(&["--rev", "HEAD~1", "--repo", repo, "--branch", "main"]).gives(
        0,
        Text::Is(&shown),
        Text::Nothing,
    );
    repository.git(&["checkout", "--quiet", "-b", "topic"]);
    tags(&["--rev", "HEAD", "--repo", repo]).gives(
        1,
        Text::Nothing,
        Text::Has(&["only builds of `main` are published; this is a build of `topic`"]),
    );
    repository.git(&["checkout", "--quiet", "--detach"]);
    tags(&["--rev", "HEAD", "--repo", repo]).gives(
        1,
        Text::Nothing,
        Text::Has(&["branch-unknown"]),
    );
}

#[test]
fn a_branch_that_is_not_published() {
    tags(&["--commit", SHA, "--message", "x"]).gives(
        1,
        Text::Nothing,
        Text::Is(
            "\
refused:
  branch-unknown: only builds of `main` are published; the branch of this build is unknown
    help: give the branch that was built with `--branch`
",
        ),
    );
    for branch in ["dev", "Main", "main ", "refs/heads/main", "feature/main"] {
        let said = format!(
            "refused:\n  branch-not-published: only builds of `main` are published; this is a build of `{branch}`\n"
        );
        tags(&["--commit", SHA, "--message", "x", "--branch", branch]).gives(
            1,
            Text::Nothing,
            Text::Is(&said),
        );
    }
}

#[test]
fn every_job_that_stands_against_it_is_named() {
    let build = ["--commit", SHA, "--message", "x", "--branch", "main"];
    let with = |jobs: &[&'static str]| tags(&[&build, jobs].concat());
    let published = Text::Has(&["latest\n"]);
    with(&[
        "--job",
        "lint=passed",
        "--job",
        "a=b=passed",
        "--require-job",
        "lint,a=b",
    ])
    .gives(0, published, Text::Nothing);
    for (status, how) in [
        ("failed", "failed"),
        ("canceled", "was canceled"),
        ("skipped", "was skipped"),
        ("running", "has not ended"),
    ] {
        let said = format!("refused:\n  job-{status}: the required job `unit tests` {how}\n");
        let job = format!("unit tests={status}");
        let arguments = [&build[..], &["--job", "lint=passed", "--job", &job]].concat();
        tags(&arguments).gives(1, Text::Nothing, Text::Is(&said));
    }
    with(&[
        "--job",
        "a=failed",
        "--require-job",
        "b",
        "--require-job",
        "c",
    ])
    .gives(
        1,
        Text::Nothing,
        Text::Is(
            "\
refused:
  job-failed: the required job `a` failed
  job-missing: no status was given for the required job `b`
    help: give its status with `--job b=STATUS`
  job-missing: no status was given for the required job `c`
    help: give its status with `--job c=STATUS`
",
        ),
    );
}

#[test]
fn required_jobs_come_from_the_environment_too() {
    let build = ["--commit", SHA, "--message", "x", "--branch", "main"];
    tags(&build)
        .variable("GREENLIGHT_REQUIRED_JOBS", "lint,image")
        .gives(
            1,
            Text::Nothing,
            Text::Has(&["required job `lint`", "required job `image`"]),
        );
    let jobs = ["--job", "lint=passed", "--job", "image=passed"];
    tags(&[&build[..], &jobs].concat())
        .variable("GREENLIGHT_REQUIRED_JOBS", "lint,image")
        .gives(0, Text::Has(&["latest\n"]), Text::Nothing);
}

#[test]
fn json() {
    let json = format!(
        r#"{{
  "schema": "greenlight.tags/2",
  "commit": "{SHA}",
  "action": "skip",
  "tags": [
    "stage-{SHA}",
    "prod-{SHA}",
    "latest"
  ],
  "diagnostics": []
}}
"#
    );
    let build = [
        "--commit",
        SHA,
        "--branch",
        "main",
        "--message",
        "[load test: skip]",
    ];
    tags(&[&build[..], &["--format", "json"]].concat()).gives(0, Text::Is(&json), Text::Nothing);
    let refused = tags(&[
        "--commit",
        SHA,
        "--message",
        "x",
        "--branch",
        "dev",
        "--format",
        "json",
    ])
    .gives(
        1,
        Text::Has(&["greenlight.refusal/3"]),
        Text::Has(&["branch-not-published"]),
    )
    .json();
    assert_eq!(
        refused["reasons"][0]["evidence"],
        serde_json::json!([{"branch": "dev"}, {"setting": "publish-branch"}])
    );
}

#[test]
fn a_near_miss_is_told_beside_the_tags() {
    let shown = format!("stage-loadtest-warn-{SHA}\nprod-{SHA}\nlatest\n");
    tags(&[
        "--commit",
        SHA,
        "--branch",
        "main",
        "--message",
        "x (load test: skip)",
    ])
    .gives(
        0,
        Text::Is(&shown),
        Text::Has(&[
            "warning[near-miss]",
            "x (load test: skip)",
            "= help: [load test: skip]",
        ]),
    );
}

#[test]
fn the_commit_and_the_revision_must_agree() {
    let repository = Repository::new();
    let commit = repository.commit("x");
    let repo = repository.argument();
    tags(&["--rev", "HEAD", "--commit", &commit, "--repo", repo]).gives(
        0,
        Text::Has(&[&commit]),
        Text::Nothing,
    );
    tags(&["--rev", "HEAD", "--commit", SHA, "--repo", repo]).gives(
        2,
        Text::Nothing,
        Text::Has(&[&commit, SHA, "help: leave `--commit` out"]),
    );
    tags(&["--message", "x", "--branch", "main"]).gives(
        2,
        Text::Nothing,
        Text::Has(&[
            "error: the built commit is unknown\n",
            "help: name the built commit with `--commit SHA`",
        ]),
    );
}
