//! Messages to a Slack channel: by an incoming webhook, or in the name of a bot, which can update its messages.
//!
//! The URL of a webhook is a secret, as the token of a bot is: anyone who has it can send messages.

mod slack_message;

pub use slack_message::{Failed, Message, payload};

use std::time::Duration;

use serde_json::Value;
use ureq::Body;
use ureq::http::header::{AUTHORIZATION, CONTENT_TYPE};
use ureq::http::{HeaderMap, Response};

use crate::effects::Failure;
use crate::error::Error;
use crate::http::{self, Client};
use crate::limits;
use crate::secret::Secret;
use crate::server_settings::Destination;

/// Slack's answers to a message that it refuses. Other answers are not repeated, because they can contain a secret.
///
/// Sources: <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors>,
/// <https://docs.slack.dev/reference/methods/chat.postMessage#errors> and
/// <https://docs.slack.dev/reference/methods/chat.update#errors>.
const KNOWN: [&str; 33] = [
    "account_inactive",
    "action_prohibited",
    "cant_update_message",
    "channel_is_archived",
    "channel_not_found",
    "edit_window_closed",
    "fatal_error",
    "internal_error",
    "invalid_auth",
    "invalid_blocks",
    "invalid_payload",
    "invalid_token",
    "is_archived",
    "message_not_found",
    "missing_scope",
    "msg_blocks_too_long",
    "msg_too_long",
    "no_active_hooks",
    "no_service",
    "no_team",
    "no_text",
    "not_authed",
    "not_in_channel",
    "posting_to_general_channel_denied",
    "ratelimited",
    "request_timeout",
    "restricted_action",
    "service_unavailable",
    "team_disabled",
    "token_expired",
    "token_revoked",
    "too_many_attachments",
    "user_not_found",
];

/// The answers after which a message can't be updated any more.
const GONE: [&str; 3] = [
    "cant_update_message",
    "edit_window_closed",
    "message_not_found",
];

/// The answers of the API after which a part of the call may have succeeded.
///
/// Source: the same pages.
const UNSURE: [&str; 2] = ["fatal_error", "internal_error"];

/// The answers of the API that a later attempt may not get.
const PASSING: [&str; 3] = ["ratelimited", "request_timeout", "service_unavailable"];

/// Checks that the secret that sending needs can be read, and is what it must be.
///
/// # Errors
///
/// If it is missing or unusable. The error repeats no part of it.
pub fn check(to: &Destination) -> Result<(), Error> {
    secret(to).map(drop)
}

fn secret(to: &Destination) -> Result<Secret, Error> {
    match to {
        Destination::Webhook { url } => url.url("Slack URL"),
        Destination::Bot { token, .. } => token.token("Slack token"),
    }
}

/// The result of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Slack has taken the message.
    Arrived {
        /// Where Slack keeps it, if it can be updated.
        place: Option<String>,
    },
    /// It certainly did not arrive.
    Failed {
        /// Why, without a secret.
        why: String,
        /// What Slack asks to wait.
        again_in: Option<Duration>,
        /// What is to be done about it.
        remedy: Remedy,
    },
    /// It may have arrived.
    Unknown {
        /// Why nothing more is known, without a secret.
        why: String,
    },
}

