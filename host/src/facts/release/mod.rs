//! The facts about a release or a build that have no field of their own in the contract: from git, from the CI system,
//! from `--fact`, and from the command of `[facts]`.
//!
//! A fact that is unknown is absent. The values are JSON.

pub mod command;
mod of_ci;
mod of_git;

use serde_json::Value;

pub use of_ci::of_ci;
pub use of_git::of_git;

use crate::contract::types::{Attribute, Fact};
use crate::contract::validate::{ATTRIBUTE_FORM, LONGEST_ATTRIBUTE, is_attribute_name};

/// The names of the facts that greenlight itself reads. No other source may use them.
const OWN: [&str; 8] = [
    of_git::AUTHOR,
    of_git::COMMITTER,
    of_git::SIGNATURE,
    of_git::LIVE_COMMIT,
    of_git::CHANGED_PATHS,
    of_git::CHANGED_PATHS_CUT,
    of_ci::PULL_REQUEST,
    of_ci::JOBS,
];

/// The origin of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Git.
    Git,
    /// The CI system.
    Ci,
    /// The command line.
    Flag,
    /// The command of `[facts]`.
    Command,
}

impl Origin {
    /// Its name in the contract.
    fn name(self) -> &'static str {
        match self {
            Self::Git => "git",
            Self::Ci => "ci",
            Self::Flag => "flag",
            Self::Command => "command",
        }
    }

    fn fact(self, name: &str, value: &Value) -> Fact {
        Fact {
            attribute: Attribute {
                name: name.to_owned(),
                value: value.to_string(),
            },
            source: self.name().to_owned(),
        }
    }
}

/// A fact with a name that a team chose.
///
/// # Errors
///
/// Why its name or its value can't be used, as a fragment.
fn named(origin: Origin, name: &str, value: &Value) -> Result<Fact, String> {
    if !is_attribute_name(name) {
        return Err(format!(
            "`{name}` is not the name of a fact: expected {ATTRIBUTE_FORM}"
        ));
    }
    if OWN.contains(&name) {
        return Err(format!("`{name}` is a fact that greenlight itself reads"));
    }
    let fact = origin.fact(name, value);
    if fact.attribute.value.len() > LONGEST_ATTRIBUTE {
        return Err(format!(
            "the value of `{name}` is longer than {} KiB as JSON",
            LONGEST_ATTRIBUTE >> 10
        ));
    }
    Ok(fact)
}

/// Parses a fact of the command line: `NAME=TEXT`, or `NAME:=JSON`.
///
/// # Errors
///
/// If it has another form.
pub fn given(text: &str) -> Result<Fact, String> {
    let (name, value) = text
        .split_once('=')
        .ok_or_else(|| "expected `NAME=TEXT` or `NAME:=JSON`".to_owned())?;
    let (name, value) = match name.strip_suffix(':') {
        Some(name) => {
            let parsed = serde_json::from_str(value);
            (
                name,
                parsed.map_err(|it| format!("the value is not JSON: {it}"))?,
            )
        }
        None => (name, Value::from(value)),
    };
    named(Origin::Flag, name, &value)
}

/// The name of the first fact that an earlier one already has.
pub fn repeated(facts: &[Fact]) -> Option<&str> {
    let names = facts.iter().map(|it| it.attribute.name.as_str());
    let mut names = names.enumerate();
    names.find_map(|(place, name)| {
        let mut earlier = facts[..place].iter();
        earlier.any(|it| it.attribute.name == name).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_text_unless_it_is_marked_as_json() {
        for (text, name, value) in [
            ("version=1.10", "version", "\"1.10\""),
            ("ticket=A=\"1\"", "ticket", r#""A=\"1\"""#),
            ("empty=", "empty", "\"\""),
            ("share:=10", "share", "10"),
            ("team.names:=[\"a\", \"b\"]", "team.names", r#"["a","b"]"#),
            ("is-true=true", "is-true", "\"true\""),
        ] {
            let fact = given(text).expect(text);
            assert_eq!(
                (fact.attribute.name.as_str(), fact.attribute.value.as_str()),
                (name, value)
            );
            assert_eq!(fact.source, "flag");
        }
        let long = format!("a={}", "x".repeat(64 << 10));
        for (text, said) in [
            ("share", "expected `NAME=TEXT` or `NAME:=JSON`"),
            ("=x", "is not the name of a fact"),
            ("Share=1", "is not the name of a fact"),
            ("share:=ten", "the value is not JSON"),
            (
                "author=Ada",
                "`author` is a fact that greenlight itself reads",
            ),
            (&long, "longer than 64 KiB"),
        ] {
            let error = given(text).expect_err(text);
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn a_name_that_two_facts_have_is_found() {
        let fact = |name: &str| Origin::Flag.fact(name, &Value::Null);
        assert_eq!(repeated(&[fact("a"), fact("b")]), None);
        assert_eq!(repeated(&[fact("a"), fact("b"), fact("a")]), Some("a"));
    }
}
