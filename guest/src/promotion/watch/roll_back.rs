//! Rolling back: the release that was live before is deployed again, at most once, and only while it helps.

use super::super::answer::Answer;
use super::super::case::{Case, Fact, event};
use super::super::convergence::{Finding, Series};
use super::super::progress;
use super::super::record::{Record, STALE};
use super::serves_only;
use crate::bindings::promotion::{
    Action, Conclusion, Convergence, Deployment, NodeVersion, Outcome, Release, Round,
};
use crate::bindings::types::{EnvironmentSettings, Evidence, Reason};
use crate::policy::value;
use crate::reason::{codes, setting, short};

/// A roll back that was tried, and what the nodes served since.
#[derive(Clone)]
pub(in super::super) struct RollBack<'a> {
    /// The earlier release. If there was none, its commit is that of the release itself.
    deployment: Fact<'a, Deployment>,
    series: Series<'a>,
    has_converged: bool,
    is_late: bool,
}

impl<'a> RollBack<'a> {
    pub(in super::super) fn new(deployment: Fact<'a, Deployment>) -> Self {
        Self {
            deployment,
            series: Series::NEW,
            has_converged: false,
            is_late: false,
        }
    }

    /// Tells whether the earlier release was deployed again.
    pub(in super::super) fn is_done(&self) -> bool {
        self.deployment.what.outcome == Outcome::Succeeded || self.has_converged
    }

    /// The nodes were asked.
    pub(in super::super) fn observe(
        &mut self,
        round: Fact<'a, Round>,
        environment: &EnvironmentSettings,
        fit: u32,
    ) {
        let finding = self.series.take(
            &round.what.convergence,
            round.what.times.max(1),
            &self.deployment.what.commit,
            environment.convergence_rounds,
            fit,
        );
        let deadline = u64::from(environment.convergence_deadline);
        match finding {
            Finding::Converged => self.has_converged = true,
            Finding::Disagreeing if round.at.saturating_sub(self.deployment.at) > deadline => {
                self.is_late = true;
            }
            Finding::Agreeing | Finding::Disagreeing => {}
        }
    }

    fn answer(
        &self,
        case: &Case<'_>,
        record: &Record<'_>,
        name: &str,
        mut why: Vec<Reason>,
    ) -> Answer {
        let earlier = &self.deployment.what.commit;
        let reason = |code, message| {
            Reason::new(code, message)
                .on(self.deployment.evidence())
                .on(Evidence::Environment(name.to_owned()))
        };
        let failed = |mut why: Vec<Reason>, message| {
            why.push(reason(codes::ROLL_BACK_FAILED, message));
            Answer::end(Conclusion::Stopped, why)
        };
        let is_release =
            earlier == case.commit && self.deployment.what.digest == case.release.digest;
        if is_release {
            let message = format!("`{name}` has no earlier promoted release to roll back to");
            return failed(why, message);
        }
        if let Some(by) = record.displaced {
            why.push(progress::displaced(case, by));
            return Answer::end(Conclusion::Stopped, why);
        }
        let how = match self.deployment.what.outcome {
            Outcome::Succeeded | Outcome::Unknown => None,
            Outcome::Failed => Some("failed"),
            Outcome::TimedOut => Some("timed out"),
            Outcome::Canceled => Some("was canceled"),
        };
        if let Some(how) = how {
            let message = format!("the roll back of `{name}` to `{}` {how}", short(earlier));
            return failed(why, message);
        }
        if self.has_converged {
            let message = format!("`{name}` serves `{}` again", short(earlier));
            let reason = reason(codes::ROLLED_BACK, message);
            let reason = reason.on(Evidence::Commit(earlier.clone()));
            why.rotate_left(1);
            why.insert(0, reason);
            return Answer::end(Conclusion::RolledBack, why);
        }
        if self.is_late {
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
}

/// The watch failed, and the settings ask to roll back. `why` explains it.
pub(super) fn answer(
    case: &Case<'_>,
    record: &Record<'_>,
    settings: &EnvironmentSettings,
    mut why: Vec<Reason>,
) -> Answer {
    let name = &settings.name;
    if let Some(roll_back) = &record.roll_back {
        return roll_back.answer(case, record, name, why);
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

/// Asks the nodes, or waits if they were asked since the last wait.
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

/// Tells whether a node serves the release, and none serves something else. A bad release may make nodes unreachable.
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
    instruction.is_some_and(|it| value(&it.extra, "rollback") == Some("\"never\""))
}
