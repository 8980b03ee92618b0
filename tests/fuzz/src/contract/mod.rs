//! As in greenlight, but with the types of the policy's native code, so that the fuzzer can call it directly.

#[path = "../../../../host/src/contract/actions.rs"]
pub mod actions;
#[path = "../../../../host/src/contract/documents.rs"]
pub mod documents;
#[path = "../../../../host/src/contract/fields.rs"]
pub mod fields;
#[path = "../../../../host/src/contract/history/mod.rs"]
pub mod history;
#[path = "../../../../host/src/contract/load_tests.rs"]
pub mod load_tests;
#[path = "../../../../host/src/contract/names.rs"]
pub mod names;
#[path = "../../../../host/src/contract/reason_documents.rs"]
pub mod reason_documents;
#[path = "../../../../host/src/contract/settings.rs"]
pub mod settings;
#[path = "../../../../host/src/contract/validate.rs"]
pub mod validate;

pub type Answer<T> = Result<T, Vec<types::Reason>>;

pub use greenlight_policy::bindings::{environments, labels, promotion, types};
