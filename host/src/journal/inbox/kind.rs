//! What is claimed, in the words of both databases.

use super::stored::OPEN;

/// What is claimed.
#[derive(Clone, Copy)]
pub enum Kind {
    /// Hints that are pending.
    Hints,
    /// Starts that are not over.
    Starts,
}

impl Kind {
    /// The name of their table.
    pub fn table(self) -> &'static str {
        match self {
            Self::Hints => "hints",
            Self::Starts => "starts",
        }
    }

    /// Which of them may be claimed at all.
    pub fn open(self) -> String {
        match self {
            Self::Hints => "state = 'pending'".to_owned(),
            Self::Starts => format!("state IN {OPEN}"),
        }
    }

    /// Which of them may be claimed at once after a holder that died.
    pub fn harmless(self) -> &'static str {
        match self {
            Self::Hints => "TRUE",
            Self::Starts => "state <> 'starting'",
        }
    }

    /// Which of them come first.
    pub fn order(self) -> &'static str {
        match self {
            Self::Hints => "again_at, last_at, id",
            Self::Starts => "again_at, id",
        }
    }
}
