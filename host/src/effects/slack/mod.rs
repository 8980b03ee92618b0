//! Messages to a Slack channel, by an incoming webhook.
//!
//! The URL of a webhook is its password: who has it may write. It is read from a variable or a file, and
//! appears in nothing that is printed or returned.

mod payload;
mod send;
mod source;
mod text;

pub use payload::{Message, payload};
pub use send::Slack;
pub use source::{Secret, Source};
