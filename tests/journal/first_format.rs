//! A journal that was written before entries had a format version; `fixtures/make.py` says how it was made.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use greenlight::contract::names::Named;
use greenlight::contract::promotion::{Action, Conclusion, EventKind, Outcome};
use greenlight::deployment::entry::{Details, Entry, Person};
use greenlight::deployment::log;
use greenlight::journal::{NewDeployment, Row, Store};
use serde_json::Value;
use tempfile::TempDir;

use crate::place::{Place, fixtures, for_both, new, row};

for_both!(
    every_entry_is_read,
    every_deployment_is_reported,
    a_restored_journal_is_written_on,
    an_unfinished_deployment_of_another_policy_is_canceled,
    an_unfinished_deployment_of_the_same_policy_is_resumed,
);

/// How the deployments of the fixture ended, and how many entries each has.
const DEPLOYMENTS: [(u64, &str, usize); 6] = [
    (1, "promoted", 32),
    (2, "stopped", 21),
    (3, "promoted-with-warning", 35),
    (4, "promoted", 40),
    (5, "promoted", 24),
    (6, "canceled", 9),
];

fn every_entry_is_read(place: &Place) {
    place.restore("format-1");
    let mut store = place.open();
    for (number, conclusion, count) in DEPLOYMENTS {
        let entries = log::read(store.as_mut(), number).expect("its entries");
        assert_eq!(entries.len(), count, "{number}");
        let header = store.deployment(number).expect("read").expect("there");
        let Some(Entry::Began(began)) = entries.first().map(|it| &it.entry) else {
            panic!("{number} begins with {:?}", entries.first())
        };
        assert_eq!((&began.tag, &began.digest), (&header.tag, &header.digest));
        assert!(began.release().instruction.is_some(), "{number}");
        assert_eq!(began.settings.environments.len(), 2);
        assert!(matches!(
            entries.last().map(|it| &it.entry),
            Some(Entry::Concluded { conclusion: it }) if it.name() == conclusion
        ));
        assert_eq!(header.conclusion.map(Named::name), Some(conclusion));
    }
    let has = |store: &mut dyn Store, number, is: fn(&Entry) -> bool| {
        let entries = log::read(store, number).expect("its entries");
        entries.iter().any(|it| is(&it.entry))
    };
    assert!(has(&mut *store, 4, |it| matches!(
        it,
        Entry::Resumed { repeated: true, .. }
    )));
    assert!(has(&mut *store, 5, |it| matches!(
        it,
        Entry::Happened {
            details: Details::Imported { deployment: 4, .. },
            ..
        }
    )));
    assert!(has(&mut *store, 6, |it| matches!(
        it,
        Entry::Happened {
            details: Details::Person(person),
            ..
        } if person.name == "Ada"
    )));
}

fn every_deployment_is_reported(place: &Place) {
    is_reported(place, "format-1", &DEPLOYMENTS);
}

/// Checks that the reports on every deployment of a fixture are those of the version that wrote the fixture, and that
/// the journal is not damaged.
#[track_caller]
pub fn is_reported(place: &Place, format: &str, deployments: &[(u64, &str, usize)]) {
    place.restore(format);
    let folder = configured(place);
    for (number, conclusion, count) in deployments {
        let entries = log::read(place.open().as_mut(), *number).expect("its entries");
        assert_eq!(entries.len(), *count, "{number}");
        let number = number.to_string();
        let expected = fixtures(format).join(format!("status-{number}.txt"));
        let expected = fs::read_to_string(expected).expect("a fixture");
        assert_eq!(status(folder.path(), &[&number]), expected);

        let document = status(folder.path(), &[&number, "--format", "json"]);
        let document: Value = serde_json::from_str(&document).expect("JSON");
        assert_eq!(document["deployments"][0]["state"], *conclusion);

        status(folder.path(), &[&number, "--report", "html=page"]);
        let page = fs::read_to_string(folder.path().join("page")).expect("a page");
        let tag = expected.split(['(', ')']).nth(1).expect("a tag");
        assert!(page.contains(tag), "{number}: {page}");
    }
    let (exit, stdout, stderr) = greenlight(folder.path(), &["journal", "verify"]);
    assert_eq!(exit, Some(0), "{stdout}{stderr}");
    let records: usize = deployments.iter().map(|(.., count)| count).sum();
    let all = format!("{} deployments, {records} records", deployments.len());
    assert!(stdout.contains(&all), "{stdout}");
}

/// A folder with a configuration of the journal and of both environments.
fn configured(place: &Place) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let environment = |name: &str| {
        format!(
            "[[environment]]\nname = \"{name}\"\ndeploy = [\"true\"]\nnodes = [\"http://127.0.0.1:1\"]\n"
        )
    };
    let config = format!(
        "[journal]\nlocation = \"{}\"\n{}{}",
        place.location(),
        environment("stage"),
        environment("prod")
    );
    fs::write(folder.path().join("greenlight.toml"), config).expect("a file");
    folder
}

/// What `greenlight status` prints.
#[track_caller]
fn status(folder: &Path, arguments: &[&str]) -> String {
    let arguments = [&["status"], arguments].concat();
    let (status, stdout, stderr) = greenlight(folder, &arguments);
    assert_eq!(status, Some(0), "{stderr}");
    stdout
}

