//! Validates commits, environments, repositories, tags and digests. Each rule is defined here, and nowhere else.
//!
//! Source: <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests> for
//! repositories and tags,
//! <https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests> for digests.

use serde::de::IgnoredAny;

/// The longest name of a repository, in bytes. The specification has no limit, and names this one of many clients.
const LONGEST_REPOSITORY: usize = 255;
/// The longest tag, in bytes.
const LONGEST_TAG: usize = 128;
/// The longest name of an environment, in bytes: a tag also has `-loadtest-abort-` and a SHA-256 commit.
pub const LONGEST_ENVIRONMENT: usize = LONGEST_TAG - "-loadtest-abort-".len() - 64;

/// The longest name of an attribute, in bytes.
const LONGEST_ATTRIBUTE_NAME: usize = 64;
/// The longest value of an attribute, in bytes.
pub const LONGEST_ATTRIBUTE: usize = 64 << 10;
/// The form of an attribute's name, for messages.
pub const ATTRIBUTE_FORM: &str = "1 to 64 lowercase letters, digits, hyphens and dots";

/// The form of an environment's name, for messages.
pub const ENVIRONMENT_FORM: &str =
    "1 to 48 lowercase letters, digits and hyphens, with a letter or a digit first";

/// Whether a text is the name of an environment, from which tags can be made.
pub fn is_environment(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    text.len() <= LONGEST_ENVIRONMENT
        && text.bytes().next().is_some_and(word)
        && text.bytes().all(|byte| word(byte) || byte == b'-')
}

/// Whether a text is the name of an attribute: of a parameter, a fact, an argument, or what a message asks for.
pub fn is_attribute_name(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (1..=LONGEST_ATTRIBUTE_NAME).contains(&text.len())
        && text
            .bytes()
            .all(|byte| word(byte) || matches!(byte, b'-' | b'.'))
}

/// Whether a text is the value of an attribute: JSON, and not longer than [`LONGEST_ATTRIBUTE`].
pub fn is_attribute_value(text: &str) -> bool {
    text.len() <= LONGEST_ATTRIBUTE && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Whether a text is the name of a repository in a registry: lowercase words with `/` in between. The
/// name of the registry is not part of it.
pub fn is_repository(text: &str) -> bool {
    text.len() <= LONGEST_REPOSITORY && text.split('/').all(is_component)
}

/// Whether a text is a tag.
pub fn is_tag(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let inner = |byte: u8| word(byte) || matches!(byte, b'.' | b'-');
    text.len() <= LONGEST_TAG && text.bytes().next().is_some_and(word) && text.bytes().all(inner)
}

/// Whether a text is a full commit hash: 40 (SHA-1) or 64 (SHA-256) lowercase hexadecimal digits.
pub fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && is_hex(text)
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether a text is a digest that this program can compare: `sha256:` and 64 lowercase hexadecimal digits.
pub fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:")
        .is_some_and(|digits| digits.len() == 64 && is_hex(digits))
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`: words, with a separator between two of them.
fn is_component(text: &str) -> bool {
    let separator = |c: char| matches!(c, '.' | '_' | '-');
    let mut rest = text;
    loop {
        let word = rest.find(separator).unwrap_or(rest.len());
        let (first, others) = rest.split_at(word);
        let letters = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit();
        if first.is_empty() || !first.bytes().all(letters) {
            return false;
        }
        if others.is_empty() {
            return true;
        }
        let next = others.trim_start_matches(separator);
        let between = &others[..others.len() - next.len()];
        if !matches!(between, "." | "_" | "__") && !between.bytes().all(|it| it == b'-') {
            return false;
        }
        rest = next;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn repositories_are_told_apart() {
        for name in ["a", "demo/app", "a.b_c__d---e/0/x9", &"a".repeat(255)] {
            assert!(is_repository(name), "{name}");
        }
        for name in [
            "",
            "/a",
            "a/",
            "a//b",
            "A",
            "a..b",
            "a___b",
            "a.-b",
            "a_-b",
            "-a",
            "a-",
            "a b",
            "ä",
            "a:b",
            "a@b",
            "a%2f",
            "../a",
            "a/../b",
            "a\n",
            &"a".repeat(256),
        ] {
            assert!(!is_repository(name), "{name:?}");
        }
    }

    #[test]
    fn environments_are_told_apart() {
        let longest = "e".repeat(LONGEST_ENVIRONMENT);
        for name in ["s", "pre-prod", "eu-1", "1", &longest] {
            assert!(is_environment(name), "{name}");
            let tag = format!("{name}-loadtest-abort-{}", "0".repeat(64));
            assert!(is_tag(&tag), "{tag}");
        }
        assert!(ENVIRONMENT_FORM.contains(&LONGEST_ENVIRONMENT.to_string()));
        for name in [
            "",
            "-a",
            "Stage",
            "a_b",
            "a.b",
            "a b",
            "ä",
            "a\n",
            &"e".repeat(49),
        ] {
            assert!(!is_environment(name), "{name:?}");
        }
    }

    /// Texts that are names, or almost.
    fn near_names() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-z0-9-]{0,52}",
            "[a-z0-9A_.ä\n -]{0,52}",
            "[0-9a-f]{38,40}[0-9a-fAg]",
            "[0-9a-f]{62,64}[0-9a-fAg]",
        ]
    }

    proptest! {
        #[test]
        fn the_policy_and_the_host_have_the_same_rules(text in near_names()) {
            let policy = greenlight_policy::validate::environment(&text);
            prop_assert_eq!(is_environment(&text), policy.is_ok(), "{:?}", policy);
            prop_assert_eq!(is_commit(&text), greenlight_policy::validate::is_commit(&text));
        }
    }

    #[test]
    fn tags_are_told_apart() {
        for tag in ["a", "_", "A.b-c_9", "0", &"x".repeat(128)] {
            assert!(is_tag(tag), "{tag}");
        }
        for tag in [
            "",
            ".a",
            "-a",
            "a b",
            "a/b",
            "a:b",
            "a\n",
            "ä",
            &"x".repeat(129),
        ] {
            assert!(!is_tag(tag), "{tag:?}");
        }
    }

    #[test]
    fn digests_are_told_apart() {
        let digits = "0123456789abcdef".repeat(4);
        assert!(is_digest(&format!("sha256:{digits}")));
        for text in [
            "",
            "sha256:",
            &digits,
            &format!("sha512:{digits}"),
            &format!("sha256:{digits}0"),
            &format!("sha256:{}", digits.to_uppercase()),
        ] {
            assert!(!is_digest(text), "{text}");
        }
    }
}
