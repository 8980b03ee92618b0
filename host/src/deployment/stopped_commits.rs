//! Commits that were stopped before production, and that a release contains. The policy decides what follows.

use std::path::Path;

use super::entry::{Began, Entry};
use super::log::{self, Dated};
use super::{Error, LISTED};
use crate::contract::load_tests;
use crate::contract::promotion::{Conclusion, Decision, EventKind, StopCause, StoppedCommit};
use crate::contract::types::{LoadTestAction, Verdict};
use crate::facts::{ancestry, reverts};
use crate::journal::{Header, Store};
use crate::sandbox::Policy;

/// Reason codes of a load test that stops a release.
const STOPPED_BY: [&str; 3] = [
    "load-test-failed",
    "load-test-errored",
    "load-test-inconclusive",
];

/// A release whose stopped commits are looked for.
pub(super) struct StoppedCommits<'a> {
    /// The policy, which reads tags.
    pub(super) policy: &'a Policy,
    /// The repository; the one around the current folder if absent.
    pub(super) repo: Option<&'a Path>,
    /// The commit of the release.
    pub(super) commit: &'a str,
}

impl StoppedCommits<'_> {
    /// Lists the stopped commits that the release contains, does not revert, and that no load test has passed since:
    /// among the latest [`LISTED`] deployments, the oldest first.
    pub(super) fn find(&self, store: &mut dyn Store) -> Result<Vec<StoppedCommit>, Error> {
        let mut headers = store.deployments(LISTED)?;
        headers.reverse();
        let mut found: Vec<StoppedCommit> = Vec::new();
        for header in &headers {
            let is_known = found.iter().any(|it| it.commit == header.commit);
            if is_known || header.commit == self.commit {
                continue;
            }
            let Some(cause) = self.cause(store, header)? else {
                continue;
            };
            let contains = ancestry::contains(self.repo, self.commit, &header.commit);
            if contains == Some(false)
                || reverts::is_reverted(self.repo, &header.commit, self.commit)
                || self.is_cleared(store, header, &headers)?
            {
                continue;
            }
            found.push(StoppedCommit {
                commit: header.commit.clone(),
                deployment: header.number,
                cause,
                certain: contains.is_some(),
            });
        }
        Ok(found)
    }

    /// Why the commit of a deployment counts as stopped, if it does.
    fn cause(&self, store: &mut dyn Store, header: &Header) -> Result<Option<StopCause>, Error> {
        if header.conclusion.is_none() || header.is_promoted() {
            return Ok(None);
        }
        let entries = log::read(store, header.number)?;
        let (Some(Entry::Began(began)), Some(last)) =
            (entries.first().map(|it| &it.entry), last_decision(&entries))
        else {
            return Ok(None);
        };
        let first = last.reasons.first().map_or("", |it| it.code.as_str());
        let is_stopped = header.conclusion == Some(Conclusion::Stopped);
        let cause = if is_stopped && STOPPED_BY.contains(&first) {
            StopCause::LoadTest
        } else if is_passed(last) {
            return Ok(None);
        } else {
            StopCause::Untested
        };
        // A release that contains a stopped commit may have been stopped because of that commit.
        let is_own = cause == StopCause::LoadTest && contained(&entries).next().is_none();
        Ok((is_own || self.asks_for_abort(began)?).then_some(cause))
    }

    /// Whether a deployment asks for `abort`.
    pub(super) fn asks_for_abort(&self, began: &Began) -> Result<bool, Error> {
        let target = self.policy.resolve(&began.tag, &began.settings)?;
        let tagged = target.ok().and_then(|it| it.action);
        let action = tagged.or(began.instruction.as_ref().map(|it| it.action));
        Ok(action == Some(LoadTestAction::Abort))
    }

    /// Whether a release that contains the stopped commit was promoted after a load test that passed: a newer commit,
    /// or the same one later.
    fn is_cleared(
        &self,
        store: &mut dyn Store,
        stopped: &Header,
        headers: &[Header],
    ) -> Result<bool, Error> {
        for header in headers {
            if header.commit == stopped.commit && header.number < stopped.number {
                continue;
            }
            let is_promoted = header.is_promoted();
            if is_promoted
                && ancestry::contains(self.repo, &header.commit, &stopped.commit) == Some(true)
            {
                let entries = log::read(store, header.number)?;
                if last_decision(&entries).is_some_and(is_passed) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

/// The last decision about a deployment.
pub(super) fn last_decision(entries: &[Dated]) -> Option<&Decision> {
    entries.iter().rev().find_map(|it| match &it.entry {
        Entry::Decided { decision, .. } => Some(decision),
        _ => None,
    })
}

/// Whether a load test of the release passed.
pub(super) fn is_passed(decision: &Decision) -> bool {
    let mut statuses = decision.environments.iter();
    statuses.any(|it| load_tests::worst(&it.load_tests) == Some(Verdict::Passed))
}

/// The stopped commits that the release of a deployment contained.
pub(super) fn contained(entries: &[Dated]) -> impl Iterator<Item = &StoppedCommit> {
    entries.iter().filter_map(|it| match &it.entry {
        Entry::Happened { event, .. } => match &event.kind {
            EventKind::Contains(it) => Some(it),
            _ => None,
        },
        _ => None,
    })
}
