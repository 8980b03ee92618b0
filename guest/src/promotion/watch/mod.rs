//! The watch of an environment after a deployment: what was read, and the verdict.
//!
//! The verdict follows from the rounds alone. A watch ends with the first round that is late enough, so a host that did
//! not run for a while reads the metrics once more before anything is decided.

mod decimal;
mod reading;
mod reasons;
mod roll_back;
mod rounds;

pub(super) use roll_back::RollBack;
pub(super) use rounds::{Watch, serves_only};
