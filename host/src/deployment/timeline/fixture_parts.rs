//! The parts that deployments of [`super::fixture`] are made of.

use super::fixture::{BEFORE, COMMIT, at};
use crate::contract::fields::ByName;
use crate::contract::promotion::{Permission, Progress};
use crate::contract::settings::LOAD_TEST;
use crate::contract::types::Verdict;
use crate::deployment::timeline::{
    Decision, Limit, LoadTest, Node, Place, Reason, Round, Step, StepKind, StepState,
};
use crate::facts::load_test::Point;

/// Users climb for a minute; something breaks after three.
pub fn curve() -> Vec<Point> {
    (0..300_u32)
        .map(|second| {
            let t = f64::from(second);
            let users = (t / 60.0).min(1.0) * 50.0;
            let wobble = (t * 0.7).sin() * 3.0 + (t * 0.23).cos() * 4.0;
            let bad = second > 180 && second < 250;
            Point {
                at: at(121) / 1000 + u64::from(second),
                users: u64::from(second.min(60)) * 50 / 60,
                requests_per_second: (users * 2.1 + wobble - if bad { 38.0 } else { 0.0 }).max(0.0),
                failures_per_second: if bad {
                    3.0 + (t * 0.9).sin() * 1.5
                } else {
                    0.0
                },
                p50: Some(80.0),
                p95: (second > 4).then_some(if bad { 1700.0 } else { 310.0 } + wobble * 20.0),
                requests: u64::from(second) * 94,
                failures: 0,
            }
        })
        .collect()
}

/// The load test of stage, with a limit for the requests of one name and the baseline of all of them.
pub fn load_test(verdict: Verdict, failures: u64) -> LoadTest {
    LoadTest {
        environment: "stage".to_owned(),
        name: LOAD_TEST.to_owned(),
        verdict: Some(ByName(verdict)),
        at: at(421),
        requests: 28_140,
        failures,
        exceptions: 0,
        duration: 300_000,
        p95: Some(1840),
        versions: vec![COMMIT.to_owned()],
        limits: vec![
            Limit {
                threshold: "max-p99",
                requests: Some("POST /cart".to_owned()),
                measured: Some(2_410.0),
                limit: 2_000.0,
                baseline: None,
            },
            Limit {
                threshold: "max-increase",
                requests: None,
                measured: Some(1_840.0),
                limit: 0.2,
                baseline: Some(310.0),
            },
        ],
        notes: vec!["the history ends 3 s before the results do".to_owned()],
        curve: curve(),
    }
}

/// Nodes that take the release one after another; the last one restarts for a while.
pub fn rolling(environment: &str, network: &str, from: u64, until: u64, rounds: u64) -> Vec<Round> {
    let nodes = if environment == "prod" { 6 } else { 4 };
    (0..rounds)
        .map(|round| Round {
            at: at(from + (until - from) * round / rounds.max(2).saturating_sub(1)),
            environment: environment.to_owned(),
            nodes: (1..=nodes)
                .map(|index| {
                    let name = format!("http://{network}.{index}:8080");
                    let turn = index * 3;
                    match round {
                        _ if round >= turn => node(&name, Some(COMMIT)),
                        _ if index == 4 && round + 5 >= turn => node(&name, None),
                        _ => node(&name, Some(BEFORE)),
                    }
                })
                .collect(),
            times: 1,
        })
        .collect()
}

pub fn node(name: &str, commit: Option<&str>) -> Node {
    Node {
        name: name.to_owned(),
        commit: commit.map(str::to_owned),
        unreachable: commit.is_none().then(|| "connection refused".to_owned()),
    }
}

pub fn place(name: &str, progress: Progress, load_test: Option<Verdict>) -> Place {
    Place {
        name: name.to_owned(),
        progress: ByName(progress),
        load_test: load_test.map(ByName),
    }
}

pub fn step(
    kind: StepKind,
    environment: &str,
    began: u64,
    ended: Option<u64>,
    state: StepState,
    outcome: &str,
) -> Step {
    Step {
        kind: ByName(kind),
        environment: Some(environment.to_owned()),
        began: at(began),
        ended: ended.map(at),
        state: ByName(state),
        outcome: outcome.to_owned(),
        tail: Vec::new(),
        name: None,
        log: (kind != StepKind::Notify).then(|| format!("{}-{environment}.log", ByName(kind))),
    }
}

pub fn decision(
    seconds: u64,
    times: u64,
    permission: Permission,
    next: &str,
    code: &str,
    message: &str,
) -> Decision {
    Decision {
        at: at(seconds),
        times,
        permission: ByName(permission),
        next_text: next.to_owned(),
        reasons: vec![reason(code, message)],
    }
}

pub fn reason(code: &str, message: &str) -> Reason {
    Reason {
        code: code.to_owned(),
        message: message.to_owned(),
        help: None,
        load_test: None,
    }
}
