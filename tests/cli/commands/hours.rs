//! `hours`, on a history with several authors, offsets, bots and kinds of merges.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::Text::{Has, Is, Nothing};
use crate::harness::{Call, Repository, greenlight};

/// Monday, 2025-06-02, 00:00 UTC.
const MONDAY: u64 = 1_748_822_400;

/// A commit of the main branch: weekday (0 is Monday) and time in UTC, the author's offset, name and address.
type Commit = (u64, &'static str, &'static str, &'static str, &'static str);

const DEPENDABOT: &str = "1+dependabot[bot]@users.noreply.github.com";

/// Direct pushes and squash merges. The last one is a merge commit.
const COMMITS: [Commit; 11] = [
    (0, "07:10", "+0200", "Ada", "ada@example.org"),
    (1, "08:20", "+0200", "Ada L.", "ADA@example.org"),
    (1, "09:00", "+0000", "dependabot[bot]", DEPENDABOT),
    (1, "09:30", "+0000", "dependabot[bot]", DEPENDABOT),
    (2, "07:30", "+0200", "Bob", "bob@example.org"),
    (2, "16:05", "-0700", "Eve", "eve@example.org"),
    (3, "03:30", "+0545", "Dev", "dev@example.org"),
    (3, "09:30", "+0000", "##[error]", "release-bot@example.org"),
    (5, "23:30", "+0200", "Zoe", "zoe@example.org"),
    (5, "23:40", "+0200", "Zoe", "zoe@example.org"),
    (7, "08:00", "+0200", "Bob", "bob@example.org"),
];

/// Writes a commit for `git fast-import`. The author wrote it three days before it was committed: the time of the commit
/// counts.
fn write(stream: &mut String, branch: &str, mark: usize, commit: Commit, parents: &str) {
    let (day, time, offset, name, email) = commit;
    let (hour, minute) = time.split_once(':').expect("a time");
    let number = |text: &str| text.parse::<u64>().expect("a number");
    let at = MONDAY + ((day * 24 + number(hour)) * 60 + number(minute)) * 60;
    let written = at - 3 * 24 * 3600;
    // Writing into a string can't fail.
    let _ = write!(
        stream,
        "commit refs/heads/{branch}\nmark :{mark}\nauthor {name} <{email}> {written} {offset}\n\
         committer Forge <forge@example.org> {at} +0000\ndata 4\nMerg\n{parents}\n"
    );
}

/// The history of a team. The merge commit has a commit of another author as its second parent.
pub fn team() -> Repository {
    let repository = Repository::new();
    let mut stream = String::new();
    let (last, direct) = COMMITS.split_last().expect("commits");
    for (number, commit) in direct.iter().enumerate() {
        write(&mut stream, "main", number + 1, *commit, "");
    }
    let topic = (4, "21:59", "+0200", "Nia", "nia@example.org");
    write(&mut stream, "topic", 90, topic, "from :5\n");
    write(&mut stream, "main", 91, *last, "merge :90\n");
    repository.git_with(&["fast-import", "--quiet"], stream.as_bytes());
    repository
}

fn hours(repository: &Repository, more: &[&str]) -> Call {
    let all = [
        "hours",
        "--since",
        "2025-01-01",
        "--repo",
        repository.argument(),
    ];
    greenlight([&all[..], more].concat())
}

fn json_of(repository: &Repository, more: &[&str]) -> Value {
    let call = hours(repository, &[more, &["--format", "json"]].concat());
    call.gives(0, Has(&["greenlight.hours/1"]), Has(&[])).json()
}

const NOTE: &str =
    "note: the window has no zone: name one with `--zone ZONE` for a window that can be pasted\n";

