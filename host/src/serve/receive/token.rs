//! The secret that a registry shows.

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// What is kept of the secret: enough to recognise it. How long a comparison takes tells nothing of it.
#[derive(Clone)]
pub struct Token([u8; 32]);

impl Token {
    /// Takes the secret.
    pub fn new(secret: &str) -> Self {
        Self(Sha256::digest(secret).into())
    }

    /// Whether somebody showed the same one.
    pub fn is(&self, shown: &[u8]) -> bool {
        let shown: [u8; 32] = Sha256::digest(shown).into();
        self.0.ct_eq(&shown).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_secret_is_the_secret() {
        let token = Token::new("hush");
        assert!(token.is(b"hush"));
        for other in [&b""[..], b"hus", b"hush ", b"Hush", b"hushhush"] {
            assert!(!token.is(other));
        }
    }
}
