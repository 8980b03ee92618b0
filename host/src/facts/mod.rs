//! Facts: what the host reads and the policy is given. Reading is all that happens here; what a fact
//! means is the policy's to say.

pub mod checkout;
pub mod ci;
pub mod evidence;
pub mod git;
pub mod history;
pub mod load_test;
pub mod message;
pub mod webhook;

pub use crate::error::Error;
