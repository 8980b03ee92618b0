//! The version document of a node.

use serde_json::{Map, Value};

use crate::contract::validate::is_commit;
use crate::text::escape::beginning;

/// How many characters of a node's text a reason shows.
const SHOWN: usize = 120;

/// The version of a node.
///
/// Source: Dockerflow, `GET /__version__`: a JSON object of the four strings `source`, `version`,
/// `commit` and `build` (<https://github.com/mozilla-services/Dockerflow>). Only the commit is required. The others are
/// `None` if they are missing or not strings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// URL of the repository.
    pub source: Option<String>,
    /// Name of the release.
    pub version: Option<String>,
    /// Full hash of the commit: 40 or 64 hexadecimal digits in lower case.
    pub commit: String,
    /// URL of the build.
    pub build: Option<String>,
}

impl Version {
    /// Reads the commit of a document at a JSON pointer.
    ///
    /// Source: RFC 6901.
    pub(super) fn at(pointer: &str, body: &[u8]) -> Result<Self, String> {
        let value = json(body)?;
        let commit = value.pointer(pointer).ok_or_else(|| {
            let body = shown(&value.to_string());
            format!("answered with a document without `{pointer}`: `{body}`")
        })?;
        Ok(Self {
            source: None,
            version: None,
            build: None,
            commit: commit_of(pointer, commit)?,
        })
    }

    /// Parses the body of a response. A byte order mark before the JSON text and white space around the commit are
    /// ignored. The error for any other body quotes its beginning.
    pub(super) fn read(body: &[u8]) -> Result<Self, String> {
        let value = json(body)?;
        let Value::Object(fields) = value else {
            let kind = kind(&value);
            let value = shown(&value.to_string());
            return Err(format!(
                "answered with {kind} instead of an object: `{value}`"
            ));
        };
        let commit = match fields.get("commit") {
            Some(commit) => commit_of("commit", commit)?,
            None => return Err(without_commit(&fields)),
        };
        let text = |name| fields.get(name).and_then(Value::as_str).map(str::to_owned);
        Ok(Self {
            source: text("source"),
            version: text("version"),
            build: text("build"),
            commit,
        })
    }
}

/// Parses a body. A byte order mark before the JSON text is ignored.
fn json(body: &[u8]) -> Result<Value, String> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    serde_json::from_slice(body).map_err(|error| {
        let body = shown(&String::from_utf8_lossy(body));
        format!("answered with invalid JSON ({error}): `{body}`")
    })
}

/// The commit that is the value at `place`. White space around it is ignored.
fn commit_of(place: &str, value: &Value) -> Result<String, String> {
    match value {
        Value::String(commit) if is_commit(commit.trim()) => Ok(commit.trim().to_owned()),
        Value::String(commit) => Err(not_a_commit(place, commit)),
        other => {
            let (kind, other) = (kind(other), shown(&other.to_string()));
            Err(format!(
                "its `{place}` is {kind} instead of a string: `{other}`"
            ))
        }
    }
}

/// Describes why the text at `place` is not a commit.
fn not_a_commit(place: &str, commit: &str) -> String {
    let text = commit.trim();
    let what = if is_commit(&text.to_ascii_lowercase()) {
        "it has capital letters".to_owned()
    } else {
        match text.chars().position(|c| !c.is_ascii_hexdigit()) {
            Some(place) => format!("its character {} is not a hexadecimal digit", place + 1),
            None => format!("it has {} digits instead of 40 or 64", text.len()),
        }
    };
    format!(
        "its `{place}` is not a full commit hash, {what}: `{}`",
        shown(commit)
    )
}

