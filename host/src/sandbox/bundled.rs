//! The policy that is bundled in the binary.
//!
//! What the `unsafe` code for executing it in place buys: `label` without it, which copies the compiled code, takes
//! 1.23 times as long from start to end. This is the median of three series of 100 interleaved pairs of release
//! builds on a 2-core x86-64 machine.

use std::ffi::c_void;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::mm::{MprotectFlags, mprotect};
use wasmtime::component::Component;
use wasmtime::{Config, CustomCodeMemory, Engine};

/// The bundled policy as a portable component, which `policy export` writes.
pub static COMPONENT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/policy.wasm"));

/// The bundled policy, compiled ahead of time by the build script for a baseline CPU of the target.
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

/// Whether a component already executes the code in place. The engine allows one component for each address, so a
/// second one in the same process, as in tests, gets a copy.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Aligned to a page, as the code inside the image is.
#[repr(align(4096))]
struct Aligned<T>(T);

/// Loads the bundled policy into an engine with [`Memory`].
pub fn load(engine: &Engine) -> wasmtime::Result<Component> {
    load_or_compile(engine, &PRECOMPILED.0, COMPONENT)
}

/// Whether memory belongs to the code that was compiled ahead of time.
pub fn holds(memory: *const u8) -> bool {
    PRECOMPILED.0.as_ptr_range().contains(&memory)
}

/// Whether the engine of this build accepts the code that was compiled ahead of time. If it does not, each start
/// compiles the component.
pub fn engine_accepts(engine: &Engine) -> bool {
    deserialize(engine, &PRECOMPILED.0).is_ok()
}

/// Uses the precompiled code if it fits the engine, and otherwise compiles the component: the CPU may lack a feature of
/// the target's baseline, or the engine may have other settings.
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
        if POSSIBLE && !TAKEN.swap(true, Ordering::Relaxed) {
            Component::deserialize_raw(engine, NonNull::from(precompiled))
        } else {
            Component::deserialize(engine, precompiled)
        }
    }
}

/// Whether this build puts the bundled policy among its own code.
pub const POSSIBLE: bool = cfg!(all(target_os = "linux", target_arch = "x86_64"));

/// Lets an engine execute the bundled policy in place.
pub fn allow(config: &mut Config) {
    if POSSIBLE {
        config.with_custom_code_memory(Some(Arc::new(Memory)));
    }
}

/// Makes memory executable. No memory is writable and executable at the same time.
struct Memory;

impl CustomCodeMemory for Memory {
    fn required_alignment(&self) -> usize {
        rustix::param::page_size()
    }

    fn publish_executable(&self, from: *const u8, length: usize) -> wasmtime::Result<()> {
        protect(from, length, MprotectFlags::READ | MprotectFlags::EXEC)
    }

    fn unpublish_executable(&self, from: *const u8, length: usize) -> wasmtime::Result<()> {
        protect(from, length, MprotectFlags::READ | MprotectFlags::WRITE)
    }
}

#[expect(
    unsafe_code,
    reason = "changing the protection of memory is a call of the system"
)]
fn protect(from: *const u8, length: usize, flags: MprotectFlags) -> wasmtime::Result<()> {
    // The system has mapped the program's own code as executable already.
    if holds(from) {
        return Ok(());
    }
    // SAFETY: the engine owns this memory, which is whole pages, and nothing runs in it or refers to it
    // as anything else while its protection changes.
    Ok(unsafe { mprotect(from.cast_mut().cast::<c_void>(), length, flags) }?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::profile;
    use wasmtime::Config;

    fn config() -> Config {
        let mut config = profile::config();
        allow(&mut config);
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
