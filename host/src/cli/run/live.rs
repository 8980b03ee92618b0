//! The bottom of a terminal while a deployment goes on.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// What is going on, at the bottom of a terminal: a line, and a table of the nodes that are waited for.
pub struct Live {
    all: MultiProgress,
    now: ProgressBar,
    nodes: Vec<ProgressBar>,
}

impl Live {
    pub fn new() -> Self {
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

    /// Makes room for what stays on the terminal.
    pub fn suspend(&self, print: impl FnOnce()) {
        self.all.suspend(print);
    }

    /// Shows what goes on now, and the nodes that are waited for.
    pub fn show(&mut self, text: String, nodes: &[String]) {
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

    /// Takes all of it away.
    pub fn finish(mut self) {
        self.show(String::new(), &[]);
        self.now.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}
