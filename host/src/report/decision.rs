//! A decision in words.

use std::fmt::Write as _;

use super::harmless::harmless;
use super::words::Word as _;
use crate::sandbox::contract::promotion::{Action, Conclusion, Decision, NodeState, Progress};
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
    match action {
        Action::Deploy(name) => format!("deploy to `{}`", harmless(name)),
        Action::Observe(name) => format!("ask the nodes of `{}` for their version", harmless(name)),
        Action::LoadTest(name) => format!("run the load test against `{}`", harmless(name)),
        Action::Notify(notice) => {
            format!(
                "tell people ({}): {}",
                notice.urgency.word(),
                harmless(&notice.text)
            )
        }
        Action::Wait(seconds) => format!("wait {seconds} s, then decide again"),
        Action::Finish(conclusion) => match conclusion {
            Conclusion::Promoted | Conclusion::PromotedWithWarning => "nothing, it is done",
            Conclusion::Stopped => "nothing, it ends here",
            Conclusion::Superseded => "nothing, a newer release takes its place",
            Conclusion::Canceled => "nothing, it was canceled",
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
