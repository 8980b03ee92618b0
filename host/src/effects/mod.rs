//! What a deployment does to the world: it runs commands, asks nodes for their version, and tells
//! people.
//!
//! - [`shutdown`] is how all of it is stopped.
//! - [`process`] runs a command to its end, and its whole process group with it.
//! - [`probe`] asks nodes which version they run.
//! - [`registry`] asks a registry for digests and tags.
//! - [`slack`] sends messages to a channel.
//! - [`trigger`] starts a deployment in a CI system.

mod failure;
pub mod probe;
pub mod process;
pub mod registry;
pub mod shutdown;
pub mod slack;
#[cfg(test)]
pub(crate) mod stand_in;
pub mod trigger;
