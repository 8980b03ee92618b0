//! What holds for any answer of a server.

use std::time::Duration;

use ureq::http::header::RETRY_AFTER;
use ureq::http::{HeaderMap, HeaderValue};

use crate::http::retry_after;

/// The header of a server that asks to wait, which it can for a day at most.
pub(crate) fn wait(header: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(header) else {
        return;
    };
    let headers = HeaderMap::from_iter([(RETRY_AFTER, value)]);
    let wait = retry_after(&headers);
    assert!(wait.is_none_or(|it| it <= Duration::from_hours(24)));
}