/// The exit status of a command, and what it prints.
#[track_caller]
fn greenlight(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_greenlight"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", env::var_os("PATH").expect("a path"))
        .output()
        .expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

fn a_restored_journal_is_written_on(place: &Place) {
    place.restore("format-1");
    let mut store = place.open();
    assert_eq!(store.begin(&new("a")), Ok(7));
    store.append(7, &row(1)).expect("appended");
    assert_eq!(store.records(7).expect("intact"), [row(1)]);
    assert_eq!(store.deployments(9).expect("read").len(), 7);
}

/// The deployment of the fixture that was interrupted while it deployed, and later canceled.
const INTERRUPTED: u64 = 6;

/// Its entries when it was interrupted. The two after them are the person's.
const ENTRIES: usize = 7;

/// Puts the journal there as it was before a person canceled the last deployment.
fn restore_unfinished(place: &Place) {
    place.restore("format-1");
    place.tamper(&format!(
        "DELETE FROM records WHERE deployment = {INTERRUPTED} AND position > {ENTRIES};
         UPDATE deployments SET conclusion = NULL WHERE number = {INTERRUPTED}"
    ));
}

fn an_unfinished_deployment_of_another_policy_is_canceled(place: &Place) {
    restore_unfinished(place);
    let folder = configured(place);
    let state = || {
        let document = status(folder.path(), &["6", "--format", "json"]);
        let document: Value = serde_json::from_str(&document).expect("JSON");
        document["deployments"][0]["state"].clone()
    };
    assert_eq!(state(), "interrupted");
    let (exit, _, stderr) = greenlight(folder.path(), &["run", "--resume", "6"]);
    assert_eq!(exit, Some(2), "{stderr}");
    assert!(stderr.contains("greenlight cancel 6 --by NAME"), "{stderr}");
    let mut store = place.open();
    let entries = log::read(store.as_mut(), INTERRUPTED).expect("its entries");
    assert_eq!(entries.len(), ENTRIES);

    let (exit, stdout, stderr) = greenlight(folder.path(), &["cancel", "6", "--by", "Ada"]);
    assert_eq!(exit, Some(0), "{stderr}");
    assert_eq!(stdout, "deployment 6 is canceled\n");
    assert_eq!(state(), "canceled");
    let entries = log::read(store.as_mut(), INTERRUPTED).expect("its entries");
    // The person, what the nodes serve, and the end.
    assert_eq!(entries.len(), ENTRIES + 3);
    let ada = Details::Person(Person {
        name: "Ada".to_owned(),
        reason: None,
        proven: false,
    });
    assert!(matches!(
        &entries[ENTRIES].entry,
        Entry::Happened { details, .. } if *details == ada
    ));
}

/// A copy of the deployment that began with the bundled policy, and whose nodes have a second to converge.
fn an_unfinished_deployment_of_the_same_policy_is_resumed(place: &Place) {
    restore_unfinished(place);
    let folder = configured(place);
    let (_, _, stderr) = greenlight(folder.path(), &["run", "--resume", "6"]);
    let (_, policy) = stderr
        .split_once("the configured policy is ")
        .expect("its digest");
    let policy = &policy[..("sha256:".len() + 64)];
    let mut store = place.open();
    let rows = store.records(INTERRUPTED).expect("intact");
    let header = store.deployment(INTERRUPTED).expect("read").expect("there");
    let entries = log::read(store.as_mut(), INTERRUPTED).expect("its entries");
    let Some(Entry::Began(began)) = entries.first().map(|it| &it.entry) else {
        panic!("{entries:?}")
    };
    let (exit, _, stderr) = greenlight(folder.path(), &["cancel", "6", "--by", "Ada"]);
    assert_eq!(exit, Some(0), "{stderr}");
    let number = store.begin(&NewDeployment {
        tag: header.tag,
        digest: header.digest,
        commit: header.commit,
        began: header.began,
        request: None,
    });
    assert_eq!(number, Ok(7));
    for mut row in rows {
        let body = row.body.replace(&began.policy, policy);
        row.body = body.replace("\"convergence_deadline\":600", "\"convergence_deadline\":1");
        store.append(7, &row).expect("appended");
    }

    let (exit, stdout, stderr) = greenlight(folder.path(), &["run", "--resume", "7"]);
    assert_eq!(exit, Some(1), "{stdout}{stderr}");
    let entries = log::read(store.as_mut(), 7).expect("its entries");
    let resumed = Entry::Resumed {
        interrupted: Some(Action::Deploy("stage".to_owned())),
        repeated: false,
    };
    assert_eq!(entries[ENTRIES].entry, resumed);
    assert!(matches!(
        &entries[ENTRIES + 1].entry,
        Entry::Happened { details: Details::Interrupted, event }
            if matches!(&event.kind, EventKind::Deployed(it) if it.outcome == Outcome::Unknown)
    ));
    assert!(matches!(
        entries.last().map(|it| &it.entry),
        Some(Entry::Concluded {
            conclusion: Conclusion::Stopped
        })
    ));
    let rows = store.records(7).expect("intact");
    let (old, new) = rows.split_at(ENTRIES);
    let has_format = |row: &Row| row.body.contains("\"format\":5");
    assert!(!old.iter().any(has_format) && new.iter().all(has_format));
}
