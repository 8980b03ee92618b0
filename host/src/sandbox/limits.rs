//! The limits that hold while a policy runs or is compiled, and how a policy fails. The limits that are part of its
//! code are in [`super::profile`].
//!
//! The deadline is counted by a thread, in processor time of this program: on a busy machine a decision takes longer by
//! the wall clock, and that does not count against the policy.

use std::time::Duration;
use std::{fmt, thread};

use rustix::time::{ClockId, clock_gettime};
use wasmtime::{Engine, PoolConcurrencyLimitError, ResourceLimiter, Trap};

use super::profile::{self, DEADLINE, MEMORY_LIMIT, TICK};
use crate::error::{Error, Kind};

/// Elements of all tables together.
pub const TABLE_ELEMENTS: usize = 100_000;

/// Core instances of one component. A component in an interpreted language has a dozen.
pub const INSTANCES: u32 = 32;

/// Memories of one component.
pub const MEMORIES: u32 = 8;

/// Tables of one component.
pub const TABLES: u32 = 32;

/// Wall-clock time for compiling a foreign component.
pub const COMPILE_TIME: Duration = Duration::from_mins(2);

/// Address space for compiling a foreign component, in bytes.
pub const COMPILE_MEMORY: u64 = 2 << 30;

/// Counts the memory and the table elements of one instance, over all its memories and tables.
#[derive(Debug, Default)]
pub struct Limiter {
    memory: usize,
    elements: usize,
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if beyond_its_own(desired, maximum, MEMORY_LIMIT) {
            return Ok(false);
        }
        let total = self.memory.saturating_add(desired.saturating_sub(current));
        if total > MEMORY_LIMIT {
            // An error, not `false`: a policy without memory would trap, and the trap would not name the limit.
            return Err(Failure::Limit(
                Limit::Memory,
                format!(
                    "it asked for more than {} MiB of memory",
                    MEMORY_LIMIT >> 20
                ),
            )
            .into());
        }
        self.memory = total;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if beyond_its_own(desired, maximum, TABLE_ELEMENTS) {
            return Ok(false);
        }
        let total = self
            .elements
            .saturating_add(desired.saturating_sub(current));
        if total > TABLE_ELEMENTS {
            return Err(Failure::Limit(
                Limit::Memory,
                format!("it asked for more than {TABLE_ELEMENTS} table elements"),
            )
            .into());
        }
        self.elements = total;
        Ok(true)
    }

    fn instances(&self) -> usize {
        INSTANCES as usize
    }

    fn tables(&self) -> usize {
        TABLES as usize
    }

    fn memories(&self) -> usize {
        MEMORIES as usize
    }
}

/// Whether a growth exceeds the maximum that the policy declared. The engine refuses such a growth, so it must not
/// count.
fn beyond_its_own(desired: usize, maximum: Option<usize>, limit: usize) -> bool {
    maximum.is_some_and(|maximum| maximum < limit && desired > maximum)
}

/// A limit of the sandbox that a policy ran into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Instructions, counted deterministically.
    Fuel,
    /// Linear memory and tables.
    Memory,
    /// The stack of the component's own calls.
    Stack,
    /// The size of the values that one call returns.
    Returned,
    /// Size of the component file.
    FileSize,
    /// Time or address space for compiling a foreign component.
    Compilation,
}

/// The version of the contract that this program has. A test compares it with `wit/`.
pub const CONTRACT: &str = "0.2.0";

/// Why the policy gave no decision. The host stops then, because a failure never permits anything.
#[derive(Debug)]
pub enum Failure {
    /// The component file can't be read.
    Unreadable(String),
    /// This machine, or this build, can't run a policy.
    Host(String),
    /// The policy has another version of the contract. The text is that version.
    Version(String),
    /// The file is not a policy: it is not a component, imports something or lacks an export.
    Unfit(String),
    /// The policy trapped, for example in a panic.
    Trapped(String),
    /// The policy ran longer than the clock allows.
    TimedOut,
    /// The policy ran into a limit.
    Limit(Limit, String),
    /// The policy gave an answer that violates the contract.
    Contract(String),
}

