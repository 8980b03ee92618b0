use super::Hint;

/// A request of a registry, as it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// When it came in, in milliseconds since 1970 by the receiver's clock.
    pub at: u64,
    /// What it came from: the kind of registry, or the receiver's own look at one.
    pub source: String,
    /// Its body, byte for byte.
    pub body: Vec<u8>,
    /// What it says. It may say nothing that is of use.
    pub hints: Vec<Hint>,
}
