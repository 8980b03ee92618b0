//! `greenlight replay`, on repositories made for it.

mod damaged;
mod messages;
mod repositories;

use std::collections::BTreeMap;

use serde_json::Value;

use super::harness::{Ended, Repository, Text, greenlight};

/// The lines of a replay, apart from its summary.
struct Replay {
    lines: Vec<Value>,
    summary: Value,
}

impl Replay {
    /// Replays, and checks that the summary says what the lines say.
    #[track_caller]
    fn of(repo: &str, arguments: &[&str]) -> Self {
        let base = ["replay", "--repo", repo, "--format", "jsonl"];
        let ended = greenlight(base.iter().chain(arguments)).gives(
            0,
            Text::Has(&["greenlight.replay-summary/2"]),
            Text::Nothing,
        );
        Self::read(&ended)
    }

    #[track_caller]
    fn read(ended: &Ended) -> Self {
        let mut lines: Vec<Value> = ended
            .stdout
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        let summary = lines.pop().expect("a summary");
        assert!(
            lines
                .iter()
                .all(|line| line["schema"] == "greenlight.replay/3")
        );
        let replay = Self { lines, summary };
        replay.adds_up();
        replay
    }

    #[track_caller]
    fn adds_up(&self) {
        let mut labels = BTreeMap::new();
        let mut diagnostics = BTreeMap::new();
        let (mut defaults, mut unreadable) = (0, 0);
        for line in &self.lines {
            match (line["action"].as_str(), line["explicit"].as_bool()) {
                (Some(action), Some(true)) => *labels.entry(action).or_insert(0) += 1,
                (Some(_), Some(false)) => defaults += 1,
                (None, Some(false)) => unreadable += 1,
                other => panic!("{other:?}: {line}"),
            }
            for diagnostic in line["diagnostics"].as_array().expect("diagnostics") {
                *diagnostics
                    .entry(diagnostic["code"].as_str().expect("a code"))
                    .or_insert(0) += 1;
            }
        }
        assert_eq!(
            self.summary,
            serde_json::json!({
                "schema": "greenlight.replay-summary/2",
                "commits": self.lines.len(),
                "labels": labels,
                "defaults": defaults,
                "unreadable": unreadable,
                "diagnostics": diagnostics,
            })
        );
    }

    fn commits(&self) -> Vec<&str> {
        self.lines
            .iter()
            .map(|line| line["commit"].as_str().expect("a commit"))
            .collect()
    }

    #[track_caller]
    fn line(&self, commit: &str) -> &Value {
        self.lines
            .iter()
            .find(|line| line["commit"] == *commit)
            .expect("the commit is there")
    }

    fn codes(&self, commit: &str) -> Vec<&str> {
        let diagnostics = self.line(commit)["diagnostics"]
            .as_array()
            .expect("diagnostics");
        diagnostics
            .iter()
            .map(|found| found["code"].as_str().expect("a code"))
            .collect()
    }
}

/// A history with labels, near misses, conflicts, and a merge; its commits, oldest first.
///
/// The branch that was merged has the third and the fourth of them.
fn varied() -> (Repository, Vec<String>) {
    let repository = Repository::new();
    let mut commits: Vec<_> = ["first", "second [load test: abort]"]
        .iter()
        .map(|it| repository.commit(it))
        .collect();
    repository.git(&["checkout", "--quiet", "-b", "topic"]);
    commits.push(repository.commit("topic [load test: skip]"));
    commits.push(repository.commit("topic (load test: abort)"));
    repository.git(&["checkout", "--quiet", "main"]);
    commits.push(repository.commit("third [load test:skip]"));
    repository.git(&[
        "merge",
        "--quiet",
        "--no-ff",
        "--message",
        "Merge topic",
        "topic",
    ]);
    commits.push(repository.git(&["rev-parse", "HEAD"]));
    commits.push(repository.commit("both [load test: skip] [load test: abort]"));
    (repository, commits)
}

#[test]
fn only_warnings_are_shown_on_request() {
    let (repository, commits) = varied();
    let base = ["replay", "--repo", repository.argument(), "--only-warnings"];
    let ended = greenlight(base.iter().chain(&["--format", "jsonl"])).gives(
        0,
        Text::Has(&["\"commits\":7"]),
        Text::Nothing,
    );
    let shown = ended.stdout.lines().count() - 1;
    for warned in [&commits[3], &commits[4]] {
        assert!(ended.stdout.contains(warned.as_str()), "{ended:?}");
    }
    for quiet in &commits[..3] {
        assert!(!ended.stdout.contains(quiet.as_str()), "{ended:?}");
    }
    assert!((2..4).contains(&shown), "{ended:?}");
    let human = greenlight(base).gives(0, Text::Has(&["7 commits: "]), Text::Nothing);
    assert!(!human.stdout.contains("second [load test"), "{human:?}");
}

#[test]
fn each_commit_has_its_date_and_its_author() {
    let repository = Repository::new();
    let commit = repository.commit("x [load test: skip]");
    let date = repository.git(&["log", "-1", "--format=%cd", "--date=format-local:%Y-%m-%d"]);
    let author = repository.git(&["log", "-1", "--format=%an"]);
    let replay = Replay::of(repository.argument(), &[]);
    let line = replay.line(&commit);
    assert_eq!(line["author"], author.as_str());
    assert!(
        line["date"].as_str().expect("a date").starts_with(&date),
        "{line}"
    );
    let shown = format!(
        "{}  {date}  skip   x [load test: skip] ({author})\n",
        &commit[..12]
    );
    greenlight(["replay", "--repo", repository.argument()]).gives(
        0,
        Text::Has(&[&shown]),
        Text::Nothing,
    );
}

