//! Lengths of time as people write them: `90s`, `10m`, `1h 30m`.

use std::time::Duration;

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer, de};

/// A length of time, not negative, of at most a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(Duration);

impl Span {
    /// So many seconds.
    pub const fn of(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// The length of time.
    pub const fn duration(self) -> Duration {
        self.0
    }

    /// In seconds, rounded up: a deadline must not come early.
    pub fn seconds(self) -> u32 {
        let seconds = self.0.as_secs() + u64::from(self.0.subsec_nanos() > 0);
        u32::try_from(seconds).unwrap_or(u32::MAX)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const YEAR: Duration = Duration::from_hours(365 * 24);
        let text = String::deserialize(deserializer)?;
        text.parse::<SignedDuration>()
            .ok()
            .and_then(|it| Duration::try_from(it).ok())
            .filter(|it| *it <= YEAR)
            .map(Self)
            .ok_or_else(|| {
                de::Error::custom(format!(
                    "`{text}` is no length of time; write `90s`, `10m` or `1h 30m`"
                ))
            })
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Span {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A length of time: `90s`, `10m`, `1h 30m`.",
            "type": "string",
            "minLength": 2,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_rounded_up() {
        assert_eq!(Span::of(3).seconds(), 3);
        assert_eq!(Span(Duration::from_millis(1200)).seconds(), 2);
    }
}
