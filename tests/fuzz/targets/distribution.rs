//! Bodies that are sent as Distribution's.

#![no_main]

use greenlight_fuzz::check;
use greenlight_fuzz::facts::webhook::Source;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    for version in ["v1", "v2"] {
        let named = format!("application/vnd.docker.distribution.events.{version}+json");
        check(body, Some(&named), Some(Source::Distribution));
    }
});
