//! Executes the bundled policy's code in place: at its address in this program's file, without a copy.

use std::ffi::c_void;
use std::sync::Arc;

use rustix::mm::{MprotectFlags, mprotect};
use wasmtime::{Config, CustomCodeMemory};

use super::bundled;

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
    reason = "what memory may be used for is the system's business"
)]
fn protect(from: *const u8, length: usize, flags: MprotectFlags) -> wasmtime::Result<()> {
    // The system has mapped the program's own code as executable already.
    if bundled::holds(from) {
        return Ok(());
    }
    // SAFETY: the engine owns this memory, which is whole pages, and nothing runs in it or refers to it
    // as anything else while its protection changes.
    Ok(unsafe { mprotect(from.cast_mut().cast::<c_void>(), length, flags) }?)
}
