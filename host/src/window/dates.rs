//! A range of dates, as text: `2026-12-19 to 2027-01-04`, `2026-11-27 12:00 to 2026-11-30 08:00`, `12-24 to 12-26`.
//!
//! A date without a time is a whole day: a range includes its last day. A time is exclusive as an end. Dates without a
//! year repeat each year, and can continue into the next one (`12-24 to 01-02`).

use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, date};

use super::weekly::{minute, time};
use crate::error::Error;

/// A range of dates. It is neither empty nor reversed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateRange {
    from: Edge,
    to: Edge,
}

/// An end of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Edge {
    /// `None` for each year.
    year: Option<i16>,
    month: i8,
    day: i8,
    /// The minute of the day; `None` for the whole day.
    minute: Option<u16>,
}

/// The help for a date that can't be read.
const DATES: &str = "write a date such as `2026-12-19`, or `12-24` for each year";

/// The help for a range that can't be read.
const RANGES: &str = "write two dates, such as `2026-12-19 to 2027-01-04` or `12-24 to 12-26`; a time can follow each \
                      date, such as `2026-11-27 12:00`";

/// A range of dates that repeat can continue into the next year for at most this many days. A longer one is reversed.
const MOST_DAYS: i64 = 183;

impl DateRange {
    /// The civil times that it begins and ends at, in each year from `first` to `last`. The end is exclusive. A range with
    /// years is returned once, whatever its years are.
    pub fn civil(self, first: i16, last: i16) -> Vec<(DateTime, DateTime)> {
        if let (Some(from), Some(to)) = (self.from.year, self.to.year) {
            return vec![(self.from.start(from), self.to.end(to))];
        }
        let years = (first..=last).map(|year| {
            let next = year.saturating_add(1);
            let end = if self.continues() { next } else { year };
            (self.from.start(year), self.to.end(end))
        });
        // Without February 29, a range of this day is empty.
        years.filter(|(from, to)| from < to).collect()
    }

    /// Whether it repeats, and ends in the year after that of its start.
    fn continues(self) -> bool {
        let day = |it: Edge| (it.month, it.day);
        self.from.year.is_none() && day(self.to) < day(self.from)
    }

    fn check(self) -> Result<(), Error> {
        if self.from.year.is_some() != self.to.year.is_some() {
            return Err(Error::new(
                format!("only one date of `{self}` has a year"),
                "write both dates with a year, or both without",
            ));
        }
        // In 2024, February 29 exists; the range from 2023 has no more days than any other.
        let Some((from, to)) = self.civil(2024, 2024).pop() else {
            return Err(self.reversed());
        };
        let days = (to - from).get_days();
        if from >= to || (self.continues() && i64::from(days) > MOST_DAYS) {
            return Err(self.reversed());
        }
        if self.from.year.is_none() && days >= 365 {
            return Err(Error::new(
                format!("`{self}` is the whole year"),
                "write a shorter range, or one with years",
            ));
        }
        Ok(())
    }

    fn reversed(self) -> Error {
        Error::new(
            format!("the range `{self}` is empty or reversed"),
            "write the earlier date first; the end of a range with a time is exclusive",
        )
    }
}

impl Edge {
    /// The moment that it begins at, in a year. A February 29 that does not exist begins on March 1.
    fn start(self, year: i16) -> DateTime {
        self.at(year, self.minute.unwrap_or(0))
    }

    /// The moment that it ends before.
    fn end(self, year: i16) -> DateTime {
        self.at(year, self.minute.unwrap_or(24 * 60))
    }

    fn at(self, year: i16, minute: u16) -> DateTime {
        match Date::new(year, self.month, self.day) {
            Ok(date) => date.at(0, 0, 0, 0) + SignedDuration::from_mins(minute.into()),
            Err(_) => date(year, 3, 1).at(0, 0, 0, 0),
        }
    }
}

impl fmt::Display for DateRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.from, self.to)
    }
}

impl fmt::Display for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(year) = self.year {
            write!(f, "{year:04}-")?;
        }
        write!(f, "{:02}-{:02}", self.month, self.day)?;
        match self.minute {
            Some(minute) => write!(f, " {}", time(minute)),
            None => Ok(()),
        }
    }
}

impl FromStr for DateRange {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let words: Vec<_> = text.split_whitespace().collect();
        let mut sides = words.split(|it| *it == "to");
        let (from, to) = match (&words[..], sides.next(), sides.next(), sides.next()) {
            ([day], ..) => (edge(&[day])?, edge(&[day])?),
            (_, Some(from), Some(to), None) => (edge(from)?, edge(to)?),
            _ => return Err(Error::new(format!("invalid range `{text}`"), RANGES)),
        };
        let range = Self { from, to };
        range.check()?;
        Ok(range)
    }
}

/// Reads a date, and a time.
fn edge(words: &[&str]) -> Result<Edge, Error> {
    let (date, minute) = match words {
        [date] => (*date, None),
        [date, time] => (*date, Some(minute(time)?)),
        _ => {
            return Err(Error::new(
                format!("invalid date `{}`", words.join(" ")),
                RANGES,
            ));
        }
    };
    let (year, month, day) =
        parts(date).ok_or_else(|| Error::new(format!("invalid date `{date}`"), DATES))?;
    Ok(Edge {
        year,
        month,
        day,
        minute,
    })
}

/// The year, the month and the day of a date that exists.
fn parts(text: &str) -> Option<(Option<i16>, i8, i8)> {
    let parts: Vec<_> = text.split('-').collect();
    let (year, month, day) = match parts[..] {
        [month, day] => (None, month, day),
        [year, month, day] => (Some(number(year, 4)?), month, day),
        _ => return None,
    };
    let month = i8::try_from(number(month, 2)?).ok()?;
    let day = i8::try_from(number(day, 2)?).ok()?;
    // 2024 has a February 29.
    Date::new(year.unwrap_or(2024), month, day).ok()?;
    let is_near = year.is_none_or(|it| (1970..3000).contains(&it));
    is_near.then_some((year, month, day))
}

