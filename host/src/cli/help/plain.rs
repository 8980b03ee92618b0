//! Markdown as plain text for a terminal: the part of Markdown that the documentation uses.
//!
//! Comments and images are removed, links keep their text and address, and a table that is too wide becomes a list
//! of rows.

use std::fmt::Write as _;

/// Wider tables become lists.
const WIDTH: usize = 100;

/// The indentation of cells in such a list.
const CELL: &str = "      ";

/// The title of a page: its first heading.
pub fn title(markdown: &str) -> &str {
    let mut lines = markdown.lines();
    lines
        .find_map(|line| line.strip_prefix("# "))
        .unwrap_or_default()
}

/// Renders a page.
pub fn text(markdown: &str) -> String {
    let markdown = without_comments(markdown);
    let mut out: Vec<String> = Vec::new();
    let mut lines = markdown.lines().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with("```") {
            for code in lines.by_ref().take_while(|line| !line.starts_with("```")) {
                out.push(format!("    {code}").trim_end().to_owned());
            }
        } else if line.starts_with('|') {
            let mut rows = vec![cells(line)];
            while let Some(row) = lines.next_if(|line| line.starts_with('|')) {
                rows.push(cells(row));
            }
            out.extend(table(&rows));
        } else if line.starts_with('#') {
            let heading = inline(line.trim_start_matches('#').trim());
            out.push(heading.to_uppercase());
        } else if line.starts_with("    ") {
            out.push(line.to_owned());
        } else if line.starts_with("![") || line.trim().is_empty() {
            out.push(String::new());
        } else {
            let mut paragraph = line.trim().to_owned();
            while let Some(more) = lines.next_if(|line| goes_on(line)) {
                paragraph = paragraph + " " + more.trim();
            }
            let hanging = " ".repeat(item(line).unwrap_or(0));
            out.extend(folded(&inline(&paragraph), "", &hanging));
        }
    }
    // What disappeared leaves no gap.
    out.dedup_by(|next, line| next.is_empty() && line.is_empty());
    let text = out.join("\n");
    format!("{}\n", text.trim_matches('\n'))
}

/// Whether a line goes on with the paragraph of the line before.
fn goes_on(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty()
        && !line.starts_with(['|', '#', '!'])
        && !line.starts_with("```")
        && item(line).is_none()
}

/// The width of the sign that begins an item of a list.
fn item(line: &str) -> Option<usize> {
    let (sign, _) = line.split_once(' ')?;
    let number = sign.strip_suffix('.').unwrap_or_default();
    let is_number = !number.is_empty() && number.bytes().all(|it| it.is_ascii_digit());
    (sign == "-" || is_number).then_some(sign.len() + 1)
}

fn without_comments(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("<!--") {
        out += before;
        rest = after.split_once("-->").map_or("", |(_, after)| after);
    }
    out + rest
}

/// A line of prose: links as their text, with the address of those that lead out of the documentation.
fn inline(line: &str) -> String {
    let line = line.replace("**", "");
    let mut out = String::new();
    let mut rest = line.as_str();
    while let Some((before, label, target, after)) = link(rest) {
        out += before;
        out += label;
        if target.starts_with("https://") {
            let _ = write!(out, " <{target}>");
        }
        rest = after;
    }
    out + rest
}

/// The first link of a text: what is before it, its label, its target, and what is behind it.
fn link(text: &str) -> Option<(&str, &str, &str, &str)> {
    let middle = text.find("](")?;
    let start = text[..middle].rfind('[')?;
    let end = middle + text[middle..].find(')')?;
    Some((
        &text[..start],
        &text[start + 1..middle],
        &text[middle + 2..end],
        &text[end + 1..],
    ))
}

/// The cells of a row of a table. A `\|` is a bar inside of a cell.
fn cells(row: &str) -> Vec<String> {
    let row = row.trim().trim_matches('|').replace("\\|", "\u{0}");
    row.split('|')
        .map(|cell| inline(cell.trim()).replace('\u{0}', "|"))
        .collect()
}

