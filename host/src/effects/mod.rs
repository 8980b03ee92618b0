//! The effects of a deployment: it runs commands, queries nodes for their version, and sends notifications. A request
//! that fails is a [`Failure`], whose text is safe to print: error texts of libraries may contain a secret URL.
//!
//! - [`shutdown`] stops all of them.
//! - [`process`] runs a command and its process group to their end.
//! - [`discovery`] finds the nodes of an environment.
//! - [`metrics`] queries a metrics server.
//! - [`probe`] queries nodes for their version.
//! - [`registry`] queries a registry for digests and tags.
//! - [`slack`] sends messages to a channel.
//! - [`trigger`] starts a deployment in a CI system.

pub mod discovery;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
pub mod metrics;
pub mod probe;
pub mod process;
pub mod registry;
pub mod shutdown;
pub mod slack;
#[cfg(test)]
pub(crate) mod stand_in;
pub mod trigger;

use std::io;
use std::time::Duration;

use ureq::{Error, Timeout};

use crate::error;
use crate::http::{Failed, is_unknown_name};

/// Why a request got no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What is wrong, in a text that repeats no part of the request.
    pub why: String,
    /// False only if certainly no part of the request was sent.
    pub sent: bool,
}

impl Failure {
    /// Explains an error. `who` was asked, and had `limit` to answer.
    pub fn of(error: &Error, who: &str, limit: Duration) -> Self {
        let unknown = || format!("unknown host name of {who}");
        if let Some(failed) = Failed::of(error) {
            return Self {
                why: format!("{who} can't be reached: {failed}"),
                sent: failed.sent,
            };
        }
        let (why, sent) = match error {
            Error::Timeout(Timeout::Resolve | Timeout::Connect) => (
                format!("{who} can't be reached: no connection in time"),
                false,
            ),
            Error::Timeout(_) => (format!("{who} did not answer within {limit:?}"), true),
            Error::HostNotFound => (unknown(), false),
            Error::Io(error) if is_unknown_name(error) => (unknown(), false),
            Error::Io(error) => (
                format!("{who} can't be reached: {}", error.kind()),
                !is_before_a_connection(error.kind()),
            ),
            Error::ConnectionFailed => (format!("{who} can't be reached"), false),
            Error::Http(_) | Error::BadUri(_) => (
                format!("the configured address of {who} makes no valid request"),
                false,
            ),
            _ => (format!("{who} sent an unreadable response"), true),
        };
        Self { why, sent }
    }
}

/// A failure of the network. The library's error is no cause: its text may contain a secret URL.
impl From<Failure> for error::Error {
    fn from(failure: Failure) -> Self {
        Self::new(failure.why, "")
    }
}

/// Whether an error occurred while connecting, before anything was sent.
///
/// An established connection gets one of these errors only after its last retransmission has failed, which is minutes
/// after every time limit of this program: <https://www.man7.org/linux/man-pages/man7/tcp.7.html>, `tcp_retries2`.
const fn is_before_a_connection(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{
        AddrNotAvailable, ConnectionRefused, HostUnreachable, NetworkDown, NetworkUnreachable,
    };
    matches!(
        kind,
        ConnectionRefused | HostUnreachable | NetworkUnreachable | NetworkDown | AddrNotAvailable
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_counts_as_sent_unless_connecting_failed() {
        let io = |kind, text: &str| Error::Io(io::Error::new(kind, text.to_owned()));
        for (error, sent) in [
            (Error::Timeout(Timeout::Connect), false),
            (Error::Timeout(Timeout::Resolve), false),
            (Error::Timeout(Timeout::Global), true),
            (Error::Timeout(Timeout::SendRequest), true),
            (Error::HostNotFound, false),
            (Error::ConnectionFailed, false),
            (io(io::ErrorKind::ConnectionRefused, "hush"), false),
            (io(io::ErrorKind::HostUnreachable, "hush"), false),
            (io(io::ErrorKind::NetworkUnreachable, "hush"), false),
            (io(io::ErrorKind::NetworkDown, "hush"), false),
            (io(io::ErrorKind::AddrNotAvailable, "hush"), false),
            (
                io(
                    io::ErrorKind::Other,
                    "failed to lookup address information: hush",
                ),
                false,
            ),
            (io(io::ErrorKind::ConnectionReset, "hush"), true),
            (io(io::ErrorKind::ConnectionAborted, "hush"), true),
            (io(io::ErrorKind::BrokenPipe, "hush"), true),
            (io(io::ErrorKind::TimedOut, "hush"), true),
            (Error::Timeout(Timeout::RecvResponse), true),
            (io(io::ErrorKind::UnexpectedEof, "hush"), true),
            (io(io::ErrorKind::InvalidData, "hush"), true),
            (Error::BadUri("hush".to_owned()), false),
            (Error::BodyExceedsLimit(3), true),
        ] {
            let failure = Failure::of(&error, "Jenkins", Duration::from_secs(3));
            assert_eq!(failure.sent, sent, "{error:?}");
            assert!(failure.why.contains("Jenkins"), "{failure:?}");
            assert!(!failure.why.contains("hush"), "{failure:?}");
        }
    }
}
