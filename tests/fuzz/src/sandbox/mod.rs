//! As in greenlight, without the engine.

#[path = "../../../../host/src/sandbox/fuzz.rs"]
pub mod fuzz;
#[path = "../../../../host/src/sandbox/structure.rs"]
mod structure;
