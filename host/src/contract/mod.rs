//! The contract between host and policy, as the host's own code uses it.
//!
//! - [`promotion`], [`labels`], [`environments`] and [`types`] are the types that `wit/` generates.
//! - [`names`] gives the cases of its enumerations their names in text and JSON.
//! - [`validate`] says which text is a commit, a tag, a digest or the name of an environment.
//! - [`settings`] has the defaults of a team's settings.
//! - [`actions`] describes an action of the policy in words.
//! - [`load_tests`] combines the verdicts on several load tests.
//! - [`history`], [`documents`] and [`reason_documents`] are the JSON documents that greenlight reads and writes, [`fields`] the
//!   texts in them that have a fixed form.

pub mod actions;
pub mod documents;
pub mod fields;
pub mod history;
pub mod load_tests;
pub mod names;
pub mod reason_documents;
pub mod settings;
pub mod validate;

/// What a policy answers: the answer, or its reasons to refuse one.
pub type Answer<T> = Result<T, Vec<types::Reason>>;

pub use bindings::exports::greenlight::policy::{environments, labels, promotion, types};
pub(crate) use bindings::{Policy as Instance, PolicyIndices};

/// What `wit/` generates. No other file touches it.
mod bindings {
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
}
