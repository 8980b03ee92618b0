//! The policy that the binary carries.

use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering};

use wasmtime::Engine;
use wasmtime::component::Component;

use super::in_place;

/// The bundled policy as a component: portable, the one that `policy export` writes.
pub static COMPONENT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/policy.wasm"));

/// The same, compiled ahead of time by the build script for a baseline CPU of the target.
///
/// Compiled code is an ELF image. In the section of the program's own code the system maps it as executable, page
/// by page as needed; in any other section each start has to copy all of it.
#[cfg_attr(
    all(target_os = "linux", target_arch = "x86_64"),
    expect(unsafe_code, reason = "naming a section counts as unsafe"),
    unsafe(link_section = ".text.greenlight.policy")
)]
static PRECOMPILED: Aligned<[u8; include_bytes!(concat!(env!("OUT_DIR"), "/policy.cwasm")).len()]> =
    Aligned(*include_bytes!(concat!(env!("OUT_DIR"), "/policy.cwasm")));

/// Whether the code is executed in place already. The engine allows one component for each address: a second
/// one in the same process, as in tests, gets a copy.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// To a page, as the code inside of the image is.
#[repr(align(4096))]
struct Aligned<T>(T);

/// Loads the bundled policy into an engine with [`in_place::Memory`].
pub fn load(engine: &Engine) -> wasmtime::Result<Component> {
    load_or_compile(engine, &PRECOMPILED.0, COMPONENT)
}

/// Whether memory is a part of what was compiled ahead of time.
pub fn holds(memory: *const u8) -> bool {
    PRECOMPILED.0.as_ptr_range().contains(&memory)
}

/// Whether the engine of this build takes the code that was compiled ahead of time. Where it does not,
/// each start compiles the component.
pub fn engine_accepts(engine: &Engine) -> bool {
    deserialize(engine, &PRECOMPILED.0).is_ok()
}

/// Takes the precompiled code where it fits the engine, and compiles the component where it does not: a
/// CPU without a feature that the target's baseline has, an engine built with other settings.
fn load_or_compile(
    engine: &Engine,
    precompiled: &'static [u8],
    component: &[u8],
) -> wasmtime::Result<Component> {
    deserialize(engine, precompiled).or_else(|_| Component::from_binary(engine, component))
}

#[expect(
    unsafe_code,
    reason = "deserializing trusts its input to be code that the engine compiled"
)]
fn deserialize(engine: &Engine, precompiled: &'static [u8]) -> wasmtime::Result<Component> {
    // SAFETY: the bytes are a static of this binary, written by its build script from the engine's own
    // compiler. Version, target and settings are compared with the engine's before anything is used.
    unsafe {
        if in_place::POSSIBLE && !TAKEN.swap(true, Ordering::Relaxed) {
            Component::deserialize_raw(engine, NonNull::from(precompiled))
        } else {
            Component::deserialize(engine, precompiled)
        }
    }
}

#[cfg(test)]
mod tests {
    use wasmtime::Config;

    use super::*;
    use crate::sandbox::profile;

    fn config() -> Config {
        let mut config = profile::config();
        in_place::allow(&mut config);
        config
    }

    #[test]
    fn what_was_compiled_ahead_of_time_fits() {
        let engine = Engine::new(&config()).expect("engine");
        assert!(engine_accepts(&engine));
    }

    #[test]
    fn it_is_loaded_as_often_as_wanted() {
        let engine = Engine::new(&config()).expect("engine");
        let loaded: Vec<_> = (0..3).map(|_| load(&engine)).collect();
        assert!(loaded.iter().all(Result::is_ok));
    }

    #[test]
    fn another_engine_refuses_it_and_compiles() {
        let mut config = config();
        config.epoch_interruption(false);
        let engine = Engine::new(&config).expect("engine");
        assert!(!engine_accepts(&engine));
        assert!(load(&engine).is_ok());
    }

    #[test]
    fn damaged_code_is_not_trusted() {
        let engine = Engine::new(&config()).expect("engine");
        for damaged in [&b""[..], b"\0asm", &PRECOMPILED.0[..100]] {
            assert!(load_or_compile(&engine, damaged, COMPONENT).is_ok());
        }
        assert!(load_or_compile(&engine, b"", b"").is_err());
    }
}
