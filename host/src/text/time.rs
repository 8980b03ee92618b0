//! Times and durations, formatted for people. Times are milliseconds since 1970, in UTC.

use jiff::Timestamp;

/// The text for a time that is out of range.
const BEYOND: &str = "beyond the calendar";

/// Writes a time, truncated to the second, as RFC 3339 does: `2025-11-23T00:15:21Z`.
pub fn instant(at: u64) -> String {
    formatted(at, "%Y-%m-%dT%H:%M:%SZ")
}

/// Writes a time to the millisecond, as RFC 3339 does, for programs.
pub fn exact(at: u64) -> String {
    timestamp(at).map_or_else(|| BEYOND.to_owned(), |at| format!("{at:.3}"))
}

/// Writes the time of day, truncated to the second: `00:15:21`.
pub fn clock(at: u64) -> String {
    formatted(at, "%H:%M:%S")
}

/// Writes a time in a format of `strftime`.
pub fn formatted(at: u64, format: &str) -> String {
    timestamp(at).map_or_else(
        || BEYOND.to_owned(),
        |timestamp| timestamp.strftime(format).to_string(),
    )
}

/// Writes a duration in its two largest units: `412 ms`, `3.2 s`, `3 min 4 s`, `1 h 5 min`.
pub fn span(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    let two = |large: u64, unit: &str, small: u64, smaller: &str| {
        if small == 0 {
            format!("{large} {unit}")
        } else {
            format!("{large} {unit} {small} {smaller}")
        }
    };
    match seconds {
        0 => format!("{milliseconds} ms"),
        1..10 => match milliseconds % 1000 / 100 {
            0 => format!("{seconds} s"),
            tenths => format!("{seconds}.{tenths} s"),
        },
        10..60 => format!("{seconds} s"),
        60..3600 => two(seconds / 60, "min", seconds % 60, "s"),
        3600..86_400 => two(seconds / 3600, "h", seconds % 3600 / 60, "min"),
        _ => two(seconds / 86_400, "d", seconds % 86_400 / 3600, "h"),
    }
}

fn timestamp(at: u64) -> Option<Timestamp> {
    Timestamp::from_millisecond(i64::try_from(at).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_rfc_3339_in_utc() {
        assert_eq!(instant(0), "1970-01-01T00:00:00Z");
        assert_eq!(instant(1_763_856_921_499), "2025-11-23T00:15:21Z");
        assert_eq!(exact(1_763_856_921_040), "2025-11-23T00:15:21.040Z");
        assert_eq!(clock(1_763_856_921_040), "00:15:21");
    }

    #[test]
    fn both_precisions_show_the_same_second() {
        assert_eq!(instant(1_763_856_921_999), "2025-11-23T00:15:21Z");
        assert_eq!(clock(1_763_856_921_999), "00:15:21");
    }

    #[test]
    fn a_time_beyond_the_calendar_is_no_reason_to_fail() {
        for at in [u64::MAX, i64::MAX.unsigned_abs()] {
            assert_eq!(instant(at), BEYOND);
            assert_eq!(exact(at), BEYOND);
            assert_eq!(clock(at), BEYOND);
        }
    }

    #[test]
    fn writes_two_units() {
        for (milliseconds, words) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (1000, "1 s"),
            (3249, "3.2 s"),
            (59_999, "59 s"),
            (60_000, "1 min"),
            (184_000, "3 min 4 s"),
            (3_900_000, "1 h 5 min"),
            (90_000_000, "1 d 1 h"),
        ] {
            assert_eq!(span(milliseconds), words);
        }
    }
}
