//! Rolling back: the release that was live before is deployed again, at most once, and only while it helps.

use super::answer::Answer;
use super::case::{Case, event};
use super::progress;
use super::record::{Record, STALE};
use super::watch::{RollBack, serves_only};
use crate::bindings::promotion::{
    Action, Conclusion, Convergence, NodeVersion, Outcome, Release, Round,
};
use crate::bindings::types::{EnvironmentSettings, Evidence, Reason};
use crate::reason::{codes, setting, short};

/// The watch failed, and the settings ask to roll back. `why` explains it.
pub(super) fn answer(
    case: &Case<'_>,
    record: &Record<'_>,
    settings: &EnvironmentSettings,
    mut why: Vec<Reason>,
) -> Answer {
    let name = &settings.name;
    if let Some(roll_back) = &record.roll_back {
        return tried(roll_back, case, record, name, why);
    }
    if let Some(because) = withheld(case, record, name) {
        why.push(because);
        return Answer::end(Conclusion::Stopped, why);
    }
    let watched = record.watch.last.map_or(0, |it| it.at);
    let observed = record.round.map_or(0, |it| it.at);
    if case.now.saturating_sub(watched.max(observed)) >= STALE {
        return ask(case, record, name, why);
    }
    Answer::hold(Action::RollBack(name.clone()), why)
}

/// The host has tried to roll back.
fn tried(
    roll_back: &RollBack<'_>,
    case: &Case<'_>,
    record: &Record<'_>,
    name: &str,
    mut why: Vec<Reason>,
) -> Answer {
    let earlier = &roll_back.deployment.what.commit;
    let reason = |code, message| {
        Reason::new(code, message)
            .on(roll_back.deployment.evidence())
            .on(Evidence::Environment(name.to_owned()))
    };
    let failed = |mut why: Vec<Reason>, message| {
        why.push(reason(codes::ROLL_BACK_FAILED, message));
        Answer::end(Conclusion::Stopped, why)
    };
    let is_release =
        earlier == case.commit && roll_back.deployment.what.digest == case.release.digest;
    if is_release {
        let message = format!("`{name}` has no earlier promoted release to roll back to");
        return failed(why, message);
    }
    if let Some(by) = record.displaced {
        why.push(progress::displaced(case, by));
        return Answer::end(Conclusion::Stopped, why);
    }
    let how = match roll_back.deployment.what.outcome {
        Outcome::Succeeded | Outcome::Unknown => None,
        Outcome::Failed => Some("failed"),
        Outcome::TimedOut => Some("timed out"),
        Outcome::Canceled => Some("was canceled"),
    };
    if let Some(how) = how {
        let message = format!("the roll back of `{name}` to `{}` {how}", short(earlier));
        return failed(why, message);
    }
    if roll_back.has_converged {
        let message = format!("`{name}` serves `{}` again", short(earlier));
        let reason = reason(codes::ROLLED_BACK, message);
        let reason = reason.on(Evidence::Commit(earlier.clone()));
        why.rotate_left(1);
        why.insert(0, reason);
        return Answer::end(Conclusion::RolledBack, why);
    }
    if roll_back.is_late {
        let message = format!(
            "not every node of `{name}` serves `{}` again",
            short(earlier)
        );
        return failed(why, message);
    }
    let message = format!("`{name}` is rolled back to `{}`", short(earlier));
    let reason = reason(codes::ROLLING_BACK, message);
    why.insert(0, reason.on(Evidence::Commit(earlier.clone())));
    ask(case, record, name, why)
}

/// Asks the nodes, or waits if the host has asked them since the last wait.
fn ask(case: &Case<'_>, record: &Record<'_>, name: &str, why: Vec<Reason>) -> Answer {
    if record.asked {
        Answer::wait(case, why)
    } else {
        Answer::hold(Action::Observe(name.to_owned()), why)
    }
}

/// Explains why the release is not rolled back.
fn withheld(case: &Case<'_>, record: &Record<'_>, name: &str) -> Option<Reason> {
    let reason = |message: &str| {
        let reason = Reason::new(codes::ROLL_BACK_WITHHELD, message);
        reason.on(Evidence::Environment(name.to_owned()))
    };
    if is_forbidden(case.release) {
        let message = "the commit message forbids to roll the release back";
        return Some(reason(message).on(setting("rollback")));
    }
    if let Some(place) = record.rolled_back {
        return Some(reason("the release was rolled back before").on(event(place)));
    }
    if let Some(newer) = record.superseded {
        return Some(progress::superseded(newer));
    }
    if let Some(by) = record.displaced {
        return Some(progress::displaced(case, by));
    }
    let observed = record
        .round
        .filter(|round| record.watch.last.is_none_or(|it| it.place < round.place));
    let (is_served, evidence) = if let Some(round) = observed {
        (still_serves(round.what, case.commit), round.evidence())
    } else {
        let last = record.watch.last?;
        (serves_only(last.what, case.commit), last.evidence())
    };
    let message = "the nodes do not serve the release any more, or something else as well";
    (!is_served).then(|| reason(message).on(evidence))
}

/// Tells whether at least one node serves the release, and no node serves another commit. A bad release may make nodes
/// unreachable.
fn still_serves(round: &Round, commit: &str) -> bool {
    let nodes = match &round.convergence {
        Convergence::Judged(judged) => return *judged,
        Convergence::Observed(nodes) => nodes,
    };
    let mut commits = nodes.iter().filter_map(|it| match &it.version {
        NodeVersion::Serves(commit) => Some(commit),
        NodeVersion::Unreachable(_) => None,
    });
    commits.next().is_some_and(|it| it == commit) && commits.all(|it| it == commit)
}

/// Tells whether the message of the release's commit has `[rollback: never]`.
fn is_forbidden(release: &Release) -> bool {
    let instruction = release.instruction.as_ref();
    instruction.is_some_and(|it| {
        it.extra
            .iter()
            .any(|it| it.name == "rollback" && it.value == "\"never\"")
    })
}

#[cfg(test)]
mod tests;
