//! People approve, reject and hold a release from other processes, while it waits for them.

use std::fs;

use greenlight::contract::promotion::{EventKind, Intervention, InterventionKind};
use greenlight::deployment::Message;
use greenlight::deployment::entry::Entry;
use greenlight::journal::{self, Lock};
use rustix::process::{Pid, Signal, kill_process};

use crate::pipeline::{Ended, LIMIT, Pipeline, ended};
use crate::process::Process;
use crate::waiting;

/// A pipeline whose production has these keys, and a release without a load test that waits for people.
#[track_caller]
fn waiting_release(production: &'static str) -> (Pipeline, Process, String) {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.rounds = 1;
    pipeline.setting.production = production;
    let commit = pipeline.commit("Change [load test: skip]");
    let run = begin(&pipeline, 1);
    (pipeline, run, commit)
}

/// Starts the release of the checked-out commit, and waits until it holds no environment and waits for people.
#[track_caller]
fn begin(pipeline: &Pipeline, number: u64) -> Process {
    let tags = pipeline.tags();
    let run = pipeline.start(&["run", "--tag", &tags[0]]);
    waiting::until("the question", LIMIT, || {
        // The journal does not exist at first.
        let is_begun = pipeline.folder().join(".greenlight/journal.db").exists();
        (is_begun && is_asked(pipeline, number)).then_some(())
    });
    run
}

fn is_asked(pipeline: &Pipeline, number: u64) -> bool {
    let entries = pipeline.entries(number);
    entries.iter().any(|it| match &it.entry {
        Entry::Happened { event, .. } => matches!(event.kind, EventKind::Asked(_)),
        _ => false,
    })
}

/// The environments that are locked.
pub fn locked(pipeline: &Pipeline) -> Vec<Lock> {
    let mut store = journal::open(&pipeline.location()).expect("the journal");
    let leases = store.leases().expect("read").into_iter();
    let locks = leases.map(|(lock, _)| lock);
    locks
        .filter(|it| matches!(it, Lock::Environment(_)))
        .collect()
}

#[track_caller]
fn says(pipeline: &Pipeline, word: &str, number: &str, by: &str) -> Ended {
    let reason = "tried by hand";
    let said = pipeline.greenlight(&[word, number, "--by", by, "--reason", reason]);
    assert_eq!(said.status, 0, "{said:?}");
    said
}

/// How many people still have to approve, by the last decision.
#[track_caller]
fn until_approved_by(pipeline: &Pipeline, names: &[&str]) {
    waiting::until("the decision", LIMIT, || {
        let entries = pipeline.entries(1);
        let mut latest = entries.iter().rev();
        let decision = latest.find_map(|it| match &it.entry {
            Entry::Decided { decision, .. } => Some(decision),
            _ => None,
        })?;
        (decision.environments.last()?.approved_by == names).then_some(())
    });
}

#[test]
fn two_other_people_approve() {
    let (pipeline, run, commit) = waiting_release("approvals = 2\n");
    assert_eq!(locked(&pipeline), [], "another release may deploy");
    let told = pipeline.told();
    assert!(
        told.iter()
            .any(|it| it.contains("waits for people") && it.contains("greenlight approve 1")),
        "{told:?}"
    );
    // Ada is the author.
    says(&pipeline, "approve", "1", "Ada").is(0, &["the approval of deployment 1 is recorded"]);
    says(&pipeline, "approve", "1", "Bob");
    says(&pipeline, "approve", "1", "bob");
    until_approved_by(&pipeline, &["bob"]);
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 0);
    let mut in_ci = pipeline.command();
    in_ci
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_ACTOR", "cid");
    let approved = ended(in_ci.args(["approve", "1", "--environment", "prod"]));
    approved.is(0, &["the approval of deployment 1 is recorded"]);
    assert_eq!(run.wait(LIMIT).code(), Some(0));
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 1);
    pipeline.greenlight(&["status", "1"]).is(
        0,
        &[
            "asked: ",
            "approved by Bob (claimed): tried by hand",
            "approved for prod by cid (proven)",
        ],
    );
    let late = pipeline.greenlight(&["approve", "1", "--by", "Dan"]);
    assert_eq!(late.status, 2, "{late:?}");
    assert!(
        late.stderr.contains("deployment 1 has ended: promoted"),
        "{late:?}"
    );
}

#[test]
fn a_rejected_release_stops() {
    let (pipeline, run, commit) = waiting_release("approvals = 1\n");
    says(&pipeline, "reject", "1", "Bob");
    assert_eq!(run.wait(LIMIT).code(), Some(1));
    assert_eq!(pipeline.conclusion(1).as_deref(), Some("stopped"));
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 0);
    let said = "rejected by Bob (claimed): tried by hand";
    pipeline.greenlight(&["status", "1"]).is(0, &[said]);
}

#[test]
fn a_hold_voids_approvals_until_people_approve_again() {
    let (pipeline, run, _) = waiting_release("approvals = 2\n");
    says(&pipeline, "approve", "1", "Bob");
    until_approved_by(&pipeline, &["Bob"]);
    says(&pipeline, "hold", "1", "Cid").is(0, &["deployment 1 is held"]);
    until_approved_by(&pipeline, &[]);
    says(&pipeline, "approve", "1", "Cid");
    until_approved_by(&pipeline, &["Cid"]);
    says(&pipeline, "approve", "1", "Bob");
    assert_eq!(run.wait(LIMIT).code(), Some(0));
}

