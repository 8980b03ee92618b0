//! Generates the reference of limits from the constants that the readers use.

use std::fmt::Write as _;

use greenlight::limits::ALL;

use super::{cell, is_current};

#[test]
fn limits() {
    let mut text = "# Limits of readers\n\nGreenlight limits the size of all input, and the time to read it. Input \
                    that is longer or slower causes an error that names the limit. Files must be regular files: \
                    a folder, a pipe or a device is refused.\n\n[`host/src/limits/mod.rs`](../../src/limits/mod.rs) has the \
                    constants that the readers use. `greenlight policy inspect` prints the limits of a policy while \
                    it runs.\n\n| input | size | time | notes |\n| --- | --- | --- | --- |\n"
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
