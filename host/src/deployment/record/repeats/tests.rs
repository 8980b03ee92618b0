//! Tests of entries that refer to the lists of earlier entries.

use proptest::prelude::*;
use proptest::{collection::vec, option};

use super::*;
use crate::contract::promotion::{
    Action, Decision, Event, NodeState, NodeStatus, NodeVersion, Permission, Progress,
};
use crate::deployment::fixture::{self, begun, store};
use crate::deployment::history::History;
use crate::deployment::log::{self, Log};
use crate::journal::Row;

const COMMITS: [&str; 2] = ["4b825dc642cb", "ca779cf0631b"];

fn details(number: usize, answer: u8, took: u64) -> NodeDetails {
    let commit = COMMITS.get(usize::from(answer)).map(|it| (*it).to_owned());
    NodeDetails {
        name: format!("http://10.0.0.{number}"),
        version: commit.clone().filter(|_| took > 7),
        unreachable: commit.is_none().then(|| "connection refused".to_owned()),
        commit,
        took,
    }
}

fn node(details: &NodeDetails) -> Node {
    Node {
        name: details.name.clone(),
        version: match &details.commit {
            Some(commit) => NodeVersion::Serves(commit.clone()),
            None => NodeVersion::Unreachable("connection refused".to_owned()),
        },
    }
}

fn round() -> impl Strategy<Value = Entry> {
    let environment = prop::sample::select(vec!["stage", "prod"]);
    let answers = vec((0..3_u8, 0..9_u64), 0..3);
    (
        environment,
        answers,
        option::weighted(0.3, 1..9_u64),
        any::<u32>(),
    )
        .prop_map(|(environment, answers, imported, at)| {
            let answers = answers.into_iter().enumerate();
            let nodes: Vec<_> = answers
                .map(|(n, (it, took))| details(n, it, took))
                .collect();
            let round = Round {
                environment: environment.to_owned(),
                convergence: Convergence::Observed(nodes.iter().map(node).collect()),
                times: 1,
            };
            Entry::Happened {
                event: Event {
                    at: at.into(),
                    kind: EventKind::Observed(round),
                },
                details: match imported {
                    None => Details::Round { nodes },
                    Some(position) => Details::Imported {
                        deployment: 1,
                        position,
                    },
                },
            }
        })
}

fn decision() -> impl Strategy<Value = Entry> {
    let states = vec(
        prop::sample::select(vec![NodeState::Old, NodeState::Current]),
        0..3,
    );
    (states, any::<u32>()).prop_map(|(states, now)| {
        let nodes = states.into_iter().enumerate().map(|(n, state)| NodeStatus {
            name: format!("http://10.0.0.{n}"),
            state,
        });
        let of_nodes = |nodes: Vec<_>| EnvironmentStatus {
            environment: "stage".to_owned(),
            progress: Progress::Deployed,
            approved_by: Vec::new(),
            load_tests: Vec::new(),
            watch: None,
            nodes,
        };
        let nodes: Vec<_> = nodes.collect();
        Entry::Decided {
            now: now.into(),
            decision: Decision {
                permission: Permission::Hold,
                next: Action::Wait(1),
                reasons: Vec::new(),
                environments: if nodes.is_empty() {
                    Vec::new()
                } else {
                    vec![of_nodes(nodes)]
                },
            },
        }
    })
}

fn other() -> impl Strategy<Value = Entry> {
    let waited = |seconds| Entry::Happened {
        event: Event {
            at: 1,
            kind: EventKind::Waited(seconds),
        },
        details: Details::Nothing,
    };
    prop_oneof![any::<u32>().prop_map(waited), Just(Entry::Interrupted)]
}

