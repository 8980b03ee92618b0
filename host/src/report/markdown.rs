//! A deployment as Markdown, for the summary of a CI job.

mod load_tests;

use super::headline::{self, Headline};
use crate::deployment::timeline::{Decision, Timeline};
use crate::text::escape::escape;
use crate::text::number::short;
use crate::text::time;

/// The most bytes that are written.
pub const LIMIT: usize = 64 * 1024;

/// The most steps that are listed; the first ones are left out.
const STEPS: usize = 50;

/// Writes the summary: headline, reasons, steps, load tests and notes. If it is too long, its end is left
/// out, and the last line says so.
pub fn text(timeline: &Timeline) -> String {
    let mut page = Page::new(LIMIT);
    head(&mut page, timeline);
    if let Some(decision) = timeline.decisions.last() {
        reasons(&mut page, decision);
    }
    steps(&mut page, timeline);
    load_tests::add(&mut page, timeline);
    for (test, note) in timeline.load_test_notes() {
        page.line("");
        let place = timeline.place_of(test);
        page.line(&format!("{}: {}", inert(&place), inert(note)));
    }
    if !timeline.notes.is_empty() {
        page.line("");
        page.line("### Notes");
        page.line("");
    }
    for note in &timeline.notes {
        page.line(&format!("- {} {}", time::clock(note.at), inert(&note.text)));
    }
    page.finish()
}

fn head(page: &mut Page, timeline: &Timeline) {
    let headline = Headline::of(timeline);
    page.line(&format!(
        "## {} {}",
        headline.tone.sign(),
        inert(&headline.words)
    ));
    page.line("");
    if let Some(title) = &headline.title {
        page.line(&inert(title));
        page.line("");
    }
    if let Some(waits) = &headline.waits {
        let lead = match headline.advice {
            None => "Waiting for",
            Some(_) => "Next",
        };
        page.line(&format!("{lead}: **{}**", inert(waits)));
        page.line("");
    }
    if let Some(advice) = &headline.advice {
        page.line(&inert(advice));
        page.line("");
    }
    page.line(&format!(
        "{} · commit {} · began {} · {} {}",
        code(&timeline.tag),
        code(&short(&timeline.commit)),
        time::instant(timeline.began),
        if timeline.conclusion.is_some() {
            "took"
        } else {
            "so far"
        },
        time::span(timeline.last.saturating_sub(timeline.began)),
    ));
    for place in &timeline.environments {
        page.line("");
        page.line(&format!(
            "**{}**: {}",
            inert(&place.name),
            inert(&headline::place(place, timeline))
        ));
    }
    for sentence in &headline.served {
        page.line("");
        page.line(&format!("At the end, {}.", inert(sentence)));
    }
    if !headline.to_do.is_empty() {
        page.line("");
        page.line("### What to do now");
        page.line("");
    }
    for item in &headline.to_do {
        page.line(&format!("- {}", inert(item)));
    }
}

fn reasons(page: &mut Page, decision: &Decision) {
    page.line("");
    page.line(&format!(
        "### {} {}",
        headline::permission(decision.permission.0).sign(),
        decision.permission
    ));
    page.line("");
    for reason in &decision.reasons {
        page.line(&format!(
            "- {} {}",
            code(&reason.code),
            inert(&reason.message)
        ));
        if let Some(help) = &reason.help {
            page.line(&format!("  <br>help: {}", inert(help)));
        }
    }
    page.line("");
    page.line(&format!("Next: {}", inert(&decision.next_text)));
}

fn steps(page: &mut Page, timeline: &Timeline) {
    page.line("");
    page.line("### Steps");
    page.line("");
    if timeline.steps.is_empty() {
        page.line("No step has run yet.");
        return;
    }
    let left_out = timeline.steps.len().saturating_sub(STEPS);
    if left_out > 0 {
        page.line(&format!("The first {left_out} steps are left out."));
        page.line("");
    }
    page.line("| | step | environment | began | took | outcome |");
    page.line("| --- | --- | --- | --- | ---: | --- |");
    for step in &timeline.steps[left_out..] {
        let (tone, word) = headline::step(step.state.0);
        let end = step.ended.unwrap_or(timeline.last);
        page.line(&format!(
            "| {} {word} | {} | {} | {} | {} | {} |",
            tone.sign(),
            inert(&step.title()),
            inert(step.environment.as_deref().unwrap_or_default()),
            time::clock(step.began),
            time::span(end.saturating_sub(step.began)),
            inert(&step.outcome),
        ));
    }
    for step in timeline.steps[left_out..]
        .iter()
        .filter(|it| !it.tail.is_empty())
    {
        let place = step.environment.as_deref().unwrap_or_default();
        page.line("");
        page.line(&format!(
            "Last lines of {} {}:",
            inert(&step.title()),
            inert(place)
        ));
        page.line("");
        for line in &step.tail {
            page.line(&format!("- {}", code(line)));
        }
    }
}

/// The most characters of one text.
const LENGTH: usize = 600;

/// Writes a text in one line in which nothing is markup: no emphasis, code, link, table cell, HTML, formula,
/// mention or reference.
///
/// Mentions and references are detected after escapes are resolved, so a zero-width character follows their signs.
pub fn inert(text: &str) -> String {
    let mut inert = String::with_capacity(text.len() + text.len() / 8);
    let mut characters = text.chars();
    let head: String = characters.by_ref().take(LENGTH).collect();
    for c in escape(&head).chars() {
        match c {
            '&' => inert.push_str("&amp;"),
            '<' => inert.push_str("&lt;"),
            '>' => inert.push_str("&gt;"),
            '@' => inert.push_str("@&#8203;"),
            '#' => inert.push_str("\\#&#8203;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' | '!' => {
                inert.push('\\');
                inert.push(c);
            }
            c => inert.push(c),
        }
    }
    if characters.next().is_some() {
        inert.push('…');
    }
    inert
}

