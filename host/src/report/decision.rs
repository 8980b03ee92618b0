//! A decision in words.

use std::fmt::Write as _;

use super::harmless::harmless;
use super::schema::ActionDocument;
use super::words::Word as _;
use crate::sandbox::contract::promotion::{Action, Decision, NodeState, Progress};
use crate::sandbox::contract::types::Reason;

/// Writes a decision: the verdict with the reason that decided, what to do now, how far the release has
/// come, and the other reasons.
pub fn text(decision: &Decision) -> String {
    let mut text = decision.permission.word().to_owned();
    let (first, others) = match decision.reasons.split_first() {
        Some((first, others)) => (Some(first), others),
        None => (None, &[][..]),
    };
    if let Some(first) = first {
        let _ = write!(
            text,
            "[{}]: {}",
            harmless(&first.code),
            harmless(&first.message)
        );
        if let Some(help) = &first.help {
            let _ = write!(text, "\n  help: {}", harmless(help));
        }
    }
    let _ = write!(text, "\n  next: {}\n", next(&decision.next));
    for standing in &decision.standings {
        let name = harmless(&standing.environment);
        let _ = write!(text, "  {name}: {}", progress(standing.progress));
        if let Some(verdict) = standing.load_test {
            let _ = write!(text, ", load test {}", verdict.word());
        }
        let behind: Vec<_> = standing
            .nodes
            .iter()
            .filter(|node| node.state != NodeState::Current)
            .map(|node| format!("{} {}", harmless(&node.name), node.state.word()))
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
    let mut text = format!(
        "  {}: {}\n",
        harmless(&reason.code),
        harmless(&reason.message)
    );
    if let Some(help) = &reason.help {
        let _ = writeln!(text, "    help: {}", harmless(help));
    }
    text
}

/// Says what is to be done now.
pub fn next(action: &Action) -> String {
    step(&action.clone().into())
}

/// Says what is to be done, of an action that was decided or recorded.
pub fn step(action: &ActionDocument) -> String {
    match action {
        ActionDocument::Deploy { environment } => format!("deploy to `{}`", harmless(environment)),
        ActionDocument::Observe { environment } => {
            format!(
                "ask the nodes of `{}` for their version",
                harmless(environment)
            )
        }
        ActionDocument::LoadTest { environment } => {
            format!("run the load test against `{}`", harmless(environment))
        }
        ActionDocument::Notify { urgency, text, .. } => {
            format!("tell people ({urgency}): {}", harmless(text))
        }
        ActionDocument::Wait { seconds } => format!("wait {seconds} s, then decide again"),
        ActionDocument::Finish { conclusion } => match conclusion.as_ref() {
            "stopped" => "nothing, it ends here",
            "superseded" => "nothing, a newer release takes its place",
            "canceled" => "nothing, it was canceled",
            _ => "nothing, it is done",
        }
        .to_owned(),
    }
}

fn progress(progress: Progress) -> &'static str {
    match progress {
        Progress::Pending => "not deployed",
        Progress::Unknown => "deployment with unknown outcome",
        Progress::Deployed => "deployed, not converged",
        Progress::Converged => "converged",
        Progress::Failed => "failed",
    }
}
