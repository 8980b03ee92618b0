//! Tests of the contents and the size of the journal of a deployment that waits.

use super::*;
use crate::contract::promotion::{
    Action, Convergence, EnvironmentStatus, Event, LoadTestRun, LockHolder, Node, NodeState,
    NodeStatus, NodeVersion, Permission, Progress, Round,
};
use crate::contract::types::{Evidence, Reason};
use crate::deployment::fixture;
use crate::deployment::log::{self, Log};
use crate::deployment::timeline;
use crate::journal::Row;

/// Half a day.
const SECONDS: u64 = 12 * 60 * 60;

const OLD: &str = "8f94139338f9404f26296befa88755fc2598c289";
const NEW: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

struct Journal {
    log: Log,
    _folder: tempfile::TempDir,
}

impl Journal {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self {
            log: fixture::log(&folder),
            _folder: folder,
        }
    }

    fn write(&mut self, entry: &Entry) {
        self.log.write(entry).expect("written");
    }

    fn write_all(&mut self, entries: &[Entry]) {
        for entry in entries {
            self.write(entry);
        }
    }

    fn rows(&mut self) -> Vec<Row> {
        let number = self.log.deployment;
        self.log.store.records(number).expect("rows")
    }

    fn entries(&mut self) -> Vec<Entry> {
        let number = self.log.deployment;
        let read = log::read(self.log.store.as_mut(), number).expect("entries");
        read.into_iter().map(|it| it.entry).collect()
    }

    /// The number of bytes of the entries from this index on.
    fn size(&mut self, from: usize) -> usize {
        let rows = self.rows();
        rows.iter().skip(from).map(|it| it.body.len()).sum()
    }

    /// The events that a process reads when it resumes the deployment.
    fn resumed(&mut self) -> Vec<Event> {
        let number = self.log.deployment;
        let read = log::read(self.log.store.as_mut(), number).expect("entries");
        let history = log::history(number, &read).expect("a history");
        history.events().to_vec()
    }
}

fn decided(now: u64, next: Action, nodes: usize) -> Entry {
    let nodes = (0..nodes).map(|it| NodeStatus {
        name: format!("http://10.0.0.{it}:8080"),
        state: NodeState::Old,
    });
    Entry::Decided {
        now,
        decision: Decision {
            permission: Permission::Hold,
            next,
            reasons: vec![Reason {
                code: "converging".to_owned(),
                message: "the release is served by 0 nodes of `stage`".to_owned(),
                evidence: vec![Evidence::Event(0)],
                help: None,
            }],
            environments: vec![EnvironmentStatus {
                environment: "stage".to_owned(),
                progress: Progress::Deployed,
                approved_by: Vec::new(),
                load_tests: Vec::new(),
                watch: None,
                nodes: nodes.collect(),
            }],
        },
    }
}

fn happened(at: u64, kind: EventKind, details: Details) -> Entry {
    let event = Event { at, kind };
    Entry::Happened { event, details }
}

fn observed(at: u64, nodes: usize, commit: &str) -> Entry {
    let name = |it| format!("http://10.0.0.{it}:8080");
    let answers = (0..nodes).map(|it| Node {
        name: name(it),
        version: NodeVersion::Serves(commit.to_owned()),
    });
    let round = Round {
        environment: "stage".to_owned(),
        convergence: Convergence::Observed(answers.collect()),
        times: 1,
    };
    let details = (0..nodes).map(|it| NodeDetails {
        name: name(it),
        commit: Some(commit.to_owned()),
        version: Some("1.2.3".to_owned()),
        unreachable: None,
        took: at % 9,
    });
    let nodes = details.collect();
    happened(at, EventKind::Observed(round), Details::Round { nodes })
}

fn locked(at: u64) -> Entry {
    let occupant = LockHolder {
        environment: "stage".to_owned(),
        commit: OLD.to_owned(),
        load_test: None,
    };
    happened(at, EventKind::Locked(occupant), Details::Nothing)
}

fn waited(at: u64, seconds: u32) -> Entry {
    happened(at, EventKind::Waited(seconds), Details::Nothing)
}

fn cycle(at: u64, nodes: usize) -> [Entry; 4] {
    let observe = Action::Observe("stage".to_owned());
    [
        decided(at, observe, nodes),
        observed(at, nodes, OLD),
        decided(at, Action::Wait(1), nodes),
        waited(at, 1),
    ]
}

#[test]
fn rounds_that_do_not_change_cost_next_to_nothing() {
    let mut journal = Journal::new();
    for at in 0..SECONDS {
        journal.write_all(&cycle(at, 50));
    }
    assert_eq!(journal.log.events().len(), 2);
    assert_eq!(journal.resumed().len(), 2);
    // 50 nodes have 11 KB of answers and statuses. They are stored once.
    let first = 5;
    let (rows, size) = (journal.rows().len(), journal.size(first));
    assert!(rows < 760, "{rows} entries in 12 hours");
    assert!(size < 200_000, "{size} bytes in 12 hours");
}

