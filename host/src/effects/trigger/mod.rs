//! Starting a deployment in a CI system: a job of Jenkins, a pipeline of `CircleCI`, a workflow of GitHub.
//!
//! A start is asked for at least once and must happen at most once. So an error says whether it may have
//! happened, each request carries a key that is the same in each attempt, and a start that may have happened
//! is looked for by its key before it is asked for again.

pub mod circleci;
pub mod github;
pub mod jenkins;
#[cfg(test)]
mod trial;

use std::fmt;
use std::io::ErrorKind;
use std::time::{Duration, SystemTime};

use serde::de::DeserializeOwned;
use ureq::http::header::RETRY_AFTER;
use ureq::http::{HeaderMap, Response};
use ureq::{Body, RequestBuilder};

use crate::config::server::TriggerSettings;
use crate::effects::Failure;
use crate::http::Client;
use crate::secret::{Secret, Source};

/// How far another's clock may be from ours, in milliseconds. An hour is noticed by others first.
const CLOCKS: u64 = 60 * 60 * 1000;

/// What is to be deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// A random name of this start, the same for each attempt.
    pub key: String,
    /// The repository of the image.
    pub repository: String,
    /// The tag that was pushed.
    pub tag: String,
    /// The digest that it named then, if it is known.
    pub digest: Option<String>,
    /// The environment that the tag asks for.
    pub environment: String,
    /// The commit that the tag names.
    pub commit: String,
    /// When it was first wanted, in milliseconds since 1970: what was started for it is younger.
    pub since: u64,
}

impl Request {
    /// Whether what a system did at a moment, in milliseconds since 1970 by its clock, was certainly done
    /// before anything can have been started for this.
    fn is_after(&self, moment: u64) -> bool {
        moment.saturating_add(CLOCKS) < self.since
    }
}

/// Why a start is not known to be accepted, in words that hold no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// It was certainly not accepted.
    Refused {
        /// What is wrong.
        why: String,
    },
    /// It was certainly not accepted, and should be asked for again later.
    Busy {
        /// What was answered.
        why: String,
        /// How long to wait, where that was said.
        again_in: Option<Duration>,
    },
    /// It may have been accepted.
    Unknown {
        /// What is wrong.
        why: String,
    },
}

/// A CI system.
pub trait Trigger: Send + Sync {
    /// Asks for a start, and gives what people find it by: a URL, or a number. Blocks.
    ///
    /// # Errors
    ///
    /// If it is not known to be accepted. Nothing is tried twice here.
    fn start(&self, request: &Request) -> Result<String, Error>;

    /// Looks for what was started under a key; nothing where it is certainly not there. Blocks.
    ///
    /// A system takes a moment to show what it has accepted: nothing found right after a request proves
    /// nothing. And a list that does not reach back to when the request was first wanted proves nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] or [`Error::Refused`] if the look itself failed: the system is away, does not answer,
    /// or does not let us look. That says nothing about the start; look again later, as long as it takes.
    ///
    /// [`Error::Unknown`] if the look was answered, and the answer can't tell. Another look may only get the
    /// same answer: after a few looks, a person has to check.
    fn find(&self, request: &Request) -> Result<Option<String>, Error>;
}

/// The client for the CI system that is configured.
pub fn of(settings: &TriggerSettings) -> Box<dyn Trigger> {
    match settings.clone() {
        TriggerSettings::Jenkins(settings) => Box::new(jenkins::Jenkins::new(settings)),
        TriggerSettings::CircleCi(settings) => Box::new(circleci::CircleCi::new(settings)),
        TriggerSettings::GitHub(settings) => Box::new(github::GitHub::new(settings)),
    }
}

/// Reads a token right before it is used. `what` is its name in the error.
fn read_token(source: &Source, what: &str) -> Result<Secret, Error> {
    source.token(what).map_err(|why| Error::Refused { why })
}

impl Error {
    /// Whether it may have been accepted nevertheless.
    pub const fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Refused { why } | Self::Busy { why, .. } | Self::Unknown { why }) = self;
        f.write_str(why)
    }
}

impl std::error::Error for Error {}

/// How long a request may take, from the look-up of the name to the last byte of the answer.
const TIME_LIMIT: Duration = Duration::from_secs(20);
/// How long the part of it may take that comes before anything is sent.
const CONNECT_LIMIT: Duration = Duration::from_secs(8);
/// The longest answer that is read, in bytes: a page of what was started lately.
const BODY_LIMIT: u64 = 8 << 20;
/// The longest wait that is believed, in seconds.
const LONGEST_WAIT: u64 = 24 * 60 * 60;

/// Asks one CI system. Redirects are not followed, and nothing is asked twice.
struct CiClient {
    client: Client,
    who: &'static str,
    limit: Duration,
}

/// An answer, of any status.
struct Answer(Response<Body>);

impl CiClient {
    /// A client for the system of this name.
    fn new(who: &'static str) -> Self {
        Self::within(who, TIME_LIMIT)
    }

    /// A client with another time limit.
    fn within(who: &'static str, limit: Duration) -> Self {
        Self {
            client: Client::new(limit),
            who,
            limit,
        }
    }

    /// Asks for something.
    fn get(&self, url: &str, headers: &[(&str, &str)]) -> Result<Answer, Error> {
        let request = self.client.agent(url).get(url);
        self.answer(self.prepared(request, headers).call())
    }

    /// Sends a form.
    fn form(
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
    fn json(
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
    fn list<T: DeserializeOwned>(
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
    fn refusal(&self, answer: &Answer) -> Error {
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
    fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    fn headers(&self) -> &HeaderMap {
        self.0.headers()
    }

    /// A header, where it is there and is text.
    fn header(&self, name: &str) -> Option<&str> {
        self.headers().get(name)?.to_str().ok()
    }

    /// The document in its body, where it is one of this shape.
    fn document<T: DeserializeOwned>(&mut self) -> Option<T> {
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
            Err(_) => seconds_until(
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
fn seconds_until(second: i64) -> Option<u64> {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .ok()?;
    let second = u64::try_from(second).ok()?;
    Some(second.saturating_sub(now.as_secs()).min(LONGEST_WAIT))
}
