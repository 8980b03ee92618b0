//! `[policy]`: the component that decides, the digest that it must have, and its parameters.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Number, Value};
use toml::Table;

use super::values::Wrong;
#[cfg(test)]
use crate::contract::fields::Digest;
use crate::contract::types::Attribute;
use crate::contract::validate::{LONGEST_ATTRIBUTE, is_attribute_name, is_digest};

/// The key of the parameters, with a dot behind it.
pub(super) const PARAMETERS: &str = "policy.parameters.";

/// A policy in a file of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFile {
    /// The component.
    pub path: PathBuf,
    /// The digest that it must have, if the configuration names one.
    pub digest: Option<String>,
}

/// Which policy decides: a component, the digest that it must have, and its parameters.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(
    test,
    schemars(extend("dependentRequired" = {"file": ["digest"], "digest": ["file"]}))
)]
pub(super) struct PolicyTable {
    /// The file of the component; the bundled policy unless set.
    pub file: Option<PathBuf>,
    /// The digest that the component must have: `sha256:` and 64 hexadecimal digits. Required with `file`.
    #[cfg_attr(test, schemars(with = "Option<Digest>"))]
    pub digest: Option<String>,
    /// Parameters of the policy. It receives each value as JSON: a table as an object, a date as a text. The bundled
    /// policy has none.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "std::collections::BTreeMap<String, Value>"))]
    pub parameters: Table,
}

impl PolicyTable {
    /// The component, if the table names one.
    pub(super) fn component(&self, folder: &Path) -> Result<Option<PolicyFile>, Wrong> {
        let help = "take it from `greenlight policy inspect FILE`";
        match (&self.file, &self.digest) {
            (None, None) => Ok(None),
            (Some(_), None) => Err(Wrong::new("policy", "has a `file` and no `digest`", help)),
            (None, Some(_)) => Err(Wrong::new(
                "policy",
                "has a `digest` and no `file`",
                "name the component with `file`, or remove `digest` to use the bundled policy",
            )),
            (Some(_), Some(digest)) if !is_digest(digest) => Err(Wrong::new(
                "policy.digest",
                "is not `sha256:` and 64 lowercase hexadecimal digits",
                help,
            )),
            (Some(file), Some(digest)) => Ok(Some(PolicyFile {
                path: folder.join(file),
                digest: Some(digest.clone()),
            })),
        }
    }

    /// The parameters as the policy receives them, sorted by name.
    pub(super) fn parameters(self) -> Result<Vec<Attribute>, Wrong> {
        let read = |(name, value): (String, toml::Value)| {
            let key = format!("{PARAMETERS}{name}");
            // `config show` joins the names of keys with dots.
            if !is_attribute_name(&name) || name.contains('.') {
                return Err(Wrong::new(
                    "policy.parameters",
                    format!("has a key that is not the name of a parameter: `{name}`"),
                    "use 1 to 64 lowercase letters, digits and hyphens",
                ));
            }
            let value = json(value).ok_or_else(|| {
                Wrong::new(
                    &key,
                    "contains a number that is not finite",
                    "write a finite number, or a text such as \"inf\"",
                )
            })?;
            let value = value.to_string();
            if value.len() > LONGEST_ATTRIBUTE {
                return Err(Wrong::new(
                    key,
                    format!("is longer than {} KiB as JSON", LONGEST_ATTRIBUTE >> 10),
                    "shorten it",
                ));
            }
            Ok(Attribute { name, value })
        };
        let mut parameters = self
            .parameters
            .into_iter()
            .map(read)
            .collect::<Result<Vec<_>, _>>()?;
        parameters.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(parameters)
    }
}

/// A value of TOML as JSON; `None` if JSON does not have it.
fn json(value: toml::Value) -> Option<Value> {
    Some(match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => Value::Number(number.into()),
        toml::Value::Float(number) => Value::Number(Number::from_f64(number)?),
        toml::Value::Boolean(is_true) => Value::Bool(is_true),
        toml::Value::Datetime(moment) => Value::String(moment.to_string()),
        toml::Value::Array(values) => {
            Value::Array(values.into_iter().map(json).collect::<Option<_>>()?)
        }
        toml::Value::Table(table) => {
            let pairs = table
                .into_iter()
                .map(|(key, value)| Some((key, json(value)?)));
            Value::Object(pairs.collect::<Option<Map<_, _>>>()?)
        }
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::Config;

    fn parse(table: &str) -> Result<Config, crate::error::Error> {
        Config::parse(&format!("[policy]\n{table}"), Path::new("/srv"))
    }

    #[test]
    fn parameters_are_passed_as_json() {
        let config = parse(
            "[policy.parameters]\nshare = 10\nratio = 0.5\non = true\ndirs = [\"docs/\", \"a\"]\n\
             since = 2026-01-01\nname = \"\\\"x\\\"\"\nteam = { lead = \"Ada\", sizes = [1, 2] }\n",
        );
        let parameters = config.expect("a configuration").settings.parameters;
        let shown: Vec<_> = parameters
            .iter()
            .map(|it| format!("{} = {}", it.name, it.value))
            .collect();
        assert_eq!(
            shown,
            [
                r#"dirs = ["docs/","a"]"#,
                r#"name = "\"x\"""#,
                "on = true",
                "ratio = 0.5",
                "share = 10",
                r#"since = "2026-01-01""#,
                r#"team = {"lead":"Ada","sizes":[1,2]}"#,
            ]
        );
    }

    #[test]
    fn invalid_tables_are_refused() {
        let digest = format!("digest = \"sha256:{}\"", "0".repeat(64));
        let long = format!("[policy.parameters]\na = \"{}\"", "x".repeat(64 << 10));
        for (table, said) in [
            (
                "file = \"p.wasm\"",
                "line 1: `policy` has a `file` and no `digest`",
            ),
            (
                digest.as_str(),
                "line 1: `policy` has a `digest` and no `file`",
            ),
            (
                "[policy.parameters]\na = 1\nb = [1.0, inf]",
                "line 4: `policy.parameters.b` contains a number that is not finite",
            ),
            (
                "[policy.parameters]\nMax = 1",
                "line 2: `policy.parameters` has a key that is not the name of a parameter: `Max`",
            ),
            (&long, "line 3: `policy.parameters.a` is longer than 64 KiB"),
            (
                "parameters = 1",
                "line 2: `policy.parameters`: expected a table, not the integer `1`",
            ),
        ] {
            let error = parse(table).expect_err(said);
            assert!(error.message.starts_with(said), "{}", error.message);
        }
    }
}
