//! `greenlight journal`: verifies and exports.

use serde_json::Value;

use super::run::{UNREACHABLE, shop};
use crate::harness::{Repository, Text, greenlight};
use crate::schemas::Schema;

/// Creates a shop whose journal has one ended deployment.
fn deployed() -> Repository {
    let (shop, tag) = shop(UNREACHABLE);
    greenlight(["run", "--tag", &tag])
        .within(shop.path())
        .gives(1, Text::Has(&["stop["]), Text::Nothing);
    shop
}

#[track_caller]
fn change(shop: &Repository, statements: &str) {
    let file = shop.path().join(".greenlight/journal.db");
    let connection = rusqlite::Connection::open(file).expect("a database");
    connection.execute_batch(statements).expect("changed");
}

#[test]
fn an_intact_journal_is_verified() {
    let (empty, _) = shop(UNREACHABLE);
    let nothing = "nothing is damaged: 0 deployments, 0 records, 0 deployment requests\n";
    greenlight(["journal", "verify"])
        .within(empty.path())
        .gives(0, Text::Is(nothing), Text::Nothing);
    let shop = deployed();
    greenlight(["journal", "verify"]).within(shop.path()).gives(
        0,
        Text::Has(&["nothing is damaged: 1 deployments, "]),
        Text::Nothing,
    );
    let document = greenlight(["journal", "verify", "--format", "json"])
        .within(shop.path())
        .run()
        .json();
    Schema::of("journal-verify").holds(&document);
}

#[test]
fn each_damage_is_named() {
    for (damage, named) in [
        (
            "UPDATE records SET at = at + 1 WHERE position = 2",
            "deployment 1: record 2 is damaged or missing",
        ),
        (
            "DELETE FROM records WHERE position > 3",
            "deployment 1: record 4 is damaged or missing",
        ),
        (
            "UPDATE deployments SET tag = 'stage-1'",
            "deployment 1: the list of deployments and the first record of deployment 1 name different",
        ),
        (
            "UPDATE deployments SET conclusion = 'promoted'",
            "deployment 1: its last record says that it was stopped",
        ),
        (
            "DELETE FROM deployments",
            "it has 0 deployments, and 1 were stored",
        ),
        (
            "DELETE FROM anchors",
            "the number of push events is missing",
        ),
    ] {
        let shop = deployed();
        change(&shop, &format!("PRAGMA foreign_keys = OFF; {damage}"));
        let verify = || greenlight(["journal", "verify"]).within(shop.path());
        verify().gives(
            1,
            Text::Has(&[named, "the journal is damaged: "]),
            Text::Nothing,
        );
        let document = greenlight(["journal", "verify", "--format", "json"])
            .within(shop.path())
            .gives(1, Text::Has(&["journal-verify"]), Text::Nothing)
            .json();
        Schema::of("journal-verify").holds(&document);
        assert_ne!(document["damage"], Value::Array(Vec::new()));
    }
}

#[test]
fn a_deployment_is_exported_as_json_lines() {
    let shop = deployed();
    let ended = greenlight(["journal", "export", "1"])
        .within(shop.path())
        .gives(
            0,
            Text::Has(&["greenlight.journal-export/3"]),
            Text::Nothing,
        );
    let lines: Vec<Value> = ended
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let (deployment, records) = lines.split_first().expect("a line");
    let schema = Schema::of("journal-export");
    schema.holds(deployment);
    assert_eq!(deployment["conclusion"], "stopped");
    assert_eq!(deployment["records"], records.len());
    for (position, record) in (1..).zip(records) {
        schema.fits(record);
        assert_eq!(record["position"], position);
    }
    assert_eq!(records[0]["record"]["entry"], "began");
    assert_eq!(records[records.len() - 1]["record"]["entry"], "concluded");

    greenlight(["journal", "export", "2"])
        .within(shop.path())
        .gives(
            2,
            Text::Nothing,
            Text::Has(&["deployment 2 does not exist", "greenlight status"]),
        );
    change(&shop, "DELETE FROM records WHERE position = 2");
    greenlight(["journal", "export", "1"])
        .within(shop.path())
        .gives(
            74,
            Text::Nothing,
            Text::Has(&["record 2 of deployment 1 is damaged or missing"]),
        );
}
