//! Several load tests in one deployment: their environments, the threshold of one name, and the comparison with the last
//! promoted release.

use std::fs;
use std::time::Duration;

use greenlight::contract::promotion::{EventKind, LoadTest, LoadTestResult, Measurement};
use greenlight::deployment::entry::Entry;

use crate::locust::{self, Mode};
use crate::pipeline::Pipeline;
use crate::promotion::decided_again;

/// The table of a load test, whose files are in a folder with its name.
fn table(pipeline: &Pipeline, name: &str, environment: &str, command: &[String]) -> String {
    fs::create_dir_all(pipeline.folder().join(name)).expect("a folder");
    let command = serde_json::to_string(command).expect("a list");
    format!(
        "[[load-test]]\nname = \"{name}\"\nenvironments = [\"{environment}\"]\ncommand = {command}\n\
         format = \"locust\"\nresults = \"{name}/results.json\"\n"
    )
}

/// The load test `load` of stage, with these thresholds, and `smoke` of production, both by Locust.
fn load_and_smoke(pipeline: &Pipeline, thresholds: &str) -> String {
    let [load, smoke] = [
        ("load", "stage", &pipeline.stage),
        ("smoke", "prod", &pipeline.prod),
    ]
    .map(|(name, environment, service)| {
        let folder = pipeline.folder().join(name);
        let command = locust::command(service.balancer(), 30, &folder);
        table(pipeline, name, environment, &command)
    });
    format!("{load}{thresholds}{smoke}")
}

/// The load tests that ended.
fn tested(pipeline: &Pipeline, number: u64) -> Vec<(LoadTest, Measurement)> {
    let entries = pipeline.entries(number).into_iter();
    let tests = entries.filter_map(|it| match it.entry {
        Entry::Happened { event, .. } => match event.kind {
            EventKind::LoadTested(it) => Some(it),
            _ => None,
        },
        _ => None,
    });
    tests
        .map(|it| match it.result.clone() {
            LoadTestResult::Measured(measured) => (it, measured),
            LoadTestResult::Judged(_) => panic!("not measured: {it:?}"),
        })
        .collect()
}

#[test]
fn each_environment_has_its_own_and_an_increase_stops_the_next_release() {
    let mut pipeline = Pipeline::new();
    let twice = "[load-test.thresholds]\nmax-increase = 1.0\n";
    pipeline.setting.load_tests = Some(load_and_smoke(&pipeline, twice));
    // An answer within the same millisecond would have nothing to compare with.
    pipeline.stage.delay(Duration::from_millis(20));
    let first = pipeline.commit("One [load test: abort]");
    let ended = pipeline.run();
    ended.is(0, &["promote[load-test-passed]"]);
    for said in [
        "load test `load` against `stage`",
        "load test `smoke` against `prod`",
    ] {
        assert!(ended.stdout.contains(said), "{}", ended.stdout);
    }
    let tests = tested(&pipeline, 1);
    let names = tests.iter();
    let names = names.map(|(it, _)| (it.environment.as_str(), it.name.as_str()));
    let expected = [("stage", "load"), ("prod", "smoke")];
    assert_eq!(names.collect::<Vec<_>>(), expected);
    for (test, measured) in &tests {
        assert!(measured.total.requests >= 30, "{test:?}");
        assert_eq!(measured.versions, std::slice::from_ref(&first));
        assert_eq!(measured.baseline, None, "no release was promoted before");
    }

    let before = tests[0].1.total;
    let p95 = before.p95.expect("a percentile");
    pipeline.stage.delay(Duration::from_millis(200 + 3 * p95));
    let second = pipeline.commit("Two [load test: abort]");
    let slower =
        format!("{p95} ms for the last promoted release; an increase of 100.00 % is allowed");
    pipeline.run().is(
        1,
        &["stop[load-test-failed]", "slower-than-before", &slower],
    );
    assert_eq!(Pipeline::times(&pipeline.prod, &second), 0);
    let tests = tested(&pipeline, 2);
    let baseline = tests[0].1.baseline.as_ref().expect("the first release");
    assert_eq!((&baseline.commit, baseline.total), (&first, before));
    for number in [1, 2] {
        assert!(decided_again(&pipeline, number) > 1, "deployment {number}");
    }
}

#[test]
fn a_threshold_of_one_name_stops_the_release_in_production() {
    let mut pipeline = Pipeline::new();
    let cart = "[load-test.thresholds]\nmax-failure-share = 0.9\n\
                [[load-test.threshold]]\nname = \"GET /\"\nmax-failures = 0\n\
                [[load-test.threshold]]\nname = \"GET /cart\"\nmax-failures = 3\n";
    let load = table(&pipeline, "load", "stage", &locust::recorded("passed"));
    // The recorded results are in the folder of the run.
    let load = load.replace("load/results.json", "results.json");
    let smoke = locust::command(
        pipeline.prod.balancer(),
        20,
        &pipeline.folder().join("smoke"),
    );
    let smoke = table(&pipeline, "smoke", "prod", &smoke);
    pipeline.setting.load_tests = Some(format!("{load}{smoke}{cart}"));
    locust::set(&pipeline.folder().join("smoke"), Mode::Cart);
    let commit = pipeline.commit("Change [load test: abort]");
    let ended = pipeline.run();
    ended.is(1, &["stop[load-test-failed]", "too-many-failures"]);
    let tests = tested(&pipeline, 1);
    let (test, measured) = &tests[1];
    assert_eq!(test.name, "smoke");
    let [page, carts] = measured.by_name.as_slice() else {
        panic!("two names have thresholds: {measured:?}");
    };
    assert_eq!(page.statistics.failures, 0);
    let carts = carts.statistics;
    assert_eq!(carts.failures, carts.requests);
    assert_eq!(
        measured.total.requests,
        page.statistics.requests + carts.requests
    );
    let said = format!(
        "{} of {} requests of `GET /cart` failed; 3 are allowed",
        carts.failures, carts.requests
    );
    assert!(ended.stdout.contains(&said), "{}", ended.stdout);
    assert_eq!(pipeline.conclusion(1).as_deref(), Some("stopped"));
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 1, "it is there");
    assert!(decided_again(&pipeline, 1) > 1);
}