/// Writes a text as code. The element, not backticks: they can't be escaped within.
pub fn code(text: &str) -> String {
    format!("<code>{}</code>", inert(text))
}

/// The last line of a summary that is too long.
const REST: &str = "\nThe rest is left out: the summary is too long.\n";

/// Lines, as many as fit.
#[derive(Debug)]
pub struct Page {
    text: String,
    limit: usize,
    full: bool,
}

impl Page {
    /// An empty page of at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            text: String::new(),
            limit: limit.saturating_sub(REST.len()),
            full: false,
        }
    }

    /// Adds a line. After the first line that does not fit, no line is added.
    pub fn line(&mut self, line: &str) {
        self.full |= self.text.len() + line.len() + 1 > self.limit;
        if !self.full {
            self.text.push_str(line);
            self.text.push('\n');
        }
    }

    /// The text.
    pub fn finish(mut self) -> String {
        if self.full {
            self.text.push_str(REST);
        }
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn says_what_happened_first() {
        let text = text(&fixture::stopped());
        assert!(
            text.starts_with(
                "## ✗ Stopped in stage\n\n\"Reserve stock when the cart is paid\" by Ada Example\n"
            ),
            "{text}"
        );
        assert!(
            text.contains("\n### What to do now\n\n- find out why the load test of stage failed"),
            "{text}"
        );
        assert!(
            text.contains("\nLast lines of load-test stage:\n\n- <code>POST /cart: 212 responses 502 &lt;Bad Gateway&gt;</code>\n"),
            "{text}"
        );
        assert!(text.contains("\n### ✗ stop\n\n- <code>load-test-failed</code> the load test of \\`stage\\` failed"), "{text}");
        assert!(
            text.contains("\n| ✗ failed | load-test | stage | 00:17:01 | 5 min | 212 of"),
            "{text}"
        );
        assert!(text.contains("\nstage: the history ends 3 s before the results do\n"));
        let limits = "\n| stage | p99 of POST /cart | 2,410 ms | 2,000 ms |\n\
                      | stage | increase of p95 | 1,840 ms | 310 ms + 20 % |\n";
        assert!(text.contains(limits), "{text}");
        assert!(text.contains("\n| stage | 28,140 | 212 (0.75 %) | 0 | 1,840 ms | 5 min | <code>ca779cf0631b</code> |\n"), "{text}");
    }

    #[test]
    fn says_what_the_nodes_served_at_the_end() {
        let text = text(&fixture::half_way());
        let said =
            "\nAt the end, 1 of 3 nodes of prod serves ca779cf0631b, 2 serve 4b825dc642cb.\n";
        assert!(text.contains(said), "{text}");
    }

    #[test]
    fn every_stage_of_a_deployment_has_a_summary() {
        assert!(text(&fixture::empty()).contains("Waiting for: **the first decision**"));
        assert!(text(&fixture::running()).contains("| ▶ running | converge | stage |"));
        assert!(
            text(&fixture::promoted_with_warning())
                .starts_with("## ⚠ Promoted with a warning to prod\n")
        );
    }

    #[test]
    fn hostile_texts_stay_in_their_places() {
        let text = text(&fixture::hostile());
        for bad in [
            "<script", "<img", "@team", "\u{1b}", "\u{202e}", "##[", "x](", " **b**", " `c`",
            " $m$",
        ] {
            assert!(!text.contains(bad), "{bad:?}");
        }
        assert!(
            text.lines()
                .all(|line| !line.trim_start().starts_with("::"))
        );
        // All rows of a table have as many cells as its head.
        for line in text.lines().filter(|line| line.starts_with("| ✓")) {
            assert_eq!(line.replace("\\|", "").matches('|').count(), 7, "{line}");
        }
    }

    #[test]
    fn the_end_is_left_out_rather_than_the_beginning() {
        let mut timeline = fixture::hostile();
        timeline.steps = vec![timeline.steps[0].clone(); 3000];
        timeline.notes = vec![timeline.notes[0].clone(); 3000];
        let text = text(&timeline);
        assert!(text.len() <= LIMIT);
        assert!(text.contains("The first 2950 steps are left out."));
        assert!(
            text.ends_with("left out: the summary is too long.\n"),
            "{}",
            &text[text.len() - 200..]
        );
    }

    #[test]
    fn markup_is_text() {
        assert_eq!(inert("a|b `c` *d* _e_"), "a\\|b \\`c\\` \\*d\\* \\_e\\_");
        assert_eq!(inert("<b>&amp;"), "&lt;b&gt;&amp;amp;");
        assert_eq!(
            inert("@team #12 ![x](y)"),
            "@&#8203;team \\#&#8203;12 \\!\\[x\\](y)"
        );
        assert_eq!(inert("a\n# b"), "a\\\\n\\#&#8203; b");
        assert_eq!(inert("\u{1b}[31m"), "\\\\u{1b}\\[31m");
        assert_eq!(inert("Größe: 5 µs"), "Größe: 5 µs");
    }

    #[test]
    fn a_long_text_is_cut() {
        let text = inert(&"ü".repeat(LENGTH + 1));
        assert_eq!(text.chars().count(), LENGTH + 1);
        assert!(text.ends_with('…'));
    }

    #[test]
    fn whole_lines_or_none() {
        let mut page = Page::new(REST.len() + 4);
        page.line("abc");
        page.line("d");
        page.line("");
        assert_eq!(page.finish(), format!("abc\n{REST}"));
    }
}
