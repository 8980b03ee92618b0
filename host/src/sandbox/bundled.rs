//! The policy that the binary carries.

use wasmtime::Engine;
use wasmtime::component::Component;

/// The bundled policy as a component: portable, the one that `policy export` writes.
pub static COMPONENT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/policy.wasm"));

/// The same, compiled ahead of time by the build script for a baseline CPU of the target.
static PRECOMPILED: &Aligned<[u8]> =
    &Aligned(*include_bytes!(concat!(env!("OUT_DIR"), "/policy.cwasm")));

/// Compiled code is an ELF image, which is read in place.
#[repr(align(16))]
struct Aligned<T: ?Sized>(T);

/// Loads the bundled policy.
pub fn load(engine: &Engine) -> wasmtime::Result<Component> {
    load_or_compile(engine, &PRECOMPILED.0, COMPONENT)
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
    precompiled: &[u8],
    component: &[u8],
) -> wasmtime::Result<Component> {
    deserialize(engine, precompiled).or_else(|_| Component::from_binary(engine, component))
}

#[expect(
    unsafe_code,
    reason = "deserializing trusts its input to be code that the engine compiled"
)]
fn deserialize(engine: &Engine, precompiled: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the bytes are a static of this binary, written by its build script from the engine's own
    // compiler. Version, target and settings are compared with the engine's before anything is used.
    unsafe { Component::deserialize(engine, precompiled) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::profile;

    #[test]
    fn what_was_compiled_ahead_of_time_fits() {
        let engine = Engine::new(&profile::config()).expect("engine");
        assert!(engine_accepts(&engine));
    }

    #[test]
    fn another_engine_refuses_it_and_compiles() {
        let mut config = profile::config();
        config.epoch_interruption(false);
        let engine = Engine::new(&config).expect("engine");
        assert!(!engine_accepts(&engine));
        assert!(load(&engine).is_ok());
    }

    #[test]
    fn damaged_code_is_not_trusted() {
        let engine = Engine::new(&profile::config()).expect("engine");
        for damaged in [&b""[..], b"\0asm", &PRECOMPILED.0[..100]] {
            assert!(load_or_compile(&engine, damaged, COMPONENT).is_ok());
        }
        assert!(load_or_compile(&engine, b"", b"").is_err());
    }
}
