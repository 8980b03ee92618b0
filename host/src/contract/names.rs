//! The names that users read and write for the members of the contract's enumerations.

use crate::contract::environments::JobStatus;
use crate::contract::promotion::{
    Conclusion, InterventionKind, NodeState, Outcome, Outside, Permission, Progress,
    QueryFailureKind, StopCause, Urgency, WindowKind,
};
use crate::contract::types::{LoadTestAction, Severity, Verdict};

/// A closed set of the contract whose members have a name.
pub trait Named: Copy + Sized + 'static {
    /// The name of the set itself.
    const SET: &'static str;

    /// All members, with their names.
    const ALL: &'static [(Self, &'static str)];

    /// The name.
    fn name(self) -> &'static str;

    /// The member of a name.
    fn from_name(text: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, name)| *name == text)
            .map(|(member, _)| *member)
    }
}

/// Implements [`Named`] from one list of names. A missing member does not compile.
macro_rules! names {
    ($($set:ident { $($member:ident = $name:literal),* $(,)? })*) => {
        $(impl $crate::contract::names::Named for $set {
            const SET: &'static str = stringify!($set);

            const ALL: &'static [(Self, &'static str)] = &[$(($set::$member, $name)),*];

            fn name(self) -> &'static str {
                match self { $($set::$member => $name),* }
            }
        })*
    };
}

pub(crate) use names;

names! {
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
        RolledBack = "rolled-back",
    }
    Progress {
        Pending = "pending",
        Unknown = "unknown",
        Deployed = "deployed",
        Converged = "converged",
        Failed = "failed",
        RolledBack = "rolled-back",
    }
    Urgency { Info = "info", Warning = "warning", Failure = "failure" }
    StopCause { LoadTest = "load-test", Untested = "untested" }
    InterventionKind {
        Approved = "approved",
        Rejected = "rejected",
        Held = "held",
        Canceled = "canceled",
    }
    QueryFailureKind {
        Unreachable = "unreachable",
        Overloaded = "overloaded",
        Refused = "refused",
        Rejected = "rejected",
        Malformed = "malformed",
    }
    WindowKind { Allow = "allow", Freeze = "freeze" }
    Outside { Note = "note", Warn = "warn", Hold = "hold" }
    NodeState {
        Current = "current",
        Old = "old",
        Foreign = "foreign",
        Unreachable = "unreachable",
    }
}
