//! The release policy. It does no I/O, reads no clock and no environment, and remembers nothing: each
//! function is a pure function of its arguments.
//!
//! - [`action`] has the words of the load test actions.
//! - [`label`] reads the labels of a commit message.
//! - [`tag`] reads and writes image tags.
//! - [`publish`] decides which tags a build is published under.
//! - [`validate`] checks names and settings.
//! - [`promotion`] decides whether a release continues, and what happens next.
//! - [`policy`] connects them to the contract, and is where a policy of another crate starts.
//!
//! The same code runs natively, in its unit tests, and as a WebAssembly component, in the host's
//! sandbox. The contract is in `wit/`; its types are those of [`bindings`].
//!
//! A crate that builds a policy on top of this one depends on it without its default features: the feature `component`
//! exports the bundled policy itself.

pub mod action;
#[cfg(all(target_family = "wasm", feature = "component"))]
mod allocator;
pub mod bindings;
#[cfg(feature = "component")]
mod component;
#[cfg(test)]
mod fixtures;
pub mod label;
pub mod policy;
pub mod promotion;
pub mod publish;
pub mod reason;
pub mod tag;
pub mod validate;
