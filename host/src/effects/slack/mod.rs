//! Messages to a Slack channel, by an incoming webhook.
//!
//! The URL of a webhook is a secret: anyone who has it can send messages.

mod slack_message;

pub use slack_message::{Message, payload};

use std::thread;
use std::time::{Duration, Instant};

use ureq::Body;
use ureq::http::Response;
use ureq::http::header::CONTENT_TYPE;

use crate::effects::Failure;
use crate::http::{self, Client};
use crate::secret::{Secret, Source};

/// Reads the URL of the webhook.
///
/// # Errors
///
/// If it is missing, or is not an `http` or `https` URL. The error repeats no part of it.
pub fn url(source: &Source) -> Result<Secret, String> {
    source.url("Slack URL").map_err(|error| error.line())
}

/// How long a message may take, with a repetition.
const TIME_LIMIT: Duration = Duration::from_secs(3);
/// The longest wait that Slack can ask for.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest answer that is read, in bytes. Slack answers with one word.
const BODY_LIMIT: u64 = crate::limits::SLACK.bytes;

/// Slack's answers to a message that it refuses. Other answers are not repeated, because they can contain the URL.
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
    /// Makes a client.
    pub fn new() -> Self {
        Self::within(TIME_LIMIT)
    }

    fn within(time_limit: Duration) -> Self {
        Self {
            client: Client::new(time_limit),
            time_limit,
        }
    }

    /// Sends a message within three seconds. It is sent once more only if Slack asks to wait, and the wait fits into
    /// that time.
    ///
    /// # Errors
    ///
    /// If Slack did not accept the message. The error repeats no part of the URL. After some errors, such as a
    /// time-out, the message may have arrived.
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
/// Source: <https://docs.slack.dev/apis/web-api/rate-limits>: status 429 with `Retry-After`.
fn wanted_wait(response: &Response<Body>) -> Option<Duration> {
    if response.status().as_u16() != 429 {
        return None;
    }
    http::retry_after(response.headers())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::effects::stand_in::{StandIn, answer, closed_port, hang};

    const PATH: &str = "/services/T0123/B0123/s3cr3tt0k3n";

    fn message() -> Message {
        Message {
            urgency: "info",
            text: "released".to_owned(),
            facts: Vec::new(),
            link: None,
        }
    }

    fn send(url: &str) -> Result<(), String> {
        Slack::new().send(&Secret::test(&format!("{url}{PATH}")), &message())
    }

    #[test]
    fn a_message_arrives_once() {
        let slack = StandIn::start(|stream, _| answer(stream, "200 OK", "", "ok"));
        assert_eq!(send(&slack.url), Ok(()));
        let requests = slack.requests();
        assert_eq!(requests.len(), 1);
        let (head, body) = requests[0].split_once("\r\n\r\n").expect("a body");
        assert!(
            head.starts_with(&format!("POST {PATH} HTTP/1.1\r\n")),
            "{head}"
        );
        let head = head.to_ascii_lowercase();
        assert!(head.contains("content-type: application/json"), "{head}");
        let body: Value = serde_json::from_str(body).expect("JSON");
        assert_eq!(body, payload(&message()));
    }

    #[test]
    fn nothing_is_sent_again_after_a_failure() {
        for (status, said, error) in [
            ("500 Oops", "", "Slack answered with status 500"),
            ("404 Not Found", PATH, "Slack answered with status 404"),
            (
                "403 No",
                "invalid_token\n",
                "Slack answered with status 403: `invalid_token`",
            ),
            ("302 Found", "", "Slack answered with status 302"),
            ("429 Wait", "", "Slack answered with status 429"),
            (
                "500 Oops",
                &"x".repeat(9000),
                "Slack answered with status 500",
            ),
        ] {
            let said = said.to_owned();
            let slack = StandIn::start(move |stream, _| {
                answer(stream, status, "Location: /elsewhere\r\n", &said);
            });
            assert_eq!(send(&slack.url), Err(error.to_owned()));
            assert_eq!(slack.requests().len(), 1);
        }
    }

    #[test]
    fn a_message_is_sent_again_if_slack_asks_for_it() {
        let slack = StandIn::start(|stream, before| match before {
            0 => answer(stream, "429 Wait", "Retry-After: 0\r\n", ""),
            _ => answer(stream, "200 OK", "", "ok"),
        });
        assert_eq!(send(&slack.url), Ok(()));
        assert_eq!(slack.requests().len(), 2);

        let slack =
            StandIn::start(|stream, _| answer(stream, "429 Wait", "Retry-After: 0\r\n", ""));
        assert_eq!(
            send(&slack.url),
            Err("Slack answered with status 429".to_owned())
        );
        assert_eq!(slack.requests().len(), 2, "once more, and not again");

        let slack =
            StandIn::start(|stream, _| answer(stream, "429 Wait", "Retry-After: 6\r\n", ""));
        assert_eq!(
            send(&slack.url),
            Err("Slack asks to wait for 6s, which is too long".to_owned())
        );
        assert_eq!(slack.requests().len(), 1);
    }

    #[test]
    fn slack_is_down() {
        assert_eq!(
            send(&closed_port()),
            Err("Slack can't be reached: connection refused".to_owned())
        );
        // No name server knows this name, and some answer too late.
        let slack = Slack::within(Duration::from_secs(2));
        let error = slack.send(&Secret::test("http://hooks.invalid/s3cr3t"), &message());
        let error = error.expect_err("the port is closed");
        assert!(
            !error.contains("hooks") && !error.contains("s3cr3t"),
            "{error}"
        );
    }

    #[test]
    fn slack_hangs() {
        let (went, gone) = channel();
        let slack = StandIn::start(move |stream, _| {
            hang(stream);
            went.send(()).expect("the test waits");
        });
        let short = Slack::within(Duration::from_millis(200));
        let url = Secret::test(&format!("{}{PATH}", slack.url));
        assert_eq!(
            short.send(&url, &message()),
            Err("Slack did not answer within 200ms".to_owned())
        );
        gone.recv().expect("the connection was given up");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn no_error_repeats_the_url(path in "[a-zA-Z0-9]{8,30}", how in 0_usize..5) {
            let said = path.clone();
            let slack = StandIn::start(move |stream, _| match how {
                0 => answer(stream, "400 Bad", "", &said),
                1 => answer(stream, "302 Found", &format!("Location: /{said}\r\n"), ""),
                2 => answer(stream, &format!("500 {said}"), &format!("{said}: {said}\r\n"), ""),
                3 => answer(stream, &said, &said, &said),
                _ => {}
            });
            let secret = Secret::test(&format!("{}/{path}", slack.url));
            let error = Slack::new().send(&secret, &message()).expect_err("it fails");
            prop_assert!(!error.contains(&path), "{}", error);
            prop_assert!(!error.contains(&slack.url), "{}", error);
            let debug = format!("{secret:?}");
            prop_assert!(!debug.contains(&path));
        }
    }
}
