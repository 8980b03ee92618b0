//! Facts: what the host reads and passes to the policy. The policy decides what a fact means.

pub mod checkout;
pub mod ci;
pub mod evidence;
pub mod git;
pub mod history;
pub mod load_test;
pub mod message;
pub mod webhook;

pub use crate::error::Error;
