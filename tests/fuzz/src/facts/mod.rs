//! As in greenlight: the parsers name each other from here.

#[path = "../../../../host/src/facts/webhook/mod.rs"]
pub mod webhook;
