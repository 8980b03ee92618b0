//! A deployment on a terminal, or in the log of a CI system: one line for each step.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use super::live::Live;
use crate::cli::args::Format;
use crate::cli::output::Output;
use crate::contract::actions::sentence;
use crate::contract::names::Named as _;
use crate::contract::promotion::{
    Action, Conclusion, Decision, NodeStanding, NodeState, Permission, Progress, Standing,
};
use crate::deployment::Screen;
use crate::deployment::entry::Began;
use crate::text::escape::escape;

/// Shows what goes on: on standard output for people, beside a JSON answer on standard error.
pub struct Console {
    began: Instant,
    colour: bool,
    to_error: bool,
    /// What is going on, on a terminal.
    live: Option<Live>,
    /// Nodes that gave no usable answer when they were last asked, and why.
    unreachable: Vec<(String, String)>,
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
        let live = (terminal && colour).then(Live::new);
        Self {
            began: Instant::now(),
            colour,
            to_error,
            live,
            unreachable: Vec::new(),
            said: String::new(),
        }
    }

    /// Something that people should know before anything goes on.
    pub fn note(&mut self, text: &str) {
        self.print(Mark::Note, &escape(text));
    }

    /// Takes away what is only shown while something goes on.
    pub fn finish(self) {
        if let Some(live) = self.live {
            live.finish();
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
        match &self.live {
            Some(shown) => shown.suspend(|| self.write_plain(line)),
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

    /// Each node that does not serve the release, and what it does instead.
    fn behind(&self, standing: &Standing) -> Vec<String> {
        let behind = standing
            .nodes
            .iter()
            .filter(|it| it.state != NodeState::Current);
        behind.map(|it| self.node(it)).collect()
    }

    fn node(&self, node: &NodeStanding) -> String {
        let name = escape(&node.name);
        let mut unreachable = self.unreachable.iter();
        match unreachable.find(|(it, _)| node.state == NodeState::Unreachable && *it == node.name) {
            Some((_, why)) => format!("{name} unreachable: {}", escape(why)),
            None => format!("{name} {}", node.state.name()),
        }
    }
}

impl Screen for Console {
    fn began(&mut self, number: u64, began: &Began, resumed: bool) {
        let how = if resumed { "goes on" } else { "begins" };
        self.print(
            Mark::Starts,
            &format!("deployment {number} {how}: {}", escape(&began.tag)),
        );
    }

    fn answered(&mut self, unreachable: &[(String, String)]) {
        self.unreachable = unreachable.to_vec();
    }

    fn decided(&mut self, decision: &Decision) {
        // What keeps a release from going on stands first; where nothing does, what is missing stands last.
        let reason = match decision.permission {
            Permission::Hold => decision.reasons.first(),
            _ => decision.reasons.last(),
        };
        let Some(reason) = reason else {
            return;
        };
        let waits = matches!(decision.next, Action::Observe(_) | Action::Wait(_));
        let under_way = decision.standings.iter().rev();
        let standing = under_way.filter(|_| waits).find(|it| {
            matches!(it.progress, Progress::Deployed | Progress::Unknown) && !it.nodes.is_empty()
        });
        let mut text = escape(&reason.message).into_owned();
        let behind = standing.map_or_else(Vec::new, |it| self.behind(it));
        // Before its nodes were asked, what they served earlier says nothing.
        if !behind.is_empty() && !matches!(decision.next, Action::Observe(_)) {
            text = format!("{text} ({})", behind.join(", "));
        }
        if let (Permission::Hold, Some(help)) = (decision.permission, &reason.help) {
            text = format!("{text}; {}", escape(help));
        }
        if matches!(decision.next, Action::Wait(_)) && text != self.said {
            self.print(Mark::Waits, &text);
            self.said.clone_from(&text);
        }
        let nodes = standing.map_or_else(Vec::new, |it| {
            it.nodes.iter().map(|node| self.node(node)).collect()
        });
        if let Some(live) = &mut self.live {
            live.show(
                format!("{}: {}", sentence(&decision.next), escape(&reason.message)),
                &nodes,
            );
        }
    }

    fn started(&mut self, effect: &Action) {
        self.print(Mark::Starts, &sentence(effect));
    }

    fn line(&mut self, line: &str) {
        self.write(&format!("      | {}", escape(line)));
    }

    fn ended(&mut self, effect: &Action, well: bool, outcome: &str, took: Duration) {
        let mark = if well { Mark::Well } else { Mark::Badly };
        let what = match effect {
            Action::Deploy(name) => format!("deploy to `{}`", escape(name)),
            Action::LoadTest(name) => format!("load test against `{}`", escape(name)),
            Action::Notify(_) => "send a notification".to_owned(),
            other => sentence(other),
        };
        let took = took.as_secs_f64();
        self.print(mark, &format!("{what}: {} ({took:.1} s)", escape(outcome)));
    }

    fn note(&mut self, text: &str) {
        Self::note(self, text);
    }

    fn concluded(&mut self, conclusion: Conclusion) {
        let mark = match conclusion {
            Conclusion::Promoted | Conclusion::PromotedWithWarning => Mark::Well,
            _ => Mark::Badly,
        };
        self.print(mark, conclusion.name());
    }
}
