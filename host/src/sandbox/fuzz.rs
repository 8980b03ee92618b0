//! Properties that hold for any component before it is compiled.

use super::structure::{Refusal, check};

/// Reads a component. A truncated component is refused, and each refusal has a reason.
pub(crate) fn component(bytes: &[u8]) {
    match check(bytes) {
        Ok(()) => {
            if let Some((_, part)) = bytes.split_last() {
                // Without its last byte, it ends in the middle of a section, or in the middle of its header.
                assert!(part.len() < 8 || check(part).is_err() || bytes.last() == Some(&0));
            }
        }
        Err(Refusal::Malformed(why) | Refusal::TooLarge(why)) => assert!(!why.is_empty()),
    }
}
