//! The commands of the built-in pipeline, which are this program, started by itself: a deployment to the built-in
//! nodes, a step that changes nothing, and a small load with results in the shape of Locust's.
//!
//! Source of that shape: recorded runs of Locust 2.47 in `tests/facts/locust/`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::clock;

/// The first argument of a built-in deployment.
pub const DEPLOY: &str = "__local-deploy";

/// The first argument of the built-in load.
pub const LOAD: &str = "__local-load";

/// The first argument of a built-in step.
pub const STEP: &str = "__local-step";

/// Runs one of these commands.
pub fn run_as_child(arguments: &[String]) -> ExitCode {
    let outcome = match arguments {
        [what, control] if what == DEPLOY => deploy(control),
        [what] if what == STEP => Ok("a built-in step changes nothing".to_owned()),
        [what, results, history] if what == LOAD => load(
            &variable("GREENLIGHT_NODES"),
            Path::new(results),
            Path::new(history),
        ),
        _ => Err("this command is internal to `greenlight run --local`".to_owned()),
    };
    match outcome {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn deploy(control: &str) -> Result<String, String> {
    let (commit, environment) = (
        variable("GREENLIGHT_COMMIT"),
        variable("GREENLIGHT_ENVIRONMENT"),
    );
    agent()
        .post(format!("{control}{commit}"))
        .send_empty()
        .map_err(|error| format!("failed to deploy: {error}"))?;
    Ok(format!(
        "the nodes of {environment} change to {commit}, one by one"
    ))
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(5)))
        .proxy(None)
        .build()
        .into()
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

/// Duration of the load.
const LASTS: Duration = Duration::from_secs(3);

/// The time between two requests.
const PAUSE: Duration = Duration::from_millis(10);

/// Sends requests to the nodes in turn, and writes the results.
fn load(nodes: &str, results: &Path, history: &Path) -> Result<String, String> {
    let nodes: Vec<&str> = nodes.split_whitespace().collect();
    if nodes.is_empty() {
        return Err("no nodes to test".to_owned());
    }
    let agent = agent();
    let began = clock::seconds();
    let started = Instant::now();
    let mut tally = Tally::default();
    let mut rows = String::from(
        "Timestamp,User Count,Type,Name,Requests/s,Failures/s,50%,95%,Total Request Count,\
         Total Failure Count\r\n",
    );
    let mut second = 0;
    for node in nodes.iter().cycle() {
        if started.elapsed() >= LASTS {
            break;
        }
        let asked = Instant::now();
        let answered = agent.get(*node).call().is_ok();
        tally.count(asked.elapsed(), answered);
        if started.elapsed().as_secs() > second {
            second = started.elapsed().as_secs();
            tally.row(&mut rows, began + second);
        }
        std::thread::sleep(PAUSE);
    }
    tally.row(&mut rows, clock::seconds());
    write(history, &rows)?;
    write(results, &tally.document(began, clock::seconds()))?;
    Ok(format!(
        "{} requests, {} failed",
        tally.requests, tally.failures
    ))
}

#[derive(Default)]
struct Tally {
    requests: u64,
    failures: u64,
    /// Requests and failures when the last row was written.
    before: (u64, u64),
    /// Requests by response time in milliseconds.
    times: BTreeMap<u64, u64>,
}

impl Tally {
    fn count(&mut self, took: Duration, answered: bool) {
        self.requests += 1;
        self.failures += u64::from(!answered);
        let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
        *self.times.entry(milliseconds).or_default() += 1;
    }

    fn percentile(&self, percent: u64) -> u64 {
        let rank = (self.requests * percent).div_ceil(100);
        let mut seen = 0;
        for (time, count) in &self.times {
            seen += count;
            if seen >= rank {
                return *time;
            }
        }
        0
    }

    fn row(&mut self, rows: &mut String, at: u64) {
        let (requests, failures) = self.before;
        // Writing into a string can't fail.
        let _ = write!(
            rows,
            "{at},1,,Aggregated,{},{},{},{},{},{}\r\n",
            self.requests - requests,
            self.failures - failures,
            self.percentile(50),
            self.percentile(95),
            self.requests,
            self.failures
        );
        self.before = (self.requests, self.failures);
    }

    fn document(&self, began: u64, ended: u64) -> String {
        let times: BTreeMap<String, u64> = self
            .times
            .iter()
            .map(|(time, count)| (time.to_string(), *count))
            .collect();
        let least = self.times.keys().next().copied().unwrap_or_default();
        let most = self.times.keys().last().copied().unwrap_or_default();
        let total: u64 = self.times.iter().map(|(time, count)| time * count).sum();
        serde_json::json!([{
            "name": "/",
            "method": "GET",
            "last_request_timestamp": ended,
            "start_time": began,
            "num_requests": self.requests,
            "num_none_requests": 0,
            "num_failures": self.failures,
            "total_response_time": total,
            "max_response_time": most,
            "min_response_time": least,
            "total_content_length": 0,
            "response_times": times,
            "num_reqs_per_sec": {},
            "num_fail_per_sec": {},
        }])
        .to_string()
    }
}

fn write(file: &Path, text: &str) -> Result<(), String> {
    fs::write(file, text).map_err(|error| format!("failed to write `{}`: {error}", file.display()))
}
