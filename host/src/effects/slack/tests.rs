use std::sync::mpsc::channel;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::effects::stand_in::{StandIn, answer, closed_port, hang};
use crate::secret::Source;

const PATH: &str = "/services/T0123/B0123/s3cr3tt0k3n";

fn message() -> Message {
    Message {
        urgency: "info".to_owned(),
        text: "released".to_owned(),
        ..Message::default()
    }
}

/// A destination whose secret is in a file, and its folder.
fn place_of(
    secret: &str,
    make: impl FnOnce(Source) -> Destination,
) -> (tempfile::TempDir, Destination) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("secret");
    std::fs::write(&file, secret).expect("a file");
    (folder, make(Source::File(file)))
}

fn webhook(url: &str) -> (tempfile::TempDir, Destination) {
    place_of(&format!("{url}{PATH}"), |url| Destination::Webhook { url })
}

fn bot(api: &str) -> (tempfile::TempDir, Destination) {
    place_of("b0t-s3cr3t", |token| Destination::Bot {
        token,
        channel: "C0123".to_owned(),
        api: api.to_owned(),
    })
}

fn send(url: &str) -> Delivery {
    let (_folder, to) = webhook(url);
    Slack::new(&Trust::default()).deliver(&to, &message(), None)
}

fn failed(why: &str, again_in: Option<u64>, remedy: Remedy) -> Delivery {
    Delivery::Failed {
        why: why.to_owned(),
        again_in: again_in.map(Duration::from_secs),
        remedy,
    }
}

