//! Load tests that ran for hours. Their results files are large and valid.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::Path;

use serde::Serialize as _;
use serde_json::json;
use serde_json::ser::{PrettyFormatter, Serializer};

use super::shop::Shop;

const START: u64 = 1_795_690_000;

/// The columns of a history of Locust 2.47.
const COLUMNS: &str = "Timestamp,User Count,Type,Name,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%,98%,99%,99.9%,\
    99.99%,100%,Total Request Count,Total Failure Count,Total Median Response Time,Total Average Response Time,\
    Total Min Response Time,Total Max Response Time,Total Average Content Size\r\n";

/// The fields after the number of requests in a row.
const REST: &str = "0,12,11.808288883746561,1.1597129996516742,21.3651940030104,2.0\r\n";

const STATS: &str = "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,\
    Min Response Time,Max Response Time,Average Content Size,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%,98%,99%,\
    99.9%,99.99%,100%\r\n,Aggregated,143000,0,12,11.8,1.1,21.3,2.0,40.0,0.0,12,14,16,17,19,21,21,21,21,21,21\r\n";

fn name(number: u64) -> String {
    format!("/api/v1/resource/{number:02}")
}

/// Writes the JSON of a run with one request per second for each request name.
fn report(file: &Path, names: u64, seconds: u64) {
    let counts: serde_json::Map<_, _> = (0..seconds)
        .map(|it| ((START + it).to_string(), json!(1)))
        .collect();
    let entry = |number| {
        json!({
            "name": name(number), "method": "GET",
            "last_request_timestamp": START + seconds, "start_time": START,
            "num_requests": seconds, "num_none_requests": 0, "num_failures": 0,
            "total_response_time": seconds, "max_response_time": 21.3, "min_response_time": 1.1,
            "total_content_length": 7200,
            "response_times": {"12": seconds / 6 * 5, "21": seconds - seconds / 6 * 5},
            "num_reqs_per_sec": counts, "num_fail_per_sec": {},
        })
    };
    let entries: Vec<_> = (0..names).map(entry).collect();
    let file = BufWriter::new(File::create(file).expect("a file"));
    let form = PrettyFormatter::with_indent(b"    ");
    let mut writer = Serializer::with_formatter(file, form);
    entries.serialize(&mut writer).expect("written");
}

/// Writes the history of the same run with `--csv-full-history`: a row per second for each request name.
fn history(file: &Path, names: u64, seconds: u64) {
    let mut text = String::from(COLUMNS);
    for second in 0..seconds {
        let at = START + second;
        let rates = "0.000000,12,14,16,17,19,21,21,21,21,21,21";
        for number in 0..names {
            let name = name(number);
            let _ = write!(text, "{at},20,GET,{name},1.000000,{rates},{second},{REST}");
        }
        let all = names * second;
        let _ = write!(
            text,
            "{at},20,,Aggregated,{names}.000000,{rates},{all},{REST}"
        );
    }
    fs::write(file, text).expect("written");
}

/// Runs a deployment whose load test writes the files of a folder, and returns the output.
#[track_caller]
fn deployed(shop: &Shop, folder: &Path, want: &str) -> String {
    assert_eq!(shop.want(), want);
    shop.script(&format!("cp '{}'/* .", folder.display()));
    let ended = shop.run();
    let shown = format!("{}{}", ended.stdout, ended.stderr);
    assert_eq!(ended.status, 0, "{shown}");
    assert!(
        ended.stdout.contains("promote[load-test-passed]"),
        "{shown}"
    );
    ended.stdout
}

#[test]
fn an_hour_with_40_names_and_a_full_history_passes() {
    let shop = Shop::of("40-locust-full-history-one-hour", "");
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    report(&at("load.json"), 40, 3600);
    history(&at("load_stats_history.csv"), 40, 3600);
    fs::write(at("load_stats.csv"), STATS).expect("written");
    fs::write(
        at("load_exceptions.csv"),
        "Count,Message,Traceback,Nodes\r\n",
    )
    .expect("written");
    let size = at("load_stats_history.csv").metadata().expect("a file");
    assert!(size.len() > 16 << 20, "{} bytes", size.len());
    let want = "passed: the JSON is whole, the history is for the curves only";
    let shown = deployed(&shop, folder.path(), want);
    assert!(
        shown.contains("succeeded; 144000 requests, 0 failed"),
        "{shown}"
    );
    let status = shop.call(&["status", "1", "--format", "json"]).run().json();
    let test = &status["deployments"][0]["timeline"]["load-tests"][0];
    let curve = test["curve"].as_array().expect("a curve");
    assert!((300..=600).contains(&curve.len()), "{} points", curve.len());
    assert_eq!(curve[0]["at"], START);
    assert_eq!(test["notes"], json!([]));
}

#[test]
fn four_hours_with_50_names_pass() {
    let shop = Shop::of("47-locust-json-4h-50-names", "");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("load.json");
    report(&file, 50, 14_400);
    let size = file.metadata().expect("a file").len();
    assert!(size > 16 << 20, "{size} bytes");
    let shown = deployed(&shop, folder.path(), "passed");
    assert!(
        shown.contains("succeeded; 720000 requests, 0 failed"),
        "{shown}"
    );
}