#[test]
fn every_commit_in_the_order_of_git() {
    let (repository, commits) = varied();
    let replay = Replay::of(repository.argument(), &[]);
    let listed = repository.git(&["rev-list", "HEAD"]);
    assert_eq!(replay.commits(), listed.lines().collect::<Vec<_>>());
    assert_eq!(replay.lines.len(), commits.len());
    for (commit, action, explicit, codes) in [
        (&commits[0], "warn", false, vec![]),
        (&commits[1], "abort", true, vec![]),
        (&commits[2], "skip", true, vec![]),
        (&commits[3], "warn", false, vec!["near-miss"]),
        (&commits[4], "warn", false, vec!["near-miss"]),
        (&commits[5], "warn", false, vec![]),
        (&commits[6], "abort", true, vec!["conflicting-labels"]),
    ] {
        let line = replay.line(commit);
        assert_eq!(
            (&line["action"], &line["explicit"]),
            (&action.into(), &explicit.into()),
            "{line}"
        );
        assert_eq!(replay.codes(commit), codes, "{line}");
        let first = match action {
            "skip" => format!("stage-{commit}"),
            _ => format!("stage-loadtest-{action}-{commit}"),
        };
        assert_eq!(
            line["tags"],
            serde_json::json!([first, format!("prod-{commit}"), "latest"])
        );
        assert_eq!(line["refused"], serde_json::json!([]));
    }
}

#[test]
fn first_parent_leaves_the_merged_branch_out() {
    let (repository, commits) = varied();
    let replay = Replay::of(repository.argument(), &["--first-parent"]);
    let listed = repository.git(&["rev-list", "--first-parent", "HEAD"]);
    assert_eq!(replay.commits(), listed.lines().collect::<Vec<_>>());
    assert!(!replay.commits().contains(&commits[2].as_str()));
    assert!(replay.commits().contains(&commits[5].as_str()));
}

#[test]
fn ranges() {
    let (repository, commits) = varied();
    let repo = repository.argument();
    for range in [
        vec!["HEAD~1..HEAD"],
        vec!["HEAD~1.."],
        vec!["main...topic"],
        vec!["topic"],
        vec!["main", "^topic"],
        vec![&commits[1], &commits[3]],
        vec!["HEAD^!"],
    ] {
        let listed = repository.git(&[&["rev-list"], &range[..], &["--"]].concat());
        let replay = Replay::of(repo, &range);
        assert_eq!(
            replay.commits(),
            listed.lines().collect::<Vec<_>>(),
            "{range:?}"
        );
        assert!(!replay.lines.is_empty(), "{range:?}");
    }
    // A range may be empty; that is an answer too.
    assert_eq!(Replay::of(repo, &["HEAD..HEAD"]).lines.len(), 0);
}

#[test]
fn unknown_ranges() {
    let (repository, _) = varied();
    let repo = repository.argument();
    for range in [
        "nope..HEAD",
        "nope",
        "--all",
        "--output=pwned",
        "HEAD\nHEAD",
        "",
    ] {
        for format in ["human", "jsonl"] {
            greenlight(["replay", "--repo", repo, "--format", format, "--", range])
                .within(repository.path())
                .gives(
                    2,
                    Text::Nothing,
                    Text::Has(&["error: git failed: ", "help: "]),
                );
        }
    }
    assert!(!repository.path().join("pwned").exists());
    let said = Text::Has(&["help: name commits of this repository; a shallow clone lacks"]);
    greenlight(["replay", "--repo", repo, "nope..HEAD"]).gives(2, Text::Nothing, said);
}

#[test]
fn human_output_shows_what_has_something_to_say() {
    let (repository, commits) = varied();
    let shown = format!(
        "\
{}  2023-11-14  abort  both [load test: skip] [load test: abort] (Ada)
    warning[conflicting-labels]: the labels conflict: `abort` takes precedence over `skip`
{}  2023-11-14  warn   third [load test:skip] (Ada)
    warning[near-miss]: `[load test:skip]` should be `[load test: skip]`
{}  2023-11-14  abort  second [load test: abort] (Ada)
5 commits: 2 with a label (2 abort), 3 by default, 0 unreadable
  conflicting-labels: 1
  near-miss: 1
",
        &commits[6][..12],
        &commits[4][..12],
        &commits[1][..12],
    );
    greenlight(["replay", "--repo", repository.argument(), "--first-parent"]).gives(
        0,
        Text::Is(&shown),
        Text::Nothing,
    );
}

#[test]
fn settings_and_policy_apply() {
    let (repository, _) = varied();
    let repo = repository.argument();
    let replay = Replay::of(
        repo,
        &[
            "--environments",
            "qa,live",
            "--default-action",
            "skip",
            "HEAD^!",
        ],
    );
    let tags = replay.lines[0]["tags"].as_array().expect("tags");
    assert!(
        tags[0]
            .as_str()
            .is_some_and(|tag| tag.starts_with("qa-loadtest-abort-")),
        "{tags:?}"
    );
    assert!(
        tags[1].as_str().is_some_and(|tag| tag.starts_with("live-")),
        "{tags:?}"
    );
    let replay = Replay::of(repo, &["--default-action", "skip", "topic"]);
    assert_eq!(replay.lines[0]["action"], "skip");
}
