//! `hidden-label`: a label that readers may not see. Web pages do not show labels in HTML comments, and control
//! characters can hide a label in a terminal.

use crate::action::word;
use crate::bindings::types::{Diagnostic, Severity};

use super::grammar::{Label, PRECEDENCE};

/// What hides a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Veil {
    Comment,
    Escape,
    Overwritten,
    Reordered,
}

/// Checks the first label of each action, because only that label takes effect.
pub(super) fn hidden(text: &str, labels: &[Label]) -> Vec<Diagnostic> {
    let firsts = PRECEDENCE.iter().filter_map(|action| {
        let mut labels = labels.iter();
        labels.find(|label| label.action == *action)
    });
    firsts
        .filter_map(|label| Some(diagnostic(label, veil(text, label)?)))
        .collect()
}

fn diagnostic(label: &Label, veil: Veil) -> Diagnostic {
    let how = match veil {
        Veil::Comment => "it is inside an HTML comment, which web pages do not show",
        Veil::Escape => "escape sequences in the message can hide it in a terminal",
        Veil::Overwritten => "control characters in its line can overwrite it in a terminal",
        Veil::Reordered => "control characters in its line change the direction of text",
    };
    Diagnostic {
        severity: Severity::Warning,
        code: "hidden-label".into(),
        message: format!(
            "the label `{}` counts, but people may not see it: {how}",
            word(label.action)
        ),
        span: Some(label.span()),
        help: Some("write the label where people can read it, or remove it".into()),
    }
}

fn veil(text: &str, label: &Label) -> Option<Veil> {
    let (before, behind) = (text.get(..label.start)?, text.get(label.end..)?);
    let line = [
        before.rsplit('\n').next().unwrap_or_default(),
        behind.split('\n').next().unwrap_or_default(),
    ];
    let line_has = |is: fn(char) -> bool| {
        line.iter()
            .any(|part| part.trim_end_matches('\r').contains(is))
    };
    if is_in_comment(text, label.start) {
        Some(Veil::Comment)
    } else if is_concealed(before) || moves(before) || moves(behind) {
        Some(Veil::Escape)
    } else if line_has(overwrites) {
        Some(Veil::Overwritten)
    } else if line_has(reorders) {
        Some(Veil::Reordered)
    } else {
        None
    }
}

/// Whether a position is inside an HTML comment. A comment that is not closed extends to the end of the message.
///
/// Source: <https://html.spec.whatwg.org/multipage/parsing.html#comment-start-state>: `<!-->` and `<!--->` are empty.
fn is_in_comment(text: &str, place: usize) -> bool {
    let mut from = 0;
    while let Some(start) = text[from..place].find("<!--").map(|it| from + it) {
        let Some(end) = text[start + 2..].find("-->").map(|it| start + 2 + it) else {
            return true;
        };
        if end >= place {
            return true;
        }
        from = end + "-->".len();
    }
    false
}

/// Whether the style at the end of this text hides the text that follows.
fn is_concealed(before: &str) -> bool {
    let mut style = Style::default();
    for sequence in before.split('\u{1b}').skip(1) {
        if let Some(parameters) = style_parameters(sequence) {
            style.set(parameters);
        }
    }
    style.hides()
}

/// The style that a series of escape sequences has set.
#[derive(Clone, Copy, Default)]
struct Style {
    concealed: bool,
    text: Option<Colour>,
    background: Option<Colour>,
}

/// A colour.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Colour {
    /// One of the 16 named colours; 0 is black.
    Named(u8),
    /// Any other colour; it may equal the colour of the terminal's background.
    Free,
}

impl Style {
    /// Applies the parameters of an escape sequence. A missing parameter is 0, which resets the style.
    fn set(&mut self, parameters: &str) {
        let mut numbers = parameters.split([';', ':']);
        while let Some(number) = numbers.next() {
            match number.parse().unwrap_or(0_u8) {
                0 => *self = Self::default(),
                8 => self.concealed = true,
                28 => self.concealed = false,
                number @ 30..=37 => self.text = Some(Colour::Named(number - 30)),
                number @ 90..=97 => self.text = Some(Colour::Named(number - 82)),
                number @ 40..=47 => self.background = Some(Colour::Named(number - 40)),
                number @ 100..=107 => self.background = Some(Colour::Named(number - 92)),
                39 => self.text = None,
                49 => self.background = None,
                number @ (38 | 48) => {
                    let colour = if number == 38 {
                        &mut self.text
                    } else {
                        &mut self.background
                    };
                    *colour = Some(Colour::Free);
                    let rest = if numbers.next() == Some("5") { 1 } else { 3 };
                    numbers.by_ref().take(rest).for_each(drop);
                }
                _ => {}
            }
        }
    }

    /// Whether text of this style may be invisible: the text is concealed, has the colour of its background, is black
    /// on an unknown background, or the colour of the text or of the background is not a named colour.
    fn hides(self) -> bool {
        match (self.text, self.background) {
            _ if self.concealed => true,
            (Some(Colour::Free), _) | (Some(Colour::Named(0)), None) => true,
            (Some(text), Some(background)) => text == background || background == Colour::Free,
            _ => false,
        }
    }
}

