//! Messages to a Slack channel, by an incoming webhook.

//!
//! The URL of a webhook is its password: who has it may write.

mod message;

use crate::effects::failure::Failure;
use crate::http::Client;
use crate::secret::{Secret, Source};
pub use message::{Message, payload};
use std::thread;
use std::time::{Duration, Instant};
use ureq::Body;
use ureq::http::Response;
use ureq::http::header::{CONTENT_TYPE, RETRY_AFTER};

/// Reads the URL of the webhook.
///
/// # Errors
///
/// If it is missing, or no `http` or `https` URL. The error holds nothing of it.
pub fn url(source: &Source) -> Result<Secret, String> {
    source.url("Slack URL")
}

/// How long all of it may take.
const TIME_LIMIT: Duration = Duration::from_secs(3);
/// How long to wait at most if Slack asks for patience.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest answer that is read, in bytes. Slack says a word.
const BODY_LIMIT: u64 = 1 << 10;

/// What Slack says of a message that it does not take. Anything else that answers may say anything, the
/// URL included.
///
/// Source: <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors>.
const KNOWN: [&str; 14] = [
    "action_prohibited",
    "channel_is_archived",
    "channel_not_found",
    "invalid_blocks",
    "invalid_payload",
    "invalid_token",
    "no_active_hooks",
    "no_service",
    "no_team",
    "no_text",
    "posting_to_general_channel_denied",
    "team_disabled",
    "too_many_attachments",
    "user_not_found",
];

/// Sends messages. The proxy that the environment names is used, except for loopback addresses.
#[derive(Clone)]
pub struct Slack {
    client: Client,
    time_limit: Duration,
}

impl Default for Slack {
    fn default() -> Self {
        Self::new()
    }
}

impl Slack {
    /// Ready to send.
    pub fn new() -> Self {
        Self::within(TIME_LIMIT)
    }

    fn within(time_limit: Duration) -> Self {
        Self {
            client: Client::new(time_limit),
            time_limit,
        }
    }

    /// Sends a message, within ten seconds. Only where Slack asks to wait for at most five, it is sent
    /// once more.
    ///
    /// # Errors
    ///
    /// If Slack did not take it. The error holds nothing of the URL. After some of them, such as a
    /// time-out, the message may have arrived nevertheless.
    pub fn send(&self, url: &Secret, message: &Message) -> Result<(), String> {
        let until = Instant::now() + self.time_limit;
        let body = payload(message).to_string();
        let mut response = self.post(url, &body, until)?;
        if let Some(wait) = wanted_wait(&response) {
            if wait > PATIENCE || Instant::now() + wait >= until {
                return Err(format!(
                    "Slack asks to wait for {wait:?}, which is too long"
                ));
            }
            thread::sleep(wait);
            response = self.post(url, &body, until)?;
        }
        let status = response.status();
        if status.as_u16() == 200 {
            return Ok(());
        }
        let body = response.body_mut().with_config().limit(BODY_LIMIT);
        let said = body.read_to_string().unwrap_or_default();
        let reason = KNOWN
            .iter()
            .find(|known| **known == said.trim())
            .map(|known| format!(": `{known}`"))
            .unwrap_or_default();
        Err(format!(
            "Slack answered with status {}{reason}",
            status.as_u16()
        ))
    }

    fn post(&self, url: &Secret, body: &str, until: Instant) -> Result<Response<Body>, String> {
        let url = url.expose();
        self.client
            .agent(url)
            .post(url)
            .config()
            .timeout_global(Some(until - Instant::now()))
            .build()
            .header(CONTENT_TYPE, "application/json; charset=utf-8")
            .send(body)
            .map_err(|error| Failure::of(&error, "Slack", self.time_limit).why)
    }
}

/// How long to wait before the message is sent again.
///
/// Source: <https://docs.slack.dev/apis/web-api/rate-limits>: status 429 with whole seconds.
fn wanted_wait(response: &Response<Body>) -> Option<Duration> {
    if response.status().as_u16() != 429 {
        return None;
    }
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    seconds.trim().parse().map(Duration::from_secs).ok()
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
