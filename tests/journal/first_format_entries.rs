//! Stored entries of the first format, one of each shape that its version wrote: every kind of event, of details and
//! of evidence. The journal of the fixtures has only those that its deployments met.

use std::collections::HashSet;
use std::mem::discriminant;

use greenlight::contract::promotion::{
    Action, CompetingRelease, Convergence, Decision, Deployment, Event, EventKind,
    InterventionKind, LoadTestRun, LockHolder, Node, NodeVersion, Notification, Outcome,
    Permission, Round, Urgency,
};
use greenlight::contract::types::{Evidence, Reason, Span};
use greenlight::deployment::entry::{CommandDetails, Details, Entry, NodeDetails, Person};
use greenlight::deployment::log;
use greenlight::journal::Row;

use crate::first_format_load_tests;
use crate::place::{Place, for_both, new};

for_both!(
    every_event_is_read,
    every_evidence_is_read,
    every_other_entry_is_read,
);

pub const COMMIT: &str = "1921e4825414898108a936f26c8f2cd61fa803ab";

/// Stores bodies as they are, and reads the entries.
#[track_caller]
fn read(place: &Place, bodies: &[String]) -> Vec<Entry> {
    let mut store = place.open();
    let number = store.begin(&new(COMMIT)).expect("begun");
    for (position, body) in (1..).zip(bodies) {
        let row = Row {
            position,
            at: 1_700_000_000_000,
            body: body.clone(),
        };
        store.append(number, &row).expect("appended");
    }
    let entries = log::read(store.as_mut(), number).expect("its entries");
    entries.into_iter().map(|it| it.entry).collect()
}

fn every_event_is_read(place: &Place) {
    let events = events();
    let bodies: Vec<_> = events
        .iter()
        .map(|(stored, details, ..)| {
            format!(
                r#"{{"entry":"happened","event":{{"at":1795703996,"happening":{stored}}},"details":{details}}}"#
            )
        })
        .collect();
    let (mut kinds, mut kinds_of_details) = (HashSet::new(), HashSet::new());
    let read = read(place, &bodies);
    assert_eq!(read.len(), events.len());
    for ((entry, body), (.., kind, details)) in read.into_iter().zip(&bodies).zip(events) {
        kinds.insert(discriminant(&kind));
        kinds_of_details.insert(discriminant(&details));
        let at = 1_795_703_996;
        let event = Event { at, kind };
        assert_eq!(entry, Entry::Happened { event, details }, "{body}");
    }
    assert_eq!((kinds.len(), kinds_of_details.len()), (9, 8));
}

/// An event and its details: as JSON, and what they mean.
pub type StoredEvent = (&'static str, &'static str, EventKind, Details);

fn events() -> Vec<StoredEvent> {
    [
        deployed(),
        observed(),
        first_format_load_tests::load_tested(),
        notified(),
        seen(),
    ]
    .concat()
}

fn deployed() -> Vec<StoredEvent> {
    let deployed = |digest: Option<&str>, outcome| {
        EventKind::Deployed(Deployment {
            environment: "stage".to_owned(),
            commit: COMMIT.to_owned(),
            digest: digest.map(str::to_owned),
            outcome,
        })
    };
    let command = |ended: &str, exit_status| {
        Details::Command(CommandDetails {
            ended: ended.to_owned(),
            exit_status,
            took: 302,
            log: "0007-deploy-stage.log".to_owned(),
            tail: Vec::new(),
        })
    };
    vec![
        (
            r#"{"deployed":{"environment":"stage","commit":"1921e4825414898108a936f26c8f2cd61fa803ab","digest":"sha256:2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b","outcome":"succeeded"}}"#,
            r#"{"of":"command","ended":"succeeded","exit_status":0,"took":302,"log":"0007-deploy-stage.log"}"#,
            deployed(
                Some("sha256:2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b"),
                Outcome::Succeeded,
            ),
            command("succeeded", Some(0)),
        ),
        (
            r#"{"deployed":{"environment":"stage","commit":"1921e4825414898108a936f26c8f2cd61fa803ab","outcome":"failed"}}"#,
            r#"{"of":"command","ended":"exit status 3","exit_status":3,"took":302,"log":"0007-deploy-stage.log"}"#,
            deployed(None, Outcome::Failed),
            command("exit status 3", Some(3)),
        ),
        (
            r#"{"deployed":{"environment":"stage","commit":"1921e4825414898108a936f26c8f2cd61fa803ab","outcome":"timed-out"}}"#,
            r#"{"of":"command","ended":"timed out","exit_status":null,"took":302,"log":"0007-deploy-stage.log"}"#,
            deployed(None, Outcome::TimedOut),
            command("timed out", None),
        ),
        (
            r#"{"deployed":{"environment":"stage","commit":"1921e4825414898108a936f26c8f2cd61fa803ab","outcome":"canceled"}}"#,
            r#"{"of":"borrowed","deployment":4,"position":15}"#,
            deployed(None, Outcome::Canceled),
            Details::Imported {
                deployment: 4,
                position: 15,
            },
        ),
        (
            r#"{"deployed":{"environment":"stage","commit":"1921e4825414898108a936f26c8f2cd61fa803ab","outcome":"unknown"}}"#,
            r#"{"of":"cut-off"}"#,
            deployed(None, Outcome::Unknown),
            Details::Interrupted,
        ),
    ]
}

