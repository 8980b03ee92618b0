//! Facts: what the host reads and passes to the policy. The policy decides what each fact means.

pub mod ancestry;
pub mod bots;
pub mod checkout;
pub mod ci;
pub mod evidence;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
pub mod git;
mod git_commit;
mod git_objects;
mod git_process;
pub mod history_file;
pub mod load_test;
pub mod merges;
pub mod message;
pub mod release;
pub mod reverts;
pub mod webhook;
