//! `greenlight explain`.

use crate::harness::{Repository, Text, greenlight};

#[test]
fn everything_about_one_commit() {
    let repository = Repository::new();
    let commit = repository.commit("fix: idle connections\n\n[load test: abort]\n");
    let stage = format!("stage-loadtest-abort-{commit}");
    let prod = format!("prod-{commit}");
    let subject = format!("commit {commit}\n  fix: idle connections\n");
    let shown = Text::Has(&[
        &subject,
        "  abort: a failed load test stops the deployment\n",
        "  3 | [load test: abort]\n",
        &stage,
        &prod,
        "  latest\n",
        "hold: the release has not been deployed to `stage`\n    next: deploy to `stage`",
        "    passed        promote: the load test of `stage` passed\n",
        "    failed        stop: ",
        "    errored       stop: ",
        "    inconclusive  stop: ",
        "    not-run       hold: ",
    ]);
    let repo = repository.argument();
    greenlight(["explain", "--repo", repo]).gives(0, shown, Text::Nothing);
    greenlight(["explain", "main", "--repo", repo]).gives(0, shown, Text::Nothing);
    greenlight(["explain", &commit])
        .within(repository.path())
        .gives(0, shown, Text::Nothing);
}

#[test]
fn json_has_each_decision() {
    let repository = Repository::new();
    let commit = repository.commit("x [load test: warn]");
    let json = greenlight([
        "explain",
        "--repo",
        repository.argument(),
        "--format",
        "json",
    ])
    .gives(
        0,
        Text::Has(&["greenlight.explain/3", &commit]),
        Text::Nothing,
    )
    .json();
    let decisions = json["decisions"].as_array().expect("decisions");
    let said: Vec<_> = decisions
        .iter()
        .map(|one| {
            ["stage", "load-test", "permission"].map(|key| one[key].as_str().expect("a word"))
        })
        .collect();
    assert_eq!(
        said,
        [
            ["not-deployed", "not-run", "hold"],
            ["not-deployed", "not-run", "hold"],
            ["converged", "passed", "promote"],
            ["converged", "failed", "promote-with-warning"],
            ["converged", "errored", "promote-with-warning"],
            ["converged", "inconclusive", "promote-with-warning"],
            ["converged", "not-run", "hold"],
        ]
    );
    assert_eq!(json["label"]["commit"], *commit);
}

#[test]
fn an_unknown_commit() {
    let repository = Repository::new();
    let repo = repository.argument();
    for rev in ["HEAD", "nope", "--help-me"] {
        let said = format!("unknown revision `{rev}`");
        greenlight(["explain", "--repo", repo, "--", rev]).gives(
            2,
            Text::Nothing,
            Text::Has(&[&said, "help: name a commit of this repository"]),
        );
    }
}

#[test]
fn a_subject_is_no_workflow_command() {
    let repository = Repository::new();
    repository.commit("::error::pwned\n");
    let ended = greenlight(["explain", "--repo", repository.argument()]).gives(
        0,
        Text::Has(&["\\u{3a}:error::pwned"]),
        Text::Nothing,
    );
    let live = |line: &str| line.trim_start().starts_with("::");
    assert!(!ended.stdout.lines().any(live), "{}", ended.stdout);
}
