//! Variables for a POSIX shell, as `CircleCI`'s `$BASH_ENV` is read by one.

use super::Value;

/// Writes a line for each value: `export NAME='…'`.
///
/// Nothing in a value is read by the shell: within single quotes only the single quote means anything, and
/// it is written outside of them.
/// Source: <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02_02>.
pub fn text(values: &[Value]) -> String {
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

/// Quotes a text. No shell has a NUL byte in a variable; the sign for what can't be shown stands in.
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

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use proptest::prelude::*;

    use super::super::Name;
    use super::*;

    /// Sources the text, and returns what the variable is then.
    fn sourced(shell: &str, values: &[Value]) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("env");
        std::fs::write(&file, text(values)).expect("written");
        let mut child = Command::new(shell)
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
            "{shell}: {said}"
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
            for shell in ["sh", "bash", "dash"] {
                assert_eq!(sourced(shell, &tags(text)), text, "{shell}");
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
        assert_eq!(text(&tags("a'b")), "export GREENLIGHT_TAGS='a'\\''b'\n");
        assert_eq!(text(&tags("a\0b")), "export GREENLIGHT_TAGS='a\u{fffd}b'\n");
    }
}
