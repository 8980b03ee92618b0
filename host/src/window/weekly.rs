//! The same hours on consecutive weekdays, as text: `Mon-Thu 09:00-16:00`.
//!
//! A week begins on Monday. The end is exclusive, and can be `24:00`. Hours past midnight need two ranges.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// The names of the weekdays, from Monday.
pub const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// The minutes of a day.
pub const DAY: u16 = 24 * 60;

/// An example, for the help of errors.
const EXAMPLE: &str =
    "write weekdays and hours, such as `Mon-Thu 09:00-16:00` or `Fri 09:00-13:00`";

/// The same hours on consecutive weekdays. It is neither empty nor reversed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeeklyRange {
    first: u8,
    last: u8,
    from: u16,
    to: u16,
}

impl WeeklyRange {
    /// Makes a range of the weekdays from `first` to `last` (0 is Monday), and the minutes of the day from `from` until
    /// before `to`. `None` if it is empty, reversed, or beyond a week or a day.
    pub fn new(first: u8, last: u8, from: u16, to: u16) -> Option<Self> {
        let is_valid =
            first <= last && usize::from(last) < WEEKDAYS.len() && from < to && to <= DAY;
        is_valid.then_some(Self {
            first,
            last,
            from,
            to,
        })
    }

    /// Whether the range contains this minute of a weekday (0 is Monday).
    pub fn contains(self, weekday: u8, minute: u16) -> bool {
        (self.first..=self.last).contains(&weekday) && (self.from..self.to).contains(&minute)
    }

    /// The first and the last weekday; 0 is Monday.
    pub fn weekdays(self) -> (u8, u8) {
        (self.first, self.last)
    }

    /// The first minute of the day, and the minute of the end, which is exclusive.
    pub fn minutes(self) -> (u16, u16) {
        (self.from, self.to)
    }
}

impl fmt::Display for WeeklyRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(WEEKDAYS[usize::from(self.first)])?;
        if self.last > self.first {
            write!(f, "-{}", WEEKDAYS[usize::from(self.last)])?;
        }
        write!(f, " {}-{}", time(self.from), time(self.to))
    }
}

/// Writes a minute of a day: `09:00`.
pub(super) fn time(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

impl FromStr for WeeklyRange {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let words: Vec<_> = text.split_whitespace().collect();
        let [days, hours] = words[..] else {
            return Err(Error::new(format!("invalid range `{text}`"), EXAMPLE));
        };
        let (first, last) = weekdays(days)?;
        let Some((from, to)) = hours.split_once('-') else {
            return Err(Error::new(
                format!("invalid hours `{hours}`"),
                "write a start and an end, such as `09:00-16:00`",
            ));
        };
        let (from, to) = (minute(from)?, minute(to)?);
        if last < first {
            // Wrong hours are an error of their own, so that the two ranges are valid.
            let parts =
                [(first, 6), (0, last)].map(|(first, last)| Self::new(first, last, from, to));
            let [Some(end), Some(start)] = parts else {
                return Err(no_hours(days, hours, from, to));
            };
            return Err(Error::new(
                format!("the weekdays `{days}` are reversed: a week begins on Monday"),
                format!("write two ranges: `{end}` and `{start}`"),
            ));
        }
        Self::new(first, last, from, to).ok_or_else(|| no_hours(days, hours, from, to))
    }
}

/// The error for hours that are empty or reversed.
fn no_hours(days: &str, hours: &str, from: u16, to: u16) -> Error {
    if from == to {
        return Error::new(
            format!("the hours `{hours}` are empty: the end is exclusive"),
            format!("write a later end; a whole day is `{days} 00:00-24:00`"),
        );
    }
    Error::new(
        format!("the hours `{hours}` are reversed"),
        format!(
            "end the range at 24:00 (`{days} {}-24:00`), and write another one for the hours after midnight",
            time(from)
        ),
    )
}

/// Reads one weekday, or the first and the last one; 0 is Monday.
fn weekdays(text: &str) -> Result<(u8, u8), Error> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Ok((weekday(first)?, weekday(last)?))
}

fn weekday(text: &str) -> Result<u8, Error> {
    let mut names = (0..).zip(WEEKDAYS);
    if let Some((number, _)) = names.clone().find(|(_, name)| *name == text) {
        return Ok(number);
    }
    // `monday`, `MON` and `Mo` begin alike.
    let begins = |name: &str| {
        let [text, name] = [text, name].map(str::to_ascii_lowercase);
        text.len() > 1 && (text.starts_with(&name) || name.starts_with(&text))
    };
    let help = match names.find(|(_, name)| begins(name)) {
        Some((_, name)) => format!("write `{name}`"),
        None => format!("the weekdays are {}", WEEKDAYS.join(", ")),
    };
    Err(Error::new(format!("unknown weekday `{text}`"), help))
}

