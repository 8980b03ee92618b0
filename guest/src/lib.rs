//! The release policy. It does no I/O, reads no clock and no environment, and remembers nothing: each
//! function is a pure function of its arguments.
//!
//! - [`action`] has the words of the load test actions.
//! - [`label`] reads the labels of a commit message.
//! - [`tag`] reads and writes image tags.
//! - [`publish`] decides which tags a build is published under.
//! - [`validate`] checks names and settings.
//! - [`promotion`] decides whether a release continues, and what happens next.
//!
//! The same code runs natively, in its unit tests, and as a WebAssembly component, in the host's
//! sandbox. The contract is in `wit/`; its types are those of [`bindings`].

pub mod action;
#[cfg(target_family = "wasm")]
mod allocator;
pub mod bindings;
mod component;
#[cfg(test)]
mod fixtures;
pub mod label;
pub mod promotion;
pub mod publish;
pub mod reason;
pub mod tag;
pub mod validate;