/// What is to be done about a message that did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// The same attempt may succeed later.
    Later,
    /// A person must change something first, such as a secret that was replaced.
    Person,
    /// It can't be updated any more; a new message can be sent.
    New,
}

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
    /// Makes a client.
    pub fn new() -> Self {
        Self::within(limits::SLACK.time())
    }

    fn within(time_limit: Duration) -> Self {
        Self {
            client: Client::new(time_limit),
            time_limit,
        }
    }

    /// Tries to send a message once, or to update the one at a place: within three seconds after a request that shows
    /// that Slack answers at all, which takes as long at most. So a Slack that hangs gets no message that may have arrived.
    /// An update that may have arrived counts as failed: a second one changes nothing.
    pub fn deliver(&self, to: &Destination, message: &Message, place: Option<&str>) -> Delivery {
        let secret = match secret(to) {
            Ok(secret) => secret,
            Err(error) => {
                return Delivery::Failed {
                    why: error.line(),
                    again_in: None,
                    remedy: Remedy::Person,
                };
            }
        };
        if let Err(away) = self.answers(to, &secret) {
            return away;
        }
        match to {
            Destination::Webhook { .. } => self.by_webhook(&secret, message),
            Destination::Bot { channel, api, .. } => {
                match place.and_then(|it| it.split_once(' ')) {
                    None => self.by_api(api, "chat.postMessage", &secret, channel, None, message),
                    Some((channel, ts)) => {
                        match self.by_api(api, "chat.update", &secret, channel, Some(ts), message) {
                            Delivery::Unknown { why } => Delivery::Failed {
                                why,
                                again_in: None,
                                remedy: Remedy::Later,
                            },
                            known => known,
                        }
                    }
                }
            }
        }
    }

    /// Asks for something that changes nothing. Any answer will do, unless it says that what is behind it is away.
    fn answers(&self, to: &Destination, secret: &Secret) -> Result<(), Delivery> {
        let url = match to {
            Destination::Webhook { .. } => secret.expose().to_owned(),
            // Source: <https://docs.slack.dev/reference/methods/api.test>.
            Destination::Bot { api, .. } => format!("{api}/api.test"),
        };
        let agent = self.client.agent(&url);
        let request = agent.get(&url).config();
        let request = request.timeout_global(Some(self.time_limit)).build();
        let away = |why, again_in| Delivery::Failed {
            why,
            again_in,
            remedy: Remedy::Later,
        };
        match request.call() {
            Ok(response) => match response.status().as_u16() {
                status @ (429 | 502..=504) => Err(away(
                    format!("Slack answered with status {status}"),
                    http::retry_after(response.headers()),
                )),
                _ => Ok(()),
            },
            Err(error) => {
                let failure = Failure::of(&error, "Slack", self.time_limit);
                Err(away(failure.why, None))
            }
        }
    }

    fn by_webhook(&self, url: &Secret, message: &Message) -> Delivery {
        let mut response = match self.post(url.expose(), None, &payload(message)) {
            Ok(response) => response,
            Err(failure) => return failed(failure),
        };
        let status = response.status().as_u16();
        if status == 200 {
            return Delivery::Arrived { place: None };
        }
        let body = response.body_mut().with_config().limit(limits::SLACK.bytes);
        let said = body.read_to_string().unwrap_or_default();
        refused(status, response.headers(), known(&said))
    }

    /// Calls a method of the API.
    ///
    /// Source: <https://docs.slack.dev/apis/web-api/>: status 200 with `ok`, and `error` if it is false; `channel` and
    /// `ts` identify the message.
    fn by_api(
        &self,
        api: &str,
        method: &str,
        token: &Secret,
        channel: &str,
        ts: Option<&str>,
        message: &Message,
    ) -> Delivery {
        let mut body = payload(message);
        body["channel"] = channel.into();
        body["unfurl_links"] = false.into();
        if let Some(ts) = ts {
            body["ts"] = ts.into();
        }
        let mut response = match self.post(&format!("{api}/{method}"), Some(token), &body) {
            Ok(response) => response,
            Err(failure) => return failed(failure),
        };
        let status = response.status().as_u16();
        let body = response
            .body_mut()
            .with_config()
            .limit(limits::SLACK_API.bytes);
        let text = body.read_to_string().unwrap_or_default();
        let answer: Option<Value> = serde_json::from_str(&text).ok();
        if status != 200 {
            return refused(status, response.headers(), None);
        }
        let Some(answer) = answer else {
            return Delivery::Unknown {
                why: "Slack sent an unreadable response".to_owned(),
            };
        };
        let text = |key: &str| answer.get(key).and_then(Value::as_str);
        if answer.get("ok").and_then(Value::as_bool) == Some(true) {
            let place = text("channel").zip(text("ts"));
            return Delivery::Arrived {
                place: place.map(|(channel, ts)| format!("{channel} {ts}")),
            };
        }
        let known = known(text("error").unwrap_or_default());
        if ts.is_none() && known.is_some_and(|it| UNSURE.contains(&it)) {
            return Delivery::Unknown {
                why: format!("Slack failed{}", named(known)),
            };
        }
        let remedy = match known {
            Some(error) if ts.is_some() && GONE.contains(&error) => Remedy::New,
            Some(error) if PASSING.contains(&error) || UNSURE.contains(&error) => Remedy::Later,
            _ => Remedy::Person,
        };
        Delivery::Failed {
            why: format!("Slack refused the message{}", named(known)),
            again_in: None,
            remedy,
        }
    }

    fn post(
        &self,
        url: &str,
        token: Option<&Secret>,
        body: &Value,
    ) -> Result<Response<Body>, Failure> {
        let request = self
            .client
            .agent(url)
            .post(url)
            .config()
            .timeout_global(Some(self.time_limit))
            .build()
            .header(CONTENT_TYPE, "application/json; charset=utf-8");
        let request = match token {
            Some(token) => request.header(AUTHORIZATION, format!("Bearer {}", token.expose())),
            None => request,
        };
        request
            .send(&body.to_string())
            .map_err(|error| Failure::of(&error, "Slack", self.time_limit))
    }
}

fn failed(failure: Failure) -> Delivery {
    if failure.sent {
        Delivery::Unknown { why: failure.why }
    } else {
        Delivery::Failed {
            why: failure.why,
            again_in: None,
            remedy: Remedy::Later,
        }
    }
}

/// An answer with another status than 200: the message did not arrive, unless a server in between gave up waiting.
///
/// Source: <https://docs.slack.dev/apis/web-api/rate-limits>: status 429 with `Retry-After`.
fn refused(status: u16, headers: &HeaderMap, known: Option<&'static str>) -> Delivery {
    let is_passing = status == 429 || status >= 500;
    let why = format!("Slack answered with status {status}{}", named(known));
    if matches!(status, 408 | 502 | 504) {
        return Delivery::Unknown { why };
    }
    Delivery::Failed {
        why,
        again_in: http::retry_after(headers),
        remedy: if is_passing {
            Remedy::Later
        } else {
            Remedy::Person
        },
    }
}

fn known(said: &str) -> Option<&'static str> {
    KNOWN.into_iter().find(|known| *known == said.trim())
}

fn named(known: Option<&str>) -> String {
    known.map(|it| format!(": `{it}`")).unwrap_or_default()
}

#[cfg(test)]
mod tests;
