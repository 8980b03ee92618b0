//! Properties that hold for any answer of a registry.

use ureq::Body;
use ureq::http::{HeaderValue, Response, Uri};

use super::headers::{Challenge, next_page, resolved};
use super::page::Page;
use super::{Token, document, header_digest, other_token_server, reports_unknown};
use crate::contract::validate::{is_digest, is_tag};
use crate::http::Client;

/// Configured servers, which may get the password.
const SERVERS: [&str; 3] = [
    "https://a.example",
    "http://127.0.0.1:5000",
    "https://b.example:8443",
];

/// A header with a challenge. Its token server gets the password only if it is the configured server.
pub fn challenge(header: &[u8]) {
    let Ok(header) = str::from_utf8(header) else {
        return;
    };
    let Some(Challenge::Bearer(bearer)) = Challenge::read(header) else {
        return;
    };
    for server in SERVERS {
        if bearer.is_on(server) {
            let request = Client::without_proxy(crate::limits::REGISTRY.time());
            let request = request.agent(&bearer.realm).get(&bearer.realm);
            let request = request.query("scope", "repository:a/b:pull");
            // The address that the client connects to.
            let sent = request.uri_ref().expect("a URL");
            assert_eq!(origin(sent), origin(&server.parse().expect("a URL")));
        }
    }
    let message = other_token_server(&bearer).to_string();
    assert!(message.len() < 2 * header.len() + 200, "{message}");
    assert!(!message.contains('@'), "{message}");
}

/// Scheme, host and port, as the client connects.
fn origin(url: &Uri) -> (Option<String>, Option<String>, u16) {
    let default = if url.scheme_str() == Some("https") {
        443
    } else {
        80
    };
    (
        url.scheme_str().map(str::to_owned),
        url.host().map(str::to_ascii_lowercase),
        url.port_u16().unwrap_or(default),
    )
}

/// A header with links. The next page is on the same registry.
pub fn link(header: &[u8]) {
    let Ok(header) = str::from_utf8(header) else {
        return;
    };
    for server in SERVERS {
        if let Some(next) = next_page(header).and_then(|it| resolved(server, it)) {
            let path = next.strip_prefix(server).expect("the same server");
            assert!(path.starts_with("/v2/"), "{next}");
            if let Ok(url) = next.parse() {
                assert_eq!(origin(&url), origin(&server.parse().expect("a URL")));
            }
        }
    }
}

/// A page of tags. The number of tags is limited, and each tag is valid.
pub fn tags(text: &[u8]) {
    const MOST: usize = 10;
    let Ok(text) = str::from_utf8(text) else {
        return;
    };
    if let Some(Page::Tags(tags, count)) = Page::read(text, MOST) {
        assert!(tags.len() <= count && count <= MOST);
        assert!(tags.iter().all(|it| is_tag(it)));
        assert!(text.trim_start().starts_with('{'));
    }
}

/// The answer of a token server. A header can hold its token.
pub(crate) fn token(body: &[u8]) {
    let token: Option<Token> = document(&mut answer(body));
    if let Some(header) = token.and_then(Token::header) {
        let value = HeaderValue::from_str(&header).expect("a header");
        assert!(value.to_str().is_ok_and(|it| it.starts_with("Bearer ")));
    }
}

/// An answer with errors. A tag counts as unknown only if the answer has a code for it, and a digest is valid.
pub(crate) fn errors(body: &[u8]) {
    let codes: [&[u8]; 3] = [b"UNKNOWN", b"NOT_FOUND", b"\\u"];
    if reports_unknown(&mut answer(body)) {
        let has = |code: &&[u8]| body.windows(code.len()).any(|it| it == *code);
        assert!(codes.iter().any(has), "no code");
    }
    let mut answer = answer(b"");
    if let Ok(value) = HeaderValue::from_bytes(body) {
        answer.headers_mut().insert("Docker-Content-Digest", value);
        assert!(header_digest(&answer).is_none_or(|it| is_digest(&it)));
    }
}

fn answer(body: &[u8]) -> Response<Body> {
    Response::new(Body::builder().data(body.to_vec()))
}
