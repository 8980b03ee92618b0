//! Annotations of GitHub Actions. This is the only place that writes workflow commands which a runner is
//! to obey; everywhere else they are made harmless.
//!
//! Source: <https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands#setting-a-warning-message>,
//! and for what is escaped <https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts>.

use super::Notice;
use crate::contract::types::Severity;
use crate::text::escape::escape;

/// At most as many characters of one text are written: a runner cuts annotations off at 4 KiB or so, and a
/// line of a log should be readable.
const LENGTH: usize = 2000;

/// Writes a line for each notice.
pub fn text(command: &str, notices: &[Notice]) -> String {
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

/// Makes a text harmless: it stands in a log, too, and in a page.
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
}
