//! `approve`, `reject` and `hold` where no process drives the deployment, and what `status` says about the question.

use std::fs;

use greenlight::contract::promotion::{
    Action, Conclusion, Decision, EnvironmentStatus, Event, EventKind, Intervention,
    InterventionKind, Permission, Progress, Question,
};
use greenlight::contract::settings;
use greenlight::deployment::entry::{Began, Details, Entry};
use greenlight::deployment::log::Log;
use greenlight::journal::{self, Location, NewDeployment};
use serde_json::Value;

use super::run::{UNREACHABLE, shop};
use crate::harness::{Repository, Text, greenlight};
use crate::schemas::Schema;

/// The image of the release.
const DIGEST: &str = "sha256:e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3e3";

/// When people were asked, in seconds since 1970.
const ASKED: u64 = 1_700_000_000;

/// A repository whose deployment 1 has verified stage, and waits for the second of two approvals for production. Its
/// process has ended.
fn waiting() -> Repository {
    waiting_with(u32::MAX)
}

/// The same, where an approval counts for some seconds.
fn waiting_with(approval_lasts: u32) -> Repository {
    let (shop, tag) = shop(UNREACHABLE);
    let file = shop.path().join(".greenlight/journal.db");
    fs::create_dir_all(file.parent().expect("a folder")).expect("made");
    let mut store = journal::open(&Location::File(file)).expect("a journal");
    let commit = tag.replace("stage-", "");
    let new = NewDeployment {
        tag: tag.clone(),
        digest: Some(DIGEST.to_owned()),
        commit: commit.clone(),
        began: ASKED * 1000,
        request: None,
    };
    let number = store.begin(&new).expect("begun");
    let mut log = Log::new(store, number);
    let mut settings = settings::defaults();
    settings.environments[1].approvals = 2;
    settings.environments[1].approval_lasts = approval_lasts;
    let entries = [
        Entry::Began(Began {
            greenlight: "0.1.0".to_owned(),
            policy: format!("sha256:{}", "9c".repeat(32)),
            tag,
            digest: Some(DIGEST.to_owned()),
            instruction: None,
            commit,
            subject: None,
            author: None,
            authors: Vec::new(),
            facts: Vec::new(),
            settings,
            urgent: None,
        }),
        happened(EventKind::Asked(Question {
            key: "approval-prod".to_owned(),
            environment: "prod".to_owned(),
            text: "?".to_owned(),
        })),
        happened(EventKind::Intervened(Intervention {
            kind: InterventionKind::Approved,
            by: "Bob".to_owned(),
            proven: true,
            why: String::new(),
            environment: None,
            digest: Some(DIGEST.to_owned()),
            question: None,
        })),
        Entry::Decided {
            now: ASKED,
            decision: Decision {
                permission: Permission::Hold,
                next: Action::Wait(60),
                reasons: Vec::new(),
                environments: vec![
                    place("stage", Progress::Converged, &[]),
                    place("prod", Progress::Pending, &["Bob"]),
                ],
            },
        },
    ];
    for entry in entries {
        log.write(&entry).expect("written");
    }
    shop
}

fn happened(kind: EventKind) -> Entry {
    Entry::Happened {
        event: Event { at: ASKED, kind },
        details: Details::Nothing,
    }
}

fn place(name: &str, progress: Progress, approved_by: &[&str]) -> EnvironmentStatus {
    EnvironmentStatus {
        environment: name.to_owned(),
        progress,
        approved_by: approved_by.iter().map(|it| (*it).to_owned()).collect(),
        load_tests: Vec::new(),
        watch: None,
        nodes: Vec::new(),
    }
}

