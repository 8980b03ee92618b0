//! As in greenlight, without the stores.

#[path = "../../../../host/src/journal/encryption.rs"]
mod encryption;
#[path = "../../../../host/src/journal/fuzz.rs"]
pub mod fuzz;
#[path = "../../../../host/src/journal/holder.rs"]
mod holder;
#[path = "../../../../host/src/journal/location.rs"]
mod location;

pub use holder::Holder;
pub use location::{Address, Location};
