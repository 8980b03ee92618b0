//! A progress bar for long work.

use std::io::{self, IsTerminal as _};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output::Output;

/// Creates a progress bar that counts `what`. The bar is hidden with `--quiet`, if standard error is not a terminal, or
/// if `lines` is set and standard output is a terminal. `lines` means that output is written during the work.
pub fn bar(
    output: &Output,
    lines: bool,
    what: &str,
    total: impl FnOnce() -> Option<u64>,
) -> ProgressBar {
    let shown =
        !output.is_quiet() && io::stderr().is_terminal() && !(lines && io::stdout().is_terminal());
    if !shown {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(total(), ProgressDrawTarget::stderr());
    let template = format!("{{bar:40}} {{pos}}/{{len}} {what}, {{eta}} left");
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar
}
