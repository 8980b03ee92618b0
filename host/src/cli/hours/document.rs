//! What `greenlight hours --format json` prints.

use jiff::Zoned;
use serde::Serialize;

use super::HoursArguments;
use super::window_text;
use crate::merge_hours::{Cover, MergeHours, Week};

/// What `greenlight hours --format json` prints: the hours of the week in which people merge.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct HoursDocument {
    /// The name and version of this document.
    #[cfg_attr(test, schemars(extend("const" = Self::SCHEMA)))]
    pub(super) schema: &'static str,
    /// The revision whose first-parent history was read.
    pub(super) revision: String,
    /// The time from which merges count, in UTC.
    #[cfg_attr(test, schemars(extend("format" = "date-time")))]
    pub(super) since: String,
    /// The date of this time where the hours are counted, for people.
    #[serde(skip)]
    pub(super) since_date: String,
    /// The zone whose local time counts; null for the local time of each author.
    pub(super) zone: Option<String>,
    /// Whether the repository is a shallow clone, which may not have all merges; null if git does not say.
    pub(super) shallow: Option<bool>,
    /// The number of merges.
    pub(super) merges: u32,
    /// The people who merged, the one with the most merges first.
    pub(super) contributors: Vec<ContributorDocument>,
    /// The bots, whose merges do not count, the one with the most merges first.
    pub(super) bots: Vec<BotDocument>,
    /// The number of commits without a readable author or time, which do not count.
    pub(super) unreadable: u32,
    /// The UTC offsets of the authors, the most frequent first.
    pub(super) offsets: Vec<OffsetDocument>,
    /// The number of merges in each hour of the week: a list for each weekday from Monday, with a number for each hour.
    pub(super) merges_by_hour: Week,
    /// The number of people who merged in each hour of the week, in the same form.
    pub(super) contributors_by_hour: Week,
    /// The share of the contributors that the window holds at least.
    pub(super) share: f64,
    /// The fewest hours that hold the share; null without merges.
    pub(super) window: Option<WindowDocument>,
}

/// A person who merged.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, schemars(rename = "HoursContributor"))]
pub(super) struct ContributorDocument {
    /// The name of the author.
    pub(super) name: String,
    /// The number of merges.
    pub(super) merges: u32,
    /// The number of merges in the window.
    pub(super) inside: u32,
}

/// A bot.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, schemars(rename = "HoursBot"))]
pub(super) struct BotDocument {
    /// The name of the author.
    pub(super) name: String,
    /// The number of merges.
    pub(super) merges: u32,
}

/// A UTC offset of authors.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, schemars(rename = "HoursOffset"))]
pub(super) struct OffsetDocument {
    /// The offset, such as `+02:00`.
    pub(super) offset: String,
    /// The number of merges with it.
    pub(super) merges: u32,
}

/// The fewest hours of the week that hold the share of the contributors.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, schemars(rename = "HoursWindow"))]
pub(super) struct WindowDocument {
    /// The hours, such as `Mon-Thu 09:00-16:00`.
    pub(super) allow: Vec<String>,
    /// How many contributors have at least half of their merges in these hours.
    pub(super) contributors: usize,
    /// How many merges are in these hours.
    pub(super) merges: u32,
    /// The table for `greenlight.toml`. Without `--zone`, it has no zone.
    pub(super) toml: String,
}

impl HoursDocument {
    const SCHEMA: &'static str = "greenlight.hours/1";

    pub(super) fn new(
        arguments: &HoursArguments,
        since: &Zoned,
        shallow: Option<bool>,
        hours: &MergeHours,
        cover: Option<&Cover>,
    ) -> Self {
        let zone = arguments.zone.as_ref().map(|it| it.name().to_owned());
        let contributors = hours.contributors.iter().map(|it| ContributorDocument {
            name: it.name.clone(),
            merges: it.merges,
            inside: cover.map_or(0, |cover| cover.merges_of(&it.week)),
        });
        let bots = hours.bots.iter().map(|(name, merges)| BotDocument {
            name: name.clone(),
            merges: *merges,
        });
        let offsets = hours
            .offsets
            .iter()
            .map(|(seconds, merges)| OffsetDocument {
                offset: offset(*seconds),
                merges: *merges,
            });
        let window = cover.map(|cover| {
            let allow: Vec<_> = cover.ranges.iter().map(ToString::to_string).collect();
            WindowDocument {
                toml: window_text::table(&allow, zone.as_deref()),
                allow,
                contributors: cover.contributors,
                merges: cover.merges,
            }
        });
        Self {
            schema: Self::SCHEMA,
            revision: arguments.rev.clone(),
            since: since.timestamp().to_string(),
            since_date: since.date().to_string(),
            shallow,
            merges: hours.merges(),
            contributors: contributors.collect(),
            bots: bots.collect(),
            unreadable: hours.unreadable,
            offsets: offsets.collect(),
            merges_by_hour: hours.merges_by_hour(),
            contributors_by_hour: hours.contributors_by_hour(),
            share: arguments.share,
            window,
            zone,
        }
    }
}

/// Writes a UTC offset, in seconds: `+02:00`.
fn offset(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_have_a_sign_hours_and_minutes() {
        let texts = [0, 7200, -28_800, 20_700, -12_600].map(offset);
        assert_eq!(texts, ["+00:00", "+02:00", "-08:00", "+05:45", "-03:30"]);
    }
}