#[test]
fn what_is_said_to_an_ended_process_is_stored() {
    let shop = waiting();
    for (word, said) in [
        ("approve", "the approval of deployment 1 will be recorded\n"),
        ("reject", "deployment 1 will be rejected\n"),
        ("hold", "deployment 1 will be held\n"),
    ] {
        let arguments = [word, "1", "--by", "Ada", "--reason", "tried by hand"];
        greenlight(arguments).within(shop.path()).gives(
            0,
            Text::Is(said),
            Text::Has(&[
                "note: no process drives deployment 1",
                "greenlight run --resume 1",
            ]),
        );
        greenlight(arguments.iter().chain(&["--quiet"]))
            .within(shop.path())
            .gives(0, Text::Is(said), Text::Nothing);
    }
    let stored = |said: &str| format!("stored, and counts when it is resumed: {said}");
    let stored = [
        &*stored("approved by Ada (claimed): tried by hand"),
        &*stored("rejected by Ada (claimed): tried by hand"),
        &*stored("held by Ada (claimed): tried by hand"),
    ];
    for arguments in [&["status"][..], &["status", "1"]] {
        greenlight(arguments.iter().copied())
            .within(shop.path())
            .gives(0, Text::Has(&stored), Text::Nothing);
    }
    greenlight(["status", "1", "--report", "markdown=report.md"])
        .within(shop.path())
        .gives(0, Text::Has(&["deployment 1"]), Text::Nothing);
    let report = fs::read_to_string(shop.path().join("report.md")).expect("a report");
    assert!(report.contains("counts when it is resumed"), "{report}");
}

/// The last decision counts the approval, but no process has decided since.
/// The question of the latest deployment, in the document of `status`.
fn question_of(shop: &Repository) -> Value {
    let document = greenlight(["status", "--format", "json"])
        .within(shop.path())
        .run()
        .json();
    Schema::of("status").fits(&document);
    document["deployments"][0]["timeline"]["question"].clone()
}

#[test]
fn an_expired_approval_is_shown_as_expired() {
    let shop = waiting_with(3600);
    let question =
        "prod waits for 2 approvals; the approval of Bob (proven) expired at 2023-11-14T23:13:20Z";
    for arguments in [&["status"][..], &["status", "1"]] {
        greenlight(arguments.iter().copied())
            .within(shop.path())
            .gives(0, Text::Has(&[question]), Text::Nothing);
    }
    let question = question_of(&shop);
    assert_eq!(question["approved-by"].as_array().map(Vec::len), Some(0));
    assert_eq!(question["expired"][0]["by"], "Bob");
}

#[test]
fn the_document_has_what_was_sent() {
    let shop = waiting();
    let schema = Schema::of("intervention");
    let sent = |more: &[&str], set: &[(&str, &str)]| {
        let arguments = ["approve", "1", "--format", "json", "--quiet"];
        let document = greenlight(arguments.iter().chain(more))
            .within(shop.path())
            .variables(set)
            .gives(0, Text::Has(&["\n"]), Text::Nothing)
            .json();
        schema.holds(&document);
        document
    };
    let claimed = sent(&["--by", "Ada"], &[]);
    assert_eq!(claimed["state"], "stored");
    assert_eq!(claimed["kind"], "approved");
    assert_eq!(claimed["digest"], DIGEST);
    assert_eq!(
        (&claimed["by"], &claimed["proven"]),
        (&"Ada".into(), &false.into())
    );
    assert!(claimed["reason"].is_null() && claimed["environment"].is_null());
    let more = ["--environment", "prod", "--reason", "tried by hand"];
    let proven = sent(
        &more,
        &[("GITHUB_ACTIONS", "true"), ("GITHUB_ACTOR", "cid")],
    );
    assert_eq!(
        (&proven["by"], &proven["proven"]),
        (&"cid".into(), &true.into())
    );
    assert_eq!(proven["environment"], "prod");
    assert_eq!(proven["reason"], "tried by hand");
    let canceled = greenlight(["cancel", "1", "--by", "Ada", "--format", "json"])
        .within(shop.path())
        .gives(0, Text::Has(&["\n"]), Text::Nothing)
        .json();
    schema.holds(&canceled);
    assert_eq!(
        (&canceled["kind"], &canceled["state"]),
        (&"canceled".into(), &"recorded".into())
    );
}

