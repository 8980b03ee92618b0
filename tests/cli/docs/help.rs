//! `greenlight help`: the pages in the terminal.

use std::fs;
use std::path::Path;

use super::pages::{self, Page};
use crate::harness::{Text, greenlight};

#[test]
fn without_a_topic_it_lists_them() {
    let ended = greenlight(["help"]).gives(
        0,
        Text::Has(&["  recovery ", "  exit-status ", "greenlight help COMMAND"]),
        Text::Nothing,
    );
    let topics = ended.stdout.lines().filter(|it| it.starts_with("  "));
    for line in topics {
        let topic = line.split_whitespace().next().expect("a topic");
        let shown = greenlight(["help", topic]).run();
        assert_eq!(shown.status, 0, "{topic}");
        for markup in ["<!--", "](", "| ---", "```", "!["] {
            assert!(!shown.stdout.contains(markup), "{topic}: {markup}");
        }
    }
}

#[test]
fn a_topic_has_headings_and_lists() {
    greenlight(["help", "recovery"]).gives(
        0,
        Text::Has(&["RECOVERY", "what happens next: ", "an *interrupted* record"]),
        Text::Nothing,
    );
}

/// The topic that shows a page.
fn topic(page: &Path) -> String {
    let stem = page.file_stem().expect("a name").to_string_lossy();
    let folder = page.parent().and_then(Path::file_name).expect("a folder");
    match (&*folder.to_string_lossy(), &*stem) {
        ("docs", _) | (_, "SECURITY") => stem.to_lowercase(),
        (folder, "index") => folder.to_owned(),
        ("decisions", stem) => stem[..4].to_owned(),
        (_, stem) => stem.to_owned(),
    }
}

/// What a page says in its prose is what the terminal shows.
#[test]
fn each_topic_shows_its_page() {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut pages = pages::all();
    pages.retain(|it| it.name != "README.md");
    let path = pages::root().join(".github/SECURITY.md");
    pages.push(Page {
        name: ".github/SECURITY.md".to_owned(),
        text: fs::read_to_string(&path).expect("a page"),
        path,
    });
    for page in pages {
        let shown = greenlight(["help", &topic(&page.path)]).run();
        assert_eq!(shown.status, 0, "{}", page.name);
        let all = words(&shown.stdout);
        let prose = page.prose().into_iter().map(|(_, line)| line);
        let plain = |line: &&str| {
            !line.is_empty() && !line.contains(['|', '#', '[', ']', '<']) && !line.contains("**")
        };
        for line in prose.filter(plain) {
            let line = words(line);
            assert!(
                all.contains(&line),
                "{}: {line}\n{}",
                page.name,
                shown.stdout
            );
        }
    }
}

#[test]
fn a_command_shows_its_help() {
    for words in [&["label"][..], &["policy", "check"], &["policy"]] {
        let help = greenlight(words.iter().copied().chain(["--help"]));
        let help = help.run().stdout;
        let all = ["help"].into_iter().chain(words.iter().copied());
        greenlight(all).gives(0, Text::Is(&help), Text::Nothing);
    }
}

/// `serve` is a command and a page.
#[test]
fn a_name_of_both_shows_both() {
    greenlight(["help", "serve"]).gives(
        0,
        Text::Has(&["Usage: greenlight serve", "SERVING WEBHOOKS"]),
        Text::Nothing,
    );
}

#[test]
fn an_unknown_topic_suggests_the_nearest() {
    for (asked, suggested) in [
        ("recovry", "`greenlight help recovery`"),
        ("lable", "`greenlight help label`"),
        ("\u{1b}[31m", "`greenlight help`"),
    ] {
        let ended = greenlight(["help", asked]).gives(2, Text::Nothing, Text::Has(&[suggested]));
        assert!(!ended.stderr.contains('\u{1b}'), "{}", ended.stderr);
    }
}
