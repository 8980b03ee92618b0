//! Authentication of requests: the secret of the webhook or the token of a person arrives as a bearer token. The secret may
//! be a part of the path.

use axum::http::{HeaderMap, header};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::error::Error;
use crate::secret::Source;

/// The minimum number of characters of a secret. A client of the server can guess a shorter secret.
const SHORTEST: usize = 16;

/// The digest of a secret. Comparing with it takes the same time for every wrong secret.
#[derive(Clone)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// Reads a secret, and keeps its digest. `what` is its name in errors, `who` needs it.
    ///
    /// # Errors
    ///
    /// If the secret is missing or has fewer than 16 characters. The error contains no part of the secret.
    pub fn read(source: &Source, what: &str, who: &str) -> Result<Self, Error> {
        let secret = source.token(what)?;
        if secret.expose().chars().count() < SHORTEST {
            return Err(Error::new(
                format!("{source} holds a {what} with fewer than {SHORTEST} characters"),
                format!(
                    "create one with `openssl rand -hex 32`, store it there, and give it to {who}"
                ),
            ));
        }
        Ok(Self::new(secret.expose()))
    }

    /// Keeps the digest of a secret.
    pub fn new(secret: &str) -> Self {
        Self(Sha256::digest(secret).into())
    }

    /// Whether the `Authorization` header has the secret as a bearer token.
    pub fn is_in(&self, headers: &HeaderMap) -> bool {
        self.matches(bearer(headers).unwrap_or_default())
    }

    /// Whether the `Authorization` header has the secret as a bearer token, or as the password of any name.
    pub fn is_known_to(&self, headers: &HeaderMap) -> bool {
        let header = headers.get(header::AUTHORIZATION);
        let password = header.and_then(|it| password(it.as_bytes()));
        self.is_in(headers) || password.is_some_and(|it| self.matches(&it))
    }

    /// Whether it is the digest of the same secret.
    pub fn is_same(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    /// Whether this is the secret.
    pub fn matches(&self, candidate: &[u8]) -> bool {
        let candidate: [u8; 32] = Sha256::digest(candidate).into();
        self.0.ct_eq(&candidate).into()
    }
}

/// The bearer token of a request.
pub fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let header = headers.get(header::AUTHORIZATION)?;
    bearer_token(header.as_bytes())
}

/// The bearer token of an `Authorization` header.
///
/// Source: RFC 6750, section 2.1. The case of the scheme does not matter.
fn bearer_token(header: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = header.split_at_checked(7)?;
    scheme
        .eq_ignore_ascii_case(b"bearer ")
        .then(|| token.trim_ascii())
}

/// The password of an `Authorization` header for basic authentication.
///
/// Source: RFC 7617, section 2. The name ends at the first colon.
fn password(header: &[u8]) -> Option<Vec<u8>> {
    let (scheme, credentials) = header.split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case(b"basic ") {
        return None;
    }
    let credentials = base64(credentials.trim_ascii())?;
    let colon = credentials.iter().position(|it| *it == b':')?;
    Some(credentials[colon + 1..].to_vec())
}

/// Decodes base64 (RFC 4648, section 4), with or without its padding.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let end = text.iter().rposition(|it| *it != b'=');
    let text = &text[..end.map_or(0, |it| it + 1)];
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut buffer, mut bits) = (0_u32, 0);
    for digit in text {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        buffer = (buffer << 6) | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(buffer >> bits & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_secret_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secret");
        let source = Source::File(path.clone());
        for (text, fits) in [
            ("0123456789abcde", false),
            ("  0123456789abcde \n", false),
            ("ééééééééééééééé", false),
            ("0123456789abcdef\n", true),
        ] {
            std::fs::write(&path, text).expect("a file");
            let read = TokenDigest::read(
                &source,
                "secret of the webhook",
                "the sender of the webhooks",
            );
            assert_eq!(read.is_ok(), fits, "{text}");
            if let Err(error) = read {
                let line = error.line();
                assert!(
                    line.contains("fewer than 16") && line.contains("`openssl rand -hex 32`"),
                    "{line}"
                );
                assert!(!line.contains(text.trim()), "{line}");
            }
        }
    }

    #[test]
    fn only_the_whole_secret_matches() {
        let secret = TokenDigest::new("hush");
        assert!(secret.matches(b"hush"));
        for other in [&b""[..], b"hus", b"hush ", b"Hush", b"hushhush"] {
            assert!(!secret.matches(other));
        }
    }

    #[test]
    fn a_password_is_found_behind_any_name() {
        for (header, found) in [
            (&b"Basic OmhlbGxv"[..], Some(&b"hello"[..])),
            (b"basic QWRhOmh1OnNo", Some(b"hu:sh")),
            (b"Basic QWRhOmh1c2g=", Some(b"hush")),
            (b"Basic aHVzaA==", None),
            (b"Basic Q*", None),
            (b"Bearer QWRhOmh1c2g=", None),
            (b"", None),
        ] {
            assert_eq!(password(header).as_deref(), found);
        }
        let secret = TokenDigest::new("hush");
        for (header, known) in [
            ("Bearer hush", true),
            ("Basic QWRhOmh1c2g=", true),
            ("Basic QTpi", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, header.parse().expect("a value"));
            assert_eq!(secret.is_known_to(&headers), known, "{header}");
        }
        assert!(!secret.is_known_to(&HeaderMap::new()));
    }

    #[test]
    fn a_bearer_token_is_found() {
        for (header, token) in [
            (&b"Bearer hush"[..], Some(&b"hush"[..])),
            (b"bearer  hush ", Some(b"hush")),
            (b"Bearer ", Some(b"")),
            (b"Basic aHVzaA==", None),
            (b"Bearer", None),
            (b"hush", None),
            (b"", None),
        ] {
            assert_eq!(bearer_token(header), token);
        }
    }

    #[test]
    fn a_header_with_the_secret_is_accepted() {
        let secret = TokenDigest::new("hush");
        let with = |value: &str| {
            let value = value.parse().expect("a header");
            HeaderMap::from_iter([(header::AUTHORIZATION, value)])
        };
        assert!(secret.is_in(&with("Bearer hush")));
        for headers in [with("Bearer other"), with("hush"), HeaderMap::new()] {
            assert!(!secret.is_in(&headers));
        }
    }
}
