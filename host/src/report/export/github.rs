//! Findings for GitHub Actions: annotations, outputs of a step, and the summary of a job.
//!
//! This is the only place that writes workflow commands for a runner to carry out; everywhere else they are escaped.
//!
//! Source: <https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands>, and for what is
//! escaped <https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts>.

use std::fmt::Write as _;

use super::{Findings, Notice, Value};
use crate::contract::types::Severity;
use crate::report::markdown::{LIMIT, Page, code, inert};
use crate::text::escape::escape;

/// The most characters of one text: a runner truncates annotations at about 4 KiB, and a line of a log should be
/// readable.
const LENGTH: usize = 2000;

/// Writes a line for each notice.
pub fn annotations(command: &str, notices: &[Notice]) -> String {
    notices.iter().map(|notice| line(command, notice)).collect()
}

fn line(command: &str, notice: &Notice) -> String {
    let level = match notice.severity {
        Severity::Note => "notice",
        Severity::Warning => "warning",
        Severity::Error => "error",
    };
    let title = shown(&format!("greenlight {command}: {}", notice.code));
    let mut message = shown(&notice.message);
    if let Some(help) = &notice.help {
        message.push_str("\nhelp: ");
        message.push_str(&shown(help));
    }
    format!("::{level} title={}::{}\n", property(&title), data(&message))
}

/// Escapes a text, which is also shown in the log and on a page, and truncates it.
fn shown(text: &str) -> String {
    let end = text.char_indices().nth(LENGTH).map(|(at, _)| at);
    match end {
        Some(end) => format!("{}…", escape(&text[..end])),
        None => escape(text).into_owned(),
    }
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Writes a block for each value: `name<<DELIMITER`, the value, the delimiter.
///
/// The delimiter is random and does not occur in the value, so that no value can end its own block and start
/// another output.
pub fn outputs(values: &[Value]) -> String {
    let mut text = String::new();
    for value in values {
        let delimiter = delimiter(&value.text);
        // Writing into a string can't fail.
        let _ = write!(
            text,
            "{}<<{delimiter}\n{}\n{delimiter}\n",
            value.name.output(),
            value.text
        );
    }
    text
}

fn delimiter(text: &str) -> String {
    loop {
        let delimiter = format!("greenlight_{:032x}", fastrand::u128(..));
        if !text.contains(&delimiter) {
            return delimiter;
        }
    }
}

/// Writes a summary as Markdown: the result, its values and its notices.
pub fn summary(answer: &Findings) -> String {
    let mut page = Page::new(LIMIT);
    page.line(&format!(
        "### greenlight {}: {}",
        answer.command,
        inert(&answer.headline)
    ));
    page.line("");
    let mut values = answer
        .values
        .iter()
        .filter(|it| !it.text.is_empty())
        .peekable();
    if values.peek().is_some() {
        page.line("| | |");
        page.line("| --- | --- |");
    }
    for value in values {
        page.line(&format!(
            "| {} | {} |",
            value.name.output(),
            code(&value.text)
        ));
    }
    page.line("");
    for notice in &answer.notices {
        let sign = match notice.severity {
            Severity::Note => "·",
            Severity::Warning => "⚠",
            Severity::Error => "✗",
        };
        page.line(&format!(
            "- {sign} {} {}",
            code(&notice.code),
            inert(&notice.message)
        ));
        if let Some(help) = &notice.help {
            page.line(&format!("  <br>help: {}", inert(help)));
        }
    }
    page.line("");
    page.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Name;
    use super::*;

    fn notice(message: &str, help: Option<&str>) -> Notice {
        Notice {
            severity: Severity::Warning,
            code: "near-miss".to_owned(),
            message: message.to_owned(),
            help: help.map(str::to_owned),
        }
    }

    #[test]
    fn the_form() {
        assert_eq!(
            line("label", &notice("100 % of a, b: c", Some("do this"))),
            "::warning title=greenlight label%3A near-miss::100 %25 of a, b: c%0Ahelp: do this\n"
        );
    }

    #[test]
    fn no_second_command() {
        let line = line(
            "label",
            &notice("a\n::error::b\r##[error]c %0A::set-output::", None),
        );
        assert_eq!(line.matches('\n').count(), 1);
        assert!(!line.contains("##[") && !line.contains('\r'), "{line}");
        assert!(line.contains("%250A::set-output"), "{line}");
    }

    proptest! {
        #[test]
        fn one_line_and_one_command_each(message in any::<String>(), code in any::<String>()) {
            let notice = Notice { code, ..notice(&message, Some(&message)) };
            let line = line("tags", &notice);
            prop_assert!(line.starts_with("::warning title=greenlight tags%3A "));
            prop_assert!(!line[..line.len() - 1].contains(char::is_control));
            // The properties end where the message begins: nothing in them can end them before.
            let (properties, _) = line[2..].split_once("::").expect("a message");
            prop_assert!(!properties.contains([',', ':']));
        }
    }

    #[test]
    fn a_long_text_is_cut() {
        let line = line("label", &notice(&"ü".repeat(64 << 10), None));
        assert!(line.chars().count() < LENGTH + 100);
    }

    /// Reads outputs as the runner does: line by line, a block up to its delimiter.
    fn read(text: &str) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let mut lines = text.split('\n');
        while let Some(line) = lines.next().filter(|line| !line.is_empty()) {
            let (name, delimiter) = line.split_once("<<").expect("a block");
            let value: Vec<_> = lines
                .by_ref()
                .take_while(|line| *line != delimiter)
                .collect();
            found.push((name.to_owned(), value.join("\n")));
        }
        found
    }

    proptest! {
        #[test]
        fn a_value_stays_in_its_block(tags in any::<String>(), reason in "(a|<<|\n|=|greenlight_|EOF)*") {
            let values = [
                Value { name: Name::Tags, text: tags.clone() },
                Value { name: Name::LoadTest, text: reason.clone() },
            ];
            let expected = [("tags".to_owned(), tags), ("load-test".to_owned(), reason)];
            prop_assert_eq!(read(&outputs(&values)), expected);
        }
    }

    #[test]
    fn no_two_delimiters_are_the_same() {
        let values = [Name::Tags, Name::Action].map(|name| Value {
            name,
            text: "x".to_owned(),
        });
        let text = outputs(&values);
        let delimiters: Vec<_> = text
            .lines()
            .filter_map(|line| line.split_once("<<"))
            .collect();
        assert_eq!(delimiters.len(), 2);
        assert_ne!(delimiters[0].1, delimiters[1].1);
    }

    #[test]
    fn what_was_found_and_what_to_know() {
        let mut answer = Findings::new("tags", &[Name::Tags, Name::Reason]);
        answer.set(Name::Tags, "a b");
        "abort".clone_into(&mut answer.headline);
        answer.notices.push(Notice {
            severity: Severity::Warning,
            code: "near-miss".to_owned(),
            message: "a <b> | `c`\n# d ::error:: @e".to_owned(),
            help: Some("[load test: skip]".to_owned()),
        });
        assert_eq!(
            summary(&answer),
            "### greenlight tags: abort\n\n| | |\n| --- | --- |\n| tags | <code>a b</code> |\n\n- ⚠ \
             <code>near-miss</code> a &lt;b&gt; \\| \\`c\\`\\\\n\\#&#8203; d ::error:: @&#8203;e\n  <br>help: \
             \\[load test: skip\\]\n\n"
        );
    }
}