#[test]
fn a_message_arrives_once() {
    let slack = StandIn::start(|stream, _| answer(stream, "200 OK", "", "ok"));
    assert_eq!(send(&slack.url), Delivery::Arrived { place: None });
    let requests = slack.requests();
    assert_eq!(
        requests.len(),
        2,
        "a request without effect, and the message"
    );
    assert!(requests[0].starts_with(&format!("GET {PATH} HTTP/1.1\r\n")));
    let (head, body) = requests[1].split_once("\r\n\r\n").expect("a body");
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
fn an_answer_says_what_is_to_be_done() {
    let large = "x".repeat(9000);
    for (status, header, said, delivery) in [
        (
            "500 Oops",
            "",
            "",
            failed("Slack answered with status 500", None, Remedy::Later),
        ),
        (
            "404 Not Found",
            "",
            PATH,
            failed("Slack answered with status 404", None, Remedy::Person),
        ),
        (
            "403 No",
            "",
            "invalid_token\n",
            failed(
                "Slack answered with status 403: `invalid_token`",
                None,
                Remedy::Person,
            ),
        ),
        (
            "302 Found",
            "Location: /elsewhere\r\n",
            "",
            failed("Slack answered with status 302", None, Remedy::Person),
        ),
        (
            "429 Wait",
            "",
            "",
            failed("Slack answered with status 429", None, Remedy::Later),
        ),
        (
            "429 Wait",
            "Retry-After: 6\r\n",
            "",
            failed("Slack answered with status 429", Some(6), Remedy::Later),
        ),
        (
            "504 Late",
            "",
            "",
            Delivery::Unknown {
                why: "Slack answered with status 504".to_owned(),
            },
        ),
        (
            "503 Oops",
            "Retry-After: 0\r\n",
            &large,
            failed("Slack answered with status 503", Some(0), Remedy::Later),
        ),
    ] {
        let said = said.to_owned();
        let slack = StandIn::start(move |stream, before| match before {
            0 => answer(stream, "404 Not Found", "", ""),
            _ => answer(stream, status, header, &said),
        });
        assert_eq!(send(&slack.url), delivery);
        assert_eq!(slack.requests().len(), 2);
    }
}

#[test]
fn a_slack_that_is_away_gets_no_message() {
    for (status, header, again_in) in [
        ("502 Oops", "", None),
        ("503 Oops", "Retry-After: 7\r\n", Some(7)),
        ("504 Late", "", None),
        ("429 Wait", "Retry-After: 6\r\n", Some(6)),
    ] {
        let slack = StandIn::start(move |stream, _| answer(stream, status, header, ""));
        let why = format!("Slack answered with status {}", &status[..3]);
        assert_eq!(send(&slack.url), failed(&why, again_in, Remedy::Later));
        assert_eq!(slack.requests().len(), 1);
    }
    let slack = StandIn::start(|stream, _| {
        hang(stream);
    });
    let short = Slack::within(Duration::from_millis(200), &Trust::default());
    let (_folder, to) = webhook(&slack.url);
    assert_eq!(
        short.deliver(&to, &message(), None),
        failed("Slack did not answer within 200ms", None, Remedy::Later),
        "it certainly did not arrive"
    );
}

#[test]
fn slack_is_down() {
    assert_eq!(
        send(&closed_port()),
        failed(
            "Slack can't be reached: connection refused",
            None,
            Remedy::Later
        )
    );
    // No name server knows this name, and some name servers answer too late.
    let slack = Slack::within(Duration::from_secs(2), &Trust::default());
    let (_folder, to) = place_of("http://hooks.invalid/s3cr3t", |url| Destination::Webhook {
        url,
    });
    let Delivery::Failed { why, remedy, .. } = slack.deliver(&to, &message(), None) else {
        panic!("there is no such host");
    };
    assert!(!why.contains("hooks") && !why.contains("s3cr3t"), "{why}");
    assert_eq!(remedy, Remedy::Later);
}

#[test]
fn a_missing_secret_is_for_a_person() {
    let url = Source::File("/nowhere/url".into());
    let delivery =
        Slack::new(&Trust::default()).deliver(&Destination::Webhook { url }, &message(), None);
    let Delivery::Failed { why, remedy, .. } = delivery else {
        panic!("there is no such file");
    };
    assert!(why.contains("`/nowhere/url`"), "{why}");
    assert_eq!(remedy, Remedy::Person);
}

#[test]
fn slack_takes_a_message_and_hangs() {
    let (went, gone) = channel();
    let slack = StandIn::start(move |stream, before| {
        if before % 2 == 0 {
            answer(stream, "200 OK", "", "{}");
        } else {
            hang(stream);
            went.send(()).expect("the test waits");
        }
    });
    let short = Slack::within(Duration::from_millis(200), &Trust::default());
    let why = "Slack did not answer within 200ms".to_owned();
    let (_folder, to) = webhook(&slack.url);
    assert_eq!(
        short.deliver(&to, &message(), None),
        Delivery::Unknown { why: why.clone() },
        "it may have arrived"
    );
    gone.recv().expect("the connection was given up");

    let (_folder, to) = bot(&slack.url);
    assert_eq!(
        short.deliver(&to, &message(), None),
        Delivery::Unknown { why: why.clone() }
    );
    gone.recv().expect("the connection was given up");
    assert_eq!(
        short.deliver(&to, &message(), Some("C0123 1503435956.000247")),
        failed(&why, None, Remedy::Later),
        "a second update changes nothing"
    );
    gone.recv().expect("the connection was given up");
}

#[test]
fn a_bot_sends_a_message_and_updates_it() {
    let said = r#"{"ok":true,"channel":"C0999","ts":"1503435956.000247"}"#;
    let slack = StandIn::start(move |stream, _| answer(stream, "200 OK", "", said));
    let (_folder, to) = bot(&slack.url);
    let place = "C0999 1503435956.000247";
    let arrived = Delivery::Arrived {
        place: Some(place.to_owned()),
    };
    assert_eq!(
        Slack::new(&Trust::default()).deliver(&to, &message(), None),
        arrived
    );
    assert_eq!(
        Slack::new(&Trust::default()).deliver(&to, &message(), Some(place)),
        arrived
    );
    let requests = slack.requests();
    assert_eq!(requests.len(), 4);
    assert!(requests[0].starts_with("GET /api.test HTTP/1.1\r\n"));
    for (request, method, more) in [
        (
            &requests[1],
            "chat.postMessage",
            json!({"channel": "C0123"}),
        ),
        (
            &requests[3],
            "chat.update",
            json!({"channel": "C0999", "ts": "1503435956.000247"}),
        ),
    ] {
        let (head, body) = request.split_once("\r\n\r\n").expect("a body");
        assert!(
            head.starts_with(&format!("POST /{method} HTTP/1.1\r\n")),
            "{head}"
        );
        let head = head.to_ascii_lowercase();
        assert!(head.contains("authorization: bearer b0t-s3cr3t"), "{head}");
        let body: Value = serde_json::from_str(body).expect("JSON");
        assert_eq!(body["text"], payload(&message())["text"]);
        for (key, value) in more.as_object().expect("an object") {
            assert_eq!(&body[key], value);
        }
    }
}

#[test]
fn an_answer_of_the_api_says_what_is_to_be_done() {
    let place = Some("C0999 1503435956.000247");
    for (said, place, why, remedy) in [
        (
            r#"{"ok":false,"error":"channel_not_found"}"#,
            None,
            ": `channel_not_found`",
            Remedy::Person,
        ),
        (
            r#"{"ok":false,"error":"message_not_found"}"#,
            place,
            ": `message_not_found`",
            Remedy::New,
        ),
        (
            r#"{"ok":false,"error":"internal_error"}"#,
            place,
            ": `internal_error`",
            Remedy::Later,
        ),
        (
            r#"{"ok":false,"error":"b0t-s3cr3t"}"#,
            None,
            "",
            Remedy::Person,
        ),
    ] {
        let slack = StandIn::start(move |stream, _| answer(stream, "200 OK", "", said));
        let (_folder, to) = bot(&slack.url);
        assert_eq!(
            Slack::new(&Trust::default()).deliver(&to, &message(), place),
            failed(&format!("Slack refused the message{why}"), None, remedy)
        );
    }
    let said = r#"{"ok":false,"error":"internal_error"}"#;
    let slack = StandIn::start(move |stream, _| answer(stream, "200 OK", "", said));
    let (_folder, to) = bot(&slack.url);
    assert_eq!(
        Slack::new(&Trust::default()).deliver(&to, &message(), None),
        Delivery::Unknown {
            why: "Slack failed: `internal_error`".to_owned()
        },
        "a part of it may have succeeded"
    );
    let slack = StandIn::start(|stream, _| answer(stream, "200 OK", "", "<html>"));
    let (_folder, to) = bot(&slack.url);
    assert_eq!(
        Slack::new(&Trust::default()).deliver(&to, &message(), None),
        Delivery::Unknown {
            why: "Slack sent an unreadable response".to_owned()
        }
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn no_error_repeats_a_secret(path in "[a-zA-Z0-9]{8,30}", how in 0_usize..5, by_bot: bool) {
        let said = path.clone();
        let slack = StandIn::start(move |stream, _| match how {
            0 => answer(stream, "400 Bad", "", &said),
            1 => answer(stream, "302 Found", &format!("Location: /{said}\r\n"), ""),
            2 => answer(stream, &format!("500 {said}"), &format!("{said}: {said}\r\n"), ""),
            3 => answer(stream, &said, &said, &said),
            _ => {}
        });
        let (_folder, to) = if by_bot {
            place_of(&path, |token| Destination::Bot {
                token,
                channel: "C0123".to_owned(),
                api: slack.url.clone(),
            })
        } else {
            place_of(&format!("{}/{path}", slack.url), |url| Destination::Webhook { url })
        };
        let delivery = Slack::new(&Trust::default()).deliver(&to, &message(), None);
        let (Delivery::Failed { why, .. } | Delivery::Unknown { why }) = &delivery else {
            panic!("it fails");
        };
        prop_assert!(!why.contains(&path), "{}", why);
        prop_assert!(!why.contains(&slack.url), "{}", why);
    }
}