/// Whether a text has an escape sequence that does more than set a style. Such a sequence can move the cursor, clear a
/// line, or begin a string that the terminal does not show.
fn moves(text: &str) -> bool {
    let mut sequences = text.split('\u{1b}').skip(1);
    sequences.any(|it| style_parameters(it).is_none())
        || text.contains(|it| matches!(it, '\u{80}'..='\u{9f}'))
}

/// The parameters of a sequence that sets a style, without its escape character: `[31m`.
///
/// Source: ECMA-48, 8.3.117, SGR.
fn style_parameters(sequence: &str) -> Option<&str> {
    let rest = sequence.strip_prefix('[')?;
    let end = rest.find(|it: char| !matches!(it, '0'..='9' | ';' | ':'))?;
    rest[end..].starts_with('m').then_some(&rest[..end])
}

/// Whether a character moves the cursor back.
fn overwrites(raw: char) -> bool {
    matches!(raw, '\r' | '\u{8}' | '\u{7f}' | '\u{b}' | '\u{c}')
}

/// Whether a character changes the direction of the text that follows.
fn reorders(raw: char) -> bool {
    matches!(raw, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::grammar::labels;

    fn veils(text: &str) -> Vec<(usize, Veil)> {
        let labels = labels(text);
        let veils = labels
            .iter()
            .filter_map(|it| Some((it.start, veil(text, it)?)));
        veils.collect()
    }

    #[test]
    fn a_label_inside_a_comment() {
        for (text, hidden) in [
            ("a <!-- [load test: skip] --> b", true),
            ("a <!--\n[load test: skip]\n", true),
            ("<!-- a --> <!-- b [load test: skip] -->", true),
            ("<!--[load test: skip]-->", true),
            ("<!-- a <!-- b [load test: skip] -->", true),
            ("<!-- a --> [load test: skip]", false),
            ("<!--> [load test: skip] -->", false),
            ("<!---> [load test: skip]", false),
            ("[load test: skip] <!-- a -->", false),
            ("<! -- [load test: skip] -->", false),
            ("<!- [load test: skip]", false),
        ] {
            let expected = hidden.then_some(Veil::Comment);
            let found = veils(text).first().map(|it| it.1);
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn a_label_that_a_terminal_may_hide() {
        use Veil::{Escape, Overwritten, Reordered};
        for (text, expected) in [
            ("a \u{1b}[8m[load test: skip]\u{1b}[0m", Some(Escape)),
            ("a \u{1b}[30;40m\n\n[load test: skip]", Some(Escape)),
            ("\u{1b}[38:5:0m[load test: skip]", Some(Escape)),
            ("[load test: skip]\n\u{1b}[1A\u{1b}[2K", Some(Escape)),
            ("\u{1b}]0;[load test: skip]\u{7}", Some(Escape)),
            ("[load test: skip]\u{9b}2K", Some(Escape)),
            ("[load test: skip]\rShip it           ", Some(Overwritten)),
            ("[load test: skip]\u{8}\u{8}", Some(Overwritten)),
            ("a \u{202e}[load test: skip]", Some(Reordered)),
            ("\u{1b}[30m[load test: skip]", Some(Escape)),
            ("\u{1b}[31m\u{1b}[1;41m[load test: skip]", Some(Escape)),
            ("\u{1b}[97;107m[load test: skip]", Some(Escape)),
            ("\u{1b}[38;5;8;1m[load test: skip]", Some(Escape)),
            ("\u{1b}[38;2;0;0;0m\u{1b}[0;1m[load test: skip]", None),
            ("\u{1b}[8m\u{1b}[28m[load test: skip]", None),
            ("\u{1b}[30;47m[load test: skip]", None),
            ("\u{1b}[1;31m[load test: skip]", None),
            ("\u{1b}[31mred\u{1b}[0m [load test: skip]", None),
            ("\u{1b}[31mred\u{1b}[m [load test: skip]", None),
            ("[load test: skip] \u{1b}[31mred", None),
            ("[load test: skip]\r\nb\r\n", None),
            ("a\rb\n[load test: skip]\nc\rd", None),
            ("\u{202e}\n[load test: skip]", None),
            ("\t[load test: skip]", None),
        ] {
            let found = veils(text).first().map(|it| it.1);
            assert_eq!(found, expected, "{text:?}");
        }
    }

    #[test]
    fn the_label_that_counts_is_said_with_its_place() {
        let text =
            "a [load test: warn]\n<!-- [load test: abort] [load test: warn] [load test: abort] -->";
        let found = hidden(text, &labels(text));
        let [found] = &found[..] else {
            panic!("{found:?}")
        };
        assert_eq!(found.code, "hidden-label");
        assert_eq!(found.severity, Severity::Warning);
        assert_eq!(found.span.map(|it| it.start), Some(25));
        assert!(
            found.message.starts_with("the label `abort` counts, but"),
            "{found:?}"
        );
    }
}
