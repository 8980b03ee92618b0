//! Messages to a Slack channel: through an incoming webhook, or from a bot, which can update its messages.
//!
//! The URL of a webhook and the token of a bot are secrets: anyone who has one of them can send messages.

mod errors;
mod slack_message;

pub use slack_message::{Failed, Message, payload};

use std::time::Duration;

use errors::{ErrorKind, error_of};
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
use crate::tls::Trust;

/// Checks that the URL of the webhook or the token of the bot can be read and is valid.
///
/// # Errors
///
/// If the secret is missing or invalid. The error contains no part of the secret.
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
    /// Slack has accepted the message.
    Arrived {
        /// Slack's identifier of the message, if the message can be updated.
        place: Option<String>,
    },
    /// The message certainly did not arrive.
    Failed {
        /// Why the attempt failed, without a secret.
        why: String,
        /// The delay that Slack asks for.
        again_in: Option<Duration>,
        /// The condition for another attempt.
        remedy: Remedy,
    },
    /// The message may have arrived.
    Unknown {
        /// Why the outcome is unknown, without a secret.
        why: String,
    },
}

/// The condition for another attempt to send a message that did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// The same attempt may succeed later.
    Later,
    /// A person must first change the configuration, for example a secret that was replaced.
    Person,
    /// The message can no longer be updated; a new message can be sent.
    New,
}

/// Sends messages. The proxy that the environment names is used, except for loopback addresses.
#[derive(Clone)]
pub struct Slack {
    client: Client,
    time_limit: Duration,
}

impl Slack {
    /// Makes a client.
    pub fn new(trust: &Trust) -> Self {
        Self::within(limits::SLACK.time(), trust)
    }

    fn within(time_limit: Duration, trust: &Trust) -> Self {
        Self {
            client: Client::new(time_limit, trust),
            time_limit,
        }
    }

    /// Tries once to send a message, or to update the message at a place. Before that, a request without effect checks
    /// whether Slack answers. Each of the two requests takes at most 3 s. A Slack server that does not answer the first
    /// request gets no message, so the outcome is known. An update whose outcome is unknown counts as failed, because
    /// repeating an update has no further effect.
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

    /// Checks that the secret can be read, and that Slack answers a request without effect. This does not show whether Slack
    /// would accept a message.
    ///
    /// # Errors
    ///
    /// If the secret is missing or invalid, or Slack does not answer. The error contains no part of the secret.
    pub fn check_connection(&self, to: &Destination) -> Result<(), Error> {
        match self.answers(to, &secret(to)?) {
            Err(Delivery::Failed { why, .. } | Delivery::Unknown { why }) => {
                Err(Error::new(why, ""))
            }
            Err(Delivery::Arrived { .. }) | Ok(()) => Ok(()),
        }
    }

    /// Sends a request without effect. Any response shows that Slack answers, except the statuses 429, 502, 503 and
    /// 504.
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
        refused(
            status,
            response.headers(),
            error_of(&said).map(|(name, _)| name),
        )
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
        let known = error_of(text("error").unwrap_or_default());
        let (name, kind) = known.unzip();
        if ts.is_none() && kind == Some(ErrorKind::Unsure) {
            return Delivery::Unknown {
                why: format!("Slack failed{}", named(name)),
            };
        }
        let remedy = match kind {
            Some(ErrorKind::Gone) if ts.is_some() => Remedy::New,
            Some(ErrorKind::Passing | ErrorKind::Unsure) => Remedy::Later,
            Some(ErrorKind::Gone | ErrorKind::Refused) | None => Remedy::Person,
        };
        Delivery::Failed {
            why: format!("Slack refused the message{}", named(name)),
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

/// The result for a response whose status is not 200. The message did not arrive, except after 408, 502 or 504: a proxy
/// that stopped waiting may send these statuses, so the outcome is unknown.
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

fn named(known: Option<&str>) -> String {
    known.map(|it| format!(": `{it}`")).unwrap_or_default()
}

#[cfg(test)]
mod tests;
