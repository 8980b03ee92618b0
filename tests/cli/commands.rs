//! What each command prints, and how it ends.

mod decide;
mod environment;
mod explain;
mod label;
mod policy;
mod program;
mod resolve;
pub mod run;
mod tags;
mod untrusted;
