//! Parses JSON with errors that repeat no part of it.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::error::{Category, Error};

use super::Malformed;

/// Parses an object. Unknown fields are ignored.
pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Malformed> {
    let read: Result<Object<T>, _> = serde_json::from_slice(body);
    read.map(|it| it.0).map_err(|error| explained(&error))
}

/// A struct that is read from a JSON object only: by default, serde also reads a struct from an array.
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Reader(PhantomData))
    }
}

struct Reader<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

fn explained(error: &Error) -> Malformed {
    let why = match error.classify() {
        Category::Eof => "the body is truncated".to_owned(),
        Category::Syntax | Category::Io => format!("the body is not JSON{}", place(error)),
        Category::Data => format!("the body {}{}", expected(&error.to_string()), place(error)),
    };
    Malformed(why)
}

fn place(error: &Error) -> String {
    match error.line() {
        0 => String::new(),
        line => format!(", at line {line}, column {}", error.column()),
    }
}

/// The expected type or field. serde's text first quotes the value that it found, which must not be repeated; the rest
/// of the text, and the names of fields, are its own words and ours.
fn expected(text: &str) -> String {
    let text = text.rsplit_once(" at line ").map_or(text, |(text, _)| text);
    if text.starts_with("missing field `") || text.starts_with("duplicate field `") {
        return format!("has a {text}");
    }
    match text.rsplit_once(", expected ") {
        Some((_, expected)) => format!("has an unexpected shape: expected {expected}"),
        None => "has an unexpected shape".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "it is only read")]
    struct Document {
        name: String,
        list: Option<Vec<u32>>,
    }

    #[test]
    fn errors_repeat_no_part_of_the_body() {
        for (body, said) in [
            ("", "the body is truncated"),
            (r#"{"name": "secr"#, "the body is truncated"),
            ("secret", "the body is not JSON, at line 1, column 1"),
            (
                r#"{"name": "a"} secret"#,
                "the body is not JSON, at line 1, column 15",
            ),
            (
                "{}",
                "the body has a missing field `name`, at line 1, column 2",
            ),
            (
                "{\"name\": \"a\",\n\"name\": \"secret\"}",
                "the body has a duplicate field `name`, at line 2, column 6",
            ),
            (
                r#"{"name": 1}"#,
                "the body has an unexpected shape: expected a string, at line 1, column 10",
            ),
            (
                r#"{"name": "a", "list": ", expected secret at line 1"}"#,
                "the body has an unexpected shape: expected a sequence, at line 1, column 51",
            ),
            (
                r#"{"name": "a", "list": [1e400]}"#,
                "the body is not JSON, at line 1, column 28",
            ),
            (
                r#"{"name": "a", "list": [4294967296]}"#,
                "the body has an unexpected shape: expected u32, at line 1, column 33",
            ),
            (
                r#"["secret"]"#,
                "the body has an unexpected shape: expected an object, at line 1, column 0",
            ),
        ] {
            let error = parse::<Document>(body.as_bytes()).expect_err(body);
            assert_eq!(error.to_string(), said);
        }
    }

    #[test]
    fn depth_is_bounded() {
        let deep = format!("{{\"name\": {}", "[".repeat(100_000));
        let error = parse::<Document>(deep.as_bytes()).expect_err("too deep");
        assert!(!error.to_string().is_empty());
    }
}
