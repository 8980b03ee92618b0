//! Messages to a Slack channel, by an incoming webhook.
//!
//! The URL of a webhook is its password: who has it may write.

mod payload;
mod send;
mod text;

pub use payload::{Message, payload};
pub use send::Slack;

use crate::secret::{Secret, Source};

/// Reads the URL of the webhook.
///
/// # Errors
///
/// If it is missing, or no `http` or `https` URL. The error holds nothing of it.
pub fn url(source: &Source) -> Result<Secret, String> {
    source.url("Slack URL")
}
