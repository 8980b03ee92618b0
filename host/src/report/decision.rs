//! A decision in words, for a terminal.

use std::fmt::Write as _;

use crate::contract::actions::sentence;
use crate::contract::names::Named as _;
use crate::contract::promotion::{Decision, NodeState, Progress};
use crate::contract::types::Reason;
use crate::text::escape::escape;

/// Writes a decision: the permission with the reason that decided, what to do next, how far the release is
/// in each environment, and the other reasons.
pub fn text(decision: &Decision) -> String {
    let mut text = decision.permission.name().to_owned();
    let (first, others) = match decision.reasons.split_first() {
        Some((first, others)) => (Some(first), others),
        None => (None, &[][..]),
    };
    if let Some(first) = first {
        let _ = write!(
            text,
            "[{}]: {}",
            escape(&first.code),
            escape(&first.message)
        );
        if let Some(help) = &first.help {
            let _ = write!(text, "\n  help: {}", escape(help));
        }
    }
    let _ = write!(text, "\n  next: {}\n", sentence(&decision.next));
    for standing in &decision.standings {
        let name = escape(&standing.environment);
        let _ = write!(text, "  {name}: {}", progress(standing.progress));
        if let Some(verdict) = standing.load_test {
            let _ = write!(text, ", load test {}", verdict.name());
        }
        let behind: Vec<_> = standing
            .nodes
            .iter()
            .filter(|node| node.state != NodeState::Current)
            .map(|node| format!("{} {}", escape(&node.name), node.state.name()))
            .collect();
        if !behind.is_empty() {
            let _ = write!(text, " ({})", behind.join(", "));
        }
        text.push('\n');
    }
    if !others.is_empty() {
        text.push_str("also:\n");
    }
    for reason in others {
        text.push_str(&self::reason(reason));
    }
    text
}

/// Writes a reason: its code, its sentence, and what to do about it.
pub fn reason(reason: &Reason) -> String {
    let mut text = format!("  {}: {}\n", escape(&reason.code), escape(&reason.message));
    if let Some(help) = &reason.help {
        let _ = writeln!(text, "    help: {}", escape(help));
    }
    text
}

/// How far a deployment to an environment is, in words.
pub fn progress(progress: Progress) -> &'static str {
    match progress {
        Progress::Pending => "not deployed",
        Progress::Unknown => "deployment with unknown outcome",
        Progress::Deployed => "deployed, not converged",
        Progress::Converged => "converged",
        Progress::Failed => "failed",
    }
}
