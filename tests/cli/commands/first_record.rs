//! Deployments with damaged records: no command assumes what such a deployment did.

use std::fs;

use greenlight::contract::promotion::{Action, Conclusion};
use greenlight::deployment::entry::Entry;
use greenlight::deployment::log::Log;
use greenlight::deployment::release_history::{self, OfRelease};
use greenlight::journal::{self, Location, NewDeployment, Store};

use super::run::{UNREACHABLE, shop};
use crate::harness::{Repository, Text, greenlight};
use crate::schemas::Schema;

/// A repository with a tag, and a journal whose deployment 1 of this tag, with the idempotency key `k1`, has a
/// damaged first record.
fn damaged_shop() -> (Repository, String) {
    let (shop, tag) = shop(UNREACHABLE);
    let mut store = store(&shop);
    let number = store.begin(&new(&tag, Some("k1"))).expect("begun");
    let mut log = Log::new(store, number);
    log.write(&Entry::Interrupted).expect("written");
    change(&shop, "UPDATE records SET body = '{\"form'");
    (shop, tag)
}

/// Changes the journal with SQL, to damage it.
#[track_caller]
fn change(shop: &Repository, statements: &str) {
    let connection = rusqlite::Connection::open(shop.path().join(FILE)).expect("a database");
    connection.execute_batch(statements).expect("changed");
}

const FILE: &str = ".greenlight/journal.db";

fn store(shop: &Repository) -> Box<dyn Store> {
    let file = shop.path().join(FILE);
    fs::create_dir_all(file.parent().expect("a folder")).expect("made");
    journal::open(&Location::File(file)).expect("a journal")
}

fn new(tag: &str, request: Option<&str>) -> NewDeployment {
    NewDeployment {
        tag: tag.to_owned(),
        digest: None,
        commit: tag.replace("stage-", ""),
        began: 1_700_000_000_000,
        request: request.map(str::to_owned),
    }
}

#[test]
fn a_damaged_first_record_is_damage() {
    let (shop, tag) = damaged_shop();
    let damaged = Text::Has(&[
        "record 1 of deployment 1 is damaged or missing",
        "nothing was done",
        "logs of deployment 1",
        "greenlight cancel 1 --by NAME",
    ]);
    for command in [
        &["run", "--resume"][..],
        &["run", "--resume", "1"],
        &["run", "--tag", &tag],
        &["run", "--tag", &tag, "--request", "k1"],
        &["run", "--tag", &tag, "--request", "k2"],
    ] {
        greenlight(command.iter().copied())
            .within(shop.path())
            .gives(74, Text::Nothing, damaged);
    }
    assert_eq!(store(&shop).deployments(9).expect("read").len(), 1);
    let commit = tag.replace("stage-", "");
    let of = OfRelease {
        commit: &commit,
        digest: None,
    };
    let settings = greenlight::contract::settings::defaults();
    let history = release_history::history(store(&shop).as_mut(), of, 1, &settings);
    assert!(history.is_err());
}

#[test]
fn a_damaged_deployment_hides_no_other_one() {
    let (shop, tag) = shop(UNREACHABLE);
    let run = greenlight(["run", "--tag", &tag]).within(shop.path());
    run.gives(1, Text::Has(&["stop["]), Text::Nothing);
    let mut store = store(&shop);
    assert_eq!(store.begin(&new("stage-c0ffee", None)), Ok(2));
    let mut log = Log::new(store, 2);
    log.write(&Entry::Interrupted).expect("written");
    change(&shop, "UPDATE records SET at = 0 WHERE deployment = 2");
    let status = |arguments: &[&'static str]| {
        let arguments = ["status"].iter().chain(arguments).copied();
        greenlight(arguments).within(shop.path())
    };
    let shown = [
        "deployment 1: stopped",
        "deployment 2 is not shown: the journal failed: record 1 of deployment 2 is damaged or missing\n",
        "help: Read the logs of deployment 2",
    ];
    let text = status(&[]).gives(74, Text::Has(&shown), Text::Nothing);
    let last = text.stdout.lines().rev().nth(1).expect("a line");
    assert!(last.starts_with("deployment 2 is not shown"), "{last}");

    let document = status(&["--format", "json"]).gives(74, Text::Has(&["status/3"]), Text::Nothing);
    let document = document.json();
    Schema::of("status").fits(&document);
    assert_eq!(document["deployments"][0]["timeline"]["number"], 1);
    assert_eq!(document["deployments"][1], serde_json::Value::Null);
    assert_eq!(document["damaged"][0]["deployment"], 2);

    status(&["1"]).gives(0, Text::Has(&shown[..1]), Text::Nothing);
    let damaged = Text::Has(&["record 1 of deployment 2 is damaged or missing"]);
    status(&["2"]).gives(74, Text::Nothing, damaged);
    // Without a number, a report is about the newest deployment.
    status(&["--report", "html=page"]).gives(74, Text::Nothing, damaged);
    assert!(!shop.path().join("page").exists());
}

