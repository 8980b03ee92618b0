//! Bodies that do not say whose they are, as Docker Hub's.

#![no_main]

use greenlight_fuzz::check;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    check(body, None, None);
    check(body, Some("application/json"), None);
});
