//! Fuzzes one reader of the host: the one that `GREENLIGHT_FUZZ_READER` names. Without the variable, it lists all
//! readers, each with the files to start from.
//!
//! It compiles only the parts of the host that have readers. The engine of the sandbox and the stores take minutes to
//! compile, and the fuzzer would also search their code.

#![no_main]
#![expect(dead_code, reason = "the parts have more functions than the readers call")]

#[path = "../../../host/src/child.rs"]
mod child;
#[path = "../../../host/src/clock.rs"]
pub mod clock;
#[path = "../../../host/src/config/mod.rs"]
pub mod config;
pub mod contract;
#[path = "../../../host/src/effects/mod.rs"]
pub mod effects;
#[path = "../../../host/src/error.rs"]
pub mod error;
#[path = "../../../host/src/facts/mod.rs"]
pub mod facts;
#[path = "../../../host/src/fuzz/mod.rs"]
pub mod fuzz;
#[path = "../../../host/src/http/mod.rs"]
pub mod http;
pub mod journal;
#[path = "../../../host/src/limits/mod.rs"]
pub mod limits;
#[path = "../../../host/src/retry.rs"]
mod retry;
pub mod sandbox;
#[path = "../../../host/src/secret.rs"]
pub mod secret;
#[path = "../../../host/src/server_settings/mod.rs"]
pub mod server_settings;
#[path = "../../../host/src/text/mod.rs"]
pub mod text;
#[path = "../../../host/src/tls/mod.rs"]
pub mod tls;
#[path = "../../../host/src/window/mod.rs"]
pub mod window;

use std::env;
use std::process;
use std::sync::OnceLock;

use fuzz::{READERS, Reader};
use libfuzzer_sys::fuzz_target;

/// The reader that is fuzzed.
static READER: OnceLock<&Reader> = OnceLock::new();

fn choose() -> &'static Reader {
    let Ok(name) = env::var("GREENLIGHT_FUZZ_READER") else {
        for Reader { name, seeds, .. } in READERS {
            println!("{name} {}", seeds.join(" "));
        }
        process::exit(0);
    };
    let reader = READERS.iter().find(|it| it.name == name);
    reader.unwrap_or_else(|| {
        eprintln!("unknown reader `{name}`");
        process::exit(2);
    })
}

fuzz_target!(
    init: {
        READER.get_or_init(choose);
    },
    |bytes: &[u8]| (READER.get_or_init(choose).check)(bytes)
);
