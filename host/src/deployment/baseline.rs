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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::load_tests::NO_REQUESTS;
    use crate::contract::promotion::{Conclusion, Event, NamedStatistics, RequestStatistics};
    use crate::deployment::entry::Details;
    use crate::deployment::fixture;
    use crate::deployment::log::Log;
    use crate::journal::NewDeployment;

    /// A run of the load test `load` in stage with this 95th percentile, which is usable for the commit.
    fn measurement(commit: &str, p95: u64) -> Measurement {
        let total = RequestStatistics {
            requests: 100,
            p95: Some(p95),
            ..NO_REQUESTS
        };
        Measurement {
            total,
            by_name: vec![NamedStatistics {
                name: "/cart".to_owned(),
                statistics: total,
            }],
            baseline: None,
            exceptions: 0,
            duration: 10_000,
            broken_thresholds: Vec::new(),
            exit_status: Some(0),
            complete: true,
            versions: vec![commit.to_owned()],
        }
    }

    fn run(environment: &str, name: &str) -> LoadTestRun {
        LoadTestRun {
            environment: environment.to_owned(),
            name: name.to_owned(),
        }
    }

    fn load() -> LoadTestRun {
        run("stage", "load")
    }

    fn tested(run: LoadTestRun, measurement: Measurement) -> Entry {
        Entry::Happened {
            event: Event {
                at: 1,
                kind: EventKind::LoadTested(LoadTest {
                    environment: run.environment,
                    name: run.name,
                    result: LoadTestResult::Measured(measurement),
                }),
            },
            details: Details::Nothing,
        }
    }

    /// A journal, and the deployments in it.
    struct Journal(tempfile::TempDir);

    impl Journal {
        fn new() -> Self {
            Self(tempfile::tempdir().expect("a folder"))
        }

        /// Adds a deployment of a commit with these entries, and returns its number.
        fn add(&self, commit: &str, entries: &[Entry], conclusion: Option<Conclusion>) -> u64 {
            let mut store = fixture::store(&self.0);
            let new = NewDeployment {
                tag: format!("stage-{commit}"),
                digest: None,
                commit: commit.to_owned(),
                began: 1,
                request: None,
            };
            let number = store.begin(&new).expect("begun");
            let mut log = Log::new(store, number);
            for entry in entries {
                log.write(entry).expect("written");
            }
            if let Some(conclusion) = conclusion {
                log.store.conclude(number, conclusion).expect("concluded");
            }
            number
        }

        fn promoted(&self, commit: &str, entries: &[Entry]) -> u64 {
            self.add(commit, entries, Some(Conclusion::Promoted))
        }

        /// The commit and the 95th percentile of the baseline.
        fn baseline(&self, run: &LoadTestRun) -> Option<(String, Option<u64>)> {
            let mut store = fixture::store(&self.0);
            let found = find(store.as_mut(), run).expect("read");
            found.map(|it| (it.commit, it.total.p95))
        }
    }

    fn of(commit: &str, p95: u64) -> (String, Option<u64>) {
        (commit.to_owned(), Some(p95))
    }

    #[test]
    fn the_latest_run_of_the_latest_promoted_release() {
        let journal = Journal::new();
        assert_eq!(journal.baseline(&load()), None);
        let test = |commit, p95| tested(load(), measurement(commit, p95));
        journal.promoted("a", &[test("a", 10)]);
        let warned = Some(Conclusion::PromotedWithWarning);
        journal.add("b", &[test("b", 20), test("b", 21)], warned);
        for conclusion in [
            Some(Conclusion::Stopped),
            Some(Conclusion::Canceled),
            Some(Conclusion::Superseded),
            None,
        ] {
            journal.add("c", &[test("c", 30)], conclusion);
        }
        assert_eq!(journal.baseline(&load()), Some(of("b", 21)));
    }

    #[test]
    fn a_release_with_skip_does_not_end_the_search() {
        let journal = Journal::new();
        journal.promoted("a", &[tested(load(), measurement("a", 10))]);
        journal.promoted("b", &[]);
        let judged = EventKind::LoadTested(LoadTest {
            environment: "stage".to_owned(),
            name: "load".to_owned(),
            result: LoadTestResult::Judged(crate::contract::types::Verdict::Passed),
        });
        let event = Event {
            at: 1,
            kind: judged,
        };
        let details = Details::Nothing;
        journal.promoted("c", &[Entry::Happened { event, details }]);
        assert_eq!(journal.baseline(&load()), Some(of("a", 10)));
    }

    #[test]
    fn runs_of_other_load_tests_and_environments_do_not_count() {
        let journal = Journal::new();
        let test = |it| tested(it, measurement("a", 10));
        journal.promoted(
            "a",
            &[test(run("stage", "smoke")), test(run("prod", "load"))],
        );
        assert_eq!(journal.baseline(&load()), None);
        assert_eq!(journal.baseline(&run("prod", "load")), Some(of("a", 10)));
    }

    #[test]
    fn an_unusable_run_is_passed_over() {
        let unusable: [fn(&mut Measurement); 6] = [
            |it| it.complete = false,
            |it| it.exit_status = None,
            |it| it.total.requests = 0,
            |it| it.versions.clear(),
            |it| it.versions = vec!["a".to_owned()],
            |it| it.versions.push("a".to_owned()),
        ];
        for (index, spoil) in unusable.into_iter().enumerate() {
            let journal = Journal::new();
            journal.promoted("a", &[tested(load(), measurement("a", 10))]);
            let mut spoilt = measurement("b", 30);
            spoil(&mut spoilt);
            let spoilt = tested(load(), spoilt);
            journal.promoted("b", std::slice::from_ref(&spoilt));
            assert_eq!(journal.baseline(&load()), Some(of("a", 10)), "{index}");
            // An earlier run of the same deployment counts.
            journal.promoted("b", &[tested(load(), measurement("b", 20)), spoilt]);
            assert_eq!(journal.baseline(&load()), Some(of("b", 20)), "{index}");
        }
    }

    /// The deployment of a production tag imports the load test of the deployment of the stage tag.
    #[test]
    fn an_imported_event_is_a_run() {
        let journal = Journal::new();
        journal.promoted("a", &[tested(load(), measurement("a", 10))]);
        let test = tested(load(), measurement("b", 20));
        let sibling = journal.add("b", std::slice::from_ref(&test), None);
        assert_eq!(
            journal.baseline(&load()),
            Some(of("a", 10)),
            "it is not promoted"
        );
        let Entry::Happened { event, .. } = test else {
            unreachable!("an event")
        };
        let details = Details::Imported {
            deployment: sibling,
            position: 1,
        };
        journal.promoted("b", &[Entry::Happened { event, details }]);
        assert_eq!(journal.baseline(&load()), Some(of("b", 20)));
    }

    /// A later release changes what is found, and not what was recorded.
    #[test]
    fn the_event_keeps_the_baseline() {
        let journal = Journal::new();
        journal.promoted("a", &[tested(load(), measurement("a", 10))]);
        let mut store = fixture::store(&journal.0);
        let found = find(store.as_mut(), &load()).expect("read");
        assert_eq!(
            found.as_ref().map(|it| it.by_name.clone()),
            Some(measurement("a", 10).by_name)
        );
        let mut compared = measurement("b", 20);
        compared.baseline.clone_from(&found);
        let written = tested(load(), compared);
        let number = journal.promoted("b", std::slice::from_ref(&written));
        journal.promoted("c", &[tested(load(), measurement("c", 30))]);
        let entries = log::read(store.as_mut(), number).expect("read");
        assert_eq!(entries[0].entry, written);
        assert_eq!(journal.baseline(&load()), Some(of("c", 30)));
    }
}