/// A table in columns, or as a list where it is too wide for that.
fn table(rows: &[Vec<String>]) -> Vec<String> {
    let is_rule = |row: &Vec<String>| {
        row.iter()
            .all(|cell| cell.trim_matches([':', '-']).is_empty())
    };
    let [head, rest @ ..] = rows else {
        return Vec::new();
    };
    let body: Vec<_> = rest.iter().skip_while(|row| is_rule(row)).collect();
    let width = |column: usize| {
        let all = std::iter::once(head).chain(body.iter().copied());
        all.filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<_> = (0..head.len()).map(width).collect();
    if widths.iter().sum::<usize>() + 2 * widths.len() <= WIDTH {
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths);
            let cells = cells.map(|(cell, width)| format!("{cell:width$}  "));
            format!("  {}", cells.collect::<String>())
                .trim_end()
                .to_owned()
        };
        let mut lines = vec![line(head)];
        lines.push(format!(
            "  {}",
            "-".repeat(widths.iter().sum::<usize>() + 2 * (widths.len() - 1))
        ));
        lines.extend(body.into_iter().map(line));
        return lines;
    }
    let mut lines = Vec::new();
    for row in body {
        for (place, (name, cell)) in head.iter().zip(row).enumerate() {
            match (place, cell.is_empty(), name.is_empty()) {
                (0, ..) => lines.push(format!("  {cell}")),
                (_, true, _) => {}
                _ if name.is_empty() || head.len() == 2 => lines.extend(folded(cell, CELL, CELL)),
                _ => lines.extend(folded(&format!("{name}: {cell}"), CELL, CELL)),
            }
        }
    }
    lines
}

/// A text on as many lines as it takes: the indentation of the first one, and of the others.
fn folded(text: &str, first: &str, others: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = first.to_owned();
    let mut is_empty = true;
    for word in text.split(' ') {
        if !is_empty && line.chars().count() + word.chars().count() >= WIDTH {
            lines.push(std::mem::replace(&mut line, others.to_owned()));
        } else if !is_empty {
            line.push(' ');
        }
        line += word;
        is_empty = false;
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page() {
        let page = "# A page\n\n<!-- hidden -->\n\nSee **the** [other](other.md#here) and \
                    [site](https://example.org).\n\n![A picture](a.png)\n\n```console\n$ greenlight\n```\n";
        assert_eq!(
            text(page),
            "A PAGE\n\nSee the other and site <https://example.org>.\n\n    $ greenlight\n"
        );
        assert_eq!(title(page), "A page");
    }

    #[test]
    fn a_narrow_table_has_columns() {
        let page = "| a | b |\n| --- | --- |\n| 1 | x \\| y |\n| 100 | z |\n";
        assert_eq!(
            text(page),
            "  a    b\n  ----------\n  1    x | y\n  100  z\n"
        );
    }

    #[test]
    fn a_wide_table_is_a_list() {
        let long = "word ".repeat(30);
        let page =
            format!("Rows:\n| name | means | test |\n| --- | --- | --- |\n| `x` | {long} | |\n");
        let shown = text(&page);
        assert!(
            shown.starts_with("Rows:\n  `x`\n      means: word"),
            "{shown}"
        );
        assert!(
            shown.lines().all(|line| line.chars().count() <= WIDTH),
            "{shown}"
        );
        assert_eq!(shown.matches("word").count(), 30);
    }

    #[test]
    fn paragraphs_are_folded() {
        assert_eq!(text("- one\n  two\n- three\n"), "- one two\n- three\n");
        let shown = text(&format!("- {}", "word ".repeat(50).trim()));
        assert_eq!(shown.lines().count(), 3);
        assert!(shown.contains("\n  word"), "{shown}");
        assert!(
            shown.lines().all(|line| line.chars().count() <= WIDTH),
            "{shown}"
        );
    }

    #[test]
    fn truncated_markdown_is_rendered() {
        for page in ["<!--", "```", "| a", "[a](", "|", ""] {
            let _ = text(page);
        }
    }
}