impl Failure {
    /// Classifies an error of the engine during a call.
    pub(super) fn from_call(error: wasmtime::Error) -> Self {
        let error = match error.downcast::<Self>() {
            Ok(failure) => return failure,
            Err(error) => error,
        };
        match error.downcast_ref::<Trap>() {
            Some(Trap::OutOfFuel) => Self::Limit(
                Limit::Fuel,
                format!("it used all {} units of fuel", profile::FUEL),
            ),
            Some(Trap::Interrupt) => Self::TimedOut,
            Some(Trap::StackOverflow) => Self::Limit(
                Limit::Stack,
                format!("it used all {} KiB of stack", profile::WASM_STACK >> 10),
            ),
            // A value outside its type: the component is valid, but violates the contract.
            Some(
                trap @ (Trap::InvalidChar
                | Trap::StringOutOfBounds
                | Trap::ListOutOfBounds
                | Trap::CannotLeaveComponent),
            ) => Self::Contract(trap.to_string()),
            Some(trap) => Self::Trapped(trap.to_string()),
            // The types of these two errors are private to the engine; tests with hostile guests check the texts.
            None if format!("{error:#}").contains("fuel allocated for hostcalls") => Self::Limit(
                Limit::Returned,
                format!("it returned more than {} KiB", profile::HOSTCALL_FUEL >> 10),
            ),
            None if format!("{error:#}").contains("resource limit exceeded") => Self::Limit(
                Limit::Memory,
                "it has too many instances, memories or tables".to_owned(),
            ),
            None if error.is::<PoolConcurrencyLimitError>() => Self::Limit(
                Limit::Memory,
                "too many sandboxes exist at the same time".to_owned(),
            ),
            None => Self::Contract(format!("{error:#}")),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(why) => write!(f, "the policy could not be read: {why}"),
            Self::Host(why) => write!(f, "this machine can't run a policy: {why}"),
            Self::Version(theirs) => write!(
                f,
                "the policy has version {theirs} of the contract, and this program has version {CONTRACT}"
            ),
            Self::Unfit(why) => write!(f, "the component is not a policy: {why}"),
            Self::Trapped(why) => write!(f, "the policy trapped: {why}"),
            Self::TimedOut => write!(
                f,
                "the policy timed out: it ran longer than {} s",
                DEADLINE.as_secs()
            ),
            Self::Limit(_, which) => write!(f, "the policy ran into a limit: {which}"),
            Self::Contract(how) => write!(f, "the policy broke the contract: {how}"),
        }
    }
}

impl std::error::Error for Failure {}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let (kind, help) = match failure {
            // A missing file is the caller's mistake; every other failure is the policy's.
            Failure::Unreadable(_) => (Kind::Input, "name a component file that can be read"),
            Failure::Version(_) => (
                Kind::Input,
                "build the policy with the `wit/` of this program, or use the program that the policy was built for",
            ),
            Failure::Host(_) => (
                Kind::Policy,
                "this machine or this build is at fault, not the policy; try another machine",
            ),
            Failure::Unfit(_) => (
                Kind::Policy,
                "check the component with `greenlight policy check FILE`",
            ),
            Failure::TimedOut | Failure::Limit(..) => (
                Kind::Policy,
                "no decision was made, so the release stops; if its history is very long, end its deployment with \
                 `greenlight cancel NUMBER --by NAME` and start it again; otherwise report this, with the question, \
                 to the authors of the policy",
            ),
            Failure::Trapped(_) | Failure::Contract(_) => (
                Kind::Policy,
                "no decision was made, so the release stops; report this, with the question, to the \
                 authors of the policy",
            ),
        };
        Self::of(kind, failure.to_string(), help).because(failure)
    }
}

/// How many times its deadline a call may last by the wall clock.
const LATEST: u32 = 12;

/// The deadline of a call, in epochs.
pub(super) fn deadline() -> u64 {
    // One more, because the current epoch may be nearly over when the call begins.
    let ticks = DEADLINE.as_millis() / TICK.as_millis() + 1;
    u64::try_from(ticks).unwrap_or(u64::MAX)
}

/// Starts a thread that counts the epochs of an engine, until the engine is dropped.
///
/// # Errors
///
/// If the system refuses the thread: no policy runs without a deadline.
pub(super) fn start_clock(engine: &Engine) -> std::io::Result<()> {
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
                // Other threads of this program add processor time, so a tick counts at most once. A part of it
                // always counts.
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

/// The processor time of this program, over all processors.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_the_contract_is_that_of_its_package() {
        let world = include_str!("../../../wit/world.wit");
        let package = format!("package greenlight:policy@{CONTRACT};\n");
        assert!(world.starts_with(&package), "{world}");
    }
}
