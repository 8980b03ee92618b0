//! Starts a deployment in a CI system: a job of Jenkins, a pipeline of `CircleCI`, a workflow of GitHub.
//!
//! A deployment is requested at least once and must start at most once. So each request carries a key that is the same
//! in every attempt, and an error says whether the deployment may have started. If it may have, the key is looked up
//! before the request is repeated.

pub mod circleci;
pub mod github;
pub mod jenkins;
#[cfg(test)]
mod trial;

use std::fmt;
use std::io::ErrorKind;
use std::time::Duration;

use serde::de::DeserializeOwned;
use ureq::http::{HeaderMap, Response};
use ureq::{Body, RequestBuilder};

use crate::effects::Failure;
use crate::error;
use crate::http::{self, Client};
use crate::limits;
use crate::secret::{Secret, Source};
use crate::server_settings::TriggerSettings;
use crate::tls::Trust;

/// The largest difference between the clocks of a CI system and this machine, in milliseconds.
const CLOCKS: u64 = 60 * 60 * 1000;

/// A deployment to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// A random idempotency key, the same in every attempt.
    pub key: String,
    /// The repository of the image.
    pub repository: String,
    /// The tag that was pushed.
    pub tag: String,
    /// The digest that the tag named when it was pushed, if known.
    pub digest: Option<String>,
    /// The environment in the tag.
    pub environment: String,
    /// The commit in the tag.
    pub commit: String,
    /// When it was first requested, in milliseconds since 1970. Everything started for it is younger.
    pub since: u64,
}

impl Request {
    /// Whether the request is certainly younger than an event of the CI system, in milliseconds since 1970 by its
    /// clock. Such an event does not belong to this request.
    fn is_after(&self, moment: u64) -> bool {
        moment.saturating_add(CLOCKS) < self.since
    }
}

/// Why a request is not known to be accepted, in a text without secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// It was certainly not accepted.
    Refused {
        /// What is wrong.
        why: String,
    },
    /// It was certainly not accepted, and should be repeated later.
    Busy {
        /// The answer of the system.
        why: String,
        /// How long to wait, if the answer says it.
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
    /// Requests a deployment, and returns a reference for people: a URL or a number. Blocks.
    ///
    /// # Errors
    ///
    /// If the request is not known to be accepted. It is not repeated here.
    fn start(&self, request: &Request) -> Result<String, Error>;

    /// Looks for the deployment with the request's key; `None` if it certainly does not exist. Blocks.
    ///
    /// A system takes a moment to show an accepted request, so `None` right after a request is not reliable. A list
    /// that ends before the time of the first request proves nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] or [`Error::Refused`] if the query failed: the system is unreachable, does not answer, or
    /// denies access. The state of the deployment is unknown; query again later, without a limit.
    ///
    /// [`Error::Unknown`] if the system answered, but the answer is inconclusive. Further queries may get the same
    /// answer: after a few, a person has to check.
    fn find(&self, request: &Request) -> Result<Option<String>, Error>;
}

/// The client for the configured CI system.
pub fn of(settings: &TriggerSettings) -> Box<dyn Trigger> {
    match settings.clone() {
        TriggerSettings::Jenkins(settings) => Box::new(jenkins::Jenkins::new(settings)),
        TriggerSettings::CircleCi(settings) => Box::new(circleci::CircleCi::new(settings)),
        TriggerSettings::GitHub(settings) => Box::new(github::GitHub::new(settings)),
    }
}

/// Reads a token right before it is used. `what` is its name in the error.
fn read_token(source: &Source, what: &str) -> Result<Secret, Error> {
    Ok(source.token(what)?)
}

/// An error of this machine, which occurs before anything is sent.
impl From<error::Error> for Error {
    fn from(error: error::Error) -> Self {
        Self::Refused { why: error.line() }
    }
}

impl Error {
    /// Whether the request may have been accepted.
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

/// How long the resolution and the connection may take, each.
const CONNECT_LIMIT: Duration = Duration::from_secs(8);

/// An HTTP client for one CI system, which says of a failure how certain it is. It neither follows redirects nor
/// repeats requests.
struct CiClient {
    client: Client,
    who: &'static str,
    limit: Duration,
}

/// An answer, of any status.
struct Answer(Response<Body>);

impl CiClient {
    /// A client for the system of this name.
    fn new(who: &'static str, trust: &Trust) -> Self {
        Self::within(who, limits::CI.time(), trust)
    }

    /// A client with another time limit.
    fn within(who: &'static str, limit: Duration, trust: &Trust) -> Self {
        Self {
            client: Client::new(limit, trust),
            who,
            limit,
        }
    }

    /// Sends a GET request.
    fn get(&self, url: &str, headers: &[(&str, &str)]) -> Result<Answer, Error> {
        let request = self.client.agent(url).get(url);
        self.answer(self.prepared(request, headers).call())
    }

    /// Posts a form.
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

    /// Posts JSON.
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

    /// Gets a list of runs. `refusal` makes the error for an answer of another status.
    ///
    /// The query starts nothing. So the error is [`Error::Unknown`] only if the answer can't be parsed; without an
    /// answer it is [`Error::Busy`], and the query can be repeated.
    fn list<T: DeserializeOwned>(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        refusal: impl Fn(&Answer) -> Error,
    ) -> Result<T, Error> {
        let mut answer = self.get(url, headers).map_err(without_effect)?;
        match answer.status() {
            200 => {}
            // A proxy gives these answers while the system behind it is down.
            408 | 500.. => return Err(without_effect(refusal(&answer))),
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
            Err(error) => Err(without_effect(self.failed(&error))),
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

    /// The error for an answer with an unexpected status.
    ///
    /// A busy system answers with status 429, or with `Retry-After`. Another status of 500 or above may come from a
    /// proxy that lost the answer, and so may an undocumented status of 200 to 299.
    fn refusal(&self, answer: &Answer) -> Error {
        let (status, again_in) = (answer.status(), http::retry_after(answer.0.headers()));
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
            // A proxy may have sent it while it waited for the system, which had the request.
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

    /// The value of a header, if it exists and is text.
    fn header(&self, name: &str) -> Option<&str> {
        self.headers().get(name)?.to_str().ok()
    }

    /// The body, if it is JSON of this shape.
    fn document<T: DeserializeOwned>(&mut self) -> Option<T> {
        serde_json::from_str(&self.text().ok()?).ok()
    }

    fn text(&mut self) -> Result<String, ureq::Error> {
        let body = self.0.body_mut().with_config().limit(limits::CI.bytes);
        body.read_to_string()
    }
}

/// The error for a failed query, which can't have started anything.
fn without_effect(error: Error) -> Error {
    match error {
        Error::Unknown { why } => Error::Busy {
            why,
            again_in: None,
        },
        error => error,
    }
}
