//! The pages below `reference`: generated from the program, its schemas and its source, and compared with what
//! is committed.

mod commands;
mod configuration;
mod limits;
mod metrics;
mod outputs;

use std::fmt::Write as _;
use std::fs;

use greenlight::cli::Exit;

use super::{is_update, pages};

/// Compares a page with what it is generated as, or rewrites it.
#[track_caller]
fn is_current(name: &str, text: &str) {
    let path = pages::root().join("host/docs/reference").join(name);
    if is_update() {
        fs::write(&path, text).expect("a page");
        return;
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(committed, text, "{name}: see `UPDATE_DOCS=1`");
}

/// A cell of a table: one line, without bars.
fn cell(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").replace('|', "\\|")
}

#[test]
fn exit_status() {
    let mut text =
        "# Exit status\n\nThe exit status is a public interface: a status keeps its meaning, and \
                    removing one is a breaking change.\n\n| status | means |\n| --- | --- |\n"
            .to_owned();
    for (exit, meaning) in Exit::ALL {
        let _ = writeln!(text, "| {} | {} |", exit as u8, cell(meaning));
    }
    text += "\nA command without an answer prints nothing to standard output. Errors go to standard error: what \
             is wrong, where, and what to do next.\n\nA hold and a stop are different: after a hold (4) run the \
             command again when the condition is met; after a stop (1) the release needs another commit or a \
             person's decision. 75 asks for `greenlight run --resume`, see [Recovery](../recovery.md).\n";
    is_current("exit-status.md", &text);
}