/// Reads a time of day with two digits for the hour and for the minute, as the minute of the day.
pub(super) fn minute(text: &str) -> Result<u16, Error> {
    let number = |text: &str| {
        let is_valid = text.len() == 2 && text.bytes().all(|it| it.is_ascii_digit());
        is_valid.then(|| text.parse::<u16>().ok()).flatten()
    };
    let parts = text.split_once(':');
    let parts = parts.and_then(|(hour, minute)| Some((number(hour)?, number(minute)?)));
    match parts {
        Some((hour, minute)) if minute < 60 && hour * 60 + minute <= DAY => Ok(hour * 60 + minute),
        _ => Err(Error::new(
            format!("invalid time `{text}`"),
            "write a time from `00:00` to `24:00`, with two digits for the hour and for the minute",
        )),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn range(text: &str) -> WeeklyRange {
        text.parse().expect("a range")
    }

    #[test]
    fn a_range_is_read() {
        assert_eq!(
            Some(range("Mon-Thu 09:00-16:00")),
            WeeklyRange::new(0, 3, 540, 960)
        );
        assert_eq!(
            Some(range("Fri 09:30-13:00")),
            WeeklyRange::new(4, 4, 570, 780)
        );
        assert_eq!(
            Some(range("Mon-Sun 00:00-24:00")),
            WeeklyRange::new(0, 6, 0, DAY)
        );
        assert_eq!(
            range("  Sat-Sat   09:00-16:00 ").to_string(),
            "Sat 09:00-16:00"
        );
    }

    #[test]
    fn the_end_is_exclusive() {
        let range = range("Tue-Wed 09:00-16:00");
        for (weekday, minute, expected) in [
            (1, 539, false),
            (1, 540, true),
            (2, 959, true),
            (2, 960, false),
            (0, 600, false),
            (3, 600, false),
        ] {
            assert_eq!(
                range.contains(weekday, minute),
                expected,
                "{weekday} {minute}"
            );
        }
    }

    #[test]
    fn an_error_says_what_is_wrong_and_what_to_write() {
        let hint =
            "write a time from `00:00` to `24:00`, with two digits for the hour and for the minute";
        for (text, message, help) in [
            ("", "invalid range ``", EXAMPLE),
            ("Mon-Thu", "invalid range `Mon-Thu`", EXAMPLE),
            (
                "Mon - Thu 09:00-16:00",
                "invalid range `Mon - Thu 09:00-16:00`",
                EXAMPLE,
            ),
            (
                "09:00-16:00 Mon",
                "unknown weekday `09:00`",
                "the weekdays are Mon, Tue, Wed, Thu, Fri, Sat, Sun",
            ),
            ("Mo-Thu 09:00-16:00", "unknown weekday `Mo`", "write `Mon`"),
            (
                "Monday 09:00-16:00",
                "unknown weekday `Monday`",
                "write `Mon`",
            ),
            ("tue 09:00-16:00", "unknown weekday `tue`", "write `Tue`"),
            (
                "Mon-Frü 09:00-16:00",
                "unknown weekday `Frü`",
                "the weekdays are Mon, Tue, Wed, Thu, Fri, Sat, Sun",
            ),
            (
                "Mon- 09:00-16:00",
                "unknown weekday ``",
                "the weekdays are Mon, Tue, Wed, Thu, Fri, Sat, Sun",
            ),
            (
                "Fri-Mon 09:00-16:00",
                "the weekdays `Fri-Mon` are reversed: a week begins on Monday",
                "write two ranges: `Fri-Sun 09:00-16:00` and `Mon 09:00-16:00`",
            ),
            (
                "Sun-Wed 09:00-16:00",
                "the weekdays `Sun-Wed` are reversed: a week begins on Monday",
                "write two ranges: `Sun 09:00-16:00` and `Mon-Wed 09:00-16:00`",
            ),
            (
                "Fri-Mon 16:00-09:00",
                "the hours `16:00-09:00` are reversed",
                "end the range at 24:00 (`Fri-Mon 16:00-24:00`), and write another one for the hours after midnight",
            ),
            (
                "Mon 09:00",
                "invalid hours `09:00`",
                "write a start and an end, such as `09:00-16:00`",
            ),
            ("Mon 9:00-16:00", "invalid time `9:00`", hint),
            ("Mon 09:00-16", "invalid time `16`", hint),
            ("Mon 09:00-16:60", "invalid time `16:60`", hint),
            ("Mon 09:00-24:01", "invalid time `24:01`", hint),
            ("Mon +9:00-16:00", "invalid time `+9:00`", hint),
            ("Mon 09:00-16:00-17:00", "invalid time `16:00-17:00`", hint),
            (
                "Mon 09:00-09:00",
                "the hours `09:00-09:00` are empty: the end is exclusive",
                "write a later end; a whole day is `Mon 00:00-24:00`",
            ),
            (
                "Mon-Fri 22:00-06:00",
                "the hours `22:00-06:00` are reversed",
                "end the range at 24:00 (`Mon-Fri 22:00-24:00`), and write another one for the hours after midnight",
            ),
            (
                "Mon 24:00-24:00",
                "the hours `24:00-24:00` are empty: the end is exclusive",
                "write a later end; a whole day is `Mon 00:00-24:00`",
            ),
        ] {
            let error = text.parse::<WeeklyRange>().expect_err(text);
            assert_eq!(
                (error.message.as_str(), error.help.as_str()),
                (message, help),
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_range_is_read_as_it_was_written(
            first in 0..7_u8, more in 0..7_u8, from in 0..DAY, length in 1..=DAY
        ) {
            let last = (first + more).min(6);
            let range = WeeklyRange::new(first, last, from, (from + length).min(DAY)).expect("a range");
            prop_assert_eq!(self::range(&range.to_string()), range);
        }

        #[test]
        fn any_text_is_a_range_or_an_error(text in ".{0,24}|[A-Za-z]{2,4}-[A-Z][a-z]{2} [0-9:-]{8,12}") {
            match text.parse::<WeeklyRange>() {
                Ok(range) => prop_assert_eq!(self::range(&range.to_string()), range),
                Err(error) => prop_assert!(!error.message.is_empty() && !error.help.is_empty()),
            }
        }
    }
}