/// Returns an entry without the response times, which a repeated round does not store.
fn timeless(mut entry: Entry) -> Entry {
    if let Entry::Happened {
        details: Details::Round { nodes },
        ..
    } = &mut entry
    {
        for node in nodes {
            node.took = 0;
        }
    }
    entry
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// For any entries in any order, also from several processes, reading returns the written entries, except those that
    /// only repeat earlier entries. The history that the policy receives has all events.
    #[test]
    fn what_is_stored_once_reads_as_if_it_were_stored_whole(
        entries in vec((prop_oneof![4 => round(), 4 => decision(), 4 => other()], prop::bool::weighted(0.1)), 0..40),
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let mut log = fixture::log(&folder);
        let number = log.deployment;
        let mut history = History::default();
        let mut written = Vec::new();
        for (entry, is_other_process) in entries {
            if is_other_process {
                // A process that is interrupted writes the entries that it kept back.
                log.write(&Entry::Interrupted).expect("written");
                written.push(Entry::Interrupted);
                let known = log::read(log.store.as_mut(), number).expect("entries");
                let known = log::history(number, &known).expect("a history");
                log = Log::behind(store(&folder), number, log.next(), &known);
            }
            log.write(&entry).expect("written");
            if let Entry::Happened { event, .. } = &entry {
                history.add(event.clone(), ());
            }
            written.push(timeless(entry));
        }
        log.write(&Entry::Interrupted).expect("written");
        written.push(Entry::Interrupted);
        let read = log::read(log.store.as_mut(), number).expect("entries");
        let known = log::history(number, &read).expect("a history");
        prop_assert_eq!(known.events(), history.events());
        let mut repeated = 0;
        let mut read = read.into_iter().map(|it| timeless(it.entry)).filter(|it| match it {
            Entry::Repeated { decisions, .. } => {
                repeated += decisions.iter().map(|it| it.times).sum::<u64>();
                false
            }
            _ => true,
        }).peekable();
        let mut kept_back = 0;
        for entry in written {
            if read.next_if_eq(&entry).is_none() {
                kept_back += u64::from(matches!(entry, Entry::Decided { .. }));
                let may_be = matches!(entry, Entry::Decided { .. } | Entry::Happened { .. });
                prop_assert!(may_be, "{:?} is missing", entry);
            }
        }
        prop_assert_eq!(read.next(), None);
        prop_assert_eq!(repeated, kept_back);
    }
}

#[test]
fn a_repeated_list_that_is_not_there_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = store(&folder);
    for same_as in [0, 1, 2, 3, 9] {
        let number = begun(store.as_mut());
        let round = r#""event":{"at":1,"happening":{"observed":{"environment":"stage","convergence":{"observed":[]}}}},
            "details":{"of":"round","nodes":[]}"#;
        for (position, body) in (1..).zip([
            r#"{"format":3,"entry":"interrupted"}"#.to_owned(),
            format!(r#"{{"format":3,"same_as":{same_as},"entry":"happened",{round}}}"#),
        ]) {
            let row = Row {
                position,
                at: 1,
                body,
            };
            store.append(number, &row).expect("appended");
        }
        let read = log::read(store.as_mut(), number).expect_err("nothing to repeat");
        assert!(
            read.message.contains("failed to read entry 2"),
            "{}",
            read.message
        );
    }
}

/// Stores many rounds of 500 nodes whose answers do not change.
#[test]
fn what_does_not_change_costs_next_to_nothing() {
    const ROUNDS: u64 = 100;
    let folder = tempfile::tempdir().expect("a folder");
    let mut log = fixture::log(&folder);
    for round in 0..ROUNDS {
        let nodes: Vec<_> = (0..500).map(|it| details(it, 0, round % 7)).collect();
        let status = EnvironmentStatus {
            environment: "stage".to_owned(),
            progress: Progress::Deployed,
            approved_by: Vec::new(),
            load_tests: Vec::new(),
            watch: None,
            nodes: nodes
                .iter()
                .map(|it| NodeStatus {
                    name: it.name.clone(),
                    state: NodeState::Old,
                })
                .collect(),
        };
        let observed = Round {
            environment: "stage".to_owned(),
            convergence: Convergence::Observed(nodes.iter().map(node).collect()),
            times: 1,
        };
        log.write(&Entry::Happened {
            event: Event {
                at: round,
                kind: EventKind::Observed(observed),
            },
            details: Details::Round { nodes },
        })
        .expect("written");
        log.write(&Entry::Decided {
            now: round,
            decision: Decision {
                permission: Permission::Hold,
                next: Action::Wait(1),
                reasons: Vec::new(),
                environments: vec![status],
            },
        })
        .expect("written");
    }
    let rows = log.store.records(log.deployment).expect("rows");
    let sizes = rows.iter().map(|it| it.body.len());
    let (first, rest): (usize, usize) = (sizes.clone().take(2).sum(), sizes.skip(2).sum());
    assert!(first > 50_000, "{first}");
    assert!(rest < 99 * 600, "{rest}");
}
