//! Outputs of a step of GitHub Actions, as `$GITHUB_OUTPUT` is read.
//!
//! Source: <https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands#multiline-strings>.

use std::fmt::Write as _;

use super::Value;

/// Writes a block for each value: `name<<DELIMITER`, the value, the delimiter.
///
/// The delimiter is a random one that is not in the value, so that no value can end its own block and begin
/// another output.
pub fn text(values: &[Value]) -> String {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Name;
    use super::*;

    /// Reads outputs as the runner does: line by line, a block up to its delimiter.
    fn outputs(text: &str) -> Vec<(String, String)> {
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
            prop_assert_eq!(outputs(&text(&values)), expected);
        }
    }

    #[test]
    fn no_two_delimiters_are_the_same() {
        let values = [Name::Tags, Name::Action].map(|name| Value {
            name,
            text: "x".to_owned(),
        });
        let text = text(&values);
        let delimiters: Vec<_> = text
            .lines()
            .filter_map(|line| line.split_once("<<"))
            .collect();
        assert_eq!(delimiters.len(), 2);
        assert_ne!(delimiters[0].1, delimiters[1].1);
    }
}
