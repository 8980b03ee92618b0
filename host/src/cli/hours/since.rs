//! The time from which merges count: a duration before now, or a date.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};

use crate::error::{Error, Explain as _};

/// The time from which merges count.
#[derive(Clone, Debug)]
pub(super) enum Since {
    /// This long ago.
    Ago(Span),
    /// The beginning of this day.
    Date(Date),
}

impl Since {
    /// The time in a zone, for the current time in seconds since 1970.
    ///
    /// # Errors
    ///
    /// If it is beyond the calendar.
    pub(super) fn time(&self, now: u64, zone: &TimeZone) -> Result<Zoned, Error> {
        let time = match self {
            Self::Ago(span) => {
                let now = Timestamp::from_second(i64::try_from(now).unwrap_or(i64::MAX));
                now.and_then(|it| it.to_zoned(zone.clone()).checked_sub(*span))
            }
            Self::Date(date) => date.to_zoned(zone.clone()),
        };
        let time = time.explain(
            "`--since` is beyond the calendar",
            "name a shorter time, such as `1y`",
        )?;
        // Git has no earlier times.
        Ok(time.max(Timestamp::UNIX_EPOCH.to_zoned(zone.clone())))
    }
}

/// Parses it.
///
/// # Errors
///
/// If it is neither a positive duration nor a date.
pub(super) fn since(text: &str) -> Result<Since, String> {
    // A text like `2025-01-01T00:00Z` has a time of day, which is not a date.
    let date = (text.len() == 10).then(|| Date::strptime("%Y-%m-%d", text).ok());
    if let Some(date) = date.flatten() {
        return Ok(Since::Date(date));
    }
    let span = text.parse::<Span>().ok().filter(|it| it.is_positive());
    span.map(Since::Ago).ok_or_else(|| {
        "expected a duration such as `1y`, `6mo` or `90d`, or a date such as `2025-01-01`"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-03-31 12:00 UTC.
    const NOW: u64 = 1_774_958_400;

    #[track_caller]
    fn time(text: &str, zone: &str) -> String {
        let zone = TimeZone::get(zone).expect("a zone");
        let since = since(text).expect("a time");
        let time = since.time(NOW, &zone).expect("a time");
        time.timestamp().to_string()
    }

    #[test]
    fn a_duration_is_before_now_and_a_date_is_its_beginning() {
        for (text, zone, expected) in [
            ("1y", "UTC", "2025-03-31T12:00:00Z"),
            ("6mo", "UTC", "2025-09-30T12:00:00Z"),
            ("90d", "UTC", "2025-12-31T12:00:00Z"),
            ("2w", "UTC", "2026-03-17T12:00:00Z"),
            ("2025-01-01", "UTC", "2025-01-01T00:00:00Z"),
            ("2025-01-01", "Europe/Berlin", "2024-12-31T23:00:00Z"),
            ("9999y", "UTC", "1970-01-01T00:00:00Z"),
            // Three days ago it was winter.
            ("3d", "Europe/Berlin", "2026-03-28T13:00:00Z"),
        ] {
            assert_eq!(time(text, zone), expected, "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "1",
            "-1y",
            "0d",
            "yesterday",
            "2025-13-01",
            "2025-02-30",
            "2025-01-01T00:00",
        ] {
            since(text).expect_err(text);
        }
        let beyond = since("19998y").expect("a time").time(NOW, &TimeZone::UTC);
        let beyond = beyond.expect_err("beyond").message;
        assert!(
            beyond.starts_with("`--since` is beyond the calendar"),
            "{beyond}"
        );
    }
}
