//! The tables `[[window]]` of the configuration.

use serde::Deserialize;

use super::{Outside, Rule, Window};
use crate::error::Error;

/// A window: hours in which deployments may begin, or dates on which none begins. It has `allow` or `freeze`.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(test, schemars(extend("oneOf" = [{"required": ["allow"]}, {"required": ["freeze"]}])))]
pub struct WindowTable {
    /// The name of the window, which no other window has: letters, digits, `_` and `-`.
    #[cfg_attr(test, schemars(length(min = 1, max = 64)))]
    pub name: String,
    /// The environments that the window is for; the last one unless set.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub environments: Option<Vec<String>>,
    /// The hours of weekdays in which deployments may begin, such as `Mon-Thu 09:00-16:00`. A week begins on Monday, and
    /// the end is exclusive.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub allow: Option<Vec<String>>,
    /// The dates on which no deployment begins, such as `2026-12-19 to 2027-01-04`, or `12-24 to 12-26` for each year. The
    /// last day is included. A date can have a time: `2026-11-27 12:00 to 2026-11-30 08:00`.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub freeze: Option<Vec<String>>,
    /// The IANA name of the time zone, such as `Europe/Berlin`.
    pub zone: String,
    /// What follows outside of the hours of `allow`; `hold` unless set.
    pub outside: Option<Outside>,
    /// Why the window exists, for people.
    pub reason: Option<String>,
}

/// Why a table is invalid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// The number of the table, from 0.
    pub table: usize,
    /// Its key, with the place in a list from 0: `allow.0`.
    pub key: String,
    /// What is wrong, and what to write.
    pub error: Error,
}

/// Checks the tables, and reads their ranges and zones. `known` has the names of all environments, in order.
///
/// # Errors
///
/// If a value is invalid, or two tables have the same name.
pub fn windows(tables: Vec<WindowTable>, known: &[&str]) -> Result<Vec<Window>, Invalid> {
    let mut windows: Vec<Window> = Vec::new();
    for (number, table) in tables.into_iter().enumerate() {
        let invalid = |(key, error)| Invalid {
            table: number,
            key,
            error,
        };
        if windows.iter().any(|it| it.name == table.name) {
            let error = Error::new(
                format!("another window has the name `{}`", table.name),
                "give each window a name of its own",
            );
            return Err(invalid(("name".to_owned(), error)));
        }
        windows.push(window(table, known).map_err(invalid)?);
    }
    Ok(windows)
}

type Wrong = (String, Error);

fn window(table: WindowTable, known: &[&str]) -> Result<Window, Wrong> {
    let wrong =
        |key: &str, message: String, help: &str| (key.to_owned(), Error::new(message, help));
    name(&table.name)?;
    if table.environments.as_ref().is_some_and(Vec::is_empty) {
        let help = "name an environment, or leave the key out for the last one";
        return Err(wrong("environments", "the list is empty".to_owned(), help));
    }
    for (place, name) in table.environments.iter().flatten().enumerate() {
        if !known.contains(&name.as_str()) {
            return Err((
                format!("environments.{place}"),
                Error::new(
                    format!("unknown environment `{name}`"),
                    format!("the environments are {}", known.join(", ")),
                ),
            ));
        }
    }
    let rule = match (table.allow, table.freeze) {
        (Some(allow), None) => Rule::Allow {
            ranges: ranges("allow", &allow)?,
            outside: table.outside.unwrap_or_default(),
        },
        (None, Some(_)) if table.outside.is_some() => {
            let help = "leave the key out: a freeze always holds";
            return Err(wrong(
                "outside",
                "a freeze has no `outside`".to_owned(),
                help,
            ));
        }
        (None, Some(freeze)) => Rule::Freeze {
            ranges: ranges("freeze", &freeze)?,
        },
        (Some(_), Some(_)) => {
            let help = "write two windows: one with `allow`, one with `freeze`";
            return Err(wrong(
                "freeze",
                "a window has `allow` or `freeze`, not both".to_owned(),
                help,
            ));
        }
        (None, None) => {
            let help = "write `allow = [\"Mon-Thu 09:00-16:00\"]` or `freeze = [\"2026-12-19 to 2027-01-04\"]`";
            return Err(wrong(
                "name",
                format!("the window `{}` has no ranges", table.name),
                help,
            ));
        }
    };
    Ok(Window {
        name: table.name,
        environments: table.environments,
        rule,
        zone: table
            .zone
            .parse()
            .map_err(|error| ("zone".to_owned(), error))?,
        reason: table.reason,
    })
}

/// Whether a name is one of a freeze that `greenlight freeze` writes: `freeze-1`.
pub fn is_of_freeze(name: &str) -> bool {
    let number = name.strip_prefix("freeze-").unwrap_or_default();
    !number.is_empty() && number.bytes().all(|it| it.is_ascii_digit())
}

/// Checks a name.
fn name(name: &str) -> Result<(), Wrong> {
    let wrong = |message: String, help: &str| Err(("name".to_owned(), Error::new(message, help)));
    let is_word = |it: char| it.is_ascii_alphanumeric() || "-_".contains(it);
    if name.is_empty() || name.len() > 64 || name.starts_with('-') || !name.chars().all(is_word) {
        return wrong(
            format!("invalid name `{name}`"),
            "use 1 to 64 letters, digits, `_` and `-`, without a `-` at the beginning",
        );
    }
    if is_of_freeze(name) {
        return wrong(
            format!("the name `{name}` is reserved for `greenlight freeze`"),
            "choose another name",
        );
    }
    Ok(())
}

