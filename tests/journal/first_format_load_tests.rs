//! Load tests in stored entries of the first format.

use greenlight::contract::load_tests::NO_REQUESTS;
use greenlight::contract::promotion::{
    EventKind, LoadTest, LoadTestResult, Measurement, RequestStatistics,
};
use greenlight::deployment::entry::{CommandDetails, Details};

use crate::first_format_entries::{COMMIT, StoredEvent};

/// The load tests as stored JSON, each with the event that it stands for.
pub fn load_tested() -> Vec<StoredEvent> {
    let load_tested = |measured| {
        EventKind::LoadTested(LoadTest {
            environment: "stage".to_owned(),
            name: "load-test".to_owned(),
            result: LoadTestResult::Measured(measured),
        })
    };
    let measured = Measurement {
        total: RequestStatistics {
            requests: 241,
            failures: 2,
            p95: Some(13),
            ..NO_REQUESTS
        },
        by_name: Vec::new(),
        baseline: None,
        exceptions: 1,
        duration: 4671,
        broken_thresholds: vec!["http_req_failed".to_owned()],
        exit_status: Some(99),
        complete: true,
        versions: vec![COMMIT.to_owned()],
    };
    let unknown = Measurement {
        total: NO_REQUESTS,
        by_name: Vec::new(),
        baseline: None,
        exceptions: 0,
        duration: 0,
        broken_thresholds: Vec::new(),
        exit_status: None,
        complete: false,
        versions: Vec::new(),
    };
    let details = Details::LoadTest {
        command: CommandDetails {
            ended: "exit status 99".to_owned(),
            exit_status: Some(99),
            took: 7,
            log: "0016-load-test-stage.log".to_owned(),
            tail: Vec::new(),
        },
        notes: vec!["the last line is incomplete".to_owned()],
        kept: vec!["0016-results.json".to_owned()],
        curve: Vec::new(),
    };
    vec![
        (
            r#"{"load-tested":{"environment":"stage","result":{"measured":{"requests":241,"failures":2,"exceptions":1,"duration":4671,"p95":13,"broken_thresholds":["http_req_failed"],"exit_status":99,"complete":true,"versions":["1921e4825414898108a936f26c8f2cd61fa803ab"]}}}}"#,
            r#"{"of":"load-test","command":{"ended":"exit status 99","exit_status":99,"took":7,"log":"0016-load-test-stage.log"},"notes":["the last line is incomplete"],"kept":["0016-results.json"],"curve":[]}"#,
            load_tested(measured),
            details,
        ),
        (
            r#"{"load-tested":{"environment":"stage","result":{"measured":{"requests":0,"failures":0,"exceptions":0,"duration":0,"broken_thresholds":[],"complete":false,"versions":[]}}}}"#,
            r#"{"of":"cut-off"}"#,
            load_tested(unknown),
            Details::Interrupted,
        ),
    ]
}
