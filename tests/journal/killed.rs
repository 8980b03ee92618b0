//! A process that is killed while it writes.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::place::{Place, for_both, new, open, row};

for_both!(what_was_acknowledged_is_there);

/// How often it is killed.
const ROUNDS: u64 = 25;

fn what_was_acknowledged_is_there(place: &Place) {
    let number = place.open().begin(&new("a")).expect("begun");
    let mut acknowledged = 0;
    for round in 0..ROUNDS {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "killed::child_that_writes", "--nocapture"])
            .env(LOCATION, place.location())
            .env(NUMBER, number.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it runs");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut written = || {
            lines.find_map(|line| {
                let line = line.expect("text");
                line.split_once("written ")?.1.parse::<u64>().ok()
            })
        };
        for _ in 0..=fastrand::u64(..8) {
            acknowledged = written().expect("it writes until it is killed");
        }
        // The moment is to fall anywhere into its next transactions.
        let moment = Instant::now() + Duration::from_micros(fastrand::u64(..5000));
        while Instant::now() < moment {
            std::hint::spin_loop();
        }
        child.kill().expect("it lives");
        // What it said before it died counts as well.
        while let Some(position) = written() {
            acknowledged = position;
        }
        child.wait().expect("it ended");

        let records = place.open().records(number).expect("intact");
        let count = records.len() as u64;
        assert!(
            (acknowledged..=acknowledged + 1).contains(&count),
            "round {round}: {count} records, {acknowledged} acknowledged"
        );
        assert_eq!(records, (1..=count).map(row).collect::<Vec<_>>());
    }
}

const LOCATION: &str = "GREENLIGHT_TEST_WRITES_TO";
const NUMBER: &str = "GREENLIGHT_TEST_WRITES_NUMBER";

/// The child's part; without the variables there is nothing to do.
#[test]
fn child_that_writes() {
    let (Ok(location), Ok(number)) = (std::env::var(LOCATION), std::env::var(NUMBER)) else {
        return;
    };
    let number = number.parse().expect("a number");
    let mut store = open(&location);
    let from = store.records(number).expect("intact").len() as u64 + 1;
    for position in from.. {
        store.append(number, &row(position)).expect("appended");
        println!("written {position}");
    }
}
