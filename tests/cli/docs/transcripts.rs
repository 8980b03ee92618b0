//! Transcripts are what comes out.

use std::fmt::Write as _;
use std::{fs, thread};

use super::is_update;
use super::pages::{self, Page};
use super::workshop::{shell, shop};

/// A transcript without what differs from run to run: times, counts, and what is waited for meanwhile.
fn steady(text: &str) -> String {
    let waits = |line: &&str| !line.contains(" … ");
    let mut lines = Vec::new();
    for line in text.lines().filter(waits) {
        let timed = line.get(..6).is_some_and(|time| {
            let time = time.as_bytes();
            time[2] == b':' && time[5] == b' '
        });
        let line = if timed { &line[6..] } else { line };
        let line = line.split(" (").next().filter(|_| timed).unwrap_or(line);
        let loaded = line.contains(" requests, ");
        let digits = |c: char| if c.is_ascii_digit() { '#' } else { c };
        let line: String = if loaded {
            line.chars().map(digits).collect()
        } else {
            line.to_owned()
        };
        lines.push(line.replace("####", "###"));
    }
    lines.join("\n")
}

/// The page with the transcripts as they come out. One that differs only in times stays as it is. The blocks
/// of a page run one after the other in one repository.
fn real(page: &Page) -> (String, usize) {
    let shop = shop();
    let mut text = String::new();
    let mut ran = 0;
    let mut lines = page.text.lines().peekable();
    let mut inside = false;
    while let Some(line) = lines.next() {
        text += line;
        text.push('\n');
        if line.starts_with("```") {
            inside = line == "```console";
            continue;
        }
        let Some(command) = line.strip_prefix("$ ").filter(|_| inside) else {
            assert!(!inside, "{}: output without a command: {line}", page.name);
            continue;
        };
        let mut expected = String::new();
        while let Some(line) = lines.next_if(|it| !it.starts_with("$ ") && *it != "```") {
            // Writing to a string does not fail.
            let _ = writeln!(expected, "{line}");
        }
        let (went_well, shown) = shell(command, shop.path(), None);
        // A mistake in a command is not rewritten into a transcript. One that fails on purpose shows its status.
        assert!(went_well, "{}: $ {command}\n{shown}", page.name);
        let same = steady(&shown) == steady(&expected);
        text += if same { &expected } else { &shown };
        ran += 1;
    }
    (text, ran)
}

#[test]
fn transcripts_are_what_comes_out() {
    let pages = pages::all();
    let ran: usize = thread::scope(|scope| {
        let check = |page: &Page| {
            let (text, ran) = real(page);
            if is_update() && text != page.text {
                fs::write(&page.path, &text).expect("the page");
            } else {
                assert_eq!(page.text, text, "{}: see `UPDATE_DOCS=1`", page.name);
            }
            ran
        };
        let run = |page| scope.spawn(move || check(page));
        let running: Vec<_> = pages
            .iter()
            .filter(|it| !it.blocks_in("console").is_empty())
            .map(run)
            .collect();
        let ended = running
            .into_iter()
            .map(|it| it.join().expect("the page holds"));
        ended.sum()
    });
    assert!(ran >= 15, "{ran} commands");
}
