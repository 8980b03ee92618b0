//! Counts, shares and short commits, formatted for people.

/// The number of digits in a short commit.
const SHORT: usize = 12;

/// The first 12 characters of a commit.
pub fn short(commit: &str) -> String {
    commit.chars().take(SHORT).collect()
}

/// The share of requests that failed, in percent.
pub fn share(failures: u64, requests: u64) -> Option<String> {
    #[expect(clippy::cast_precision_loss, reason = "two decimals are written")]
    let share = failures as f64 / requests as f64 * 100.0;
    (requests > 0).then(|| format!("{share:.2} %"))
}

/// A count with separators between thousands.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its unit: `1 server`, `1,234 servers`.
pub fn counted(count: u64, one: &str, several: &str) -> String {
    let unit = if count == 1 { one } else { several };
    format!("{} {unit}", grouped(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_separated() {
        assert_eq!(
            [0, 999, 1000, 1_234_567].map(grouped),
            ["0", "999", "1,000", "1,234,567"]
        );
    }

    #[test]
    fn no_character_is_cut_in_two() {
        assert_eq!(short("ca779cf0631b32e2"), "ca779cf0631b");
        assert_eq!(short(&"ü".repeat(20)), "ü".repeat(12));
    }
}
