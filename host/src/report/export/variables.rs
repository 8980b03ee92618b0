//! Findings as variables: for a POSIX shell, as a dotenv report of GitLab, and as parameters of a `CircleCI` pipeline.

use serde_json::{Map, Value as Json};

use super::{Name, Value};

/// Writes a line for each value: `export NAME='…'`.
///
/// The shell interprets no part of a value: within single quotes only the single quote is special, and it is written
/// outside of them.
/// Source: <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02_02>.
pub fn shell(values: &[Value]) -> String {
    let mut text = String::new();
    for value in values {
        text.push_str("export ");
        text.push_str(value.name.variable());
        text.push('=');
        quote(&mut text, &value.text);
        text.push('\n');
    }
    text
}

/// Quotes a text. A variable of a shell can't hold a NUL byte; the replacement character takes its place.
fn quote(quoted: &mut String, text: &str) {
    quoted.push('\'');
    for c in text.chars() {
        match c {
            '\'' => quoted.push_str("'\\''"),
            '\0' => quoted.push('\u{fffd}'),
            c => quoted.push(c),
        }
    }
    quoted.push('\'');
}

/// The most bytes that GitLab accepts by default.
pub const DOTENV_LIMIT: u64 = 5 << 10;

/// Merges the values into the contents of a dotenv report: other variables stay, those of the same names are replaced.
///
/// # Errors
///
/// If a value has several lines, or begins or ends with a blank: the format can't hold it.
pub fn dotenv(file: &str, values: &[Value]) -> Result<String, String> {
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
                "a dotenv report can't hold the value of `{name}`: it has several lines, or blanks around it"
            ));
        }
        text.push_str(name);
        text.push('=');
        text.push_str(&value.text);
        text.push('\n');
    }
    Ok(text)
}

