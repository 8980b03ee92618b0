//! How numbers and names are written in sentences.
//!
//! Integers only: what formats floating point numbers would be a sizeable part of the component.

/// Shortens a commit to what people compare at a glance.
///
/// Commits in events come from outside and may be any text, so they are cut between characters.
pub(super) fn short(commit: &str) -> &str {
    match commit.char_indices().nth(12) {
        Some((end, _)) => &commit[..end],
        None => commit,
    }
}

/// Writes a number of things.
pub(super) fn amount(number: u64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

/// Writes hundredths as a number with two decimals.
pub(super) fn hundredths(number: u64) -> String {
    format!("{}.{:02}", number / 100, number % 100)
}

/// Writes milliseconds as seconds with one decimal, cut off.
pub(super) fn seconds(milliseconds: u64) -> String {
    format!("{}.{}", milliseconds / 1000, milliseconds % 1000 / 100)
}

#[cfg(test)]
mod tests {
    use super::{amount, hundredths, seconds, short};

    #[test]
    fn commits_are_cut_between_characters() {
        assert_eq!(short("0123456789abcdef"), "0123456789ab");
        assert_eq!(short("abc"), "abc");
        assert_eq!(short("ääääääääääääää"), "ääääääääääää");
        assert_eq!(short(""), "");
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(amount(1, "request"), "1 request");
        assert_eq!(amount(0, "request"), "0 requests");
        assert_eq!(hundredths(1205), "12.05");
        assert_eq!(seconds(59_999), "59.9");
        assert_eq!(seconds(u64::MAX), "18446744073709551.6");
    }
}
