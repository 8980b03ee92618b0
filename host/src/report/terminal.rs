//! Labels and decisions for a terminal: a decision in words, and a place in a message with its line, a caret
//! and the corrected text.

use std::fmt::Write as _;
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::contract::actions::sentence;
use crate::contract::names::Named as _;
use crate::contract::promotion::{Decision, NodeState, Progress};
use crate::contract::settings::LOAD_TEST;
use crate::contract::types::{Diagnostic, Reason, Severity, Span};
use crate::text::escape::{escape, push};

/// Writes a decision: the permission with the reason that decided, what to do next, how far the release is
/// in each environment, and the other reasons.
pub fn decision(decision: &Decision) -> String {
    let mut text = decision.permission.name().to_owned();
    let (first, others) = match decision.reasons.split_first() {
        Some((first, others)) => (Some(first), others),
        None => (None, &[][..]),
    };
    if let Some(first) = first {
        let _ = write!(
            text,
            "[{}]: {}",
            escape(&first.code),
            escape(&first.message)
        );
        if let Some(help) = &first.help {
            let _ = write!(text, "\n  help: {}", escape(help));
        }
    }
    let _ = write!(text, "\n  next: {}\n", sentence(&decision.next));
    for status in &decision.environments {
        let name = escape(&status.environment);
        let _ = write!(text, "  {name}: {}", progress(status.progress));
        for test in &status.load_tests {
            let verdict = test.verdict.name();
            let _ = match test.name.as_str() {
                LOAD_TEST => write!(text, ", load test {verdict}"),
                name => write!(text, ", load test `{}` {verdict}", escape(name)),
            };
        }
        let behind: Vec<_> = status
            .nodes
            .iter()
            .filter(|node| node.state != NodeState::Current)
            .map(|node| format!("{} {}", escape(&node.name), node.state.name()))
            .collect();
        if !behind.is_empty() {
            let _ = write!(text, " ({})", behind.join(", "));
        }
        text.push('\n');
    }
    if !others.is_empty() {
        text.push_str("also:\n");
    }
    for reason in others {
        text.push_str(&self::reason(reason));
    }
    text
}

/// Writes a reason: its code, its sentence, and what to do about it.
pub fn reason(reason: &Reason) -> String {
    let mut text = format!("  {}: {}\n", escape(&reason.code), escape(&reason.message));
    if let Some(help) = &reason.help {
        let _ = writeln!(text, "    help: {}", escape(help));
    }
    text
}

/// Writes what a person does now.
pub fn to_do(items: &[String]) -> String {
    let mut text = String::new();
    if !items.is_empty() {
        text.push_str("what to do now:\n");
    }
    for item in items {
        let _ = writeln!(text, "  - {}", escape(item));
    }
    text
}

/// How far a deployment to an environment is, in words.
pub fn progress(progress: Progress) -> &'static str {
    match progress {
        Progress::Pending => "not deployed",
        Progress::Unknown => "deployment with unknown outcome",
        Progress::Deployed => "deployed, not converged",
        Progress::Converged => "converged",
        Progress::Failed => "failed",
        Progress::RolledBack => "rolled back",
    }
}

/// The name of the message in the output.
const PATH: &str = "message";

/// Shows the place of the label that decided.
pub fn label(text: &str, span: Span, says: &str, colour: bool) -> String {
    let Some(shown) = Lines::around(text, span) else {
        return String::new();
    };
    let snippet = Snippet::source(shown.text.as_str())
        .line_start(shown.first)
        .path(PATH)
        .annotation(AnnotationKind::Primary.span(shown.span.clone()).label(says));
    let group = Group::with_level(Level::INFO.no_name()).element(snippet);
    render(colour, group)
}