#[test]
fn a_deployment_that_waits_for_days_stays_small() {
    let kinds: [fn(u64) -> Vec<Entry>; 2] = [
        |at| {
            vec![
                decided(at, Action::Deploy("stage".to_owned()), 0),
                locked(at),
                decided(at, Action::Wait(10), 0),
                waited(at, 10),
            ]
        },
        |at| vec![decided(at, Action::Wait(10), 0), waited(at, 10)],
    ];
    for cycle in kinds {
        let mut journal = Journal::new();
        for at in (0..SECONDS).step_by(10) {
            journal.write_all(&cycle(at));
        }
        assert!(
            journal.log.events().len() <= 3,
            "{:?}",
            journal.log.events()
        );
        let (rows, size) = (journal.rows().len(), journal.size(0));
        assert!(rows < 760, "{rows} entries in 12 hours");
        // 2 MB in three days.
        assert!(size < 330_000, "{size} bytes in 12 hours");
    }
}

#[test]
fn what_is_kept_back_is_written_before_anything_else() {
    let mut journal = Journal::new();
    for at in 0..5 {
        journal.write_all(&cycle(at, 1));
    }
    // The first cycle and the decision to ask again are written as they are.
    assert_eq!(journal.rows().len(), 5);
    journal.write(&observed(5, 1, NEW));
    let entries = journal.entries();
    let [.., repeated, Entry::Happened { .. }] = entries.as_slice() else {
        panic!("{entries:?}");
    };
    let Entry::Repeated { decisions, .. } = repeated else {
        panic!("{repeated:?}");
    };
    let again = |entry, times| RepeatedDecision { entry, times };
    assert_eq!(*decisions, [again(3, 4), again(5, 3)]);
    assert_eq!(journal.resumed(), journal.log.events());
    assert_eq!(journal.log.events().len(), 3);
}

#[test]
fn a_changed_decision_is_written_with_what_led_to_it() {
    let mut journal = Journal::new();
    for at in 0..5 {
        journal.write_all(&cycle(at, 1));
    }
    journal.write(&observed(5, 1, OLD));
    let before = journal.rows().len();
    journal.write(&decided(
        5,
        Action::LoadTest(LoadTestRun {
            environment: "stage".to_owned(),
            name: "load-test".to_owned(),
        }),
        1,
    ));
    assert_eq!(journal.rows().len(), before + 2);
    assert_eq!(journal.resumed(), journal.log.events());
    let EventKind::Observed(round) = &journal.log.events()[0].kind else {
        panic!("{:?}", journal.log.events());
    };
    assert_eq!(round.times, 6);
}

#[test]
fn an_effect_is_recorded_at_once() {
    let mut journal = Journal::new();
    for at in 0..5 {
        journal.write_all(&cycle(at, 1));
    }
    let effect = Action::Deploy("stage".to_owned());
    for _ in 0..2 {
        journal.write(&Entry::Started {
            effect: effect.clone(),
        });
    }
    let entries = journal.entries();
    let started = Entry::Started { effect };
    assert_eq!(entries[entries.len() - 2..], [started.clone(), started]);
    // After another entry, the next decision is written, whatever was decided before.
    let decision = decided(9, Action::Wait(1), 1);
    journal.write(&decision);
    assert_eq!(journal.entries().last(), Some(&decision));
}

#[test]
fn another_version_of_a_node_is_written() {
    let mut journal = Journal::new();
    for at in 0..5 {
        journal.write_all(&cycle(at, 1));
    }
    let mut other = observed(5, 1, OLD);
    if let Entry::Happened {
        details: Details::Round { nodes },
        ..
    } = &mut other
    {
        nodes[0].version = Some("1.2.4".to_owned());
    }
    journal.write(&other);
    assert_eq!(journal.entries().last(), Some(&other));
    assert_eq!(journal.resumed(), journal.log.events());
    assert_eq!(journal.log.events().len(), 1, "the policy sees no change");
}

#[test]
fn reports_show_what_was_repeated() {
    let mut journal = Journal::new();
    for at in 0..200 {
        journal.write_all(&cycle(at, 1));
    }
    journal.write(&Entry::Interrupted);
    let number = journal.log.deployment;
    let header = journal.log.store.deployment(number).expect("a header");
    let header = header.expect("a deployment");
    let entries = log::read(journal.log.store.as_mut(), number).expect("entries");
    let timeline = timeline::project(&header, &entries);
    let rounds: Vec<_> = timeline.rounds.iter().map(|it| it.times).collect();
    assert_eq!(rounds, [1, 199]);
    assert_eq!(timeline.rounds[1].at, 199_000);
    let decisions: u64 = timeline.decisions.iter().map(|it| it.times).sum();
    assert_eq!(decisions, 400);
    assert!(timeline.decisions.len() <= 3);
}
