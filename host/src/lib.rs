//! greenlight: the native host of release policies.
//!
//! It reads facts, hands them to a policy component in a sandbox, and renders what the policy decides.
//! It decides nothing itself.
//!
//! - [`facts`] reads what is known: commit messages from git, evidence of what was deployed.
//! - [`sandbox`] runs the policy under its limits.
//! - [`report`] turns answers into text and JSON.
//! - [`cli`] is the command line.

mod child;
pub mod cli;
pub mod facts;
pub mod report;
pub mod sandbox;
pub mod settings;
