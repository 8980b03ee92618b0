//! The checksum of a deployment request, which detects damage in the values that decide whether it is started again.
//!
//! It is SHA-256 over the number, the key, repository, tag, digest, environment and commit, the time of its creation,
//! the word of its state, and the reference. Each text has its length in front of it; numbers have eight bytes,
//! big-endian. A missing text counts as empty. Values that only delay the request or explain its state are left out.

use sha2::{Digest as _, Sha256};

use super::DeploymentRequest;
use super::push_event::or_empty;
use super::request_state::Columns;

/// Computes the checksum of a request with a given state.
pub fn checksum(request: &DeploymentRequest, state: &Columns) -> [u8; 32] {
    let mut sum = Sha256::new();
    for number in [request.id, request.created] {
        sum.update(number.to_be_bytes());
    }
    for text in [
        &request.key,
        &request.repository,
        &request.tag,
        or_empty(request.digest.as_ref()),
        &request.environment,
        &request.commit,
        &state.word,
        or_empty(state.reference.as_ref()),
    ] {
        sum.update((text.len() as u64).to_be_bytes());
        sum.update(text);
    }
    sum.finalize().into()
}