#[test]
fn a_week_is_a_table_with_the_window() {
    let expected = "\
8 merges by 5 contributors since 2025-01-01, in the local time of each author
UTC offsets: +02:00 (75 %), -07:00 (13 %), +05:45 (13 %)
not counted: 3 merges by bots: dependabot[bot] (2), #\\u{23}[error] (1)

contributors who merged in each hour:
    00 01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 21 22 23
Mon  ·  ·  ·  ·  ·  ·  ·  ·  ·  1  1  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·
Tue  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  1  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·
Wed  ·  ·  ·  ·  ·  ·  ·  ·  ·  2  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·
Thu  ·  ·  ·  ·  ·  ·  ·  ·  ·  1  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·
Fri  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·
Sat  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·
Sun  ·  1  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·

4 of 5 contributors (80 %) made at least half of their merges in these hours, which have 4 of 8 merges (50 %):

[[window]]
name = \"merge-hours\"
allow = [\"Mon 09:00-10:00\", \"Wed-Thu 09:00-10:00\"]
# zone: missing; run the command again with `--zone ZONE`
";
    let repository = team();
    hours(&repository, &[]).gives(0, Is(expected), Is(NOTE));
    hours(&repository, &["--quiet", "main"]).gives(0, Is(expected), Nothing);
}

#[test]
fn a_document_has_the_same_counts() {
    let document = json_of(&team(), &[]);
    assert_eq!(
        document["contributors"],
        json!([
            {"name": "Ada L.", "merges": 2, "inside": 1},
            {"name": "Bob", "merges": 2, "inside": 1},
            {"name": "Zoe", "merges": 2, "inside": 0},
            {"name": "Dev", "merges": 1, "inside": 1},
            {"name": "Eve", "merges": 1, "inside": 1},
        ])
    );
    assert_eq!(
        document["bots"][0],
        json!({"name": "dependabot[bot]", "merges": 2})
    );
    assert_eq!(
        document["offsets"][0],
        json!({"offset": "+02:00", "merges": 6})
    );
    assert_eq!(document["since"], json!("2025-01-01T00:00:00Z"));
    assert_eq!(document["merges-by-hour"][6][1], json!(2));
    assert_eq!(document["contributors-by-hour"][6][1], json!(1));
    assert_eq!(document["window"]["contributors"], json!(4));
    let counted = |key: &str| -> u64 {
        let days = document[key].as_array().expect("days").iter();
        let hours = days.flat_map(|it| it.as_array().expect("hours"));
        hours.map(|it| it.as_u64().expect("a count")).sum()
    };
    assert_eq!(
        (counted("merges-by-hour"), &document["merges"]),
        (8, &json!(8))
    );
}

#[test]
fn with_a_zone_its_local_time_counts() {
    let repository = team();
    let zone = ["--zone", "europe/berlin", "--share", "1"];
    let window = "zone = \"Europe/Berlin\"\n";
    hours(&repository, &zone).gives(
        0,
        Has(&[
            "since 2025-01-01, in the local time of Europe/Berlin",
            window,
        ]),
        Nothing,
    );
    let document = json_of(&repository, &zone);
    // Eve and Dev merged at 18:05 and 05:30 in Berlin.
    assert_eq!(document["merges-by-hour"][2][18], json!(1));
    assert_eq!(document["merges-by-hour"][3][5], json!(1));
    assert_eq!(document["window"]["contributors"], json!(5));
    let since = &json_of(&repository, &["--zone", "Asia/Kathmandu"])["since"];
    assert_eq!(since, &json!("2024-12-31T18:15:00Z"));
}

#[test]
fn colors_show_the_window() {
    let repository = team();
    let colored = ["--color", "always"];
    let green = ", green in the window:\n";
    hours(&repository, &colored).gives(
        0,
        Has(&[green, "\x1b[32m 2\x1b[0m", "\x1b[2m ·\x1b[0m"]),
        Is(NOTE),
    );
    let plain = hours(&repository, &["--color", "never"]).gives(0, Has(&[]), Is(NOTE));
    assert!(!plain.stdout.contains('\x1b'));
}

#[test]
fn a_page_has_the_week_and_the_window() {
    let repository = team();
    let file = repository.path().join("hours.html");
    let page = ["--html", file.to_str().expect("UTF-8"), "--zone", "UTC"];
    hours(&repository, &page).gives(0, Has(&["[[window]]"]), Nothing);
    let page = fs::read_to_string(&file).expect("the page");
    for part in [
        "<th scope=\"col\">Sun</th>",
        "<th scope=\"row\">23:00</th>",
        "title=\"merges: 2\"",
        "zone = &#34;UTC&#34;",
        "prefers-color-scheme: dark",
    ] {
        assert!(page.contains(part), "no {part} in {page}");
    }
    assert_eq!(page.matches("<td ").count(), 7 * 24);
    for part in ["<script", "://", "url("] {
        assert!(!page.contains(part), "{part} in {page}");
    }
    assert!(!page.contains("##["));
}

#[test]
fn without_merges_it_says_so() {
    let repository = team();
    let later = [
        "hours",
        "--repo",
        repository.argument(),
        "--since",
        "2025-06-10",
    ];
    let none = "no person merged to `HEAD` since 2025-06-10\n";
    greenlight(later).gives(0, Is(none), Nothing);
    let page = repository.path().join("page.html");
    let page = ["--html", page.to_str().expect("UTF-8")];
    greenlight([&later[..], &page].concat()).gives(0, Is(none), Nothing);
    let bots = Repository::new();
    let mut stream = String::new();
    write(&mut stream, "main", 1, COMMITS[2], "");
    bots.git_with(&["fast-import", "--quiet"], stream.as_bytes());
    let expected = "no person merged to `HEAD` since 2025-01-01\nnot counted: 1 merge by bots: dependabot[bot] (1)\n";
    hours(&bots, &[]).gives(0, Is(expected), Nothing);
}

#[test]
fn an_argument_that_cannot_be_used_is_an_error() {
    let repository = team();
    for (arguments, message) in [
        (
            &["--zone", "Berlin"][..],
            "unknown time zone `Berlin`: did you mean `Europe/Berlin`?",
        ),
        (
            &["--share", "0"],
            "expected a number above 0, and at most 1",
        ),
        (
            &["--share", "1.1"],
            "expected a number above 0, and at most 1",
        ),
        (
            &["--share", "nan"],
            "expected a number above 0, and at most 1",
        ),
        (
            &["--since", "yesterday"],
            "expected a duration such as `1y`",
        ),
        (&["no-such-branch"], "bad revision 'no-such-branch'"),
        (&["--", "--all"], "bad revision '--all'"),
        (&["--verbose"], "unexpected argument"),
    ] {
        let all = ["hours", "--repo", repository.argument()];
        greenlight([&all[..], arguments].concat()).gives(2, Nothing, Has(&[message]));
    }
    let empty = tempfile::tempdir().expect("a folder");
    greenlight(["hours"])
        .within(empty.path())
        .gives(2, Nothing, Has(&["not a git repository"]));
    let nowhere = ["--html", "/no-such-folder/hours.html"];
    hours(&repository, &nowhere).gives(
        74,
        Nothing,
        Has(&["failed to write `/no-such-folder/hours.html`"]),
    );
}

#[test]
fn settings_of_git_do_not_change_the_answer() {
    let repository = team();
    let before = json_of(&repository, &[]);
    for (key, value) in [
        ("log.showSignature", "true"),
        ("log.date", "relative"),
        ("log.mailmap", "false"),
        ("color.ui", "always"),
        ("format.pretty", "fuller"),
        ("i18n.logOutputEncoding", "ISO-8859-1"),
    ] {
        repository.git(&["config", key, value]);
    }
    assert_eq!(json_of(&repository, &[]), before);
    fs::write(
        repository.path().join(".mailmap"),
        "Eva <ada@example.org> <eve@example.org>\n",
    )
    .expect("a file");
    let contributors = &json_of(&repository, &[])["contributors"];
    // The checked-out files are not those of a bare repository, so git reads the map from the folder.
    assert_eq!(
        contributors[0],
        json!({"name": "Eva", "merges": 3, "inside": 2})
    );
}

#[test]
fn a_shallow_clone_is_noted() {
    let repository = team();
    let clone = tempfile::tempdir().expect("a folder");
    let url = format!("file://{}", repository.argument());
    let cloned = Command::new("git")
        .args(["clone", "--quiet", "--bare", "--depth", "3", &url])
        .arg(clone.path())
        .status();
    assert!(cloned.expect("git").success());
    let arguments = ["hours", "--since", "2025-01-01", "--zone", "UTC", "--repo"];
    let folder = clone.path().to_str().expect("UTF-8");
    greenlight(arguments.into_iter().chain([folder])).gives(
        0,
        Has(&["3 merges by 2 contributors"]),
        Is("note: this is a shallow clone, which may not have all merges: `git fetch --unshallow`\n"),
    );
}
