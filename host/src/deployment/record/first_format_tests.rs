//! Entries as the first format stored them: absent options are left out of events, and names are the old ones.

use super::read;
use crate::contract::promotion::{
    Convergence, Deployment, Event, Happening, Intervention, LoadTest, LoadTestResult, Measurement,
    Node, NodeVersion, Notification, Outcome, Rival, Round,
};
use crate::contract::types::{Evidence, Span, Verdict};
use crate::deployment::entry::{Details, Entry};

const COMMIT: &str = "1111111111111111111111111111111111111111";
const DIGEST: &str = "sha256:2222222222222222222222222222222222222222222222222222222222222222";

fn stage() -> String {
    "stage".to_owned()
}

fn rival() -> Rival {
    Rival {
        environment: stage(),
        commit: COMMIT.to_owned(),
    }
}

fn deployed(digest: Option<&str>, outcome: Outcome) -> Happening {
    Happening::Deployed(Deployment {
        environment: stage(),
        commit: COMMIT.to_owned(),
        digest: digest.map(str::to_owned),
        outcome,
    })
}

fn observed(convergence: Convergence) -> Happening {
    Happening::Observed(Round {
        environment: stage(),
        convergence,
    })
}

fn load_tested(result: LoadTestResult) -> Happening {
    Happening::LoadTested(LoadTest {
        environment: stage(),
        result,
    })
}

fn measured(p95: Option<u64>, exit_status: Option<i32>, broken: &[&str]) -> Happening {
    load_tested(LoadTestResult::Measured(Measurement {
        requests: 9,
        failures: 2,
        exceptions: 1,
        duration: 500,
        p95,
        broken_thresholds: broken.iter().map(|&it| it.to_owned()).collect(),
        exit_status,
        complete: true,
        versions: vec![COMMIT.to_owned()],
    }))
}

fn node(name: &str, version: NodeVersion) -> Node {
    let name = name.to_owned();
    Node { name, version }
}

#[track_caller]
fn entry(body: &str) -> Entry {
    read(body).unwrap_or_else(|error| panic!("{error}: {body}"))
}

#[test]
fn every_kind_of_event_is_read() {
    let place = format!(r#""environment":"stage","commit":"{COMMIT}""#);
    let counts = r#""requests":9,"failures":2,"exceptions":1,"duration":500"#;
    let end = format!(r#""complete":true,"versions":["{COMMIT}"]"#);
    let test =
        |result: &str| format!(r#"{{"load-tested":{{"environment":"stage","result":{result}}}}}"#);
    for (stored, happening) in [
        (
            format!(r#"{{"deployed":{{{place},"outcome":"timed-out"}}}}"#),
            deployed(None, Outcome::TimedOut),
        ),
        (
            format!(r#"{{"deployed":{{{place},"digest":"{DIGEST}","outcome":"succeeded"}}}}"#),
            deployed(Some(DIGEST), Outcome::Succeeded),
        ),
        (
            format!(
                r#"{{"observed":{{"environment":"stage","convergence":{{"observed":[
                {{"name":"a","version":{{"serves":"{COMMIT}"}}}},
                {{"name":"b","version":{{"unreachable":"timeout"}}}}]}}}}}}"#
            ),
            observed(Convergence::Observed(vec![
                node("a", NodeVersion::Serves(COMMIT.to_owned())),
                node("b", NodeVersion::Unreachable("timeout".to_owned())),
            ])),
        ),
        (
            r#"{"observed":{"environment":"stage","convergence":{"judged":true}}}"#.to_owned(),
            observed(Convergence::Judged(true)),
        ),
        (
            test(&format!(
                r#"{{"measured":{{{counts},"broken_thresholds":[],{end}}}}}"#
            )),
            measured(None, None, &[]),
        ),
        (
            test(&format!(
                r#"{{"measured":{{{counts},"p95":70,"broken_thresholds":["p95"],"exit_status":99,{end}}}}}"#
            )),
            measured(Some(70), Some(99), &["p95"]),
        ),
        (
            test(r#"{"judged":"inconclusive"}"#),
            load_tested(LoadTestResult::Judged(Verdict::Inconclusive)),
        ),
        (
            r#"{"notified":{"key":"stopped","outcome":"unknown"}}"#.to_owned(),
            Happening::Notified(Notification {
                key: "stopped".to_owned(),
                outcome: Outcome::Unknown,
            }),
        ),
        (r#"{"waited":30}"#.to_owned(), Happening::Waited(30)),
        (
            format!(r#"{{"overtaken":{{{place}}}}}"#),
            Happening::Overtaken(rival()),
        ),
        (
            format!(r#"{{"unplaced":{{{place}}}}}"#),
            Happening::Unplaced(rival()),
        ),
        (
            format!(r#"{{"occupied":{{{place}}}}}"#),
            Happening::Occupied(rival()),
        ),
        (
            r#"{"intervened":"held"}"#.to_owned(),
            Happening::Intervened(Intervention::Held),
        ),
    ] {
        let body = format!(
            r#"{{"entry":"happened","event":{{"at":5,"happening":{stored}}},"details":{{"of":"nothing"}}}}"#
        );
        let event = Event { at: 5, happening };
        let details = Details::Nothing;
        assert_eq!(entry(&body), Entry::Happened { event, details }, "{body}");
    }
}

#[test]
fn every_kind_of_evidence_is_read() {
    let text = || "x".to_owned();
    for (stored, evidence) in [
        (
            r#"{"label":{"start":1,"end":4}}"#,
            Evidence::Label(Span { start: 1, end: 4 }),
        ),
        (r#"{"tag":"x"}"#, Evidence::Tag(text())),
        (r#"{"branch":"x"}"#, Evidence::Branch(text())),
        (r#"{"job":"x"}"#, Evidence::Job(text())),
        (r#"{"commit":"x"}"#, Evidence::Commit(text())),
        (r#"{"digest":"x"}"#, Evidence::Digest(text())),
        (r#"{"environment":"x"}"#, Evidence::Environment(text())),
        (r#"{"event":3}"#, Evidence::Event(3)),
        (r#"{"setting":"x"}"#, Evidence::Setting(text())),
    ] {
        let body = format!(
            r#"{{"entry":"decided","now":5,"decision":{{"schema":"greenlight.decision/1","tag":"stage-1",
            "digest":null,"verdict":"stop","next":{{"action":"finish","conclusion":"stopped"}},"reasons":[
            {{"code":"c","message":"m","evidence":[{stored}],"help":null}}],"environments":[]}}}}"#
        );
        let Entry::Decided { decision, .. } = entry(&body) else {
            panic!("{body}")
        };
        assert_eq!(decision.reasons[0].evidence, [evidence], "{body}");
    }
}

#[test]
fn notes_and_details_keep_their_old_names() {
    let text = "a note".to_owned();
    assert_eq!(
        entry(r#"{"entry":"noted","text":"a note"}"#),
        Entry::Noted { text }
    );
    let imported = Details::Imported {
        deployment: 4,
        position: 7,
    };
    for (stored, expected) in [
        (r#"{"of":"cut-off"}"#, Details::Interrupted),
        (r#"{"of":"borrowed","deployment":4,"position":7}"#, imported),
    ] {
        let body = format!(
            r#"{{"entry":"happened","event":{{"at":5,"happening":{{"waited":1}}}},"details":{stored}}}"#
        );
        let Entry::Happened { details, .. } = entry(&body) else {
            panic!("{body}")
        };
        assert_eq!(details, expected, "{body}");
    }
}
