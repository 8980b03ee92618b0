//! A server that is killed while it works.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use greenlight::journal::Holder;
use greenlight::journal::inbox::DeploymentRequestState;

use super::{LONG, delivery, event, wanted};
use crate::place::{Place, for_both, inbox};

for_both!(what_was_accepted_comes_to_one_start);

/// How often it is killed.
const ROUNDS: u64 = 20;

fn what_was_accepted_comes_to_one_start(place: &Place) {
    let mut accepted = 0;
    for round in 0..ROUNDS {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args([
                "--exact",
                "inbox::killed::child_that_receives",
                "--nocapture",
            ])
            .env(LOCATION, place.location())
            .env(FROM, accepted.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it runs");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut said = || {
            lines.find_map(|line| {
                let line = line.expect("text");
                line.split_once("accepted ")?.1.parse::<u64>().ok()
            })
        };
        for _ in 0..=fastrand::u64(..6) {
            accepted = said().expect("it works until it is killed");
        }
        // The moment is to fall anywhere into its next transactions.
        let moment = Instant::now() + Duration::from_micros(fastrand::u64(..8000));
        while Instant::now() < moment {
            std::hint::spin_loop();
        }
        child.kill().expect("it lives");
        while let Some(number) = said() {
            accepted = number;
        }
        child.wait().expect("it ended");
        let events = place.inbox().push_events(usize::MAX).expect("read").len() as u64;
        assert!(
            (accepted..=accepted + 1).contains(&events),
            "round {round}: {events} events, {accepted} accepted"
        );
    }

    // A later holder is given all of it, except what the dead holders were starting.
    let mut inbox = place.inbox();
    let own = Holder::this_process();
    for claimed in inbox.pending(&own, LONG, usize::MAX).expect("claimed") {
        let settled = wanted(&claimed.push_event);
        assert_eq!(inbox.settle(&claimed, &settled), Ok(true));
    }
    for claimed in inbox.due(&own, LONG, usize::MAX).expect("claimed") {
        assert_eq!(claimed.request.state, DeploymentRequestState::Wanted);
    }
    let mut tags: Vec<u64> = inbox
        .deployment_requests(usize::MAX)
        .expect("read")
        .iter()
        .map(|request| request.tag.parse().expect("a number"))
        .collect();
    tags.sort_unstable();
    assert!(tags.len() as u64 >= accepted);
    assert_eq!(tags, (1..=tags.len() as u64).collect::<Vec<_>>());
    let counts = inbox.counts().expect("read");
    assert_eq!(
        counts.wanted + counts.starting + counts.started,
        tags.len() as u64
    );
    assert!(
        counts.started > 0 && counts.starting <= ROUNDS,
        "{counts:?}"
    );
}

const LOCATION: &str = "GREENLIGHT_TEST_RECEIVES_INTO";
const FROM: &str = "GREENLIGHT_TEST_RECEIVES_FROM";

/// The child's part; without the variables there is nothing to do.
#[test]
fn child_that_receives() {
    let (Ok(location), Ok(from)) = (std::env::var(LOCATION), std::env::var(FROM)) else {
        return;
    };
    let mut inbox = inbox(&location);
    let own = Holder::this_process();
    let from: u64 = from.parse().expect("a number");
    for number in from + 1.. {
        inbox
            .accept(&[delivery(number, &[event(&number.to_string())])])
            .expect("accepted");
        println!("accepted {number}");
        for claimed in inbox.pending(&own, LONG, 9).expect("claimed") {
            let settled = wanted(&claimed.push_event);
            assert_eq!(inbox.settle(&claimed, &settled), Ok(true));
        }
        for claimed in inbox.due(&own, LONG, 1).expect("claimed") {
            let starting = DeploymentRequestState::Starting {
                attempt: 1,
                why: None,
                again_at: 0,
            };
            assert_eq!(inbox.write(&claimed, &starting, true), Ok(true));
            let started = DeploymentRequestState::Started {
                reference: claimed.request.key.clone(),
            };
            assert_eq!(inbox.write(&claimed, &started, false), Ok(true));
        }
    }
}
