//! Numbers of metrics as text, with at most six decimals.
//!
//! The formatting of floating point numbers in the standard library would be a sizeable part of the component.

/// The largest number whose millionths are exact.
const LARGEST: f64 = 9e9;

/// Writes a finite number, rounded to millionths. The contract's data has the exact one.
pub(super) fn decimal(value: f64) -> String {
    let sign = if value < 0.0 { "-" } else { "" };
    let size = value.abs();
    if size > LARGEST {
        return format!("{sign}9000000000 or more");
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at least 0, and far below the largest integer"
    )]
    let millionths = (size * 1e6 + 0.5) as u64;
    if millionths == 0 {
        let tiny = if value > 0.0 {
            "less than 0.000001"
        } else {
            "0"
        };
        return tiny.to_owned();
    }
    let text = format!(
        "{sign}{}.{:06}",
        millionths / 1_000_000,
        millionths % 1_000_000
    );
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::decimal;

    #[test]
    fn numbers_have_as_many_decimals_as_they_need() {
        for (value, expected) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (100.0, "100"),
            (0.01, "0.01"),
            (-0.25, "-0.25"),
            (0.201_754_385_964, "0.201754"),
            (2.999_999_9, "3"),
            (0.000_000_1, "less than 0.000001"),
            (9e9, "9000000000"),
            (1e300, "9000000000 or more"),
            (-1e300, "-9000000000 or more"),
        ] {
            assert_eq!(decimal(value), expected, "{value}");
        }
    }
}
