//! `greenlight help`: the pages in the terminal.

use std::path::Path;

use super::pages;
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

/// The topic that shows a page: the name of its file, with some exceptions.
fn topic(name: &str) -> String {
    let path = Path::new(name);
    let stem = path.file_stem().expect("a name").to_string_lossy();
    match (&*stem, path.parent().and_then(Path::file_name)) {
        ("index", Some(folder)) if folder != "docs" => folder.to_string_lossy().into_owned(),
        ("SECURITY", _) => "security".to_owned(),
        (stem, Some(folder)) if folder == "decisions" => stem[..4].to_owned(),
        (stem, _) => stem.to_owned(),
    }
}

/// What a page says in its prose is what the terminal shows.
#[test]
fn a_topic_shows_its_page() {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let pages = pages::all().into_iter().filter(|it| it.name != "README.md");
    let mut compared = 0;
    for page in pages {
        let topic = topic(&page.name);
        let shown = greenlight(["help", &topic]).run();
        assert_eq!(shown.status, 0, "{topic}: {}", shown.stderr);
        let all = words(&shown.stdout);
        let prose = page.prose().into_iter().map(|(_, line)| line);
        let plain = |line: &&str| {
            !line.is_empty() && !line.contains(['|', '#', '[', ']', '<', '!', '*', '(', ')'])
        };
        for line in prose.filter(plain) {
            assert!(
                all.contains(&words(line)),
                "{topic}: {line}\n{}",
                shown.stdout
            );
            compared += 1;
        }
    }
    assert!(compared > 300, "{compared} lines");
    let recovery = Text::Has(&["RECOVERY", "what happens next: "]);
    greenlight(["help", "recovery"]).gives(0, recovery, Text::Nothing);
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
