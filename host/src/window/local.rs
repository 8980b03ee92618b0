//! Times for people, in the local time of a window and in UTC.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::text::time;

/// Writes a time, in seconds since 1970, in the local time of a zone, with the same time in UTC: `Mon 2026-11-30 09:00
/// Europe/Berlin (2026-11-30T08:00:00Z)`. Without a known zone other than UTC, only the latter.
pub fn local(at: u64, zone: &str) -> String {
    let utc = time::instant(at.saturating_mul(1000));
    let timestamp = i64::try_from(at).ok();
    let timestamp = timestamp.and_then(|it| Timestamp::from_second(it).ok());
    let known = TimeZone::get(zone)
        .ok()
        .filter(|it| !it.is_unknown() && zone != "UTC");
    let (Some(timestamp), Some(known)) = (timestamp, known) else {
        return utc;
    };
    // Only a time that a person writes has seconds.
    let format = if at.is_multiple_of(60) {
        "%a %Y-%m-%d %H:%M"
    } else {
        "%a %Y-%m-%d %H:%M:%S"
    };
    let local = timestamp.to_zoned(known);
    format!("{} {zone} ({utc})", local.strftime(format))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_local_and_utc() {
        let at = 1_796_025_600;
        for (at, zone, text) in [
            (
                at,
                "Europe/Berlin",
                "Mon 2026-11-30 09:00 Europe/Berlin (2026-11-30T08:00:00Z)",
            ),
            (
                at + 1,
                "Australia/Lord_Howe",
                "Mon 2026-11-30 19:00:01 Australia/Lord_Howe (2026-11-30T08:00:01Z)",
            ),
            (at, "UTC", "2026-11-30T08:00:00Z"),
            (at, "Mars/Olympus", "2026-11-30T08:00:00Z"),
            (u64::MAX, "Europe/Berlin", "beyond the calendar"),
        ] {
            assert_eq!(local(at, zone), text, "{zone}");
        }
    }
}
