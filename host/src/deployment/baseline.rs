//! What a load test measured for the last promoted release: the baseline of `max-increase`.
//!
//! The event of a load test contains its baseline, so a decision can be repeated without the other deployment.

use super::entry::Entry;
use super::log::{self, Dated};
use super::{Error, READ};
use crate::contract::promotion::{
    Baseline, EventKind, LoadTest, LoadTestResult, LoadTestRun, Measurement,
};
use crate::journal::{Header, Store};

/// Finds the baseline of a load test in an environment: the latest usable run of the same load test there, of the latest
/// promoted release that has one. A release that was promoted with the label `skip` has none, and does not end the search.
///
/// # Errors
///
/// If the journal can't be read.
pub(super) fn find(store: &mut dyn Store, run: &LoadTestRun) -> Result<Option<Baseline>, Error> {
    for header in store.deployments(READ)? {
        if !header.is_promoted() {
            continue;
        }
        let entries = log::read(store, header.number)?;
        if let Some(found) = of_deployment(&entries, &header, run) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn of_deployment(entries: &[Dated], header: &Header, run: &LoadTestRun) -> Option<Baseline> {
    entries.iter().rev().find_map(|it| match &it.entry {
        Entry::Happened { event, .. } => match &event.kind {
            EventKind::LoadTested(test) => of_test(test, &header.commit, run),
            _ => None,
        },
        _ => None,
    })
}

fn of_test(test: &LoadTest, commit: &str, run: &LoadTestRun) -> Option<Baseline> {
    match &test.result {
        LoadTestResult::Measured(it)
            if test.environment == run.environment
                && test.name == run.name
                && is_usable(it, commit) =>
        {
            Some(Baseline {
                commit: commit.to_owned(),
                total: it.total,
                by_name: it.by_name.clone(),
            })
        }
        _ => None,
    }
}

/// Whether the numbers are whole, and of the commit alone.
fn is_usable(measurement: &Measurement, commit: &str) -> bool {
    let versions = &measurement.versions;
    measurement.complete
        && measurement.exit_status.is_some()
        && measurement.total.requests > 0
        && !versions.is_empty()
        && versions.iter().all(|it| it == commit)
}
