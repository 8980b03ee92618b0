//! Brings a service to rest after the faults: every webhook is processed, every deployment has ended.

use std::thread;
use std::time::{Duration, Instant};

use greenlight::deployment::entry::Entry;
use greenlight::journal::inbox::{DeploymentRequestState, PushEventState};

use crate::faults::LATEST;
use crate::history::History;
use crate::say;
use crate::traffic::Traffic;

/// How long a service may take to come to rest.
const LIMIT: Duration = Duration::from_mins(4);

/// The time after which the test prints each part that is not at rest.
const SLOW: Duration = Duration::from_secs(40);

/// How long a deployment may wait for another release before the test cancels it.
const PATIENCE: Duration = Duration::from_secs(15);

/// Brings a service to rest, and returns its history.
pub fn drive(traffic: &mut Traffic, seed: u64) -> History {
    traffic.faults.end(&traffic.shop);
    // The boot clock decides when leases and delays end, so a clock that is set back must not delay the rest.
    if traffic.shop.database.is_none() {
        traffic.shop.shift_clock(-LATEST);
    }
    // A server that starts does not know how often the one before it tried to resume a deployment, so it does not wait.
    traffic.shop.kill_server();
    let mut is_slow = false;
    let began = Instant::now();
    let mut asked = Instant::now();
    loop {
        traffic.faults.end(&traffic.shop);
        traffic.attend();
        let history = traffic.shop.history(seed);
        let open = open(&history);
        if traffic.is_over() && open.is_empty() {
            return history;
        }
        if began.elapsed() > SLOW && !std::mem::replace(&mut is_slow, true) {
            say(&format!("{} is not at rest: {open:?}", history.service));
        }
        if began.elapsed() > LIMIT {
            assert!(
                traffic.is_over(),
                "seed {seed}: a webhook or a command has no answer"
            );
            traffic.shop.log.fault(format!("not at rest: {open:?}"));
            return traffic.shop.history(seed);
        }
        if asked.elapsed() > Duration::from_secs(1) {
            asked = Instant::now();
            for number in history.deployments.keys() {
                let header = &history.deployments[number].header;
                if header.conclusion.is_some() {
                    continue;
                }
                let number = number.to_string();
                // A process that died before the first record leaves nothing to resume.
                let is_empty = history.deployments[&header.number].entries.is_empty();
                if began.elapsed() > PATIENCE && (is_empty || waits(&history, header.number)) {
                    traffic.start(&["cancel", &number, "--by", "Ada", "--wait", "10s"]);
                } else if header
                    .request
                    .as_deref()
                    .is_none_or(|it| it.starts_with("key-"))
                {
                    traffic.start(&["run", "--resume", &number]);
                }
            }
        }
        thread::sleep(Duration::from_millis(200));
    }
}

/// What is not at rest.
pub fn open(history: &History) -> Vec<String> {
    let mut open = Vec::new();
    for (number, recorded) in &history.deployments {
        if recorded.header.conclusion.is_none() {
            open.push(format!("deployment {number} has not ended"));
        }
    }
    for event in &history.push_events {
        if let PushEventState::Pending { why, .. } = &event.state {
            open.push(format!(
                "push event {} is pending: {why:?}",
                event.push_event.tag
            ));
        }
    }
    for request in &history.requests {
        let state = &request.state;
        // The reason of the policy is stated: a production tag waits for stage, a tag contradicts its label, stage did
        // not converge.
        let is_stated =
            matches!(state, DeploymentRequestState::Waiting { why, .. } if why.ends_with(']'));
        let is_over = matches!(
            state,
            DeploymentRequestState::Started { .. }
                | DeploymentRequestState::Stopped { .. }
                | DeploymentRequestState::Unknown { .. }
        );
        if !is_over && !is_stated {
            open.push(format!("request {} is {state:?}", request.tag));
        }
    }
    open
}

/// Whether the last decision of a deployment is to wait.
fn waits(history: &History, number: u64) -> bool {
    let decided = history.entries(number).filter_map(|it| match it {
        Entry::Decided { decision, .. } => Some(decision.permission),
        _ => None,
    });
    decided.last() == Some(greenlight::contract::promotion::Permission::Hold)
}
