//! The clock: a thread that counts the engine's epoch up.
//!
//! It counts time in which this program ran. On a machine that is busy with other things a decision is late,
//! and that is no fault of the policy's.

use std::thread;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use wasmtime::Engine;

use super::profile::{DEADLINE, TICK};

/// How many times as long as its deadline a call may last by the wall.
const LATEST: u32 = 12;

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
            let (mut ran, mut counted) = (processor_time(), Duration::ZERO);
            loop {
                thread::sleep(TICK);
                let Some(engine) = engine.upgrade() else {
                    break;
                };
                let now = processor_time();
                // Other threads run, too: no more than has passed on the wall. And something of that counts
                // in any case.
                counted += now.saturating_sub(ran).min(TICK).max(TICK / LATEST);
                ran = now;
                if counted >= TICK {
                    counted -= TICK;
                    engine.increment_epoch();
                }
            }
        })?;
    Ok(())
}

/// How long this program ran, on all processors together.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default()
}
