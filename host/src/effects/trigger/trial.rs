//! Tests that every CI system must pass.

use std::fs;
use std::io::Write as _;
use std::net::TcpStream;

use tempfile::TempDir;

use super::{Error, Request, Trigger};
use crate::effects::stand_in::{StandIn, answer, closed_port};
use crate::secret::Source;

/// The token, which no text may contain.
pub const TOKEN: &str = "hush0123456789";

/// When the request was first made, in milliseconds since 1970: 2026-01-01T00:00:00Z.
pub const SINCE: u64 = 1_767_225_600_000;
/// A time that is certainly before that, and one that may be after it by another clock.
pub const BEFORE: u64 = SINCE - 3_600_001;
pub const ABOUT: u64 = SINCE - 3_600_000;

/// A folder with the token in a file.
pub fn token() -> (Source, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    fs::write(&file, format!("{TOKEN}\n")).expect("a file");
    (Source::File(file), folder)
}

/// A request to start a deployment.
pub fn request() -> Request {
    let commit = "0123456789abcdef0123456789abcdef01234567";
    Request {
        key: "k3y".to_owned(),
        repository: "demo/app".to_owned(),
        tag: format!("stage-loadtest-warn-{commit}"),
        digest: Some(format!("sha256:{}", "ab".repeat(32))),
        environment: "stage".to_owned(),
        commit: commit.to_owned(),
        since: SINCE,
    }
}

/// The kind of an error.
pub fn kind(error: &Error) -> &'static str {
    match error {
        Error::Refused { .. } => "refused",
        Error::Busy { .. } => "busy",
        Error::Unknown { .. } => "unknown",
    }
}

/// The wait that an error asks for, in seconds.
pub fn wait(error: &Error) -> Option<u64> {
    match error {
        Error::Busy { again_in, .. } => again_in.map(|it| it.as_secs()),
        _ => None,
    }
}

/// Requests a deployment from servers that fail in different ways. The starter sends `before` requests before the one
/// that starts the deployment.
pub fn failures(starter: impl Fn(&str, Source) -> Box<dyn Trigger>, before: usize) {
    type Respond = fn(&mut TcpStream);
    let cases: [(Respond, &str); 16] = [
        (|it| answer(it, "400 Bad Request", "", TOKEN), "refused"),
        (|it| answer(it, "401 Unauthorized", "", TOKEN), "refused"),
        (|it| answer(it, "403 Forbidden", "", TOKEN), "refused"),
        (|it| answer(it, "404 Not Found", "", TOKEN), "refused"),
        (|it| answer(it, "408 Request Timeout", "", ""), "unknown"),
        (|it| answer(it, "429 Wait", "", TOKEN), "busy"),
        (
            |it| answer(it, "429 Wait", "Retry-After: 7\r\n", ""),
            "busy",
        ),
        (
            |it| answer(it, "503 Wait", "Retry-After: 7\r\n", ""),
            "busy",
        ),
        (|it| answer(it, "503 Oops", "", TOKEN), "unknown"),
        (
            |it| answer(it, "500 Oops", "Retry-After: 7\r\n", TOKEN),
            "unknown",
        ),
        (|it| answer(it, "502 Oops", "", TOKEN), "unknown"),
        (
            |it| answer(it, "302 Found", "Location: /login\r\n", ""),
            "refused",
        ),
        (
            |it| answer(it, "307 Go", "Location: /login\r\n", ""),
            "refused",
        ),
        (|it| answer(it, "200 OK", "", "<html>"), "unknown"),
        // The request was read, and then the connection was lost.
        (|_| {}, "unknown"),
        (
            |it| it.write_all(b"hush0123456789\r\n\r\n").expect("it listens"),
            "unknown",
        ),
    ];
    for (at, (respond, expected)) in cases.into_iter().enumerate() {
        let (token, _folder) = token();
        let server = StandIn::start(move |stream, earlier| {
            if earlier == before {
                respond(stream);
            } else {
                answer(stream, "404 Not Found", "", "");
            }
        });
        let error = starter(&server.url, token).start(&request());
        let error = error.expect_err("it is not accepted");
        assert_eq!(kind(&error), expected, "case {at}: {error:?}");
        contains_no_secret(&error);
        assert_eq!(server.requests().len(), before + 1, "asked for once: {at}");
    }

    let (token, folder) = token();
    let error = starter(&closed_port(), token.clone()).start(&request());
    let error = error.expect_err("the port is closed");
    assert_eq!(kind(&error), "refused", "{error:?}");
    drop(folder);
    let error = starter(&closed_port(), token).start(&request());
    let error = error.expect_err("no token");
    assert_eq!(kind(&error), "refused", "{error:?}");
    assert!(error.to_string().contains("can't be read"), "{error}");
}

/// Looks for a start where no server answers, or the answer is of no use.
pub fn not_found_out(starter: impl Fn(&str, Source) -> Box<dyn Trigger>) {
    type Respond = fn(&mut TcpStream);
    let cases: [(Respond, &str); 12] = [
        (|it| answer(it, "500 Oops", "", TOKEN), "busy"),
        (|it| answer(it, "503 Wait", "", TOKEN), "busy"),
        (|it| answer(it, "408 Request Timeout", "", ""), "busy"),
        (|it| answer(it, "429 Wait", "", TOKEN), "busy"),
        (|it| answer(it, "401 Unauthorized", "", TOKEN), "refused"),
        (|it| answer(it, "404 Not Found", "", TOKEN), "refused"),
        (
            |it| answer(it, "302 Found", "Location: /login\r\n", TOKEN),
            "refused",
        ),
        (|it| answer(it, "204 No Content", "", ""), "unknown"),
        (|it| answer(it, "200 OK", "", TOKEN), "unknown"),
        (|it| answer(it, "200 OK", "", "{}"), "unknown"),
        // The connection is lost before the answer, and in the middle of it.
        (|_| {}, "busy"),
        (
            |it| {
                let head = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{";
                it.write_all(head).expect("it listens");
            },
            "busy",
        ),
    ];
    for (at, (respond, expected)) in cases.into_iter().enumerate() {
        let (token, _folder) = token();
        let server = StandIn::start(move |stream, _| respond(stream));
        let error = starter(&server.url, token).find(&request());
        let error = error.expect_err("it can't be found out");
        assert_eq!(kind(&error), expected, "case {at}: {error:?}");
        contains_no_secret(&error);
    }
    let (token, _folder) = token();
    let error = starter(&closed_port(), token).find(&request());
    let error = error.expect_err("the port is closed");
    assert_eq!(kind(&error), "refused", "{error:?}");
}

/// Checks that an error contains no part of the token, plain or encoded.
pub fn contains_no_secret(error: &Error) {
    let encoded = http_auth::basic::encode_credentials("ci", TOKEN);
    for text in [format!("{error}"), format!("{error:?}")] {
        assert!(!text.contains(TOKEN) && !text.contains("hush"), "{text}");
        assert!(
            !text.contains(encoded.trim_start_matches("Basic ")),
            "{text}"
        );
    }
}
