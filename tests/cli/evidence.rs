//! Real results files of load tests, judged by the real program. Each folder of `tests/cases/evidence` is a case:
//! `files` has the results files, `load-test.toml` the `[load-test]` table, `exit` the exit status, and `want`
//! the expected verdict.
//!
//! The tests generate the large files. `tests/serve/foreign_bodies.rs` has the case of a webhook.

mod large;
mod nodes;
mod notes;
mod shop;

use shop::Shop;

/// A case, with the expected result of its deployment.
struct Case {
    folder: &'static str,
    /// The text of the file `want`.
    want: &'static str,
    /// Lines after the `[load-test]` table: more keys, or more tables.
    more: &'static str,
    /// The exit status of `greenlight run`.
    status: i32,
    /// Texts that `greenlight run` prints.
    said: &'static [&'static str],
}

const CASES: [Case; 9] = [
    Case {
        folder: "03-locust-names-nojson",
        want: "errored, with the numbers of stats.csv (241) and the note that there is no JSON",
        more: "",
        status: 1,
        said: &[
            "load test against `stage`: succeeded; 241 requests, 0 failed; `load.json` does not exist; Locust was \
             killed, or was not asked for JSON (`--json-file`); counted from the CSV files",
            "stop[load-test-errored]",
            "results-incomplete",
        ],
    },
    Case {
        folder: "10-k6-machine-readable",
        want: "read (200 requests, 3 failed, p95 42 ms), or refused in words that name this format",
        more: "[load-test.thresholds]\nmax-failures = 3\nmax-p95 = 42",
        status: 0,
        said: &[
            "succeeded; 200 requests, 3 failed",
            "promote[load-test-passed]",
        ],
    },
    Case {
        folder: "10-k6-machine-readable",
        want: "read (200 requests, 3 failed, p95 42 ms), or refused in words that name this format",
        more: "[load-test.thresholds]\nmax-failures = 3\nmax-p95 = 41",
        status: 1,
        said: &["too-slow: the 95th percentile of the response time is 42 ms; 41 ms are allowed"],
    },
    Case {
        folder: "12-k6-grpc-only",
        want: "errored or, with min-requests = 0, passed",
        more: "",
        status: 1,
        said: &[
            "no-requests: the load test made no requests",
            "the run made no request over HTTP; `[load-test] requests` can count \"grpc_req_duration\", \"iterations\"",
        ],
    },
    Case {
        folder: "12-k6-grpc-only",
        want: "errored or, with min-requests = 0, passed",
        more: "[load-test.thresholds]\nmin-requests = 0",
        status: 0,
        said: &["promote[load-test-passed]"],
    },
    Case {
        folder: "12-k6-grpc-only",
        want: "errored or, with min-requests = 0, passed",
        more: "requests = [\"grpc_req_duration\"]\n[load-test.thresholds]\nmin-requests = 200\nmax-p95 = 42",
        status: 0,
        said: &[
            "200 requests, 0 failed; the summary has no count of `grpc_req_duration`: iterations are counted",
            "promote[load-test-passed]",
        ],
    },
    Case {
        folder: "45-locust-own-exit-code-1-with-allowed-failure",
        want: "not passed: the test says that it failed",
        more: "",
        status: 1,
        said: &[
            "stop[load-test-errored]",
            "harness-failed: the load test says that it failed: it ended with exit status 1, and no threshold is broken",
            "help: read the log of the load test; if failures within the limits cause this status, list it in \
             `[load-test] success-exit-status`",
        ],
    },
    Case {
        folder: "45-locust-own-exit-code-1-with-allowed-failure",
        want: "not passed: the test says that it failed",
        more: "success-exit-status = [0, 1]",
        status: 0,
        said: &[
            "exit status 1; 92 requests, 38 failed; exit status 1 counts as success (`success-exit-status`)",
            "promote[load-test-passed]",
        ],
    },
    // The configuration allows other exit statuses, but not status 1.
    Case {
        folder: "45-locust-own-exit-code-1-with-allowed-failure",
        want: "not passed: the test says that it failed",
        more: "success-exit-status = [0, 2]",
        status: 1,
        said: &["stop[load-test-errored]"],
    },
];

#[test]
fn every_case_is_what_it_wants() {
    for case in &CASES {
        let shop = Shop::of(case.folder, case.more);
        assert_eq!(shop.want(), case.want, "{}", case.folder);
        let ended = shop.run();
        let shown = format!(
            "{} {}\n{}{}",
            case.folder, case.more, ended.stdout, ended.stderr
        );
        assert_eq!(ended.status, case.status, "{shown}");
        for said in case.said {
            assert!(ended.stdout.contains(said), "no {said:?} in {shown}");
        }
    }
}

/// A summary in this format has no thresholds. Only the exit status shows that a threshold is broken.
#[test]
fn exit_status_99_of_k6_is_a_broken_threshold() {
    let shop = Shop::of(
        "10-k6-machine-readable",
        "[load-test.thresholds]\nmax-failures = 3",
    );
    shop.exits_with(99);
    let ended = shop.run();
    let shown = format!("{}{}", ended.stdout, ended.stderr);
    assert_eq!(ended.status, 1, "{shown}");
    for said in [
        "stop[load-test-failed]",
        "own-threshold-broken: the load test's own threshold `exit status 99` is broken",
        "exit status 99 says that a threshold is broken; the summary has no thresholds in this format",
    ] {
        assert!(ended.stdout.contains(said), "no {said:?} in {shown}");
    }
}

/// Files of an earlier test are not used as results of this test.
#[test]
fn files_that_the_test_did_not_write_are_not_read() {
    let shop = Shop::of("45-locust-own-exit-code-1-with-allowed-failure", "");
    shop.leave_files();
    shop.does_nothing();
    let ended = shop.run();
    let shown = format!("{}{}", ended.stdout, ended.stderr);
    assert_eq!(ended.status, 1, "{shown}");
    let said =
        "0 requests, 0 failed; `load.json` is from an earlier test: this test did not write it";
    assert!(ended.stdout.contains(said), "{shown}");
}
