//! Properties that hold for any body of a webhook.

use super::{MOST_PUSHES, Source, parse};
use crate::contract::validate::{is_digest, is_repository, is_tag};

/// Reads a body with the content type of each sender.
pub fn body(body: &[u8]) {
    check(body, None, None);
    check(body, Some("application/json"), None);
    for version in ["v1", "v2"] {
        let named = format!("application/vnd.docker.distribution.events.{version}+json");
        check(body, Some(&named), Some(Source::Distribution));
    }
}

fn check(body: &[u8], content_type: Option<&str>, only: Option<Source>) {
    match parse(body, content_type) {
        Ok(read) => {
            assert!(only.is_none_or(|it| it == read.source));
            assert!(read.pushes.len() <= MOST_PUSHES);
            for (at, push) in read.pushes.iter().enumerate() {
                assert!(is_repository(&push.repository) && is_tag(&push.tag));
                assert!(push.digest.as_deref().is_none_or(is_digest));
                assert!(!read.pushes[..at].contains(push));
            }
        }
        // A body may contain anything, and the reason for a refusal is written into logs.
        Err(why) => {
            let why = why.to_string();
            assert!(!why.is_empty() && why.len() < 200, "{why}");
            assert!(
                why.bytes().all(|it| it == b' ' || it.is_ascii_graphic()),
                "{why}"
            );
        }
    }
}
