//! Claims of push events and deployment requests, which differ in what may be claimed alone.

use std::time::Duration;

use crate::journal::Holder;

/// What is claimed.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Push events that are pending.
    PushEvents,
    /// Deployment requests that are not over.
    DeploymentRequests,
}

/// Who claims how much of what is free, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct FreeRequest<'a> {
    /// What is claimed.
    pub kind: Kind,
    /// The process that claims it.
    pub holder: &'a Holder,
    /// How long the claims last.
    pub time_to_live: Duration,
    /// How many are claimed at most.
    pub limit: usize,
}

/// Asks for holders whose claims have not expired, in the words that [`Kind::fill`] completes.
pub const HOLDERS: &str = "
    SELECT DISTINCT holder FROM {table}
    WHERE {open} AND again_at <= :now AND expires > :now AND holder IS NOT NULL";

impl Kind {
    /// Completes a statement: `{table}`, `{open}` (which may be claimed at all), `{harmless}` (which may be
    /// claimed at once after a holder that died) and `{order}` (which come first).
    pub fn fill(self, statement: &str) -> String {
        let (table, open, harmless, order) = match self {
            Self::PushEvents => (
                "hints",
                "state = 'pending'",
                "TRUE",
                "again_at, last_at, id",
            ),
            Self::DeploymentRequests => (
                "starts",
                "state IN ('wanted', 'waiting', 'starting', 'retrying')",
                "state <> 'starting'",
                "again_at, id",
            ),
        };
        statement
            .replace("{table}", table)
            .replace("{open}", open)
            .replace("{harmless}", harmless)
            .replace("{order}", order)
    }
}

/// Those holders whose claims end at once.
pub fn dead(mut holders: Vec<String>) -> Vec<String> {
    holders.retain(|holder| Holder::is_known_dead(holder));
    holders
}
