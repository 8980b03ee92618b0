//! A small compressed body can have gigabytes of contents. No client of greenlight asks for compression or expands a
//! body, so the limits of the readers hold for the bytes that arrive.

use std::io::Write as _;
use std::net::TcpStream;

use super::{deliver_by_api, deliver_to, runs, tags};
use crate::effects::probe::{Answer, Prober};
use crate::effects::stand_in::StandIn;
use crate::limits;

/// An answer that each client could read if it were not compressed with gzip: tags, a channel, an empty list of runs and
/// a commit.
const GZIP: [u8; 109] = [
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x15, 0xcb, 0x3b, 0x0a, 0x80, 0x30,
    0x10, 0x45, 0xd1, 0xbd, 0xbc, 0x3a, 0x85, 0xf1, 0x57, 0xa4, 0x75, 0x19, 0x22, 0x32, 0x04, 0x7f,
    0x24, 0x66, 0x20, 0x4e, 0xb0, 0x10, 0xf7, 0xee, 0xd8, 0xdd, 0xe2, 0x9e, 0x07, 0x42, 0xdb, 0x05,
    0x37, 0x82, 0x30, 0x19, 0x70, 0x80, 0x93, 0x5c, 0x16, 0x03, 0xbf, 0x53, 0x4a, 0x4b, 0x84, 0xc3,
    0x00, 0x03, 0xd1, 0x05, 0x56, 0xe3, 0xe6, 0x1c, 0xd6, 0xc8, 0xf7, 0x9c, 0x4b, 0xfa, 0x99, 0x1a,
    0x61, 0xa1, 0x38, 0x7b, 0x2e, 0x49, 0xe0, 0x2a, 0x95, 0x7c, 0x9e, 0x87, 0x26, 0x2a, 0x5b, 0x37,
    0x6d, 0xd7, 0xe3, 0xfd, 0x00, 0x9b, 0xc2, 0xd7, 0x0f, 0x65, 0x00, 0x00, 0x00,
];

fn compressed(stream: &mut TcpStream, _: usize) {
    let length = GZIP.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: {length}\r\n\r\n"
    );
    // The client may have closed the connection.
    let _ = stream.write_all(&[head.as_bytes(), &GZIP].concat());
}

fn version(url: &str) -> Result<String, String> {
    match Prober::new(limits::NODE.time(), &crate::tls::Trust::default()).ask(url) {
        Answer::Version(version) => Ok(format!("{version:?}")),
        Answer::Unreachable(why) => Err(why),
    }
}

#[test]
fn no_client_asks_for_compression_or_expands_a_body() {
    type Ask = fn(&str) -> Result<String, String>;
    let clients: [(&str, Ask); 5] = [
        ("registry", tags),
        ("node", version),
        ("CI system", runs),
        ("webhook of Slack", deliver_to),
        ("API of Slack", deliver_by_api),
    ];
    for (name, ask) in clients {
        let server = StandIn::start(compressed);
        let answer = ask(&server.url);
        let requests = server.requests();
        assert!(!requests.is_empty(), "{name}");
        for request in requests {
            let request = request.to_ascii_lowercase();
            let asked = request
                .lines()
                .find_map(|it| it.strip_prefix("accept-encoding: "));
            assert!(
                matches!(asked, None | Some("identity")),
                "{name}: {request}"
            );
        }
        // The client reads only the status of a webhook of Slack, and the body of every other answer.
        let is_needed = name != "webhook of Slack";
        assert_eq!(answer.is_err(), is_needed, "{name}: {answer:?}");
    }
}
