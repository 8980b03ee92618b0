//! As in greenlight: the parsers name the rules of names from here.

#[path = "../../../../host/src/contract/validate.rs"]
pub mod validate;