fn observed() -> Vec<StoredEvent> {
    let nodes = vec![
        Node {
            name: "http://10.0.0.1".to_owned(),
            version: NodeVersion::Serves(COMMIT.to_owned()),
        },
        Node {
            name: "http://10.0.0.2".to_owned(),
            version: NodeVersion::Unreachable("no answer".to_owned()),
        },
    ];
    let details = vec![
        NodeDetails {
            name: "http://10.0.0.1".to_owned(),
            commit: Some(COMMIT.to_owned()),
            version: Some("1.0.0".to_owned()),
            unreachable: None,
            took: 4,
        },
        NodeDetails {
            name: "http://10.0.0.2".to_owned(),
            commit: None,
            version: None,
            unreachable: Some("no answer".to_owned()),
            took: 1000,
        },
    ];
    vec![(
        r#"{"observed":{"environment":"stage","convergence":{"observed":[{"name":"http://10.0.0.1","version":{"serves":"1921e4825414898108a936f26c8f2cd61fa803ab"}},{"name":"http://10.0.0.2","version":{"unreachable":"no answer"}}]}}}"#,
        r#"{"of":"round","nodes":[{"name":"http://10.0.0.1","commit":"1921e4825414898108a936f26c8f2cd61fa803ab","version":"1.0.0","unreachable":null,"took":4},{"name":"http://10.0.0.2","commit":null,"version":null,"unreachable":"no answer","took":1000}]}"#,
        EventKind::Observed(Round {
            environment: "stage".to_owned(),
            convergence: Convergence::Observed(nodes),
            times: 1,
        }),
        Details::Round { nodes: details },
    )]
}

fn notified() -> Vec<StoredEvent> {
    let notified = |key: &str, outcome| {
        EventKind::Notified(Notification {
            key: key.to_owned(),
            outcome,
        })
    };
    let notice = |urgency, error: Option<&str>| Details::Notice {
        urgency,
        text: "it was decided".to_owned(),
        error: error.map(str::to_owned),
    };
    vec![
        (
            r#"{"notified":{"key":"promoted","outcome":"succeeded"}}"#,
            r#"{"of":"notice","urgency":"info","text":"it was decided","error":null}"#,
            notified("promoted", Outcome::Succeeded),
            notice(Urgency::Info, None),
        ),
        (
            r#"{"notified":{"key":"stopped","outcome":"failed"}}"#,
            r#"{"of":"notice","urgency":"failure","text":"it was decided","error":"status 404"}"#,
            notified("stopped", Outcome::Failed),
            notice(Urgency::Failure, Some("status 404")),
        ),
        (
            r#"{"notified":{"key":"stopped","outcome":"unknown"}}"#,
            r#"{"of":"cut-off"}"#,
            notified("stopped", Outcome::Unknown),
            Details::Interrupted,
        ),
    ]
}

/// An intervention of Ada. The first format has her name only in the details.
fn intervened(kind: InterventionKind) -> EventKind {
    let ada = Person {
        name: "Ada".to_owned(),
        reason: None,
        proven: false,
    };
    EventKind::Intervened(ada.intervention(kind))
}

