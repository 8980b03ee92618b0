//! Windows in a history.

use serde::Deserialize;

#[cfg(test)]
use crate::contract::fields::shapes;
use crate::contract::fields::{ByName, Text};
use crate::contract::promotion as contract;

/// All windows.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Calendar {
    /// The windows.
    windows: Vec<Window>,
    /// Periods that start before this time are complete; in seconds since 1970 UTC.
    known_until: u64,
}

/// A window.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "WindowOfEvent"))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Window {
    /// Its name.
    name: Text,
    /// What it does while it is open.
    kind: ByName<contract::WindowKind>,
    /// The environments that it is about.
    #[cfg_attr(test, schemars(with = "Vec<shapes::Environment>"))]
    environments: Vec<Text>,
    /// When it is open, in order, without overlap.
    periods: Vec<Period>,
    /// What follows outside of it, if it allows deployments.
    outside: ByName<contract::Outside>,
    /// Why; null or absent if it is unknown.
    why: Option<Text>,
    /// Its time zone.
    zone: Text,
}

/// A period of time, in seconds since 1970 UTC.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "PeriodOfEvent"))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Period {
    /// The start, inclusive.
    start: u64,
    /// The end, exclusive.
    end: u64,
}

/// A person lets the release ignore one window.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Excuse {
    /// The name of the window.
    window: Text,
    /// The person.
    by: Text,
    /// True if a CI system proves the name; false if absent.
    #[serde(default)]
    proven: bool,
    /// Why.
    why: Text,
}

impl From<Calendar> for contract::Calendar {
    fn from(it: Calendar) -> Self {
        Self {
            windows: it.windows.into_iter().map(Into::into).collect(),
            known_until: it.known_until,
        }
    }
}

impl From<Window> for contract::Window {
    fn from(it: Window) -> Self {
        let period = |it: Period| contract::Period {
            start: it.start,
            end: it.end,
        };
        Self {
            name: it.name.0,
            kind: it.kind.0,
            environments: it.environments.into_iter().map(|it| it.0).collect(),
            periods: it.periods.into_iter().map(period).collect(),
            outside: it.outside.0,
            why: it.why.map(|it| it.0),
            zone: it.zone.0,
        }
    }
}

impl From<Excuse> for contract::Excuse {
    fn from(it: Excuse) -> Self {
        Self {
            window: it.window.0,
            by: it.by.0,
            proven: it.proven,
            why: it.why.0,
        }
    }
}
