//! The line to a CI system: one request, one answer, and how certain a failure is.

use std::io::ErrorKind;
use std::time::{Duration, SystemTime};

use serde::de::DeserializeOwned;
use ureq::http::header::RETRY_AFTER;
use ureq::http::{HeaderMap, Response};
use ureq::{Body, RequestBuilder};

use super::Error;
use crate::effects::Failure;
use crate::http::Client;

/// How long a request may take, from the look-up of the name to the last byte of the answer.
const TIME_LIMIT: Duration = Duration::from_secs(20);
/// How long the part of it may take that comes before anything is sent.
const CONNECT_LIMIT: Duration = Duration::from_secs(8);
/// The longest answer that is read, in bytes: a page of what was started lately.
const BODY_LIMIT: u64 = 8 << 20;
/// The longest wait that is believed, in seconds.
const LONGEST_WAIT: u64 = 24 * 60 * 60;

/// Asks one CI system. Redirects are not followed, and nothing is asked twice.
pub(super) struct Line {
    client: Client,
    who: &'static str,
    limit: Duration,
}

/// An answer, of any status.
pub(super) struct Answer(Response<Body>);

impl Line {
    /// A line to a system of this name.
    pub(super) fn to(who: &'static str) -> Self {
        Self::within(who, TIME_LIMIT)
    }

    /// A line with another time limit.
    pub(super) fn within(who: &'static str, limit: Duration) -> Self {
        Self {
            client: Client::new(limit),
            who,
            limit,
        }
    }

    /// Asks for something.
    pub(super) fn get(&self, url: &str, headers: &[(&str, &str)]) -> Result<Answer, Error> {
        let request = self.client.agent(url).get(url);
        self.answer(self.prepared(request, headers).call())
    }

    /// Sends a form.
    pub(super) fn form(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        form: &[(&str, &str)],
    ) -> Result<Answer, Error> {
        let request = self.client.agent(url).post(url);
        let form = form.iter().copied();
        self.answer(self.prepared(request, headers).send_form(form))
    }

    /// Sends JSON.
    pub(super) fn json(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: &serde_json::Value,
    ) -> Result<Answer, Error> {
        let request = self.client.agent(url).post(url);
        let request = request.content_type("application/json");
        let body = body.to_string();
        self.answer(self.prepared(request, headers).send(body))
    }

    /// Asks for a list of what was started. `refusal` says what an answer of another status means.
    ///
    /// Looking starts nothing. So an error is [`Error::Unknown`] only where there is an answer that can't be
    /// read; who gives none is away, and can be asked again.
    pub(super) fn list<T: DeserializeOwned>(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        refusal: impl Fn(&Answer) -> Error,
    ) -> Result<T, Error> {
        let mut answer = self.get(url, headers).map_err(away)?;
        match answer.status() {
            200 => {}
            // A proxy answers like this while the system behind it is down.
            408 | 500.. => return Err(away(refusal(&answer))),
            _ => return Err(refusal(&answer)),
        }
        let unreadable = || Error::Unknown {
            why: format!("{} sent an unreadable list", self.who),
        };
        match answer.text() {
            Ok(text) => serde_json::from_str(&text).map_err(|_| unreadable()),
            Err(ureq::Error::BodyExceedsLimit(_)) => Err(unreadable()),
            Err(ureq::Error::Io(error)) if error.kind() == ErrorKind::InvalidData => {
                Err(unreadable())
            }
            Err(error) => Err(away(self.failed(&error))),
        }
    }

    fn prepared<B>(
        &self,
        request: RequestBuilder<B>,
        headers: &[(&str, &str)],
    ) -> RequestBuilder<B> {
        let connect = CONNECT_LIMIT.min(self.limit);
        let request = request
            .config()
            .timeout_resolve(Some(connect))
            .timeout_connect(Some(connect))
            .build();
        let add = |request: RequestBuilder<B>, (name, value): &(&str, &str)| {
            request.header(*name, *value)
        };
        headers.iter().fold(request, add)
    }

    fn answer(&self, answer: Result<Response<Body>, ureq::Error>) -> Result<Answer, Error> {
        answer.map(Answer).map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &ureq::Error) -> Error {
        let Failure { why, sent } = Failure::of(error, self.who, self.limit);
        if sent {
            Error::Unknown { why }
        } else {
            Error::Refused { why }
        }
    }

    /// What an answer that is no acceptance means.
    ///
    /// Who is busy says so by status 429, or by saying when to come again. Other statuses of 500 and above
    /// may come from something in between that lost the answer, as may those of 200 that are not the one
    /// that is documented.
    pub(super) fn refusal(&self, answer: &Answer) -> Error {
        let (status, again_in) = (answer.status(), answer.retry_after());
        let why = format!("{} answered with status {status}", self.who);
        match status {
            429 => Error::Busy { why, again_in },
            403 | 503 if again_in.is_some() => Error::Busy { why, again_in },
            300..=399 => Error::Refused {
                why: why + ", a redirect; redirects are not followed",
            },
            401 | 403 => Error::Refused {
                why: why + ": check that the token is valid and has the permission",
            },
            404 => Error::Refused {
                why: why + ": check the configured name and that the token can see it",
            },
            // Whether what it timed out on was the request or what was behind it is not known.
            408 => Error::Unknown { why },
            400..=499 => Error::Refused { why },
            _ => Error::Unknown { why },
        }
    }
}

impl Answer {
    pub(super) fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        self.0.headers()
    }

    /// A header, where it is there and is text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers().get(name)?.to_str().ok()
    }

    /// The document in its body, where it is one of this shape.
    pub(super) fn document<T: DeserializeOwned>(&mut self) -> Option<T> {
        serde_json::from_str(&self.text().ok()?).ok()
    }

    fn text(&mut self) -> Result<String, ureq::Error> {
        let body = self.0.body_mut().with_config().limit(BODY_LIMIT);
        body.read_to_string()
    }

    /// How long to wait, at most a day: <https://www.rfc-editor.org/rfc/rfc9110#field.retry-after>.
    fn retry_after(&self) -> Option<Duration> {
        let text = self.header(RETRY_AFTER.as_str())?.trim();
        let seconds = match text.parse() {
            Ok(seconds) => seconds,
            Err(_) => until(
                jiff::fmt::rfc2822::parse(text)
                    .ok()?
                    .timestamp()
                    .as_second(),
            )?,
        };
        Some(Duration::from_secs(seconds.min(LONGEST_WAIT)))
    }
}

/// The same failure, where nothing can have been started.
fn away(error: Error) -> Error {
    match error {
        Error::Unknown { why } => Error::Busy {
            why,
            again_in: None,
        },
        error => error,
    }
}

/// How many seconds there are until a time, at most a day: none if it has passed.
pub(super) fn until(second: i64) -> Option<u64> {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .ok()?;
    let second = u64::try_from(second).ok()?;
    Some(second.saturating_sub(now.as_secs()).min(LONGEST_WAIT))
}
