//! Runs the policy component under limits: facts go in, a decision comes out.
//!
//! [`Policy`] is a component that is ready to run; [`Sandbox`] is one fresh instance of it. Every error is a
//! [`Failure`], which never permits anything.

mod bundled;
mod checks;
pub mod compile;
mod contradictions;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
pub mod limits;
mod policy;
pub mod profile;
mod structure;

pub use bundled::{COMPONENT as BUNDLED_COMPONENT, engine_accepts};
pub use compile::Compiler;
pub use limits::{Failure, Limit};
pub use policy::{Inspection, Policy, Sandbox, Use, inspect, read};