fn ranges<T: std::str::FromStr<Err = Error>>(key: &str, texts: &[String]) -> Result<Vec<T>, Wrong> {
    if texts.is_empty() {
        let error = Error::new("the list is empty", "write at least one range");
        return Err((key.to_owned(), error));
    }
    let ranges = texts.iter().enumerate();
    let ranges = ranges.map(|(place, text)| {
        text.parse()
            .map_err(|error| (format!("{key}.{place}"), error))
    });
    ranges.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct File {
        window: Vec<WindowTable>,
    }

    fn read(text: &str) -> Result<Vec<Window>, Invalid> {
        let file: File = toml::from_str(text).expect("TOML");
        windows(file.window, &["stage", "prod"])
    }

    #[test]
    fn tables_are_windows() {
        let windows = read(
            "[[window]]\nname = 'working-hours'\nallow = ['Mon-Thu 09:00-16:00', 'Fri 09:00-13:00']\nzone = 'Europe/Berlin'\n\
             [[window]]\nname = 'holidays'\nenvironments = ['stage', 'prod']\nzone = 'UTC'\nreason = 'no one on call'\n\
             freeze = ['2026-12-19 to 2027-01-04', '2026-11-27 12:00 to 2026-11-30 08:00', '12-24 to 12-26']\n",
        );
        let [hours, holidays] = &windows.expect("windows")[..] else {
            panic!("two windows");
        };
        assert_eq!(
            (hours.name.as_str(), hours.among(&["stage", "prod"])),
            ("working-hours", vec!["prod"])
        );
        assert!(
            matches!(&hours.rule, Rule::Allow { ranges, outside: Outside::Hold } if ranges.len() == 2)
        );
        assert_eq!(hours.zone.name(), "Europe/Berlin");
        assert!(matches!(&holidays.rule, Rule::Freeze { ranges } if ranges.len() == 3));
        assert_eq!(holidays.among(&["stage", "prod"]), ["stage", "prod"]);
        assert_eq!(holidays.among(&["stage", "live"]), ["stage"]);
        assert_eq!(holidays.reason.as_deref(), Some("no one on call"));
    }

    #[test]
    fn an_error_names_the_table_and_the_key() {
        let valid = "[[window]]\nname = 'a'\nzone = 'UTC'\nallow = ['Mon 09:00-10:00']\n";
        for (table, key, message) in [
            (
                "name = 'a'\nzone = 'UTC'\nallow = ['Mon 09:00-10:00']",
                "name",
                "another window has the name `a`",
            ),
            (
                "name = ''\nzone = 'UTC'\nallow = ['Mon 09:00-10:00']",
                "name",
                "invalid name ``",
            ),
            (
                "name = 'b b'\nzone = 'UTC'\nallow = ['Mon 09:00-10:00']",
                "name",
                "invalid name `b b`",
            ),
            (
                "name = 'freeze-1'\nzone = 'UTC'\nallow = ['Mon 09:00-10:00']",
                "name",
                "the name `freeze-1` is reserved for `greenlight freeze`",
            ),
            (
                "name = 'b'\nzone = 'UTC'",
                "name",
                "the window `b` has no ranges",
            ),
            (
                "name = 'b'\nzone = 'UTC'\nallow = []",
                "allow",
                "the list is empty",
            ),
            (
                "name = 'b'\nzone = 'UTC'\nfreeze = []",
                "freeze",
                "the list is empty",
            ),
            (
                "name = 'b'\nzone = 'UTC'\nallow = ['Mon 09:00-10:00']\nfreeze = ['12-24']",
                "freeze",
                "a window has `allow` or `freeze`, not both",
            ),
            (
                "name = 'b'\nzone = 'UTC'\nallow = ['Mon 09:00-10:00', 'Fri-Mon 09:00-10:00']",
                "allow.1",
                "the weekdays `Fri-Mon` are reversed: a week begins on Monday",
            ),
            (
                "name = 'b'\nzone = 'UTC'\nfreeze = ['2026-12-24 to 2026-12-23']",
                "freeze.0",
                "the range `2026-12-24 to 2026-12-23` is empty or reversed",
            ),
            (
                "name = 'b'\nzone = 'UTC'\nfreeze = ['12-24']\noutside = 'warn'",
                "outside",
                "a freeze has no `outside`",
            ),
            (
                "name = 'b'\nzone = 'Berlin'\nfreeze = ['12-24']",
                "zone",
                "unknown time zone `Berlin`",
            ),
            (
                "name = 'b'\nzone = 'UTC'\nfreeze = ['12-24']\nenvironments = []",
                "environments",
                "the list is empty",
            ),
            (
                "name = 'b'\nzone = 'UTC'\nfreeze = ['12-24']\nenvironments = ['prod', 'test']",
                "environments.1",
                "unknown environment `test`",
            ),
        ] {
            let invalid = read(&format!("{valid}[[window]]\n{table}\n")).expect_err(table);
            assert_eq!((invalid.table, invalid.key.as_str()), (1, key), "{table}");
            assert_eq!(invalid.error.message, message, "{table}");
            assert!(!invalid.error.help.is_empty(), "{table}");
        }
    }
}
