//! Results files of load tests that are valid and large: a history of Locust, a report of Locust and a summary of k6.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use crate::facts::load_test::{self, Files, Format, Run};
use crate::limits::feeds::LARGE;

const HEADER: &str = "Timestamp,User Count,Type,Name,Requests/s,Failures/s,50%,95%,Total Request Count,\
                      Total Failure Count\r\n";

/// The seconds of the run.
const SECONDS: usize = 30_000;

/// Writes the files below a folder, each with 100 MB.
pub(super) fn write(folder: &Path) {
    history(&folder.join("history.csv")).expect("written");
    report(&folder.join("report.json")).expect("written");
    summary(&folder.join("summary.json")).expect("written");
}

fn create(path: &Path) -> io::Result<BufWriter<File>> {
    Ok(BufWriter::with_capacity(1 << 20, File::create(path)?))
}

/// A row per second for each of many names.
fn history(path: &Path) -> io::Result<()> {
    let mut file = create(path)?;
    file.write_all(HEADER.as_bytes())?;
    for second in 0..SECONDS {
        let at = 1_795_690_000 + second;
        let end = format!("1.0,0.0,12,21,{second},0\r\n");
        for name in 0..LARGE / SECONDS / 60 {
            write!(file, "{at},20,GET,/api/v1/resource/{name:04}/items,{end}")?;
        }
        write!(file, "{at},20,,Aggregated,{end}")?;
    }
    file.flush()
}

/// Entries with a count for each second.
fn report(path: &Path) -> io::Result<()> {
    let counts = (0..SECONDS).map(|it| format!("\"{}\": 1", 1_795_690_000 + it));
    let counts = counts.collect::<Vec<_>>().join(", ");
    let mut file = create(path)?;
    for name in 0..=LARGE / counts.len() {
        let begin = if name == 0 { "[" } else { "," };
        write!(
            file,
            "{begin}{{\"name\": \"/{name}\", \"method\": \"GET\", \"num_requests\": {SECONDS}, \"num_failures\": 0, \
             \"start_time\": 1795690000, \"last_request_timestamp\": 1795720000, \
             \"response_times\": {{\"12\": {SECONDS}}}, \"num_reqs_per_sec\": {{{counts}}}}}"
        )?;
    }
    file.write_all(b"]")?;
    file.flush()
}

/// A summary whose groups have many checks.
fn summary(path: &Path) -> io::Result<()> {
    let check = r#"{"name": "status is 200", "path": "::status", "id": "0123456789abcdef", "passes": 1, "fails": 0}"#;
    let mut file = create(path)?;
    file.write_all(br#"{"root_group": {"name": "", "groups": [], "checks": ["#)?;
    for _ in 0..LARGE / check.len() {
        write!(file, "{check}, ")?;
    }
    write!(
        file,
        "{check}]}}, \"state\": {{\"testRunDurationMs\": 1000}}, \"metrics\": {{\"http_reqs\": {{\"type\": \"counter\", \
         \"values\": {{\"count\": 40, \"rate\": 8}}}}, \"http_req_duration\": {{\"type\": \"trend\", \"values\": \
         {{\"p(95)\": 210.01}}}}, \"http_req_failed\": {{\"type\": \"rate\", \"values\": {{\"rate\": 0, \"passes\": 0, \
         \"fails\": 40}}}}}}}}"
    )?;
    file.flush()
}

/// Reads the results of both tools: the files of [`write`] from a folder, or each file from the same other source.
pub(super) fn read(from: &Path) -> Result<String, String> {
    let file = |name: &str| {
        if from.is_dir() {
            from.join(name)
        } else {
            from.to_owned()
        }
    };
    let run = |format, results: &str, history| Run {
        format,
        files: Files {
            results: file(results),
            history,
            ..Files::default()
        },
        requests: vec![load_test::REQUESTS.to_owned()],
        names: Vec::new(),
        exit_status: Some(0),
    };
    let locust = run(Format::Locust, "report.json", Some(file("history.csv")));
    let (locust, curve) = load_test::read(&locust);
    let (k6, _) = load_test::read(&run(Format::K6, "summary.json", None));
    if locust.complete && k6.complete {
        return Ok(format!("{} points, {} requests", curve.len(), k6.requests));
    }
    Err(format!("{:?} {:?}", locust.notes, k6.notes))
}
