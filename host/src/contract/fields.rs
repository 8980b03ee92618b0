//! Texts of documents and journal entries that have a fixed form, which is checked when they are read.

use std::fmt::{self, Write as _};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest as _, Sha256};

use super::names::Named;
use super::types;
use super::validate::{is_commit, is_digest};

/// The longest text of a history, in bytes.
const LONGEST_TEXT: usize = 256;

/// A name, a key or a sentence of a tool, of at most 256 bytes. With a longer one the policy could not
/// answer, because its answer names what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Text(pub String);

impl Text {
    /// Cuts a text after 256 bytes, between two characters.
    pub fn clipped(text: &str) -> Self {
        Self(text[..text.floor_char_boundary(LONGEST_TEXT)].to_owned())
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.len() > LONGEST_TEXT {
            let message = format!(
                "a text has {} bytes, and at most {LONGEST_TEXT}",
                text.len()
            );
            return Err(de::Error::custom(message));
        }
        Ok(Self(text))
    }
}

/// The longest value of an attribute, and the longest answer of a step, in bytes.
pub const LONGEST_JSON: usize = 64 << 10;

/// JSON in a text, of at most 64 KiB.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct JsonText(pub String);

impl<'de> Deserialize<'de> for JsonText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.len() > LONGEST_JSON {
            let message = format!("JSON has {} bytes, and at most {LONGEST_JSON}", text.len());
            return Err(de::Error::custom(message));
        }
        match serde_json::from_str::<de::IgnoredAny>(&text) {
            Ok(_) => Ok(Self(text)),
            Err(error) => Err(de::Error::custom(format!("the text is not JSON: {error}"))),
        }
    }
}

/// A name and a value that only the policy understands.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Attribute {
    /// Its name.
    name: Text,
    /// Its value, as JSON in a text.
    value: JsonText,
}

impl From<Attribute> for types::Attribute {
    fn from(attribute: Attribute) -> Self {
        Self {
            name: attribute.name.0,
            value: attribute.value.0,
        }
    }
}

/// The most rounds that one event counts: one per second for 31 days.
pub const MOST_ROUNDS: u32 = 31 * 24 * 60 * 60;

/// The number of rounds in one event, from 1 to [`MOST_ROUNDS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Times(pub u32);

impl Default for Times {
    fn default() -> Self {
        Self(1)
    }
}

impl<'de> Deserialize<'de> for Times {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let times = u32::deserialize(deserializer)?;
        if !(1..=MOST_ROUNDS).contains(&times) {
            let message = format!("`times` is {times}; set it to a number from 1 to {MOST_ROUNDS}");
            return Err(de::Error::custom(message));
        }
        Ok(Self(times))
    }
}

/// A full commit hash.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Commit(pub String);

impl<'de> Deserialize<'de> for Commit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        checked(deserializer, is_commit, "a full commit hash").map(Self)
    }
}

/// The digest of an image.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Digest(pub String);

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let form = "`sha256:` and 64 lowercase hexadecimal digits";
        checked(deserializer, is_digest, form).map(Self)
    }
}

/// The SHA-256 digest of bytes: `sha256:` and 64 lowercase hexadecimal digits.
pub fn digest_of(bytes: &[u8]) -> String {
    let mut text = "sha256:".to_owned();
    for byte in Sha256::digest(bytes) {
        // Writing into a string can't fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// A text of a certain form.
fn checked<'de, D: Deserializer<'de>>(
    deserializer: D,
    fits: fn(&str) -> bool,
    form: &str,
) -> Result<String, D::Error> {
    let Text(text) = Text::deserialize(deserializer)?;
    if fits(&text) {
        return Ok(text);
    }
    Err(de::Error::custom(format!("`{text}` is not {form}")))
}

/// A member of a closed set, which text and JSON give by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByName<T>(pub T);

impl<T: Named> fmt::Display for ByName<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0.name())
    }
}

impl<T: Named> Serialize for ByName<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.name().serialize(serializer)
    }
}

