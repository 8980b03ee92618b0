//! What each command prints, and how it ends.

mod decide;
mod environment;
mod explain;
mod exports;
mod facts;
mod first_record;
pub mod hours;
mod idempotency;
mod in_ci;
mod journal;
mod label;
mod people;
mod policy;
mod program;
mod resolve;
pub mod run;
mod secrets;
mod status;
mod streams;
mod tags;
mod untrusted;
pub mod windows;
