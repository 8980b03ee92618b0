//! What can go wrong with a policy.

use std::fmt;

use wasmtime::{PoolConcurrencyLimitError, Trap};

use crate::error::{Error, Kind};

/// A limit of the sandbox that a policy ran into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Instructions, counted deterministically.
    Fuel,
    /// Linear memory and tables.
    Memory,
    /// The stack of the component's own calls.
    Stack,
    /// What one call may return.
    Returned,
    /// The component file.
    FileSize,
    /// Time or address space for compiling a foreign component.
    Compilation,
}

/// Why there is no decision. Never a permission: a host that has one of these stops.
#[derive(Debug)]
pub enum Failure {
    /// The component file can't be read.
    Unreadable(String),
    /// This machine, or this build, can't run a policy.
    Host(String),
    /// The component can't be a policy: it is no component, imports something or lacks an export.
    Unfit(String),
    /// The policy hit an instruction that ends it, a panic for example.
    Trapped(String),
    /// The policy ran longer than the clock allows.
    TimedOut,
    /// The policy ran into a limit.
    Limit(Limit, String),
    /// The policy answered something that the contract rules out.
    Contract(String),
}

impl Failure {
    /// Sorts an error of the engine during a call.
    pub(super) fn from_call(error: wasmtime::Error) -> Self {
        let error = match error.downcast::<Self>() {
            Ok(failure) => return failure,
            Err(error) => error,
        };
        match error.downcast_ref::<Trap>() {
            Some(Trap::OutOfFuel) => Self::Limit(
                Limit::Fuel,
                format!("it used all {} units of fuel", super::profile::FUEL),
            ),
            Some(Trap::Interrupt) => Self::TimedOut,
            Some(Trap::StackOverflow) => Self::Limit(
                Limit::Stack,
                format!(
                    "it used all {} KiB of stack",
                    super::profile::WASM_STACK >> 10
                ),
            ),
            // A value outside its type: the component is well-formed, but does not keep its word.
            Some(
                trap @ (Trap::InvalidChar
                | Trap::StringOutOfBounds
                | Trap::ListOutOfBounds
                | Trap::CannotLeaveComponent),
            ) => Self::Contract(trap.to_string()),
            Some(trap) => Self::Trapped(trap.to_string()),
            // The engine keeps the types of these two to itself; hostile guests in the tests hold the
            // texts.
            None if format!("{error:#}").contains("fuel allocated for hostcalls") => Self::Limit(
                Limit::Returned,
                format!(
                    "it returned more than {} KiB",
                    super::profile::HOSTCALL_FUEL >> 10
                ),
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
            Self::Unfit(why) => write!(f, "the component is not a policy: {why}"),
            Self::Trapped(why) => write!(f, "the policy trapped: {why}"),
            Self::TimedOut => write!(
                f,
                "the policy timed out: it ran longer than {} s",
                super::profile::DEADLINE.as_secs()
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
            // A file that is not there is the caller's mistake; everything else is the policy's.
            Failure::Unreadable(_) => (
                Kind::Input,
                "name a component file that can be read with `--policy`",
            ),
            Failure::Host(_) => (
                Kind::Policy,
                "this machine or this build is at fault, not the policy; try another machine",
            ),
            Failure::Unfit(_) => (
                Kind::Policy,
                "see what fits with `greenlight policy check FILE`",
            ),
            Failure::Trapped(_) | Failure::TimedOut | Failure::Limit(..) | Failure::Contract(_) => {
                (
                    Kind::Policy,
                    "no decision was made, so the release stops; report this, with the question, to the \
                 authors of the policy",
                )
            }
        };
        Self::of(kind, failure.to_string(), help).because(failure)
    }
}