fn number(text: &str, digits: usize) -> Option<i16> {
    let is_valid = text.len() == digits && text.bytes().all(|it| it.is_ascii_digit());
    is_valid.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn civil(text: &str, year: i16) -> Vec<String> {
        let range: DateRange = text.parse().expect("a range");
        let civil = range.civil(year, year);
        civil
            .iter()
            .map(|(from, to)| format!("{from} {to}"))
            .collect()
    }

    #[test]
    fn a_range_has_its_last_day() {
        for (text, year, expected) in [
            (
                "2026-12-19 to 2027-01-04",
                2030,
                "2026-12-19T00:00:00 2027-01-05T00:00:00",
            ),
            (
                "2026-11-27 12:00 to 2026-11-30 08:00",
                2030,
                "2026-11-27T12:00:00 2026-11-30T08:00:00",
            ),
            (
                "2026-11-27 12:00 to 2026-11-30",
                2030,
                "2026-11-27T12:00:00 2026-12-01T00:00:00",
            ),
            (
                "2026-11-27",
                2030,
                "2026-11-27T00:00:00 2026-11-28T00:00:00",
            ),
            (
                "12-24 to 12-26",
                2030,
                "2030-12-24T00:00:00 2030-12-27T00:00:00",
            ),
            (
                "12-24 to 01-02",
                2030,
                "2030-12-24T00:00:00 2031-01-03T00:00:00",
            ),
            (
                "12-24 14:00 to 12-24 24:00",
                2030,
                "2030-12-24T14:00:00 2030-12-25T00:00:00",
            ),
            (
                "02-27 to 02-29",
                2028,
                "2028-02-27T00:00:00 2028-03-01T00:00:00",
            ),
            (
                "02-27 to 02-29",
                2027,
                "2027-02-27T00:00:00 2027-03-01T00:00:00",
            ),
            (
                "02-29 12:00 to 03-02",
                2027,
                "2027-03-01T00:00:00 2027-03-03T00:00:00",
            ),
        ] {
            assert_eq!(civil(text, year), [expected], "{text}");
        }
        assert_eq!(civil("02-29", 2027), [""; 0]);
        assert_eq!(
            civil("02-29", 2028),
            ["2028-02-29T00:00:00 2028-03-01T00:00:00"]
        );
    }

    #[test]
    fn an_error_says_what_is_wrong() {
        for (text, message) in [
            ("", "invalid range ``"),
            ("tomorrow", "invalid date `tomorrow`"),
            (
                "2026-12-19 - 2027-01-04",
                "invalid range `2026-12-19 - 2027-01-04`",
            ),
            ("2026-12-19 to", "invalid date ``"),
            (
                "2026-12-19 to 2026-12-20 to 2026-12-21",
                "invalid range `2026-12-19 to 2026-12-20 to 2026-12-21`",
            ),
            ("2026-02-29", "invalid date `2026-02-29`"),
            ("02-30", "invalid date `02-30`"),
            ("24.12. to 26.12.", "invalid date `24.12.`"),
            ("26-12-24", "invalid date `26-12-24`"),
            ("9999-12-24", "invalid date `9999-12-24`"),
            ("2026-12-24 9:00 to 2026-12-25", "invalid time `9:00`"),
            (
                "2026-12-24 09:00 x to 2026-12-25",
                "invalid date `2026-12-24 09:00 x`",
            ),
            (
                "2026-12-24 to 12-26",
                "only one date of `2026-12-24 to 12-26` has a year",
            ),
            (
                "2026-12-24 to 2026-12-23",
                "the range `2026-12-24 to 2026-12-23` is empty or reversed",
            ),
            (
                "2026-12-24 09:00 to 2026-12-24 09:00",
                "the range `2026-12-24 09:00 to 2026-12-24 09:00` is empty or reversed",
            ),
            (
                "12-24 09:00 to 12-24 08:00",
                "the range `12-24 09:00 to 12-24 08:00` is empty or reversed",
            ),
            (
                "12-26 to 12-24",
                "the range `12-26 to 12-24` is empty or reversed",
            ),
            ("01-01 to 12-31", "`01-01 to 12-31` is the whole year"),
        ] {
            let error = text.parse::<DateRange>().expect_err(text);
            assert_eq!(error.message, message, "{text}");
            assert!(!error.help.is_empty());
        }
    }

    proptest! {
        #[test]
        fn a_range_is_read_as_it_was_written(
            year in prop::option::of(2000..2100_i16), month in 1..=12_i8, day in 1..=28_i8,
            minutes in prop::option::of((0..1440_u16, 0..=1440_u16)), later in 0..3_i8
        ) {
            let edge = |day: i8, minute| Edge { year, month, day: day.min(28), minute };
            let range = DateRange {
                from: edge(day, minutes.map(|it| it.0)),
                to: edge(day + later, minutes.map(|it| it.1)),
            };
            match range.to_string().parse::<DateRange>() {
                Ok(read) => prop_assert_eq!(read, range),
                Err(error) => prop_assert_eq!(error, range.reversed()),
            }
        }

        #[test]
        fn any_text_is_a_range_or_an_error(text in ".{0,24}|[0-9]{4}-[01][0-9]-[0-3][0-9]( to [01][0-9]-[0-3][0-9])?") {
            if let Ok(range) = text.parse::<DateRange>() {
                prop_assert_eq!(range.to_string().parse::<DateRange>().expect("a range"), range);
            }
        }
    }
}