/// Merges the values into a JSON object of parameters: others stay, those of the same names are replaced.
///
/// All are strings except `label`, which is a boolean. A boolean can't be empty, so it is removed if it has no value.
///
/// # Errors
///
/// If the file does not hold a JSON object.
pub fn parameters(file: &str, values: &[Value]) -> Result<String, String> {
    let mut object: Map<String, Json> = if file.trim().is_empty() {
        Map::new()
    } else {
        serde_json::from_str(file)
            .map_err(|error| format!("it does not hold a JSON object: {error}"))?
    };
    for value in values {
        let typed = match value.name {
            Name::Label => value.text.parse().ok().map(Json::Bool),
            _ => Some(Json::String(value.text.clone())),
        };
        match typed {
            Some(typed) => object.insert(value.name.output().to_owned(), typed),
            None => object.remove(value.name.output()),
        };
    }
    let mut text = Json::Object(object).to_string();
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use proptest::prelude::*;
    use serde_json::json;

    use super::super::Name;
    use super::*;

    /// Sources the text, and returns what the variable is then.
    fn sourced(program: &str, values: &[Value]) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("env");
        std::fs::write(&file, shell(values)).expect("written");
        let mut child = Command::new(program)
            .args(["-euc", ". \"$0\"; printf '%s' \"$GREENLIGHT_TAGS\""])
            .arg(&file)
            .env_clear()
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a shell");
        let mut input = child.stdin.take().expect("a pipe");
        // A shell that does not read its input may have ended.
        let _ = input.write_all(b"");
        drop(input);
        let output = child.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && said.is_empty(),
            "{program}: {said}"
        );
        let files = std::fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(files, 1, "something ran");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    fn tags(text: &str) -> Vec<Value> {
        vec![Value {
            name: Name::Tags,
            text: text.to_owned(),
        }]
    }

    #[test]
    fn no_value_runs_in_any_shell() {
        let long = "a b'\"$(touch ran)`touch ran`\n".repeat((64 << 10) / 28);
        for text in [
            "",
            "stage-a prod-a latest",
            "it's \"quoted\"",
            "`touch ran`",
            "$(touch ran) ${HOME} $HOME",
            "'; touch ran; '",
            "'\\''; touch ran #",
            "a\nb\n\n",
            "* ? [a-z] ~ !! \\ \\\\",
            "%0A::error::x",
            "\u{1b}[31m \u{202e} Größe 日本",
            "-n",
            &long,
        ] {
            for program in ["sh", "bash", "dash"] {
                assert_eq!(sourced(program, &tags(text)), text, "{program}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_text_comes_back(text in "[^\0]*") {
            prop_assert_eq!(sourced("sh", &tags(&text)), text);
        }
    }

    #[test]
    fn the_form() {
        assert_eq!(shell(&tags("a'b")), "export GREENLIGHT_TAGS='a'\\''b'\n");
        assert_eq!(
            shell(&tags("a\0b")),
            "export GREENLIGHT_TAGS='a\u{fffd}b'\n"
        );
    }

    fn values(tags: &str) -> [Value; 2] {
        [(Name::Tags, tags), (Name::Reason, "")].map(|(name, text)| Value {
            name,
            text: text.to_owned(),
        })
    }

    #[test]
    fn values_are_written_unchanged() {
        for tags in [
            "",
            "a b",
            "'a' \"b\" `c` $(d) ${e} # f = g %0A ::error::",
            "Größe",
        ] {
            let text = dotenv("", &values(tags)).expect("it fits");
            assert_eq!(
                text,
                format!("GREENLIGHT_TAGS={tags}\nGREENLIGHT_REASON=\n")
            );
        }
        let long = "x".repeat(64 << 10);
        assert!(dotenv("", &values(&long)).expect("it fits").contains(&long));
    }

    #[test]
    fn a_value_that_the_format_can_not_hold_is_refused() {
        for tags in ["a\nB=c", "a\r", " a", "a\t", "\0"] {
            let error = dotenv("", &values(tags)).expect_err("no form");
            assert!(error.contains("`GREENLIGHT_TAGS`"), "{error}");
        }
    }

    #[test]
    fn others_stay_and_ours_are_replaced() {
        let file =
            "A=1\nGREENLIGHT_TAGS=old\n\nGREENLIGHT_TAGS_OTHER=2\nGREENLIGHT_REASON = x\nB=3";
        let text = dotenv(file, &values("new")).expect("it fits");
        assert_eq!(
            text,
            "A=1\nGREENLIGHT_TAGS_OTHER=2\nB=3\nGREENLIGHT_TAGS=new\nGREENLIGHT_REASON=\n"
        );
        assert_eq!(dotenv(&text, &values("new")).expect("it fits"), text);
    }

    fn value(name: Name, text: &str) -> Value {
        Value {
            name,
            text: text.to_owned(),
        }
    }

    #[test]
    fn typed_and_merged() {
        let values = [
            value(Name::Label, "true"),
            value(Name::LoadTest, "abort"),
            value(Name::Reason, ""),
        ];
        let text = parameters("{\"mine\": 1, \"reason\": \"old\"}", &values).expect("an object");
        let read: Json = serde_json::from_str(&text).expect("JSON");
        assert_eq!(
            read,
            json!({"mine": 1, "label": true, "load-test": "abort", "reason": ""})
        );
        let text = parameters(&text, &[value(Name::Label, "")]).expect("an object");
        assert!(!text.contains("label"), "{text}");
    }

    #[test]
    fn a_file_without_an_object_is_refused() {
        for file in ["[]", "null", "{", "x"] {
            parameters(file, &[]).expect_err(file);
        }
        assert_eq!(parameters(" \n", &[]).expect("nothing"), "{}\n");
    }

    proptest! {
        #[test]
        fn any_parameter_comes_back(text in any::<String>()) {
            let json = parameters("", &[value(Name::Tags, &text)]).expect("an object");
            let read: Json = serde_json::from_str(&json).expect("JSON");
            prop_assert_eq!(read, json!({"tags": text}));
        }
    }
}
