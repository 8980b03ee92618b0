//! `run --request`: an idempotency key begins one deployment.

use std::fs;

use greenlight::contract::promotion::Conclusion;
use greenlight::journal::{self, Claim, ClaimRequest, Holder, Location, Lock, NewDeployment};

use super::run::{UNREACHABLE, refused, shop};
use crate::harness::{Text, greenlight};

#[test]
fn a_request_is_begun_once() {
    let (shop, tag) = shop(UNREACHABLE);
    let run = ["run", "--tag", &tag, "--request", "delivery-7"];
    greenlight(run).within(shop.path()).gives(
        1,
        Text::Has(&["stop[not-converged]"]),
        Text::Nothing,
    );
    let begun = "note: deployment 1 was already begun with this idempotency key\n";
    for format in ["human", "json"] {
        greenlight(run.iter().chain(&["--format", format]))
            .within(shop.path())
            .gives(0, Text::Nothing, Text::Is(begun));
    }
    refused(
        shop.path(),
        &["run", "--tag", "stage-0", "--request", "delivery-7"],
        &[
            "deployment 1 has the same idempotency key and another tag",
            "help: ",
        ],
    );
    greenlight(["status"]).within(shop.path()).gives(
        0,
        Text::Has(&["deployment 1: stopped"]),
        Text::Nothing,
    );
    greenlight(["run", "--tag", &tag, "--request", "delivery-8"])
        .within(shop.path())
        .gives(1, Text::Has(&["stop[not-converged]"]), Text::Nothing);
    greenlight(["status", "7"]).within(shop.path()).gives(
        2,
        Text::Nothing,
        Text::Has(&[
            "error: deployment 7 does not exist\n",
            "help: list deployments with `greenlight status`",
        ]),
    );
    let ended = greenlight(["status", "2"]).within(shop.path()).run();
    assert_eq!(ended.status, 0, "{}", ended.stderr);
}

#[test]
fn a_request_whose_process_died_before_it_did_anything_is_begun_anew() {
    let (shop, tag) = shop(UNREACHABLE);
    let file = shop.path().join(".greenlight/journal.db");
    fs::create_dir(file.parent().expect("a folder")).expect("made");
    let mut journal = journal::open(&Location::File(file)).expect("a journal");
    let new = NewDeployment {
        tag: tag.clone(),
        digest: None,
        commit: tag.replace("stage-", ""),
        began: 1,
        request: Some("delivery-7".to_owned()),
    };
    journal.begin(&new).expect("begun");
    let run = ["run", "--tag", &tag, "--request", "delivery-7"];

    // Its process still runs, as far as its lease shows.
    let elsewhere = Holder::from_name("them@elsewhere");
    let long = std::time::Duration::from_mins(10);
    let claim = journal.claim(&ClaimRequest {
        lock: &Lock::tag(&tag),
        deployment: 1,
        commit: &new.commit,
        holder: &elsewhere,
        time_to_live: long,
    });
    let Ok(Claim::Held(lease)) = claim else {
        panic!("{claim:?}")
    };
    greenlight(run).within(shop.path()).gives(
        0,
        Text::Nothing,
        Text::Is("note: deployment 1 was already begun with this idempotency key\n"),
    );
    assert_eq!(journal.deployments(9).expect("read").len(), 1);

    journal.release(&lease, &elsewhere).expect("released");
    greenlight(run).within(shop.path()).gives(
        1,
        Text::Has(&["stop[not-converged]"]),
        Text::Nothing,
    );
    let first = journal.deployment(1).expect("read").expect("there");
    assert_eq!(first.conclusion, Some(Conclusion::Canceled));
    let header = journal.of_request("delivery-7").expect("read");
    assert_eq!(header.map(|header| header.number), Some(2));
    greenlight(run).within(shop.path()).gives(
        0,
        Text::Nothing,
        Text::Is("note: deployment 2 was already begun with this idempotency key\n"),
    );
}
