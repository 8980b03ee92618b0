//! Queries nodes for the version that they run.

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod version;

pub use version::Version;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use ureq::Body;
use ureq::http::Response;
use ureq::http::header::{ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, LOCATION};

use crate::effects::shutdown::Shutdown;
use crate::http::{Client, Failed, compression, is_unknown_name, is_url};
use crate::tls::Trust;
use version::shown;

/// The answer of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It runs this version.
    Version(Version),
    /// It gave no usable answer, for this reason: one short line that is safe to print.
    Unreachable(String),
}

/// The longest body that is read, in bytes.
pub const BODY_LIMIT: u64 = crate::limits::NODE.bytes;

/// How many nodes are asked at the same time.
const AT_ONCE: usize = 16;
/// How often to check for a shutdown request.
const TICK: Duration = Duration::from_millis(20);

/// Queries nodes for their version. Every query opens a new connection. Redirects are not followed. The proxy that the
/// environment names is used, except for loopback addresses.
#[derive(Clone)]
pub struct Prober {
    client: Client,
    time_limit: Duration,
}

/// The index of a node, its answer, and the time that it took.
type Numbered = (usize, Answer, Duration);

impl Prober {
    /// Makes a prober with a time limit for the whole answer of a node.
    pub fn new(time_limit: Duration, trust: &Trust) -> Self {
        Self {
            client: Client::new(time_limit, trust),
            time_limit,
        }
    }

    /// Queries one node. `/__version__` is appended to its URL, unless the URL ends with it.
    pub fn ask(&self, url: &str) -> Answer {
        match self.version(url) {
            Ok(version) => Answer::Version(version),
            Err(why) => Answer::Unreachable(why),
        }
    }

    /// Queries every node, given as name and URL, and returns the answers in the same order, with the time that each
    /// one took. After a shutdown request it returns at once, and nodes without an answer count as nodes without a
    /// usable answer.
    pub fn round(
        &self,
        nodes: &[(String, String)],
        shutdown: &Shutdown,
    ) -> Vec<(String, Answer, Duration)> {
        let start = Instant::now();
        let urls: Arc<[String]> = nodes.iter().map(|(_, url)| url.clone()).collect();
        let next = Arc::new(AtomicUsize::new(0));
        let (sender, answers) = channel();
        for _ in 0..nodes.len().min(AT_ONCE) {
            let (prober, sender) = (self.clone(), sender.clone());
            let (urls, next, shutdown) = (urls.clone(), next.clone(), shutdown.clone());
            // After a shutdown, each thread ends with its current query.
            let asking = thread::Builder::new()
                .name("probe".to_owned())
                .spawn(move || prober.work(&urls, &next, &shutdown, &sender));
            if asking.is_err() {
                break;
            }
        }
        drop(sender);
        let mut found: Vec<Option<(Answer, Duration)>> = vec![None; nodes.len()];
        while found.iter().any(Option::is_none) && !shutdown.is_requested() {
            match answers.recv_timeout(TICK) {
                Ok((number, answer, took)) => found[number] = Some((answer, took)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let why = if shutdown.is_requested() {
            "no response before the shutdown signal"
        } else {
            "not asked: the system can start no more threads"
        };
        let missing = || (Answer::Unreachable(why.to_owned()), start.elapsed());
        nodes
            .iter()
            .zip(found)
            .map(|((name, _), found)| {
                let (answer, took) = found.unwrap_or_else(missing);
                (name.clone(), answer, took)
            })
            .collect()
    }

    /// Queries one node after the other, until none is left.
    fn work(
        &self,
        urls: &[String],
        next: &AtomicUsize,
        shutdown: &Shutdown,
        answers: &Sender<Numbered>,
    ) {
        while !shutdown.is_requested() {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(url) = urls.get(number) else { break };
            let start = Instant::now();
            let answer = self.ask(url);
            if answers.send((number, answer, start.elapsed())).is_err() {
                break;
            }
        }
    }

    fn version(&self, url: &str) -> Result<Version, String> {
        if !is_url(url) {
            return Err(format!("not an http or https URL: `{}`", shown(url)));
        }
        let mut response = self
            .client
            .agent(url)
            .get(version_url(url))
            .header(ACCEPT, "application/json")
            .header(ACCEPT_ENCODING, "identity")
            .header(CACHE_CONTROL, "no-cache")
            .call()
            .map_err(|error| self.reason(&error))?;
        check(&response)?;
        let body = response.body_mut().with_config().limit(BODY_LIMIT);
        let body = body.read_to_vec().map_err(|error| self.reason(&error))?;
        Version::read(&body).map_err(|why| match compression(response.headers(), &body) {
            Some(how) => format!(
                "answered with a body that is compressed ({how}): the request does not allow compression, so configure \
                 the server to send `/__version__` uncompressed"
            ),
            None => why,
        })
    }

    fn reason(&self, error: &ureq::Error) -> String {
        if let Some(failed) = Failed::of(error) {
            return failed.why.clone();
        }
        match error {
            ureq::Error::Timeout(_) => format!("no complete response within {:?}", self.time_limit),
            ureq::Error::BodyExceedsLimit(limit) => {
                format!("answered with more than {limit} bytes")
            }
            ureq::Error::HostNotFound => "unknown host name".to_owned(),
            ureq::Error::Io(error) if is_unknown_name(error) => {
                format!("unknown host name: {}", shown(&error.to_string()))
            }
            ureq::Error::Io(error) => shown(&error.to_string()),
            error => shown(&error.to_string()),
        }
    }
}

fn check(response: &Response<Body>) -> Result<(), String> {
    let status = response.status();
    if status.is_redirection() {
        let place = response.headers().get(LOCATION).map_or_else(
            || "nowhere".to_owned(),
            |place| format!("`{}`", shown(&String::from_utf8_lossy(place.as_bytes()))),
        );
        return Err(format!(
            "answered with a redirect to {place} (status {})",
            status.as_u16()
        ));
    }
    if status.as_u16() != 200 {
        return Err(format!("status {status}"));
    }
    Ok(())
}

fn version_url(url: &str) -> String {
    let base = url.trim_end_matches('/');
    if base.ends_with("/__version__") {
        base.to_owned()
    } else {
        format!("{base}/__version__")
    }
}

#[cfg(test)]
mod tests;
