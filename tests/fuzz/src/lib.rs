//! The parsers of registries' bodies, and nothing else of greenlight: they are pure, and build in seconds.

pub mod contract;
pub mod facts;

use contract::validate::{is_digest, is_repository, is_tag};
use facts::webhook::{MOST_PUSHES, Source, parse};

/// Reads a body, and panics where something comes out that must not.
pub fn check(body: &[u8], content_type: Option<&str>, only: Option<Source>) {
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
        // What is in a body may be anything; what is said of it is written into logs.
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
