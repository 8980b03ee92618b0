//! A deployment whose process died while it wrote the first record has not begun, for every command.

use std::fs;

use greenlight::contract::promotion::{Action, Conclusion};
use greenlight::deployment::entry::Entry;
use greenlight::deployment::log::Log;
use greenlight::deployment::release_history::{self, OfRelease};
use greenlight::journal::{self, Location, NewDeployment, Store};

use super::run::{UNREACHABLE, shop};
use crate::harness::{Repository, Text, greenlight};

/// A repository with a tag, and a journal whose deployment 1 of this tag, with the idempotency key `k1`, has a
/// damaged first record.
fn torn_shop() -> (Repository, String) {
    let (shop, tag) = shop(UNREACHABLE);
    let mut store = store(&shop);
    let number = store.begin(&new(&tag, Some("k1"))).expect("begun");
    let mut log = Log::new(store, number, 1);
    log.write(&Entry::Interrupted).expect("written");
    let connection = rusqlite::Connection::open(shop.path().join(FILE)).expect("a database");
    let torn = connection.execute("UPDATE records SET body = '{\"form'", []);
    assert_eq!(torn, Ok(1));
    (shop, tag)
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
fn a_damaged_first_record_counts_as_nothing() {
    let (shop, tag) = torn_shop();
    let advice = format!("start it again with `greenlight run --tag {tag}`");
    let status = greenlight(["status"]).within(shop.path()).gives(
        0,
        Text::Has(&[
            &format!("({tag})"),
            "began 2023-11-14T22:13:20Z",
            &advice,
            "greenlight cancel 1 --by NAME",
        ]),
        Text::Nothing,
    );
    assert!(!status.stdout.contains("--resume"), "{}", status.stdout);
    let document = greenlight(["status", "1", "--format", "json"])
        .within(shop.path())
        .run()
        .json();
    assert_eq!(document["deployments"][0]["timeline"]["tag"], *tag);
    for resume in [&["run", "--resume"][..], &["run", "--resume", "1"]] {
        greenlight(resume.iter().copied())
            .within(shop.path())
            .gives(2, Text::Nothing, Text::Has(&["greenlight run --tag TAG"]));
    }
    let commit = tag.replace("stage-", "");
    let of = OfRelease {
        commit: &commit,
        digest: None,
    };
    let settings = greenlight::contract::settings::defaults();
    let history = release_history::history(store(&shop).as_mut(), of, 1, &settings);
    assert_eq!(history.expect("read"), []);
    // With the same key, the deployment begins.
    let run = ["run", "--tag", &tag, "--request", "k1"];
    greenlight(run).within(shop.path()).gives(
        1,
        Text::Has(&["stop[not-converged]"]),
        Text::Nothing,
    );
    let header = store(&shop).of_request("k1").expect("read");
    assert_eq!(header.map(|it| it.number), Some(2));
    let ended = greenlight(["status", "1"]).within(shop.path()).run();
    assert!(
        ended.stdout.contains("deployment 1: canceled"),
        "{}",
        ended.stdout
    );
}

#[test]
fn its_key_is_free_after_another_deployment_of_the_tag() {
    let (shop, tag) = torn_shop();
    for key in ["k2", "k1"] {
        greenlight(["run", "--tag", &tag, "--request", key])
            .within(shop.path())
            .gives(1, Text::Has(&["stop["]), Text::Nothing);
    }
}

#[test]
fn a_person_cancels_it() {
    let (shop, _) = torn_shop();
    greenlight(["cancel", "1", "--by", "Ada"])
        .within(shop.path())
        .gives(0, Text::Is("deployment 1 is canceled\n"), Text::Nothing);
    greenlight(["status", "1"]).within(shop.path()).gives(
        0,
        Text::Has(&["deployment 1: canceled", "Ada", "was damaged"]),
        Text::Nothing,
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
    let mut log = Log::new(store, number, 1);
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
