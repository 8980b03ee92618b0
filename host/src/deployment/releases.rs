//! Releases that were promoted, and what speaks for each of them.

use std::path::Path;

use super::entry::Entry;
use super::log::{self, Dated};
use super::stopped_commits::{contained, is_passed, last_decision};
use super::{Error, READ};
use crate::contract::names::names;
use crate::contract::promotion::Conclusion;
use crate::facts::reverts;
use crate::journal::{Header, Store};

/// A release that was promoted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Its commit.
    pub commit: String,
    /// The number of its deployment.
    pub deployment: u64,
    /// When it was promoted, in milliseconds since 1970.
    pub at: u64,
    /// What speaks for it.
    pub evidence: Evidence,
    /// The commit that speaks against it: it was stopped, or reverted since.
    pub because_of: Option<String>,
}

/// What speaks for a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Its load test passed.
    Passed,
    /// It was promoted with a warning.
    Warned,
    /// It was promoted without a load test.
    Untested,
    /// It contains a commit that was stopped.
    Stopped,
    /// It contains a commit that was reverted since.
    Reverted,
}

names! {
    Evidence {
        Passed = "load-test-passed",
        Warned = "promoted-with-warning",
        Untested = "without-load-test",
        Stopped = "contains-stopped-commit",
        Reverted = "reverted-since",
    }
}

/// Lists the promoted releases among deployments, the newest of which comes first, down to the first one whose load
/// test passed. At most [`READ`] are listed.
pub(super) fn before(
    store: &mut dyn Store,
    repo: Option<&Path>,
    bad: &str,
    deployments: &[Header],
) -> Result<Vec<Release>, Error> {
    let promoted = deployments.iter().filter(|it| it.is_promoted());
    let mut found: Vec<Release> = Vec::new();
    for header in promoted.take(READ) {
        if found.iter().any(|it| it.commit == header.commit) {
            continue;
        }
        let release = release(store, repo, bad, header)?;
        let is_last = release.evidence == Evidence::Passed;
        found.push(release);
        if is_last {
            break;
        }
    }
    Ok(found)
}

fn release(
    store: &mut dyn Store,
    repo: Option<&Path>,
    bad: &str,
    header: &Header,
) -> Result<Release, Error> {
    let entries = log::read(store, header.number)?;
    let passed = last_decision(&entries).is_some_and(is_passed);
    let stopped = contained(&entries).next().filter(|_| !passed);
    let reverted = reverts::taken_back(repo, &header.commit, bad);
    let evidence = match header.conclusion {
        _ if reverted.is_some() => Evidence::Reverted,
        _ if stopped.is_some() => Evidence::Stopped,
        _ if passed => Evidence::Passed,
        Some(Conclusion::PromotedWithWarning) => Evidence::Warned,
        _ => Evidence::Untested,
    };
    Ok(Release {
        commit: header.commit.clone(),
        deployment: header.number,
        at: ended(header, &entries),
        evidence,
        because_of: reverted.or(stopped.map(|it| it.commit.clone())),
    })
}

/// When the release of a deployment was promoted, in milliseconds since 1970.
pub(super) fn promoted_at(store: &mut dyn Store, header: &Header) -> Result<u64, Error> {
    let entries = log::read(store, header.number)?;
    Ok(ended(header, &entries))
}

fn ended(header: &Header, entries: &[Dated]) -> u64 {
    let mut latest = entries.iter().rev();
    let conclusion = latest.find(|it| matches!(it.entry, Entry::Concluded { .. }));
    conclusion.map_or(header.began, |it| it.at)
}