#[test]
fn what_can_not_be_sent_is_refused() {
    let shop = waiting();
    for (arguments, said) in [
        (
            &["approve", "1"][..],
            &["the name of the person is missing", "add `--by NAME`"][..],
        ),
        (&["approve", "--by", "Ada"], &["<NUMBER>"]),
        (
            &["approve", "1", "--by", " "],
            &["expected a name that is not blank"],
        ),
        (
            &["approve", "1", "--by", "Ada", "--reason", "a\nb"],
            &["expected a reason on one line"],
        ),
        (
            &["reject", "1", "--by", "Ada"],
            &["the reason is missing", "add `--reason TEXT`"],
        ),
        (&["hold", "1", "--by", "Ada"], &["the reason is missing"]),
        (
            &["approve", "2", "--by", "Ada"],
            &["deployment 2 does not exist"],
        ),
        (
            &["approve", "1", "--by", "Ada", "--environment", "qa"],
            &[
                "deployment 1 has no environment `qa`",
                "name one of `stage`, `prod`",
            ],
        ),
        (
            &["hold", "1", "--by", "Ada", "--reason", "x", "--wait", "x"],
            &["expected a duration"],
        ),
    ] {
        greenlight(arguments.iter().copied())
            .within(shop.path())
            .gives(2, Text::Nothing, Text::Has(said));
    }
    let file = shop.path().join(".greenlight/journal.db");
    let mut store = journal::open(&Location::File(file)).expect("a journal");
    assert_eq!(store.messages(1, 0).expect("read").len(), 0);
    store.conclude(1, Conclusion::Stopped).expect("ended");
    for word in ["approve", "reject", "hold"] {
        let help = format!("there is nothing to {word}");
        greenlight([word, "1", "--by", "Ada", "--reason", "late"])
            .within(shop.path())
            .gives(
                2,
                Text::Nothing,
                Text::Has(&["deployment 1 has ended: stopped", &help]),
            );
    }
}

#[test]
fn status_shows_the_question_and_how_to_answer_it() {
    let shop = waiting();
    let question =
        "prod waits for 1 of 2 approvals; approved by Bob (proven, until 2159-12-22T04:41:35Z)";
    let answer = "answer with `greenlight approve 1 --environment prod --by NAME --reason TEXT`";
    for (arguments, parts) in [
        (&["status"][..], &[question][..]),
        (&["status", "1"], &[question, answer]),
    ] {
        greenlight(arguments.iter().copied())
            .within(shop.path())
            .gives(0, Text::Has(parts), Text::Nothing);
    }
    let question = question_of(&shop);
    assert_eq!(question["environment"], "prod");
    assert_eq!(question["approvals"], 2);
    assert_eq!(question["approved-by"][0]["by"], "Bob");
    assert_eq!(
        question["approved-by"][0]["until"],
        (ASKED + u64::from(u32::MAX)) * 1000
    );
    for format in ["html", "markdown"] {
        let file = format!("{format}=report.{format}");
        greenlight(["status", "1", "--report", &file])
            .within(shop.path())
            .gives(0, Text::Has(&["deployment 1"]), Text::Nothing);
        let report = fs::read_to_string(shop.path().join(format!("report.{format}")));
        let report = report.expect("a report");
        assert!(
            report.contains("prod waits for 1 of 2 approvals"),
            "{report}"
        );
        assert!(report.contains("greenlight approve 1"), "{report}");
        assert!(!report.contains("<form"), "{report}");
    }
}

/// `run --local` has no people to ask, so built-in people answer. Their names say so.
#[test]
fn the_local_pipeline_shows_an_approval() {
    let configuration = UNREACHABLE.replace("name = \"prod\"", "name = \"prod\"\napprovals = 2");
    let (shop, _) = shop(&configuration);
    let ended = greenlight(["run", "--local"]).within(shop.path()).gives(
        0,
        Text::Has(&[
            "built-in people approve it: the journal of `run --local` ends with this process",
            "approved for prod by built-in person 1 (claimed): `run --local` has no other people",
            "approved for prod by built-in person 2 (claimed): `run --local` has no other people",
            "\npromote[load-test-skipped]",
        ]),
        Text::Has(&["the people who approve"]),
    );
    // No command that is printed fails to find the journal.
    assert!(
        !ended.stdout.contains("greenlight approve"),
        "{}",
        ended.stdout
    );
    let approvals = ended.stdout.matches("approved for prod by").count();
    assert_eq!(approvals, 2, "{}", ended.stdout);
}
