//! What a commit looks like.

/// Whether a text is a full git commit hash: 40 (SHA-1) or 64 (SHA-256) lowercase hexadecimal digits.
///
/// Short hashes are refused: what they mean changes as a repository grows.
pub fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_lowercase_hashes_only() {
        assert!(is_commit(&"a".repeat(40)));
        assert!(is_commit(&"0123456789abcdef".repeat(4)));
        for wrong in ["", "latest", "abc1234", &"A".repeat(40), &"g".repeat(40)] {
            assert!(!is_commit(wrong), "{wrong}");
        }
        assert!(!is_commit(&"a".repeat(41)));
        assert!(!is_commit(&format!("{}\n", "a".repeat(39))));
    }
}
