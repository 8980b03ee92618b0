//! The progress of a deployment: one line for each step, on a terminal or in the log of a CI system, and on a
//! terminal a live view of the current step.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::cli::args::Format;
use crate::cli::output::Output;
use crate::contract::actions::sentence;
use crate::contract::load_tests;
use crate::contract::names::Named as _;
use crate::contract::promotion::{
    Action, Conclusion, Decision, NodeState, NodeStatus, Permission, Progress,
};
use crate::deployment::Screen;
use crate::deployment::entry::Began;
use crate::deployment::held::Held;
use crate::deployment::timeline::{self, Round, add_round};
use crate::report::awaited::behind;
use crate::report::headline::title;
use crate::text::escape::escape;

/// Shows progress on standard output, or on standard error beside a JSON answer.
pub struct Console {
    began: Instant,
    colour: bool,
    to_error: bool,
    /// Whether nothing is shown: `--quiet` leaves no notes beside a JSON answer.
    is_silent: bool,
    /// How to answer a question about an environment of a deployment.
    how_to_answer: fn(u64, &str) -> String,
    /// The live view, on a terminal.
    live: Option<Live>,
    /// The commit of the release.
    commit: String,
    /// The rounds so far in which nodes were asked. [`add_round`] removes equal rounds.
    rounds: Vec<Round>,
    /// The last line about what the deployment waits for.
    said: String,
}

/// The most nodes that the live view lists. It counts more nodes by their states.
const LISTED: usize = 10;

/// How many nodes have each state, and the first of those that do not serve the release: `281 current, 17 old,
/// 2 unreachable: shop-1, shop-2, …`.
fn summary(nodes: &[NodeStatus]) -> String {
    const NAMED: usize = 3;
    let counts = NodeState::ALL.iter().filter_map(|(state, name)| {
        let count = nodes.iter().filter(|it| it.state == *state).count();
        (count > 0).then(|| format!("{count} {name}"))
    });
    let counts = counts.collect::<Vec<_>>().join(", ");
    // A node without an answer needs a person sooner than one that is still old.
    let mut behind: Vec<_> = nodes
        .iter()
        .filter(|it| it.state != NodeState::Current)
        .collect();
    behind.sort_by_key(|it| it.state != NodeState::Unreachable);
    if behind.is_empty() {
        return counts;
    }
    let named = behind.iter().take(NAMED).map(|it| escape(&it.name));
    let named = named.collect::<Vec<_>>().join(", ");
    let more = if behind.len() > NAMED { ", …" } else { "" };
    format!("{counts}: {named}{more}")
}

/// How a line is marked.
#[derive(Clone, Copy)]
enum Mark {
    Starts,
    Well,
    Badly,
    /// Neither: a newer release or a person ended it.
    Neither,
    Waits,
    Note,
}

impl Console {
    pub fn new(output: &Output, format: Format, is_local: bool) -> Self {
        let to_error = format == Format::Json;
        let (terminal, colour) = if to_error {
            (io::stderr().is_terminal(), output.note_colour())
        } else {
            (io::stdout().is_terminal(), output.colour())
        };
        let is_silent = to_error && output.is_quiet();
        // Without a terminal, or without support for escapes, lines are plain.
        let live = (terminal && colour && !is_silent).then(Live::new);
        Self {
            began: Instant::now(),
            colour,
            to_error,
            is_silent,
            how_to_answer: if is_local {
                built_in_answer
            } else {
                timeline::how_to_answer
            },
            live,
            commit: String::new(),
            rounds: Vec::new(),
            said: String::new(),
        }
    }

    /// Prints a note before the deployment begins.
    pub fn note(&mut self, text: &str) {
        self.print(Mark::Note, &escape(text));
    }

    /// Removes the live view.
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
            Mark::Neither => ("–", "2"),
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

    /// Ignores errors: the journal has everything that is printed here.
    fn write_plain(&self, line: &str) {
        if self.is_silent {
            return;
        }
        let _ = if self.to_error {
            writeln!(io::stderr().lock(), "{line}")
        } else {
            writeln!(io::stdout().lock(), "{line}")
        };
    }

    fn node(&self, node: &NodeStatus) -> String {
        let name = escape(&node.name);
        let rounds = self.rounds.iter().rev();
        let mut answers = rounds.flat_map(|it| &it.nodes);
        let why = answers.find(|it| it.name == node.name);
        match why.and_then(|it| it.unreachable.as_deref()) {
            Some(why) if node.state == NodeState::Unreachable => {
                format!("{name} no usable answer: {}", escape(why))
            }
            _ => format!("{name} {}", node.state.name()),
        }
    }
}

/// Says who answers in `run --local`, whose journal no other process can find.
fn built_in_answer(_: u64, _: &str) -> String {
    "built-in people approve it: the journal of `run --local` ends with this process, so no other command can answer"
        .to_owned()
}

impl Screen for Console {
    fn how_to_answer(&self, deployment: u64, environment: &str) -> String {
        (self.how_to_answer)(deployment, environment)
    }