/// The list of deployments has no checksums. If the list differs from the first record, the command does nothing, too.
#[test]
fn a_damaged_list_of_deployments_is_damage() {
    let (shop, tag) = shop(UNREACHABLE);
    greenlight(["run", "--tag", &tag])
        .within(shop.path())
        .gives(1, Text::Has(&["stop["]), Text::Nothing);
    let other = tag.replace("stage", "prod");
    for damage in [
        format!("tag = '{other}'"),
        "commit_id = 'badc0de'".to_owned(),
        "digest = 'sha256:1'".to_owned(),
    ] {
        let file = shop.path().join(FILE);
        let kept = fs::read(&file).expect("a journal");
        change(
            &shop,
            &format!("UPDATE deployments SET conclusion = NULL, {damage}"),
        );
        greenlight(["run", "--resume", "1"])
            .within(shop.path())
            .gives(
                74,
                Text::Nothing,
                Text::Has(&["name different releases", "greenlight journal verify"]),
            );
        fs::write(file, kept).expect("restored");
    }
    change(&shop, "PRAGMA foreign_keys = OFF; DELETE FROM deployments");
    for command in [&["run", "--resume"][..], &["run", "--tag", &tag]] {
        greenlight(command.iter().copied())
            .within(shop.path())
            .gives(
                74,
                Text::Nothing,
                Text::Has(&["it has 0 deployments, and 1 were stored"]),
            );
    }
}

#[test]
fn a_person_cancels_a_damaged_deployment() {
    let (shop, tag) = damaged_shop();
    greenlight(["cancel", "1", "--by", "Ada"])
        .within(shop.path())
        .gives(0, Text::Is("deployment 1 is canceled\n"), Text::Nothing);
    let header = store(&shop).deployment(1).expect("read").expect("there");
    assert_eq!(header.conclusion, Some(Conclusion::Canceled));
    // Its records stay damaged, and a later deployment still needs to know what it did.
    greenlight(["run", "--tag", &tag])
        .within(shop.path())
        .gives(
            74,
            Text::Has(&["deployment 2 begins"]),
            Text::Has(&["record 1 of deployment 1 is damaged or missing"]),
        );
}

/// Entries are read of the latest 100 deployments, and of no other.
#[test]
fn rollback_advice_reads_a_bounded_number_of_deployments() {
    let (shop, tag) = shop(UNREACHABLE);
    let mut store = store(&shop);
    let good = store.begin(&new(&tag, None)).expect("begun");
    store
        .conclude(good, Conclusion::Promoted)
        .expect("concluded");
    let commit = shop.commit("Break production\n");
    let bad = format!("stage-{commit}");
    let number = store.begin(&new(&bad, None)).expect("begun");
    let effect = Action::Deploy("prod".to_owned());
    let mut log = Log::new(store, number);
    log.write(&Entry::Started { effect }).expect("written");
    for _ in 0..99 {
        log.store.begin(&new(&bad, None)).expect("begun");
    }
    let advice = || greenlight(["rollback-advice"]).within(shop.path());
    advice().gives(0, Text::Has(&[&commit]), Text::Nothing);
    log.store.begin(&new(&bad, None)).expect("begun");
    advice().gives(
        2,
        Text::Nothing,
        Text::Has(&[
            "none of the latest 100 deployments changed production",
            "help: name the commit that broke it with `--bad`",
        ]),
    );
}
