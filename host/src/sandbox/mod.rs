//! Facts in, decision out: the policy component, and the limits it runs under.
//!
//! [`Policy`] is a component that is ready to run; [`Sandbox`] is one fresh instance of it. Everything
//! that can go wrong is a [`Failure`], and none of them is ever a permission.

mod bundled;
mod checks;
pub mod compile;
pub mod limits;
mod policy;
pub mod profile;

pub use crate::contract::Answer;
pub use crate::contract::fields::digest_of;
pub use bundled::{COMPONENT as BUNDLED_COMPONENT, engine_accepts};
pub use compile::Compiler;
pub use limits::{Failure, Limit};
pub use policy::{Inspection, Policy, Sandbox, Use, inspect, read};
