//! Properties that hold for any answer of a server.

use std::time::Duration;

use ureq::http::header::RETRY_AFTER;
use ureq::http::{HeaderMap, HeaderValue};

use crate::http::retry_after;

/// Reads the header `Retry-After`. The wait is at most a day.
pub(crate) fn wait(header: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(header) else {
        return;
    };
    let headers = HeaderMap::from_iter([(RETRY_AFTER, value)]);
    let wait = retry_after(&headers);
    assert!(wait.is_none_or(|it| it <= Duration::from_hours(24)));
}
