//! An answer as Markdown, for the summary of a GitHub Actions job.
//!
//! Source: <https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands#adding-a-job-summary>.

use super::Findings;
use crate::contract::types::Severity;
use crate::report::markdown::{LIMIT, Page, code, inert};

/// Writes the answer: how it ended, its values, what people should know.
pub fn text(answer: &Findings) -> String {
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
    use super::super::{Name, Notice};
    use super::*;

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
            text(&answer),
            "### greenlight tags: abort\n\n| | |\n| --- | --- |\n| tags | <code>a b</code> |\n\n- ⚠ \
             <code>near-miss</code> a &lt;b&gt; \\| \\`c\\`\\\\n\\#&#8203; d ::error:: @&#8203;e\n  <br>help: \
             \\[load test: skip\\]\n\n"
        );
    }
}
