//! Changes that are not merged: pull requests, and what was checked out of them.

use super::*;

/// A pull request of GitHub, with its event file.
struct PullRequest {
    folder: tempfile::TempDir,
    merge: String,
}

impl PullRequest {
    fn new(head: &str, merge: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let event = serde_json::json!({
            "pull_request": {
                "number": 7,
                "head": {"ref": "main", "sha": head},
                "base": {"ref": "main", "sha": SHA},
            },
        });
        std::fs::write(folder.path().join("event.json"), event.to_string()).expect("written");
        Self {
            folder,
            merge: merge.to_owned(),
        }
    }

    fn call(&self, arguments: &[&str], repository: &Path) -> Call {
        let event = self.folder.path().join("event.json");
        greenlight(arguments).within(repository).variables(&[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_EVENT_NAME", "pull_request"),
            ("GITHUB_EVENT_PATH", event.to_str().expect("UTF-8")),
            ("GITHUB_SHA", &self.merge),
            ("GITHUB_REF", "refs/pull/7/merge"),
            ("GITHUB_REF_TYPE", "branch"),
            ("GITHUB_REF_NAME", "7/merge"),
            ("GITHUB_HEAD_REF", "main"),
            ("GITHUB_BASE_REF", "main"),
        ])
    }
}

/// A repository with a pushed commit and, checked out, the merge that a forge would make of it.
fn merged() -> (Repository, String, String) {
    let repository = Repository::new();
    let base = repository.commit("base\n");
    repository.git(&["checkout", "--quiet", "-b", "cart"]);
    let pushed = repository.commit(LABELED);
    repository.git(&["checkout", "--quiet", "--detach", &base]);
    repository.git(&[
        "merge",
        "--quiet",
        "--no-ff",
        "-m",
        "Merge it [load test: skip]",
        &pushed,
    ]);
    let merge = repository.git(&["rev-parse", "HEAD"]);
    (repository, pushed, merge)
}

/// A clone that has the newest commit alone, of a branch or reference.
fn shallow(of: &Repository, reference: &str) -> Repository {
    let clone = Repository::new();
    let from = format!("file://{}", of.argument());
    clone.git(&["fetch", "--quiet", "--depth=1", &from, reference]);
    clone.git(&["checkout", "--quiet", "--detach", "FETCH_HEAD"]);
    clone
}

#[test]
fn a_pull_request_is_read_from_what_was_pushed_and_never_published() {
    let (repository, pushed, merge) = merged();
    let request = PullRequest::new(&pushed, &merge);
    let call = |arguments: &[&str]| request.call(arguments, repository.path());
    call(&["label"]).gives(0, Text::Has(&["abort: "]), Text::Nothing);
    // Its branch is called `main`, on both sides, and so may the checked-out one be.
    let refused = Text::Has(&["branch-not-published", "`main (pull request 7)`"]);
    call(&["tags"]).gives(1, Text::Nothing, refused);
    repository.git(&["checkout", "--quiet", "-B", "main"]);
    call(&["tags"]).gives(1, Text::Nothing, refused);
    for rev in ["HEAD", "main", &pushed] {
        call(&["tags", "--rev", rev]).gives(1, Text::Nothing, refused);
    }
}

/// The note is the same in each CI system: their steps run this command.
#[test]
fn a_pull_request_shows_whether_a_merge_now_is_inside_the_windows() {
    let (repository, pushed, merge) = merged();
    let request = PullRequest::new(&pushed, &merge);
    for (rule, said, word) in [
        (
            "allow = [\"Mon-Sun 00:00-24:00\"]",
            "a merge now is inside the windows of `prod`; freezes in the journal are not read (`greenlight window` reads them)\n",
            true,
        ),
        (
            "freeze = [\"2020-01-01 to 2199-12-31\"]",
            "a merge now is outside of the windows of `prod` (`hours`): no opening before freeze `hours` ends Wed 2200-01-01 00:00 \
             Europe/Berlin (2199-12-31T23:00:00Z); freezes in the journal are not read (`greenlight window` reads them)\n",
            false,
        ),
    ] {
        let text = format!("[[window]]\nname = \"hours\"\n{rule}\nzone = \"Europe/Berlin\"\n");
        std::fs::write(repository.path().join("greenlight.toml"), text).expect("written");
        let note = format!("note: {said}");
        let label = request.call(&["label"], repository.path());
        label.gives(0, Text::Has(&["abort: "]), Text::Has(&[&note]));
        // A commit that is merged has no such note.
        let label = greenlight(["label", "--rev", "HEAD"]).within(repository.path());
        label.gives(0, Text::Has(&["skip: "]), Text::Nothing);
        let shown = format!("\nmerge\n  {said}");
        let explain = request.call(&["explain"], repository.path());
        explain.gives(0, Text::Has(&[&shown]), Text::Nothing);
        let explain = request.call(&["explain", "--format", "json"], repository.path());
        let json = explain.run().json();
        assert_eq!(json["opening"]["open"], word, "{json}");
        assert_eq!(json["opening"]["environment"], "prod");
    }
}

