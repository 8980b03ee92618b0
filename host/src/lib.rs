//! greenlight: the native host of release policies.
//!
//! It reads facts, passes them to a policy component in a sandbox, and carries out and reports the policy's decisions.
//! It makes no decision itself.
//!
//! - [`facts`] reads the inputs of a decision: commit messages, CI variables, results of load tests, webhooks.
//! - [`config`] reads the settings of a team.
//! - [`deployment`] drives a release through its environments: decide, do, record, decide again.
//! - [`effects`] carries out the actions of a deployment: commands, probes, notifications.
//! - [`journal`] stores the events of deployments, and the locks of tags and environments.
//! - [`limits`] lists the limits of size and time for all input.
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
#[cfg(any(test, fuzzing))]
mod fuzz;
pub mod http;
pub mod journal;
pub mod limits;
mod local;
pub mod merge_hours;
pub mod report;
mod retry;
pub mod sandbox;
pub mod secret;
pub mod serve;
pub mod server_settings;
pub mod text;
pub mod tls;
pub mod window;
