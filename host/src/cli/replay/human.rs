//! A replay as people read it.

use std::fmt::Write as _;

use super::{CommitDocument, Summary};
use crate::contract::names::Named as _;
use crate::text::escape::escape;

/// Writes a commit with a label or a diagnostic: its action, subject and diagnostics.
pub(super) fn line(document: &CommitDocument, text: &str) -> String {
    if !document.explicit && document.diagnostics.is_empty() && document.refused.is_empty() {
        return String::new();
    }
    let hash = document.commit.get(..12).unwrap_or(&document.commit);
    let action = document.action.map_or("-", |it| it.0.name());
    let subject = title(text.lines().next().unwrap_or_default());
    let date = document.date.as_deref().and_then(|it| it.get(..10));
    let author = document.author.as_deref();
    let author = author.map_or_else(String::new, |it| format!(" ({})", escape(it)));
    let mut line = format!(
        "{}  {:<10}  {action:<5}  {}{author}\n",
        escape(hash),
        date.unwrap_or("no date"),
        escape(&subject)
    );
    for reason in &document.refused {
        let _ = writeln!(line, "    refused: {}", escape(&reason.message));
    }
    for diagnostic in &document.diagnostics {
        let place = diagnostic.span.as_ref().and_then(|span| {
            text.get(usize::try_from(span.start).ok()?..usize::try_from(span.end).ok()?)
        });
        let _ = write!(
            line,
            "    {}[{}]: ",
            diagnostic.severity,
            escape(&diagnostic.code)
        );
        match (place, &diagnostic.help) {
            (Some(place), Some(help)) if diagnostic.code == "near-miss" => {
                let _ = writeln!(line, "`{}` should be `{}`", escape(place), escape(help));
            }
            _ => {
                let _ = writeln!(line, "{}", escape(&diagnostic.message));
            }
        }
    }
    line
}

/// The most characters of a title, unless a label is longer.
const TITLE: usize = 72;

/// Cuts a title that is long, but not inside brackets: half a label would look misspelled.
fn title(subject: &str) -> String {
    let Some((cut, _)) = subject.char_indices().nth(TITLE) else {
        return subject.to_owned();
    };
    let (head, rest) = subject.split_at(cut);
    let is_open = head.rfind('[') > head.rfind(']');
    let end = rest.find(']').filter(|it| is_open && *it < TITLE);
    let end = end.map_or(cut, |it| cut + it + 1);
    if end == subject.len() {
        return subject.to_owned();
    }
    format!("{}…", &subject[..end])
}

/// Writes the summary.
pub(super) fn summed_up(summary: &Summary) -> String {
    let labeled: u64 = summary.labels.values().sum();
    let by_word: Vec<_> = summary
        .labels
        .iter()
        .map(|(word, n)| format!("{n} {word}"))
        .collect();
    let commits = match summary.commits {
        1 => "1 commit".to_owned(),
        more => format!("{more} commits"),
    };
    let mut text = format!("{commits}: {labeled} with a label");
    if !by_word.is_empty() {
        let _ = write!(text, " ({})", by_word.join(", "));
    }
    let _ = writeln!(
        text,
        ", {} by default, {} unreadable",
        summary.defaults, summary.unreadable
    );
    for (code, count) in &summary.diagnostics {
        let _ = writeln!(text, "  {}: {count}", escape(code));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_not_cut_inside_a_label() {
        assert_eq!(title("short [load test: skip]"), "short [load test: skip]");
        let long = "x".repeat(100);
        assert_eq!(title(&long), format!("{}…", "x".repeat(72)));
        let labeled = format!("{} [load test: abort]", "ü".repeat(60));
        assert_eq!(title(&labeled), labeled);
        let more = format!("{labeled} and more");
        assert_eq!(title(&more), format!("{labeled}…"));
        // Without an end there is no label.
        let open = format!("{} [{}", "x".repeat(70), "y".repeat(200));
        assert_eq!(title(&open), format!("{} […", "x".repeat(70)));
        let closed = format!("[a] {}", "x".repeat(100));
        assert_eq!(title(&closed), format!("[a] {}…", "x".repeat(68)));
    }
}
