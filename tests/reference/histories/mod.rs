//! Releases, settings and histories to compare.

pub mod enumerated;
pub mod events;
pub mod gate_groups;
pub mod gates;
pub mod json;
pub mod random;
pub mod random_gates;
pub mod releases;
pub mod several_servers;
