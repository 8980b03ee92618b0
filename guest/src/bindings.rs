//! The types of the contract, generated from `wit/`. They are the policy's own types.
//!
//! This is the only file that the generator writes into. `policy.rs` connects the contract's functions
//! to the modules that answer them.

#![allow(
    missing_docs,
    unsafe_code,
    clippy::pedantic,
    reason = "generated: documented in wit/, and unsafe only where it is compiled to WebAssembly"
)]

wit_bindgen::generate!({
    path: "../wit",
    world: "policy",
    additional_derives: [PartialEq],
    pub_export_macro: true,
    default_bindings_module: "greenlight_policy::bindings",
});

pub use exports::greenlight::policy::{environments, labels, promotion, types};