/// Waits, competing releases and persons.
fn seen() -> Vec<StoredEvent> {
    let competing_release = || CompetingRelease {
        environment: "prod".to_owned(),
        commit: COMMIT.to_owned(),
    };
    let ada = || {
        Details::Person(Person {
            name: "Ada".to_owned(),
            reason: None,
            proven: false,
        })
    };
    let plain = |text, kind| (text, r#"{"of":"nothing"}"#, kind, Details::Nothing);
    vec![
        plain(r#"{"waited":7}"#, EventKind::Waited(7)),
        plain(
            r#"{"overtaken":{"environment":"prod","commit":"1921e4825414898108a936f26c8f2cd61fa803ab"}}"#,
            EventKind::Superseded(competing_release()),
        ),
        plain(
            r#"{"unplaced":{"environment":"prod","commit":"1921e4825414898108a936f26c8f2cd61fa803ab"}}"#,
            EventKind::Diverged(competing_release()),
        ),
        plain(
            r#"{"occupied":{"environment":"prod","commit":"1921e4825414898108a936f26c8f2cd61fa803ab"}}"#,
            EventKind::Locked(LockHolder {
                environment: "prod".to_owned(),
                commit: COMMIT.to_owned(),
                load_test: None,
            }),
        ),
        (
            r#"{"intervened":"approved"}"#,
            r#"{"of":"person","name":"Ada"}"#,
            intervened(InterventionKind::Approved),
            ada(),
        ),
        (
            r#"{"intervened":"canceled"}"#,
            r#"{"of":"person","name":"Ada"}"#,
            intervened(InterventionKind::Canceled),
            ada(),
        ),
    ]
}

fn every_evidence_is_read(place: &Place) {
    let all = [
        (
            r#"{"label":{"start":8,"end":26}}"#,
            Evidence::Label(Span { start: 8, end: 26 }),
        ),
        (r#"{"tag":"stage-1"}"#, Evidence::Tag("stage-1".to_owned())),
        (r#"{"branch":"main"}"#, Evidence::Branch("main".to_owned())),
        (r#"{"job":"test"}"#, Evidence::Job("test".to_owned())),
        (
            r#"{"commit":"1921e4825414898108a936f26c8f2cd61fa803ab"}"#,
            Evidence::Commit(COMMIT.to_owned()),
        ),
        (
            r#"{"digest":"sha256:2b"}"#,
            Evidence::Digest("sha256:2b".to_owned()),
        ),
        (
            r#"{"environment":"stage"}"#,
            Evidence::Environment("stage".to_owned()),
        ),
        (r#"{"event":14}"#, Evidence::Event(14)),
        (
            r#"{"setting":"thresholds.max-failures"}"#,
            Evidence::Setting("thresholds.max-failures".to_owned()),
        ),
    ];
    let kinds: HashSet<_> = all.iter().map(|(_, it)| discriminant(it)).collect();
    assert_eq!(kinds.len(), 9);
    let bodies: Vec<_> = all
        .iter()
        .map(|(evidence, _)| {
            format!(
                r#"{{"entry":"decided","now":1795703996,"decision":{{"schema":"greenlight.decision/1","tag":"stage-1","digest":null,"verdict":"stop","next":{{"action":"wait","seconds":1}},"reasons":[{{"code":"not-converged","message":"it says why","evidence":[{evidence}],"help":"do this"}}],"environments":[]}}}}"#
            )
        })
        .collect();
    for (entry, (stored, evidence)) in read(place, &bodies).into_iter().zip(all) {
        let decision = Decision {
            permission: Permission::Stop,
            next: Action::Wait(1),
            reasons: vec![Reason {
                code: "not-converged".to_owned(),
                message: "it says why".to_owned(),
                evidence: vec![evidence],
                help: Some("do this".to_owned()),
            }],
            environments: Vec::new(),
        };
        let expected = Entry::Decided {
            now: 1_795_703_996,
            decision,
        };
        assert_eq!(entry, expected, "{stored}");
    }
}

fn every_other_entry_is_read(place: &Place) {
    let all = [
        (
            r#"{"entry":"noted","text":"the last record was damaged"}"#,
            Entry::Noted {
                text: "the last record was damaged".to_owned(),
            },
        ),
        (r#"{"entry":"interrupted"}"#, Entry::Interrupted),
        (
            r#"{"entry":"resumed","interrupted":null,"repeated":false}"#,
            Entry::Resumed {
                interrupted: None,
                repeated: false,
            },
        ),
        (
            r#"{"entry":"resumed","interrupted":{"action":"load-test","environment":"stage"},"repeated":true}"#,
            Entry::Resumed {
                interrupted: Some(Action::LoadTest(LoadTestRun {
                    environment: "stage".to_owned(),
                    name: "load-test".to_owned(),
                })),
                repeated: true,
            },
        ),
    ];
    let bodies = all.each_ref().map(|(body, _)| (*body).to_owned());
    let expected = all.map(|(_, entry)| entry);
    assert_eq!(read(place, &bodies), expected);
}
