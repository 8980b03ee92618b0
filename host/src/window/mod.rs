//! Deployment windows: when deployments may begin, in local time.
//!
//! - `weekly` and `dates` read and write ranges.
//! - `zone` knows time zones by name.
//! - `table` reads the tables `[[window]]`.
//! - `expand` turns local times into moments.
//! - `local` writes moments as local times.

pub mod dates;
pub mod expand;
pub mod local;
pub mod table;
pub mod weekly;
pub mod zone;

use dates::DateRange;
use weekly::WeeklyRange;
use zone::Zone;

/// A window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its name, which no other window has.
    pub name: String,
    /// The environments that it is for; `None` for the last one.
    pub environments: Option<Vec<String>>,
    /// The ranges in which deployments may begin, or the ranges in which none may begin.
    pub rule: Rule,
    /// The zone of its local times.
    pub zone: Zone,
    /// Why it exists, in the words of a person.
    pub reason: Option<String>,
}

impl Window {
    /// The environments that it is for, among those of a deployment, which are in order.
    pub fn among<'a>(&self, known: &[&'a str]) -> Vec<&'a str> {
        match &self.environments {
            None => known.last().copied().into_iter().collect(),
            Some(names) => {
                let is_named = |it: &&&str| names.iter().any(|name| name == **it);
                known.iter().filter(is_named).copied().collect()
            }
        }
    }
}

/// The ranges in which deployments may begin, or the ranges in which none may begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Deployments may begin in these ranges.
    Allow {
        /// The ranges.
        ranges: Vec<WeeklyRange>,
        /// What happens outside of them.
        outside: Outside,
    },
    /// No deployment begins in these ranges.
    Freeze {
        /// The ranges.
        ranges: Vec<DateRange>,
    },
}

/// What happens to a deployment outside of all allow windows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "OutsideOfWindow"))]
#[serde(rename_all = "kebab-case")]
pub enum Outside {
    /// It is noted.
    Note,
    /// It goes on with a warning.
    Warn,
    /// It waits until a window opens.
    #[default]
    Hold,
}