impl<'de, T: Named> Deserialize<'de> for ByName<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        T::from_name(&text).map(ByName).ok_or_else(|| {
            let known: Vec<_> = T::ALL.iter().map(|(_, word)| format!("`{word}`")).collect();
            de::Error::custom(format!("`{text}` is not one of {}", known.join(", ")))
        })
    }
}

/// JSON Schemas of the texts that documents consist of.
#[cfg(test)]
pub mod shapes {
    use std::borrow::Cow;

    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

    use super::{ByName, Commit, Digest, JsonText, LONGEST_JSON, LONGEST_TEXT, Text};
    use crate::contract::names::Named;

    /// The form of a code.
    pub const CODE: &str = "^[a-z0-9][a-z0-9-]*$";

    /// The code of a reason or a diagnostic.
    pub struct Code;
    /// An image tag.
    pub struct Tag;
    /// The name of an environment.
    pub struct Environment;
    /// A URL.
    pub struct Url;

    /// Gives types the schema of a text.
    macro_rules! texts {
        ($($of:ty, $name:literal, $schema:tt;)*) => {
            $(impl JsonSchema for $of {
                fn schema_name() -> Cow<'static, str> {
                    $name.into()
                }

                fn json_schema(_: &mut SchemaGenerator) -> Schema {
                    json_schema!($schema)
                }
            })*
        };
    }

    texts! {
        Code, "Code", {
            "description": "Stable kebab-case name of a kind of diagnostic or reason. A code never changes \
                its meaning; new ones may come.",
            "type": "string",
            "pattern": CODE,
            "maxLength": 64,
        };
        Commit, "Commit", {
            "description": "Full git commit hash: 40 (SHA-1) or 64 (SHA-256) lowercase hexadecimal digits.",
            "type": "string",
            "pattern": "^(?:[0-9a-f]{40}|[0-9a-f]{64})$",
        };
        Digest, "Digest", {
            "description": "Digest of an image or a component: `sha256:` and 64 lowercase hexadecimal digits.",
            "type": "string",
            "pattern": "^sha256:[0-9a-f]{64}$",
        };
        Environment, "Environment", {
            "description": "Name of an environment.",
            "type": "string",
            "minLength": 1,
            "maxLength": 256,
        };
        Tag, "Tag", {
            "description": "Tag of an OCI image.",
            "type": "string",
            "pattern": "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$",
        };
        Url, "Url", {
            "description": "A URL with scheme and host.",
            "type": "string",
            "format": "uri",
        };
        JsonText, "JsonText", {
            "description": "JSON in a text, of at most 64 KiB.",
            "type": "string",
            "maxLength": LONGEST_JSON,
        };
        Text, "Text", {
            "description": "A text of at most 256 bytes.",
            "type": "string",
            "maxLength": LONGEST_TEXT,
        };
    }

    /// Counts of commits by the action of their label.
    pub struct Labels;
    /// Counts of diagnostics by their code.
    pub struct Codes;

    impl JsonSchema for Labels {
        fn schema_name() -> Cow<'static, str> {
            "Labels".into()
        }

        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({
                "type": "object",
                "properties": {
                    "abort": count("Commits with the label `abort`."),
                    "skip": count("Commits with the label `skip`."),
                    "warn": count("Commits with the label `warn`."),
                },
                "additionalProperties": false,
            })
        }
    }

    impl JsonSchema for Codes {
        fn schema_name() -> Cow<'static, str> {
            "Codes".into()
        }

        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({
                "type": "object",
                "patternProperties": { (CODE): count("Diagnostics with this code.") },
                "additionalProperties": false,
            })
        }
    }

    fn count(description: &str) -> Schema {
        json_schema!({
            "description": description,
            "type": "integer",
            "minimum": 1,
            "maximum": u64::MAX,
        })
    }

    impl<T: Named> JsonSchema for ByName<T> {
        fn schema_name() -> Cow<'static, str> {
            T::SET.into()
        }

        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            let names: Vec<_> = T::ALL.iter().map(|(_, name)| *name).collect();
            json_schema!({ "type": "string", "enum": names })
        }
    }
}
