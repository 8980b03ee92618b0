//! The only file that touches the generated bindings.

#![allow(
    missing_docs,
    clippy::pedantic,
    reason = "generated; every item is documented in wit/"
)]

wasmtime::component::bindgen!({
    path: "../wit",
    world: "policy",
    additional_derives: [PartialEq],
});