    fn began(&mut self, number: u64, began: &Began, resumed: bool) {
        let how = if resumed { "resumes" } else { "begins" };
        self.commit.clone_from(&began.commit);
        self.rounds.clear();
        let mut text = format!("deployment {number} {how}: {}", escape(&began.tag));
        if let Some(title) = title(began.subject.as_deref(), began.author.as_deref()) {
            text = format!("{text}, {}", escape(&title));
        }
        self.print(Mark::Starts, &text);
    }

    fn answered(&mut self, round: Round) {
        add_round(&mut self.rounds, round);
    }

    fn decided(&mut self, decision: &Decision, held: Option<&Held>) {
        // A hold is explained by its first reason, every other permission by its last one.
        let reason = match decision.permission {
            Permission::Hold => decision.reasons.first(),
            _ => decision.reasons.last(),
        };
        let Some(reason) = reason else {
            return;
        };
        let waits = matches!(decision.next, Action::Observe(_) | Action::Wait(_));
        let under_way = decision.environments.iter().rev();
        let status = under_way.filter(|_| waits).find(|it| {
            matches!(it.progress, Progress::Deployed | Progress::Unknown) && !it.nodes.is_empty()
        });
        let said = held.map_or(&reason.message, |it| &it.text);
        let mut text = escape(said).into_owned();
        // Before a round, earlier answers of the nodes are out of date.
        let awaited = status.filter(|it| {
            !matches!(decision.next, Action::Observe(_))
                && it.nodes.iter().any(|it| it.state != NodeState::Current)
        });
        for node in awaited.map_or_else(Vec::new, |it| {
            behind(&it.environment, &self.commit, &self.rounds)
        }) {
            text = format!("{text}; {}", escape(&node));
        }
        if let (Permission::Hold, Some(help)) = (decision.permission, &reason.help) {
            text = format!("{text}; {}", escape(help));
        }
        if matches!(decision.next, Action::Wait(_)) && text != self.said {
            self.print(Mark::Waits, &text);
            self.said.clone_from(&text);
        }
        let nodes = status.map_or_else(Vec::new, |it| {
            if it.nodes.len() > LISTED {
                return vec![summary(&it.nodes)];
            }
            it.nodes.iter().map(|node| self.node(node)).collect()
        });
        if let Some(live) = &mut self.live {
            live.show(
                format!("{}: {}", sentence(&decision.next), escape(said)),
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
            Action::LoadTest(run) => escape(&load_tests::in_words(run)).to_string(),
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
            Conclusion::Stopped | Conclusion::RolledBack => Mark::Badly,
            Conclusion::Superseded | Conclusion::Canceled => Mark::Neither,
        };
        self.print(mark, conclusion.name());
    }
}

/// The live view at the bottom of a terminal: the current step, and the nodes that the deployment waits for.
struct Live {
    all: MultiProgress,
    now: ProgressBar,
    nodes: Vec<ProgressBar>,
}

impl Live {
    fn new() -> Self {
        let all = MultiProgress::new();
        let now = all.add(ProgressBar::new_spinner());
        now.set_style(style("{spinner} {elapsed:>4}  {wide_msg}"));
        now.enable_steady_tick(Duration::from_millis(120));
        Self {
            all,
            now,
            nodes: Vec::new(),
        }
    }

    /// Prints what stays on the terminal.
    fn suspend(&self, print: impl FnOnce()) {
        self.all.suspend(print);
    }

    /// Shows the current step, and the nodes that the deployment waits for.
    fn show(&mut self, text: String, nodes: &[String]) {
        self.now.set_message(text);
        while self.nodes.len() > nodes.len() {
            if let Some(bar) = self.nodes.pop() {
                bar.finish_and_clear();
            }
        }
        while self.nodes.len() < nodes.len() {
            let bar = self.all.add(ProgressBar::new_spinner());
            bar.set_style(style("        {wide_msg}"));
            self.nodes.push(bar);
        }
        for (bar, node) in self.nodes.iter().zip(nodes) {
            bar.set_message(node.clone());
            bar.tick();
        }
    }

    /// Removes the view.
    fn finish(mut self) {
        self.show(String::new(), &[]);
        self.now.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_nodes_are_counted() {
        let nodes = |states: &[(NodeState, usize)]| -> Vec<NodeStatus> {
            let states = states
                .iter()
                .flat_map(|(state, count)| vec![*state; *count]);
            let nodes = states.enumerate().map(|(number, state)| NodeStatus {
                name: format!("shop-{number}"),
                state,
            });
            nodes.collect()
        };
        let all = [
            (NodeState::Current, 281),
            (NodeState::Old, 17),
            (NodeState::Unreachable, 2),
        ];
        let says = "281 current, 17 old, 2 unreachable: shop-298, shop-299, shop-281, …";
        assert_eq!(summary(&nodes(&all)), says);
        let one = nodes(&[(NodeState::Current, 11), (NodeState::Foreign, 1)]);
        assert_eq!(summary(&one), "11 current, 1 foreign: shop-11");
        assert_eq!(summary(&nodes(&[(NodeState::Current, 12)])), "12 current");
    }
}
