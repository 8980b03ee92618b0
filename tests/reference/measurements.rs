//! All combinations of numbers at the limits of a load test.

use super::compare::Comparison;
use super::contract::promotion::{Event, Measurement, Outcome};
use super::histories::events::{OTHER, deployed, measured, measurement, observed};
use super::histories::releases::{LOAD_TEST, OWN, load_test, no_thresholds, release, settings};
use super::model::Question;

const REQUESTS: [u64; 5] = [0, 2, 99, 100, 600];
const FAILURES: [u64; 4] = [0, 3, 4, 601];
const EXCEPTIONS: [u64; 2] = [1, 2];
/// Milliseconds. 600 requests in 120 s are 5 per second.
const DURATIONS: [u64; 5] = [0, 59_999, 60_000, 120_000, 120_001];
const P95: [Option<u64>; 3] = [None, Some(800), Some(801)];
const STATUSES: [Option<i32>; 4] = [None, Some(0), Some(1), Some(-1)];
const VERSIONS: [&[&str]; 4] = [&[], &[OWN], &[OWN, OWN], &[OWN, OTHER]];

/// Compares the verdict on each measurement, with thresholds and without.
pub fn compare(comparison: &mut Comparison<'_>) {
    let mut settings = settings(&[("stage", 1), ("prod", 1)], 30);
    let release = release("stage-loadtest-warn", None, None);
    let start = [
        deployed("stage", OWN, None, Outcome::Succeeded),
        observed("stage", &[("a", OWN)]),
    ];
    for thresholds in [load_test(LOAD_TEST).thresholds, no_thresholds()] {
        settings.environments[0].load_tests[0].thresholds = thresholds;
        all(&mut |measurement| {
            let test = measured("stage", |it| *it = measurement.clone());
            let happenings = start.iter().cloned().chain([test]);
            let history: Vec<Event> = happenings.map(|kind| Event { at: 0, kind }).collect();
            comparison.compare(Question {
                release: &release,
                history: &history,
                now: 0,
                settings: &settings,
            });
        });
    }
}

/// Gives each combination of all values.
fn all(take: &mut dyn FnMut(&Measurement)) {
    let mut measurement = measurement();
    for requests in REQUESTS {
        measurement.total.requests = requests;
        for failures in FAILURES {
            measurement.total.failures = failures;
            for exceptions in EXCEPTIONS {
                measurement.exceptions = exceptions;
                for duration in DURATIONS {
                    measurement.duration = duration;
                    for p95 in P95 {
                        measurement.total.p95 = p95;
                        with_the_rest(&mut measurement, take);
                    }
                }
            }
        }
    }
}

fn with_the_rest(measurement: &mut Measurement, take: &mut dyn FnMut(&Measurement)) {
    for status in STATUSES {
        measurement.exit_status = status;
        for versions in VERSIONS {
            measurement.versions = versions.iter().map(|it| (*it).to_owned()).collect();
            for (broken, complete) in [(None, true), (Some("checks"), true), (None, false)] {
                measurement.broken_thresholds = broken.iter().map(|it| (*it).to_owned()).collect();
                measurement.complete = complete;
                take(measurement);
            }
        }
    }
}
