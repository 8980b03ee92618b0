//! A time zone by its IANA name.
//!
//! The zone data is part of the program, so that a name means the same on each machine. It is searched only when a zone
//! is named.

use std::str::FromStr;

use jiff::tz::{self, TimeZone};

use crate::error::Error;

/// A time zone and its IANA name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    name: String,
    zone: TimeZone,
}

impl Zone {
    /// The IANA name, such as `Europe/Berlin`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The rules of the zone.
    pub fn rules(&self) -> &TimeZone {
        &self.zone
    }
}

impl FromStr for Zone {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let zone = TimeZone::get(text).ok().filter(|it| !it.is_unknown());
        let zone = zone.and_then(|it| Some((it.iana_name()?.to_owned(), it)));
        let (name, zone) = zone.ok_or_else(|| unknown(text))?;
        Ok(Self { name, zone })
    }
}

fn unknown(text: &str) -> Error {
    let text = text.trim();
    let near = tz::db().available().map(|name| {
        let name = name.as_str();
        // `Berlin` means `Europe/Berlin`.
        let city = name.rsplit('/').next().unwrap_or(name);
        let whole = strsim::damerau_levenshtein(text, name);
        let city = 1 + strsim::damerau_levenshtein(text, city);
        (whole.min(city), name.to_owned())
    });
    let near = near
        .min()
        .filter(|(distance, _)| *distance <= 1 + text.len() / 4);
    let help = match near {
        Some((_, name)) => format!("did you mean `{name}`?"),
        None => {
            "use a name of the IANA time zone database, such as `Europe/Berlin` or `UTC`".to_owned()
        }
    };
    Error::new(format!("unknown time zone `{text}`"), help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_has_its_iana_name() {
        for (text, name) in [
            ("Europe/Berlin", "Europe/Berlin"),
            ("europe/berlin", "Europe/Berlin"),
            ("Asia/Kathmandu", "Asia/Kathmandu"),
            ("UTC", "UTC"),
        ] {
            assert_eq!(text.parse::<Zone>().expect("a zone").name(), name);
        }
    }

    #[test]
    fn an_unknown_zone_is_an_error_with_a_near_name() {
        for (text, help) in [
            ("Berlin", "did you mean `Europe/Berlin`?"),
            ("Europe/Belrin", "did you mean `Europe/Berlin`?"),
            ("America/NewYork", "did you mean `America/New_York`?"),
            (
                "",
                "use a name of the IANA time zone database, such as `Europe/Berlin` or `UTC`",
            ),
            (
                "+02:00",
                "use a name of the IANA time zone database, such as `Europe/Berlin` or `UTC`",
            ),
            (
                "Etc/Unknown",
                "use a name of the IANA time zone database, such as `Europe/Berlin` or `UTC`",
            ),
        ] {
            let error = text.parse::<Zone>().expect_err(text);
            assert_eq!(error.message, format!("unknown time zone `{text}`"));
            assert_eq!(error.help, help, "{text}");
        }
    }

    /// A machine without zone data knows the same zones.
    #[test]
    fn the_zones_are_those_of_the_program() {
        assert!(tz::db().available().count() > 400);
        let berlin: Zone = "Europe/Berlin".parse().expect("a zone");
        let summer = "2026-07-01T00:00:00Z".parse().expect("a time");
        assert_eq!(berlin.rules().to_offset(summer).seconds(), 7200);
    }
}
