//! The contract's closed sets as the words that users read and write.

use crate::sandbox::contract::environments::JobStatus;
use crate::sandbox::contract::promotion::{
    Conclusion, Intervention, NodeState, Outcome, Permission, Progress, Urgency,
};
use crate::sandbox::contract::types::{LoadTestAction, Severity, Verdict};

/// A closed set of the contract whose members have a name.
pub trait Word: Copy + Sized + 'static {
    /// All members, with their names.
    const ALL: &'static [(Self, &'static str)];

    /// The name.
    fn word(self) -> &'static str;

    /// The member of a name.
    fn read(text: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, word)| *word == text)
            .map(|(member, _)| *member)
    }
}

/// Writes the names once; a member that is left out does not compile.
macro_rules! words {
    ($($set:ident { $($member:ident = $word:literal),* $(,)? })*) => {
        $(impl Word for $set {
            const ALL: &'static [(Self, &'static str)] = &[$(($set::$member, $word)),*];

            fn word(self) -> &'static str {
                match self { $($set::$member => $word),* }
            }
        })*
    };
}

words! {
    LoadTestAction { Abort = "abort", Skip = "skip", Warn = "warn" }
    Verdict {
        Passed = "passed",
        Failed = "failed",
        Errored = "errored",
        Inconclusive = "inconclusive",
    }
    Severity { Note = "note", Warning = "warning", Error = "error" }
    JobStatus {
        Passed = "passed",
        Failed = "failed",
        Canceled = "canceled",
        Skipped = "skipped",
        Running = "running",
    }
    Outcome {
        Succeeded = "succeeded",
        Failed = "failed",
        TimedOut = "timed-out",
        Canceled = "canceled",
        Unknown = "unknown",
    }
    Permission {
        Promote = "promote",
        PromoteWithWarning = "promote-with-warning",
        Hold = "hold",
        Stop = "stop",
    }
    Conclusion {
        Promoted = "promoted",
        PromotedWithWarning = "promoted-with-warning",
        Stopped = "stopped",
        Superseded = "superseded",
        Canceled = "canceled",
    }
    Progress {
        Pending = "pending",
        Unknown = "unknown",
        Deployed = "deployed",
        Converged = "converged",
        Failed = "failed",
    }
    Urgency { Info = "info", Warning = "warning", Failure = "failure" }
    Intervention { Approved = "approved", Held = "held", Canceled = "canceled" }
    NodeState {
        Current = "current",
        Old = "old",
        Foreign = "foreign",
        Unreachable = "unreachable",
    }
}
