//! As in greenlight, with the types of the policy that is built in: a history that the host reads goes to it as it is.

#[path = "../../../../host/src/contract/actions.rs"]
pub mod actions;
#[path = "../../../../host/src/contract/documents.rs"]
pub mod documents;
#[path = "../../../../host/src/contract/fields.rs"]
pub mod fields;
#[path = "../../../../host/src/contract/history.rs"]
pub mod history;
#[path = "../../../../host/src/contract/names.rs"]
pub mod names;
#[path = "../../../../host/src/contract/settings.rs"]
pub mod settings;
#[path = "../../../../host/src/contract/validate.rs"]
pub mod validate;

pub type Answer<T> = Result<T, Vec<types::Reason>>;

pub use greenlight_policy::bindings::{environments, labels, promotion, types};
