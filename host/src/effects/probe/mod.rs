//! Nodes, asked which version they run.

mod prober;
mod version;

pub use prober::{BODY_LIMIT, Prober};
pub use version::Version;

/// What a node answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It runs this version.
    Version(Version),
    /// It gave no usable answer. The reason, in one short line that is safe to print.
    Unreachable(String),
}
