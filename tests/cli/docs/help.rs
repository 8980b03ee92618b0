//! `greenlight help`: the pages in the terminal.

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

/// What a page says in its prose is what the terminal shows.
#[test]
fn a_topic_shows_its_page() {
    let page = pages::page("host/docs/recovery.md");
    let shown = greenlight(["help", "recovery"]).gives(
        0,
        Text::Has(&["RECOVERY", "what happens next: ", "an *interrupted* record"]),
        Text::Nothing,
    );
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let all = words(&shown.stdout);
    let prose = page.prose().into_iter().map(|(_, line)| line);
    let plain = |line: &&str| !line.is_empty() && !line.contains(['|', '#', '[']);
    for line in prose.filter(plain) {
        assert!(all.contains(&words(line)), "{line}\n{}", shown.stdout);
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
