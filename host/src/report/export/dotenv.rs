//! A file of variables as GitLab takes it from `artifacts:reports:dotenv`.
//!
//! Source: <https://docs.gitlab.com/ci/yaml/artifacts_reports/#artifactsreportsdotenv>: `NAME=value`, one a
//! line, no empty lines, no comments. Quotes are a part of the value, blanks around it are not, and nothing
//! is escaped.

use super::Value;

/// At most as many bytes are taken, unless the instance is set otherwise.
pub const LIMIT: u64 = 5 << 10;

/// Writes the values into what the file holds: other variables stay, those of the same names are replaced.
///
/// # Errors
///
/// If a value has no form there: it has several lines, or begins or ends with a blank.
pub fn merged(file: &str, values: &[Value]) -> Result<String, String> {
    let ours = |line: &str| {
        let name = line.split_once('=').map_or(line, |(name, _)| name).trim();
        values.iter().any(|value| value.name.variable() == name)
    };
    let mut text = String::new();
    for line in file.lines().filter(|line| !line.is_empty() && !ours(line)) {
        text.push_str(line);
        text.push('\n');
    }
    for value in values {
        let name = value.name.variable();
        if value.text.contains(char::is_control) || value.text.trim() != value.text {
            return Err(format!(
                "`{name}` has a value that a dotenv report can't hold: one of several lines, or with blanks \
                 around it"
            ));
        }
        text.push_str(name);
        text.push('=');
        text.push_str(&value.text);
        text.push('\n');
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::super::Name;
    use super::*;

    fn values(tags: &str) -> [Value; 2] {
        [(Name::Tags, tags), (Name::Reason, "")].map(|(name, text)| Value {
            name,
            text: text.to_owned(),
        })
    }

    #[test]
    fn values_stand_as_they_are() {
        for tags in [
            "",
            "a b",
            "'a' \"b\" `c` $(d) ${e} # f = g %0A ::error::",
            "Größe",
        ] {
            let text = merged("", &values(tags)).expect("it fits");
            assert_eq!(
                text,
                format!("GREENLIGHT_TAGS={tags}\nGREENLIGHT_REASON=\n")
            );
        }
        let long = "x".repeat(64 << 10);
        assert!(merged("", &values(&long)).expect("it fits").contains(&long));
    }

    #[test]
    fn what_has_no_form_is_refused() {
        for tags in ["a\nB=c", "a\r", " a", "a\t", "\0"] {
            let error = merged("", &values(tags)).expect_err("no form");
            assert!(error.contains("`GREENLIGHT_TAGS`"), "{error}");
        }
    }

    #[test]
    fn others_stay_and_ours_are_replaced() {
        let file =
            "A=1\nGREENLIGHT_TAGS=old\n\nGREENLIGHT_TAGS_OTHER=2\nGREENLIGHT_REASON = x\nB=3";
        let text = merged(file, &values("new")).expect("it fits");
        assert_eq!(
            text,
            "A=1\nGREENLIGHT_TAGS_OTHER=2\nB=3\nGREENLIGHT_TAGS=new\nGREENLIGHT_REASON=\n"
        );
        assert_eq!(merged(&text, &values("new")).expect("it fits"), text);
    }
}