/// It is checked out as `main`, and no branch that is published has it.
#[test]
fn an_unmerged_commit_that_is_checked_out_as_main_is_not_published() {
    let repository = Repository::new();
    let commit = repository.commit(LABELED);
    let jenkins = [
        ("JENKINS_URL", "https://ci.example.org/"),
        ("GIT_COMMIT", commit.as_str()),
        ("GIT_BRANCH", "main"),
    ];
    let buildkite = [
        ("BUILDKITE", "true"),
        ("BUILDKITE_COMMIT", commit.as_str()),
        ("BUILDKITE_BRANCH", "main"),
        ("BUILDKITE_PULL_REQUEST", "false"),
    ];
    for (set, sign, refusal) in [
        (
            &jenkins[..],
            ("GERRIT_CHANGE_NUMBER", "7"),
            "`? (pull request 7)`",
        ),
        (
            &buildkite[..],
            ("BUILDKITE_SOURCE", "trigger_job"),
            "branch-unknown",
        ),
    ] {
        for arguments in [&["tags"][..], &["tags", "--rev", "HEAD"]] {
            greenlight(arguments)
                .within(repository.path())
                .variables(set)
                .variable(sign.0, sign.1)
                .gives(1, Text::Nothing, Text::Has(&[refusal]));
        }
    }
    // What a push to the branch says of itself is published.
    for (set, sign) in [
        (&jenkins[..], ("GERRIT_EVENT_TYPE", "ref-updated")),
        (&buildkite[..], ("BUILDKITE_SOURCE", "webhook")),
    ] {
        greenlight(["tags"])
            .within(repository.path())
            .variables(set)
            .variable(sign.0, sign.1)
            .gives(0, Text::Has(&["latest\n"]), Text::Nothing);
    }
}

#[test]
fn a_shallow_checkout_of_the_merge_lacks_what_was_pushed() {
    let (repository, pushed, merge) = merged();
    repository.git(&["update-ref", "refs/pull/7/merge", &merge]);
    let clone = shallow(&repository, "refs/pull/7/merge");
    let request = PullRequest::new(&pushed, &merge);
    let advice = "ref: ${{ github.event.pull_request.head.sha }}";
    for command in ["label", "tags", "explain"] {
        request.call(&[command], clone.path()).gives(
            2,
            Text::Nothing,
            Text::Has(&[&pushed, "the clone is shallow", advice]),
        );
    }
    request.call(&["facts"], clone.path()).gives(
        0,
        Text::Has(&[
            "GitHub Actions (GITHUB_ACTIONS)\n",
            "GITHUB_EVENT_PATH: pull_request.head.sha",
            "a shallow clone, the commit is missing",
            "problem[commit-missing]: ",
            advice,
        ]),
        Text::Nothing,
    );
    // With what the advice checks out, it works.
    repository.git(&["branch", "pushed", &pushed]);
    let clone = shallow(&repository, "pushed");
    request
        .call(&["label"], clone.path())
        .gives(0, Text::Has(&["abort: "]), Text::Nothing);
}

#[test]
fn a_shallow_clone_without_the_commit() {
    let repository = Repository::new();
    let first = repository.commit(LABELED);
    repository.commit("second\n");
    let clone = shallow(&repository, "main");
    let set = circleci(&first, "main");
    greenlight(["label"])
        .within(clone.path())
        .variables(&set)
        .gives(
            2,
            Text::Nothing,
            Text::Has(&[&first, "the clone is shallow"]),
        );
}

#[test]
fn jenkins_does_not_pass_its_own_merge_off_as_what_was_pushed() {
    let (repository, _, merge) = merged();
    let set = [
        ("JENKINS_URL", "https://ci.example.org/"),
        ("GIT_COMMIT", merge.as_str()),
        ("CHANGE_ID", "7"),
        ("CHANGE_BRANCH", "cart"),
        ("CHANGE_TARGET", "main"),
    ];
    let call = |arguments: &[&str]| {
        greenlight(arguments)
            .within(repository.path())
            .variables(&set)
    };
    call(&["label"]).gives(
        2,
        Text::Nothing,
        Text::Has(&[
            "is a merge commit in a build of a pull request",
            "The current pull request revision",
        ]),
    );
    call(&["facts"]).gives(0, Text::Has(&["problem[merge-commit]: "]), Text::Nothing);
    call(&["label", "--rev", "HEAD"]).gives(0, Text::Has(&["skip: "]), Text::Nothing);
}
