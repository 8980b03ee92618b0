//! greenlight: the native host of release policies.
//!
//! It reads facts, hands them to a policy component in a sandbox, and renders what the policy decides.
//! It decides nothing itself.
//!
//! - [`facts`] reads what is known: commit messages from git, evidence of what was deployed.
//! - [`config`] reads what a team sets.
//! - [`deployment`] drives a release through its environments: decide, do, record, decide again.
//! - [`effects`] is what a deployment does to the world, and the only place that does.
//! - [`journal`] keeps what happened, and who may change which environment.
//! - [`sandbox`] runs the policy under its limits.
//! - [`report`] turns answers into text and JSON.
//! - [`serve`] takes registry webhooks in and starts deployments.
//! - [`cli`] is the command line.

mod child;
pub mod cli;
pub mod clock;
pub mod config;
pub mod contract;
pub mod deployment;
pub mod effects;
pub mod error;
pub mod facts;
pub mod http;
pub mod journal;
mod local;
pub mod report;
mod retry;
pub mod sandbox;
pub mod secret;
pub mod serve;
pub mod text;
