use std::sync::mpsc::channel;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::effects::stand_in::{StandIn, answer, hang, nobody};

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
fn slack_is_asked_again_when_it_wants_to_be() {
    let slack = StandIn::start(|stream, before| match before {
        0 => answer(stream, "429 Wait", "Retry-After: 0\r\n", ""),
        _ => answer(stream, "200 OK", "", "ok"),
    });
    assert_eq!(send(&slack.url), Ok(()));
    assert_eq!(slack.requests().len(), 2);

    let slack = StandIn::start(|stream, _| answer(stream, "429 Wait", "Retry-After: 0\r\n", ""));
    assert_eq!(
        send(&slack.url),
        Err("Slack answered with status 429".to_owned())
    );
    assert_eq!(slack.requests().len(), 2, "once more, and not again");

    let slack = StandIn::start(|stream, _| answer(stream, "429 Wait", "Retry-After: 6\r\n", ""));
    assert_eq!(
        send(&slack.url),
        Err("Slack asks to wait for 6s, which is too long".to_owned())
    );
    assert_eq!(slack.requests().len(), 1);
}

#[test]
fn slack_is_down() {
    assert_eq!(
        send(&nobody()),
        Err("Slack can't be reached: connection refused".to_owned())
    );
    // No name server knows this one; some do not say so in time.
    let slack = Slack::within(Duration::from_secs(2));
    let error = slack.send(&Secret::test("http://hooks.invalid/s3cr3t"), &message());
    let error = error.expect_err("nobody is there");
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
        went.send(()).expect("somebody waits");
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
    fn no_error_holds_the_url(path in "[a-zA-Z0-9]{8,30}", how in 0_usize..5) {
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
