//! Plain requests to loopback.

use std::time::Duration;

use serde_json::Value;
use ureq::Agent;

/// The status of a GET request, or nothing without an answer.
pub fn status(url: &str) -> Option<u16> {
    let answer = agent().get(url).call().ok()?;
    Some(answer.status().as_u16())
}

/// The JSON of a GET request. Panics without an answer of status 200.
#[track_caller]
pub fn json(url: &str) -> Value {
    let answer = agent().get(url).call();
    let mut answer = answer.unwrap_or_else(|error| panic!("{url}: {error}"));
    assert_eq!(answer.status(), 200, "{url}");
    let text = answer.body_mut().read_to_string().expect("text");
    serde_json::from_str(&text).expect("JSON")
}

/// Sends text by POST: the status, and what was answered.
#[track_caller]
pub fn post(url: &str, text: &str) -> (u16, String) {
    let answer = agent()
        .post(url)
        .content_type("application/json")
        .send(text);
    let mut answer = answer.unwrap_or_else(|error| panic!("{url}: {error}"));
    let status = answer.status().as_u16();
    (status, answer.body_mut().read_to_string().expect("text"))
}

/// Without a proxy, whatever the machine's environment says.
fn agent() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .timeout_global(Some(Duration::from_secs(10)))
        .build()
        .into()
}