#[test]
fn a_newer_release_deploys_and_supersedes_the_one_that_waits() {
    let (pipeline, first, old) = waiting_release("approvals = 1\n");
    let new = pipeline.commit("Next [load test: skip]");
    let second = begin(&pipeline, 2);
    assert_eq!(Pipeline::times(&pipeline.stage, &new), 1);
    assert_eq!(first.wait(LIMIT).code(), Some(1));
    assert_eq!(pipeline.conclusion(1).as_deref(), Some("superseded"));
    says(&pipeline, "approve", "2", "Bob");
    assert_eq!(second.wait(LIMIT).code(), Some(0));
    assert_eq!(Pipeline::times(&pipeline.prod, &old), 0);
    assert_eq!(Pipeline::times(&pipeline.prod, &new), 1);
}

/// The job of a CI system that waits is killed. Nothing is lost: what people say meanwhile counts when it is resumed,
/// from the time at which they said it.
#[test]
fn a_killed_process_loses_nothing() {
    let (pipeline, mut run, commit) = waiting_release("approvals = 2\napproval-lasts = \"10m\"\n");
    says(&pipeline, "approve", "1", "Bob");
    until_approved_by(&pipeline, &["Bob"]);
    kill_process(Pid::from_child(run.child()), Signal::KILL).expect("it runs");
    run.wait(LIMIT);
    let clock = pipeline.folder().join("clock");
    fs::write(&clock, "-3600").expect("the clock is set");
    let old = says(&pipeline, "approve", "1", "Cid");
    old.is(0, &["the approval of deployment 1 will be recorded"]);
    assert!(old.stderr.contains("greenlight run --resume 1"), "{old:?}");
    fs::remove_file(&clock).expect("the clock is right");
    let run = pipeline.start(&["run", "--resume", "1"]);
    until_approved_by(&pipeline, &["Bob"]);
    waiting::until("the expired approval", LIMIT, || {
        let status = pipeline.greenlight(&["status", "1"]).stdout;
        status.contains("approved by Cid").then_some(())
    });
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 0);
    says(&pipeline, "approve", "1", "Dan");
    assert_eq!(run.wait(LIMIT).code(), Some(0));
    let asked = pipeline.told();
    let asked = asked.iter().filter(|it| it.contains("waits for people"));
    assert_eq!(asked.count(), 1);
}

#[test]
fn an_approval_of_another_image_does_not_count() {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.rounds = 1;
    pipeline.setting.production = "approvals = 1\n";
    let commit = pipeline.commit("Change [load test: skip]");
    let (ours, other) = (digest("1"), digest("2"));
    let tag = pipeline.tags().swap_remove(0);
    let run = pipeline.start(&["run", "--tag", &tag, "--digest", &ours]);
    waiting::until("the question", LIMIT, || {
        let is_begun = pipeline.folder().join(".greenlight/journal.db").exists();
        (is_begun && is_asked(&pipeline, 1)).then_some(())
    });
    // As a person approved who saw another deployment of the same tag.
    let message = Message::Intervene {
        intervention: Intervention {
            kind: InterventionKind::Approved,
            by: "Bob".to_owned(),
            proven: true,
            why: String::new(),
            environment: None,
            digest: Some(other),
            question: None,
        },
    };
    let mut store = journal::open(&pipeline.location()).expect("the journal");
    message.send(store.as_mut(), 1).expect("sent");
    waiting::until("a decision after the approval", LIMIT, || {
        let entries = pipeline.entries(1);
        let mut latest = entries.iter().rev().map(|it| &it.entry);
        let is_after = |it: &Entry| match it {
            Entry::Happened { event, .. } => matches!(event.kind, EventKind::Intervened(_)),
            _ => false,
        };
        let decided = latest.position(|it| matches!(it, Entry::Decided { .. }))?;
        let intervened = entries.iter().rev().position(|it| is_after(&it.entry))?;
        (decided < intervened).then_some(())
    });
    until_approved_by(&pipeline, &[]);
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 0);
    let said = pipeline.greenlight(&["approve", "1", "--by", "Cid", "--format", "json"]);
    let said: serde_json::Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert_eq!(said["digest"], ours.as_str());
    assert_eq!(run.wait(LIMIT).code(), Some(0));
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 1);
}

fn digest(digit: &str) -> String {
    format!("sha256:{}", digit.repeat(64))
}

#[test]
fn a_release_can_be_approved_when_it_begins() {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.rounds = 1;
    pipeline.setting.production = "approvals = 1\n";
    pipeline.commit("Change [load test: skip]");
    let tag = pipeline.tags().swap_remove(0);
    pipeline
        .greenlight(&["run", "--tag", &tag, "--approved-by", "Bob"])
        .is(0, &["approved by Bob (claimed)"]);
    assert!(!is_asked(&pipeline, 1));
    // The author's approval does not count here either.
    pipeline.commit("Next [load test: skip]");
    let tag = pipeline.tags().swap_remove(0);
    let run = pipeline.start(&["run", "--tag", &tag, "--approved-by", "Ada"]);
    waiting::until("the question", LIMIT, || {
        let is_begun = pipeline.greenlight(&["status", "2"]).status == 0;
        (is_begun && is_asked(&pipeline, 2)).then_some(())
    });
    pipeline
        .greenlight(&["status"])
        .is(0, &["prod waits for 1 approval\n"]);
    says(&pipeline, "approve", "2", "Bob");
    assert_eq!(run.wait(LIMIT).code(), Some(0));
}