fn without_commit(fields: &Map<String, Value>) -> String {
    if fields.is_empty() {
        return "answered with an empty object".to_owned();
    }
    let names: Vec<_> = fields.keys().map(String::as_str).collect();
    let names = shown(&names.join(", "));
    format!("answered with an object without `commit`: it has `{names}`")
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "`null`",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Shows the beginning of a node's text, in one line that is safe to print.
pub fn shown(text: &str) -> String {
    beginning(text, SHOWN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::escape::is_active;
    use proptest::prelude::*;

    const HASH: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

    fn read(body: &str) -> Result<Version, String> {
        Version::read(body.as_bytes())
    }

    #[test]
    fn a_version_has_four_strings_or_only_the_commit() {
        let whole = format!(
            r#"{{"source": "https://a/b", "version": "1", "commit": "{HASH}", "build": "https://ci/1"}}"#
        );
        let version = read(&whole).expect("a version");
        assert_eq!(version.source.as_deref(), Some("https://a/b"));
        assert_eq!(version.version.as_deref(), Some("1"));
        assert_eq!(version.commit, HASH);
        assert_eq!(version.build.as_deref(), Some("https://ci/1"));

        let long = "0f".repeat(32);
        let bare = format!(r#"{{"commit": "{long}", "version": null, "build": 7, "more": []}}"#);
        let version = read(&bare).expect("a version");
        assert_eq!(
            (version.commit, version.version, version.build),
            (long, None, None)
        );
    }

    #[test]
    fn what_scripts_leave_around_a_commit_is_ignored() {
        for (before, after) in [("", "\\n"), ("", "\\r\\n"), (" ", "\\t")] {
            let body = format!("\u{feff}{{\"commit\": \"{before}{HASH}{after}\"}}\n");
            assert_eq!(read(&body).expect("a version").commit, HASH);
        }
    }

    #[test]
    fn errors_quote_the_body() {
        for (body, reason) in [
            (
                "<h1>Oops",
                "answered with invalid JSON (expected value at line 1 column 1): `<h1>Oops`",
            ),
            (
                "",
                "answered with invalid JSON (EOF while parsing a value at line 1 column 0): ``",
            ),
            ("[1]", "answered with a list instead of an object: `[1]`"),
            ("null", "answered with `null` instead of an object: `null`"),
            ("{}", "answered with an empty object"),
            (
                r#"{"a": 1, "b": 2}"#,
                "answered with an object without `commit`: it has `a, b`",
            ),
            (
                r#"{"commit": 7}"#,
                "its `commit` is a number instead of a string: `7`",
            ),
            (
                r#"{"commit": "4b825dc"}"#,
                "its `commit` is not a full commit hash, it has 7 digits instead of 40 or 64: `4b825dc`",
            ),
            (
                r#"{"commit": "a\nb"}"#,
                "its `commit` is not a full commit hash, its character 2 is not a hexadecimal digit: `a\\nb`",
            ),
        ] {
            assert_eq!(read(body), Err(reason.to_owned()));
        }
        let upper = HASH.to_uppercase();
        for (commit, what) in [
            (upper.as_str(), "it has capital letters"),
            (&format!("{HASH}0"), "it has 41 digits instead of 40 or 64"),
            (
                &format!("{HASH}-dirty"),
                "its character 41 is not a hexadecimal digit",
            ),
            (
                &format!("{HASH}\u{200b}"),
                "its character 41 is not a hexadecimal digit",
            ),
            ("", "it has 0 digits instead of 40 or 64"),
        ] {
            let body = Value::from_iter([("commit", commit)]).to_string();
            let error = read(&body).expect_err("no version");
            assert!(error.contains(what), "{error}");
        }
        assert!(read(&format!("{{\"commit\": \"{HASH}\"}} x")).is_err());
        assert!(read(&"[".repeat(9000)).is_err());
    }

    proptest! {
        #[test]
        fn reasons_are_short_and_safe_to_print(body in any::<String>()) {
            for body in [body.clone(), Value::from(body).to_string()] {
                let reason = read(&body).expect_err("no version");
                prop_assert!(!reason.contains(is_active));
                prop_assert!(reason.chars().count() < SHOWN + 100);
            }
        }
    }
}
