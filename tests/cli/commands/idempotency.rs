//! `run --request`: an idempotency key begins one deployment.

use std::fs;
use std::thread;

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

/// The command reports the deployment of a key even if the registry is unreachable.
#[test]
fn a_known_key_is_answered_without_the_registry() {
    let registry = "[serve]\ntoken-variable = \"HOOK\"\nrepositories = [\"shop\"]\n[serve.registry]\nurl = \
                    \"http://127.0.0.1:1\"\n";
    let (shop, tag) = shop(&format!("{UNREACHABLE}{registry}"));
    let digest = format!("sha256:{}", "a".repeat(64));
    let run = ["run", "--tag", &tag, "--request", "k1"];
    greenlight(run.iter().chain(&["--digest", &digest]))
        .within(shop.path())
        .gives(1, Text::Has(&["stop[not-converged]"]), Text::Nothing);
    greenlight(run).within(shop.path()).gives(
        0,
        Text::Nothing,
        Text::Is("note: deployment 1 was already begun with this idempotency key\n"),
    );
    refused(
        shop.path(),
        &["run", "--tag", &tag, "--request", "k2"],
        &["does not name the digest of the tag"],
    );
}

/// Several processes start at the same time with one tag and key: one begins the deployment, the others report it.
#[test]
fn a_request_is_begun_once_by_processes_at_the_same_time() {
    const PROCESSES: usize = 6;
    let (shop, tag) = shop(&UNREACHABLE.replacen(r#"["true"]"#, r#"["false"]"#, 1));
    for key in ["k1", "k2", "k3", "k4"] {
        let run = || {
            greenlight(["run", "--tag", &tag, "--request", key])
                .within(shop.path())
                .run()
        };
        let ended: Vec<_> = thread::scope(|scope| {
            let started: Vec<_> = (0..PROCESSES).map(|_| scope.spawn(run)).collect();
            let ended = started.into_iter().map(|it| it.join().expect("it ended"));
            ended.collect()
        });
        let began: Vec<_> = ended.iter().filter(|it| it.status == 1).collect();
        let [began] = began[..] else {
            panic!("not exactly one process began the deployment: {ended:#?}")
        };
        assert!(
            began.stdout.contains("stop[deployment-failed]"),
            "{began:?}"
        );
        let file = shop.path().join(".greenlight/journal.db");
        let mut journal = journal::open(&Location::File(file)).expect("a journal");
        let header = journal.of_request(key).expect("read").expect("begun");
        let note = format!(
            "note: deployment {} was already begun with this idempotency key\n",
            header.number
        );
        let others = ended
            .iter()
            .filter(|it| it.status == 0 && it.stderr == note);
        assert_eq!(others.count(), PROCESSES - 1, "{ended:#?}");
    }
}
