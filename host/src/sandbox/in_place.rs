//! Code that is executed where it stands in the program.

use std::ffi::c_void;
use std::sync::Arc;

use rustix::mm::{MprotectFlags, mprotect};
use wasmtime::{Config, CustomCodeMemory};

use super::bundled;

/// Whether this build puts the bundled policy among its own code.
pub const POSSIBLE: bool = cfg!(all(target_os = "linux", target_arch = "x86_64"));

/// Lets an engine execute the bundled policy where it stands.
pub fn allow(config: &mut Config) {
    if POSSIBLE {
        config.with_custom_code_memory(Some(Arc::new(Memory)));
    }
}

/// What the system lets be executed. Nothing is ever writable at the same time.
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
    reason = "what memory may be used for is the system's business"
)]
fn protect(from: *const u8, length: usize, flags: MprotectFlags) -> wasmtime::Result<()> {
    // The program's own code has been mapped by the system as it has to be.
    if bundled::holds(from) {
        return Ok(());
    }
    // SAFETY: the engine owns this memory, which is whole pages, and nothing runs in it or refers to it
    // as anything else while its protection changes.
    Ok(unsafe { mprotect(from.cast_mut().cast::<c_void>(), length, flags) }?)
}
