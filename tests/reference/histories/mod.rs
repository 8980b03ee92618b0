//! Releases, settings and histories to compare.

pub mod enumerated;
pub mod events;
pub mod json;
pub mod random;
pub mod releases;
pub mod several_servers;
