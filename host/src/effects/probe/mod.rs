//! Queries nodes for the version that they run.

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod version;

pub use version::{Version, shown};

use std::net::SocketAddr;
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
use crate::server_settings::nodes::Document;
use crate::tls::Trust;

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
    document: Document,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its name, for reports.
    pub name: String,
    /// Its base URL.
    pub url: String,
    /// The address to connect to; `None` to resolve the host name of the URL.
    pub address: Option<SocketAddr>,
}

impl Target {
    /// A node that is known by its URL.
    pub fn of(url: &str) -> Self {
        Self {
            name: url.to_owned(),
            url: url.to_owned(),
            address: None,
        }
    }
}

/// The index of a node, its answer, and the time that it took.
type Numbered = (usize, Answer, Duration);

impl Prober {
    /// Makes a prober with a time limit for the whole answer of a node.
    pub fn new(time_limit: Duration, trust: &Trust) -> Self {
        Self {
            client: Client::new(time_limit, trust),
            time_limit,
            document: Document::default(),
        }
    }

    /// Expects another document.
    #[must_use]
    pub fn expecting(mut self, document: Document) -> Self {
        self.document = document;
        self
    }

    /// Queries one node. The path of the document is appended to its URL, unless the URL ends with it.
    pub fn ask(&self, url: &str) -> Answer {
        self.ask_at(url, None)
    }

    /// Queries one node, at this address if one is given.
    fn ask_at(&self, url: &str, address: Option<SocketAddr>) -> Answer {
        match self.version(url, address) {
            Ok(version) => Answer::Version(version),
            Err(why) => Answer::Unreachable(why),
        }
    }

    /// Queries every node, and returns the answers in the same order, with the time that each
    /// one took. After a shutdown request it returns at once, and nodes without an answer count as nodes without a
    /// usable answer.
    pub fn round(&self, nodes: &[Target], shutdown: &Shutdown) -> Vec<(String, Answer, Duration)> {
        let start = Instant::now();
        let asked: Arc<[Target]> = nodes.iter().cloned().collect();
        let next = Arc::new(AtomicUsize::new(0));
        let (sender, answers) = channel();
        for _ in 0..nodes.len().min(AT_ONCE) {
            let (prober, sender) = (self.clone(), sender.clone());
            let (asked, next, shutdown) = (asked.clone(), next.clone(), shutdown.clone());
            // After a shutdown, each thread ends with its current query.
            let asking = thread::Builder::new()
                .name("probe".to_owned())
                .spawn(move || prober.work(&asked, &next, &shutdown, &sender));
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
            .map(|(node, found)| {
                let (answer, took) = found.unwrap_or_else(missing);
                (node.name.clone(), answer, took)
            })
            .collect()
    }

    /// Queries one node after the other, until none is left.
    fn work(
        &self,
        nodes: &[Target],
        next: &AtomicUsize,
        shutdown: &Shutdown,
        answers: &Sender<Numbered>,
    ) {
        while !shutdown.is_requested() {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(node) = nodes.get(number) else { break };
            let start = Instant::now();
            let answer = self.ask_at(&node.url, node.address);
            if answers.send((number, answer, start.elapsed())).is_err() {
                break;
            }
        }
    }

    fn version(&self, url: &str, address: Option<SocketAddr>) -> Result<Version, String> {
        if !is_url(url) {
            return Err(format!("not an http or https URL: `{}`", shown(url)));
        }
        let agent = match address {
            Some(address) => self.client.agent_at(address),
            None => self.client.agent(url).clone(),
        };
        let path = &self.document.path;
        let mut response = agent
            .get(version_url(url, path))
            .header(ACCEPT, "application/json")
            .header(ACCEPT_ENCODING, "identity")
            .header(CACHE_CONTROL, "no-cache")
            .call()
            .map_err(|error| self.reason(&error))?;
        check(&response)?;
        let body = response.body_mut().with_config().limit(BODY_LIMIT);
        let body = body.read_to_vec().map_err(|error| self.reason(&error))?;
        let version = match &self.document.pointer {
            Some(pointer) => Version::at(pointer, &body),
            None => Version::read(&body),
        };
        version.map_err(|why| match compression(response.headers(), &body) {
            Some(how) => format!(
                "answered with a body that is compressed ({how}): the request does not allow compression, so configure \
                 the server to send `{path}` uncompressed"
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

fn version_url(url: &str, path: &str) -> String {
    let base = url.trim_end_matches('/');
    if base.ends_with(path) {
        base.to_owned()
    } else {
        format!("{base}{path}")
    }
}

#[cfg(test)]
mod tests;
