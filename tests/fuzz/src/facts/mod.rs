//! As in greenlight: the parsers name each other from here.

#[path = "../../../../host/src/facts/image.rs"]
pub mod image;
#[path = "../../../../host/src/facts/webhook/mod.rs"]
pub mod webhook;
