//! The known errors of Slack.

/// What an error says about the message and about a later attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ErrorKind {
    /// Slack refuses the message until a person changes something.
    Refused,
    /// The message can no longer be updated.
    Gone,
    /// A part of the call may have succeeded.
    Unsure,
    /// The error is temporary: a later attempt may succeed.
    Passing,
}

use ErrorKind::{Gone, Passing, Refused, Unsure};

/// Slack's errors for a message that it refuses. greenlight prints no other error text, because it can contain a
/// secret.
///
/// Sources: <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors>,
/// <https://docs.slack.dev/reference/methods/chat.postMessage#errors> and
/// <https://docs.slack.dev/reference/methods/chat.update#errors>.
const KNOWN: [(&str, ErrorKind); 33] = [
    ("account_inactive", Refused),
    ("action_prohibited", Refused),
    ("cant_update_message", Gone),
    ("channel_is_archived", Refused),
    ("channel_not_found", Refused),
    ("edit_window_closed", Gone),
    ("fatal_error", Unsure),
    ("internal_error", Unsure),
    ("invalid_auth", Refused),
    ("invalid_blocks", Refused),
    ("invalid_payload", Refused),
    ("invalid_token", Refused),
    ("is_archived", Refused),
    ("message_not_found", Gone),
    ("missing_scope", Refused),
    ("msg_blocks_too_long", Refused),
    ("msg_too_long", Refused),
    ("no_active_hooks", Refused),
    ("no_service", Refused),
    ("no_team", Refused),
    ("no_text", Refused),
    ("not_authed", Refused),
    ("not_in_channel", Refused),
    ("posting_to_general_channel_denied", Refused),
    ("ratelimited", Passing),
    ("request_timeout", Passing),
    ("restricted_action", Refused),
    ("service_unavailable", Passing),
    ("team_disabled", Refused),
    ("token_expired", Refused),
    ("token_revoked", Refused),
    ("too_many_attachments", Refused),
    ("user_not_found", Refused),
];

/// The known error with this text.
pub(super) fn error_of(text: &str) -> Option<(&'static str, ErrorKind)> {
    KNOWN.into_iter().find(|(name, _)| *name == text.trim())
}
