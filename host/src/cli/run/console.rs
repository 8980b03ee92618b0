//! A deployment on a terminal, or in the log of a CI system: one line for each step.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::args::Format;
use crate::cli::output::Output;
use crate::deployment::Screen;
use crate::deployment::entry::Began;
use crate::report::decision::next;
use crate::report::harmless::harmless;
use crate::report::words::Word as _;
use crate::sandbox::contract::promotion::{
    Action, Conclusion, Decision, NodeState, Permission, Standing,
};

/// Shows what goes on: on standard output for people, beside a JSON answer on standard error.
pub struct Console {
    began: Instant,
    colour: bool,
    to_error: bool,
    /// What is going on, on a terminal.
    bar: Option<ProgressBar>,
    /// What was last said about what is missing.
    said: String,
}

/// How a line is marked.
#[derive(Clone, Copy)]
enum Mark {
    Starts,
    Well,
    Badly,
    Waits,
    Note,
}

impl Console {
    pub fn new(output: &Output, format: Format) -> Self {
        let to_error = format == Format::Json;
        let (terminal, colour) = if to_error {
            (io::stderr().is_terminal(), output.note_colour())
        } else {
            (io::stdout().is_terminal(), output.colour())
        };
        // A runner that is no terminal, or that shows escapes as they are, gets plain lines.
        let bar = (terminal && colour).then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed:>4}  {msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self {
            began: Instant::now(),
            colour,
            to_error,
            bar,
            said: String::new(),
        }
    }

    /// Something that people should know before anything goes on.
    pub fn note(&mut self, text: &str) {
        self.print(Mark::Note, &harmless(text));
    }

    /// Takes away what is only shown while something goes on.
    pub fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }

    fn print(&self, mark: Mark, text: &str) {
        let elapsed = self.began.elapsed().as_secs();
        let (symbol, colour) = match mark {
            Mark::Starts => ("▸", "36"),
            Mark::Well => ("✓", "32"),
            Mark::Badly => ("✗", "31"),
            Mark::Waits => ("…", "33"),
            Mark::Note => ("!", "33"),
        };
        let time = format!("{:02}:{:02}", elapsed / 60, elapsed % 60);
        let line = if self.colour {
            format!("\x1b[2m{time}\x1b[0m \x1b[{colour}m{symbol}\x1b[0m {text}")
        } else {
            format!("{time} {symbol} {text}")
        };
        self.write(&line);
    }

    fn write(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| self.write_plain(line)),
            None => self.write_plain(line),
        }
    }

    /// Nobody may be looking; the journal has it all.
    fn write_plain(&self, line: &str) {
        let _ = if self.to_error {
            writeln!(io::stderr().lock(), "{line}")
        } else {
            writeln!(io::stdout().lock(), "{line}")
        };
    }

    fn show(&self, text: String) {
        if let Some(bar) = &self.bar {
            bar.set_message(text);
        }
    }
}

impl Screen for Console {
    fn began(&mut self, number: u64, began: &Began, resumed: bool) {
        let how = if resumed { "goes on" } else { "begins" };
        self.print(
            Mark::Starts,
            &format!("deployment {number} {how}: {}", harmless(&began.tag)),
        );
    }

    fn decided(&mut self, decision: &Decision) {
        // The first reason decided; the last one says what is missing.
        let Some(reason) = decision.reasons.last() else {
            return;
        };
        let going_on = matches!(
            decision.next,
            Action::Observe(_) | Action::Wait(_) | Action::Deploy(_) | Action::LoadTest(_)
        );
        let mut text = harmless(&reason.message).into_owned();
        let mut table = String::new();
        for standing in &decision.standings {
            if let Some(nodes) = nodes(standing)
                && matches!(decision.next, Action::Observe(_) | Action::Wait(_))
                && standing.progress != crate::sandbox::contract::promotion::Progress::Pending
            {
                table = nodes;
            }
        }
        if !table.is_empty() {
            text = format!("{text} ({table})");
        }
        if going_on && text != self.said {
            let mark = if decision.permission == Permission::Hold {
                Mark::Waits
            } else {
                Mark::Well
            };
            self.print(mark, &text);
            self.said.clone_from(&text);
        }
        self.show(format!("{}: {text}", next(&decision.next)));
    }

    fn started(&mut self, effect: &Action) {
        self.print(Mark::Starts, &next(effect));
    }

    fn line(&mut self, line: &str) {
        self.write(&format!("      | {}", harmless(line)));
    }

    fn ended(&mut self, effect: &Action, well: bool, outcome: &str, took: Duration) {
        let mark = if well { Mark::Well } else { Mark::Badly };
        let what = match effect {
            Action::Deploy(name) => format!("deploy to `{}`", harmless(name)),
            Action::LoadTest(name) => format!("load test against `{}`", harmless(name)),
            Action::Notify(_) => "tell people".to_owned(),
            other => next(other),
        };
        let took = took.as_secs_f64();
        self.print(
            mark,
            &format!("{what}: {} ({took:.1} s)", harmless(outcome)),
        );
    }

    fn note(&mut self, text: &str) {
        Self::note(self, text);
    }

    fn concluded(&mut self, conclusion: Conclusion, _: &Decision) {
        let mark = match conclusion {
            Conclusion::Promoted | Conclusion::PromotedWithWarning => Mark::Well,
            _ => Mark::Badly,
        };
        self.print(mark, conclusion.word());
    }
}

/// Each node with what it serves, where they differ.
fn nodes(standing: &Standing) -> Option<String> {
    if standing.nodes.is_empty()
        || standing
            .nodes
            .iter()
            .all(|it| it.state == NodeState::Current)
    {
        return None;
    }
    let nodes = standing.nodes.iter();
    let nodes: Vec<_> = nodes
        .map(|it| format!("{} {}", harmless(&it.name), it.state.word()))
        .collect();
    Some(nodes.join(", "))
}