/// Shows a diagnostic, with its place if it has one.
pub fn diagnostic(text: &str, diagnostic: &Diagnostic, colour: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Note => Level::NOTE,
        Severity::Warning => Level::WARNING,
        Severity::Error => Level::ERROR,
    };
    let title = escape(&diagnostic.message);
    let code = escape(&diagnostic.code);
    let shown = diagnostic.span.and_then(|span| Lines::around(text, span));
    let mut group = Group::with_title(level.primary_title(title).id(code));
    if let Some(shown) = &shown {
        group = group.element(
            Snippet::source(shown.text.as_str())
                .line_start(shown.first)
                .path(PATH)
                .annotation(AnnotationKind::Primary.span(shown.span.clone())),
        );
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(escape(help)));
    }
    render(colour, group)
}

fn render(colour: bool, group: Group<'_>) -> String {
    let renderer = if colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let mut text = renderer.decor_style(DecorStyle::Ascii).render(&[group]);
    text.push('\n');
    text
}

/// The lines of a message around a span, escaped.
struct Lines {
    text: String,
    /// Number of the first line, from 1.
    first: usize,
    /// Where the span is in `text`.
    span: Range<usize>,
}

impl Lines {
    /// How much of a line is shown before and after the span, in bytes.
    const REACH: usize = 200;

    fn around(message: &str, span: Span) -> Option<Self> {
        let start = usize::try_from(span.start).ok()?;
        let end = usize::try_from(span.end).ok()?;
        let (before, inside, behind) = (
            message.get(..start)?,
            message.get(start..end)?,
            message.get(end..)?,
        );
        let line = before.rsplit('\n').next().unwrap_or_default();
        let tail = behind.split('\n').next().unwrap_or_default();
        let mut text = String::new();
        push_all(&mut text, last(line, Self::REACH));
        let from = text.len();
        push_all(&mut text, inside);
        let to = text.len();
        push_all(&mut text, first(tail.trim_end_matches('\r'), Self::REACH));
        Some(Self {
            text,
            first: before.matches('\n').count() + 1,
            span: from..to,
        })
    }
}

fn push_all(safe: &mut String, text: &str) {
    for c in text.chars() {
        let before = safe.chars().next_back().unwrap_or('\0');
        // A span may reach over a line end; the place is shown as it is.
        if c == '\n' {
            safe.push('\n');
        } else {
            push(safe, before, c);
        }
    }
}

fn first(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

fn last(text: &str, bytes: usize) -> &str {
    &text[text.ceil_char_boundary(text.len().saturating_sub(bytes))..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near_miss(text: &str, wrong: &str) -> Diagnostic {
        let start = text.find(wrong).expect("it is there");
        Diagnostic {
            severity: Severity::Warning,
            code: "near-miss".to_owned(),
            message: "not a label".to_owned(),
            span: Some(Span {
                start: u32::try_from(start).expect("short"),
                end: u32::try_from(start + wrong.len()).expect("short"),
            }),
            help: Some("[load test: skip]".to_owned()),
        }
    }

    #[test]
    fn line_caret_and_help() {
        let text = "Subject\n\nGrößer [load test:skip] now\r\nbye";
        let shown = diagnostic(text, &near_miss(text, "[load test:skip]"), false);
        assert_eq!(
            shown,
            "\
warning[near-miss]: not a label
 --> message:3:8
  |
3 | Größer [load test:skip] now
  |        ^^^^^^^^^^^^^^^^
  |
  = help: [load test: skip]
"
        );
    }

    #[test]
    fn untrusted_text_around_the_place_does_nothing() {
        let text = "\x1b[2J::error:: ##[x] [load test:skip] \u{202e}";
        let shown = diagnostic(text, &near_miss(text, "[load test:skip]"), false);
        assert!(
            !shown.contains('\x1b') && !shown.contains('\u{202e}'),
            "{shown}"
        );
        assert!(!shown.contains("##[") && shown.contains("^^^^"), "{shown}");
    }

    #[test]
    fn a_line_of_a_mebibyte_is_cut() {
        let long = "é".repeat(1 << 19);
        let text = format!("{long}[load test:skip]{long}");
        let shown = diagnostic(&text, &near_miss(&text, "[load test:skip]"), false);
        assert!(shown.len() < 4096, "{}", shown.len());
        assert!(shown.contains("[load test:skip]"));
    }
}
