//! What a deployment locks, and how it is stored.

use std::fmt;

/// A lock. One deployment holds it at a time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Lock {
    /// The right to drive deployments of a tag.
    Tag(String),
    /// The right to change an environment.
    Environment(String),
}

/// What the stored name of a tag's lock begins with. The name of an environment has no space.
const TAG: &str = "tag ";

impl Lock {
    /// The lock of a tag.
    pub fn tag(tag: impl Into<String>) -> Self {
        Self::Tag(tag.into())
    }

    /// The lock of an environment.
    pub fn environment(name: impl Into<String>) -> Self {
        Self::Environment(name.into())
    }

    /// The name under which the journal stores it.
    pub(super) fn stored(&self) -> String {
        match self {
            Self::Tag(tag) => format!("{TAG}{tag}"),
            Self::Environment(name) => name.clone(),
        }
    }

    /// The lock that the journal stores under a name.
    pub(super) fn from_stored(name: &str) -> Self {
        match name.strip_prefix(TAG) {
            Some(tag) => Self::tag(tag),
            None => Self::environment(name),
        }
    }
}

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => write!(f, "tag `{tag}`"),
            Self::Environment(name) => write!(f, "environment `{name}`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_lock_is_read_back() {
        for (lock, stored) in [
            (Lock::tag("stage-1"), "tag stage-1"),
            (Lock::tag("tag"), "tag tag"),
            (Lock::environment("tag"), "tag"),
            (Lock::environment("prod"), "prod"),
        ] {
            assert_eq!(lock.stored(), stored);
            assert_eq!(Lock::from_stored(stored), lock);
        }
    }
}
