//! The reference of limits, from the list that the readers use.

use std::fmt::Write as _;

use greenlight::limits::ALL;

use super::{cell, is_current};

#[test]
fn limits() {
    let mut text = "# Limits of readers\n\nHow much greenlight reads of what comes from outside, and for how long. What is \
                    longer or slower is an error that names the limit. Only regular files are read as files: a folder, a \
                    pipe and a device are refused.\n\n[`host/src/limits/mod.rs`](../../src/limits/mod.rs) is the list that \
                    the readers use. The limits of a policy while it runs are in the output of `greenlight policy \
                    inspect`.\n\n| what is read | size | time | also |\n| --- | --- | --- | --- |\n"
        .to_owned();
    for limit in ALL {
        let time = limit.time_limit().map(|it| format!("{} s", it.as_secs()));
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} |",
            cell(limit.of),
            limit.size(),
            time.unwrap_or_default(),
            cell(limit.note)
        );
    }
    is_current("readers.md", &text);
}
