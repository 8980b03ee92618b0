//! Exit statuses: a public interface. A status keeps its meaning; removing one is a breaking change.

use std::process::ExitCode;

use crate::contract::promotion::Permission;
use crate::error::Kind;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Go on, also with a warning; for commands that decide nothing: done.
    Go = 0,
    /// Stop: the policy says no.
    Stop = 1,
    /// The command line, the configuration or an input is invalid.
    Usage = 2,
    /// Go on with a warning, only with `--warn-exit-code 3`.
    GoWithWarning = 3,
    /// Hold: the release must wait for something.
    Hold = 4,
    /// The policy trapped, timed out, ran into a limit or broke the contract.
    Policy = 70,
    /// A report or a journal could not be written.
    Output = 74,
    /// A deployment was interrupted, or its lease was lost. It can be resumed.
    Interrupted = 75,
}

impl Exit {
    /// All of them, with what they mean in a few words.
    pub const ALL: [(Self, &'static str); 8] = [
        (Self::Go, "go, also with a warning"),
        (
            Self::Stop,
            "stop: the policy says no, or the deployment was superseded or canceled; a check does not hold",
        ),
        (Self::Usage, "invalid command line, configuration or input"),
        (
            Self::GoWithWarning,
            "go with a warning, only with --warn-exit-code 3",
        ),
        (Self::Hold, "hold: something has to happen first"),
        (
            Self::Policy,
            "the policy trapped, timed out, ran into a limit or broke the contract",
        ),
        (
            Self::Output,
            "output, a report or a journal could not be written, or a journal could not be read",
        ),
        (
            Self::Interrupted,
            "interrupted, or a lease was lost: continue with `run --resume`",
        ),
    ];

    /// The status of a permission.
    pub fn of(permission: Permission, warn: WarnExitCode) -> Self {
        match (permission, warn) {
            (Permission::Promote, _) | (Permission::PromoteWithWarning, WarnExitCode::Zero) => {
                Self::Go
            }
            (Permission::PromoteWithWarning, WarnExitCode::Three) => Self::GoWithWarning,
            (Permission::Hold, _) => Self::Hold,
            (Permission::Stop, _) => Self::Stop,
        }
    }
}

/// The status of a promotion with a warning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum WarnExitCode {
    /// Like every promotion.
    #[default]
    #[value(name = "0")]
    Zero,
    /// Its own, for runners that can show it as unstable.
    #[value(name = "3")]
    Three,
}

impl From<Kind> for Exit {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Input => Self::Usage,
            Kind::Policy => Self::Policy,
            Kind::Output | Kind::Journal => Self::Output,
            Kind::Interrupted => Self::Interrupted,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_set() {
        let statuses = Exit::ALL.map(|(exit, _)| exit as u8);
        assert_eq!(statuses, [0, 1, 2, 3, 4, 70, 74, 75]);
    }

    #[test]
    fn only_a_permission_is_zero() {
        for (permission, zero, three) in [
            (Permission::Promote, Exit::Go, Exit::Go),
            (
                Permission::PromoteWithWarning,
                Exit::Go,
                Exit::GoWithWarning,
            ),
            (Permission::Hold, Exit::Hold, Exit::Hold),
            (Permission::Stop, Exit::Stop, Exit::Stop),
        ] {
            assert_eq!(Exit::of(permission, WarnExitCode::Zero), zero);
            assert_eq!(Exit::of(permission, WarnExitCode::Three), three);
        }
    }
}
