//! What a receiver says while it runs: one line for each thing that happened, on standard error.

use std::io::Write as _;

use crate::clock;
use crate::text::escape::escape;
use crate::text::time;

/// Writes lines with the moment in UTC.
#[derive(Debug)]
pub struct Log;

impl Log {
    /// Says something, in one line that does nothing to a terminal.
    #[expect(clippy::unused_self, reason = "whoever may speak has been given a log")]
    pub fn say(&self, text: &str) {
        let line = format!(
            "{} {}\n",
            time::instant(clock::milliseconds()),
            escape(text)
        );
        // Where nobody listens, the page and the metrics still say it.
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
}
