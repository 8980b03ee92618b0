//! Authentication of webhooks: the secret arrives as a bearer token, or as a part of the path.

use axum::http::{HeaderMap, header};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// The digest of the secret. Comparing with it takes the same time for every wrong secret.
#[derive(Clone)]
pub struct WebhookSecret([u8; 32]);

impl WebhookSecret {
    /// Keeps the digest of a secret.
    pub fn new(secret: &str) -> Self {
        Self(Sha256::digest(secret).into())
    }

    /// Whether the `Authorization` header has the secret as a bearer token.
    pub fn is_in(&self, headers: &HeaderMap) -> bool {
        let header = headers.get(header::AUTHORIZATION);
        let token = header.and_then(|it| bearer_token(it.as_bytes()));
        self.matches(token.unwrap_or_default())
    }

    /// Whether this is the secret.
    pub fn matches(&self, candidate: &[u8]) -> bool {
        let candidate: [u8; 32] = Sha256::digest(candidate).into();
        self.0.ct_eq(&candidate).into()
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_secret_matches() {
        let secret = WebhookSecret::new("hush");
        assert!(secret.matches(b"hush"));
        for other in [&b""[..], b"hus", b"hush ", b"Hush", b"hushhush"] {
            assert!(!secret.matches(other));
        }
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
        let secret = WebhookSecret::new("hush");
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
