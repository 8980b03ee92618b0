//! The end of a freeze, as a person writes it.

use std::str::FromStr as _;

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Timestamp};

use super::Error;
use crate::window::Window;

/// The end of a freeze.
#[derive(Clone, Debug, PartialEq)]
pub enum FreezeEnd {
    /// This duration after the beginning of the freeze.
    After(SignedDuration),
    /// At this moment.
    At(Timestamp),
    /// At this local time.
    Local(DateTime),
}

/// Reads the end of a freeze.
///
/// # Errors
///
/// If the text is neither a duration nor a time.
pub fn read(text: &str) -> Result<FreezeEnd, String> {
    let text = text.trim();
    if let Ok(at) = Timestamp::from_str(text) {
        return Ok(FreezeEnd::At(at));
    }
    // A date alone would be read as its first moment, and a freeze of the configuration includes the day.
    if text.parse::<Date>().is_ok() && !text.contains(':') {
        return Err(format!(
            "a date needs a time: `{text} 23:59` for the end of that day"
        ));
    }
    if let Ok(local) = DateTime::from_str(text) {
        return Ok(FreezeEnd::Local(local));
    }
    match SignedDuration::from_str(text) {
        Ok(duration) if duration.is_positive() => Ok(FreezeEnd::After(duration)),
        _ => Err(
            "expected a duration, like `4h`, or a time, like `2026-11-30 08:00` or `2026-11-30T08:00:00+01:00`"
                .to_owned(),
        ),
    }
}

impl FreezeEnd {
    /// The end of a freeze that begins now, in milliseconds since 1970. A local time is in the zone that all windows share. A
    /// local time that occurs twice means the later moment, so that the freeze lasts longer.
    ///
    /// # Errors
    ///
    /// If the end is not in the future, or the zone of a local time is unknown.
    pub fn at(&self, now: u64, windows: &[Window]) -> Result<u64, Error> {
        let begin = Timestamp::from_millisecond(i64::try_from(now).unwrap_or(i64::MAX))
            .unwrap_or(Timestamp::MAX);
        let end = match self {
            Self::After(duration) => begin.checked_add(*duration).unwrap_or(Timestamp::MAX),
            Self::At(at) => *at,
            Self::Local(local) => {
                let zone = common(windows)?.zone.rules();
                zone.to_ambiguous_timestamp(*local)
                    .later()
                    .unwrap_or(Timestamp::MAX)
            }
        };
        let end = u64::try_from(end.as_millisecond()).unwrap_or_default();
        if end > now {
            return Ok(end);
        }
        Err(Error::new(
            "the end of the freeze is not in the future",
            "name a later time with `--until`, or leave it out and end the freeze with `greenlight thaw`",
        ))
    }
}

/// A window whose zone all windows have.
fn common(windows: &[Window]) -> Result<&Window, Error> {
    let first = windows.first();
    let first = first.filter(|first| windows.iter().all(|it| it.zone == first.zone));
    first.ok_or_else(|| {
        let message = if windows.is_empty() {
            "the zone of the end is unknown: the configuration has no windows"
        } else {
            "the zone of the end is unknown: the windows of the configuration have several zones"
        };
        Error::new(
            message,
            "add the offset from UTC, like `2026-11-30T08:00:00+01:00`, or name a duration, like `4h`",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::table::{WindowTable, windows};

    /// 2026-11-28 12:00 UTC.
    const NOW: u64 = 1_795_867_200_000;

    fn zones(zones: &[&str]) -> Vec<Window> {
        let tables = zones.iter().enumerate().map(|(place, zone)| {
            let text = format!("name = 'w{place}'\nfreeze = ['12-24']\nzone = '{zone}'");
            toml::from_str::<WindowTable>(&text).expect("a table")
        });
        windows(tables.collect(), &["prod"]).expect("windows")
    }

    fn end(text: &str, windows: &[Window]) -> Result<u64, Error> {
        read(text).expect("an end").at(NOW, windows)
    }

    #[test]
    fn an_end_is_a_duration_a_moment_or_a_local_time() {
        let berlin = zones(&["Europe/Berlin", "Europe/Berlin"]);
        let hour = 60 * 60 * 1000;
        for (text, hours) in [
            ("4h", 4),
            ("2026-11-28T16:00:00+01:00", 3),
            ("2026-11-28T13:00Z", 1),
            ("2026-11-28 14:00", 1),
            ("2026-11-28T14:00", 1),
        ] {
            let end = end(text, &berlin).expect(text);
            assert_eq!((end - NOW) / hour, hours, "{text}");
        }
        // 02:30 occurs twice.
        let late = end("2027-10-31 02:30", &berlin).expect("an end");
        let utc = end("2027-10-31T01:30Z", &[]).expect("an end");
        assert_eq!(late, utc);
    }

    #[test]
    fn an_end_without_a_zone_or_in_the_past_is_refused() {
        let message = |text: &str, zones: &[Window]| end(text, zones).expect_err(text).message;
        assert!(message("2026-11-30 08:00", &[]).contains("no windows"));
        let two = zones(&["Europe/Berlin", "UTC"]);
        assert!(message("2026-11-30 08:00", &two).contains("several zones"));
        assert!(message("2026-11-28T12:00Z", &[]).contains("not in the future"));
        for text in ["", "tomorrow", "0s", "-4h", "8:00"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_date_alone_is_refused() {
        let said = read("2026-12-10").expect_err("no time");
        assert!(said.contains("`2026-12-10 23:59`"), "{said}");
    }
}
