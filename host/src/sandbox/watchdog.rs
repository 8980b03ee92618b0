//! The wall clock: a thread that counts the engine's epoch up.

use std::thread;

use wasmtime::Engine;

use super::limits::{DEADLINE, TICK};

/// Epochs that a call may last.
pub fn deadline() -> u64 {
    // One more, because the first one may be nearly over when the call begins.
    let ticks = DEADLINE.as_millis() / TICK.as_millis() + 1;
    u64::try_from(ticks).unwrap_or(u64::MAX)
}

/// Starts to count for an engine, until it is dropped.
///
/// # Errors
///
/// If the system gives no thread: without its deadline no policy runs.
pub fn start(engine: &Engine) -> std::io::Result<()> {
    let engine = engine.weak();
    thread::Builder::new()
        .name("watchdog".to_owned())
        .stack_size(64 << 10)
        .spawn(move || {
            loop {
                thread::sleep(TICK);
                match engine.upgrade() {
                    Some(engine) => engine.increment_epoch(),
                    None => break,
                }
            }
        })?;
    Ok(())
}
