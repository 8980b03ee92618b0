//! Deployments and their records.

use std::sync::Barrier;
use std::thread;

use greenlight::contract::promotion::Conclusion;
use greenlight::journal::{Baseline, Depth, Error, Header, NewDeployment, Row, Store};

use crate::place::{Place, for_both, new, row};

for_both!(
    deployments_are_kept,
    a_request_is_begun_once,
    a_request_without_a_record_is_released,
    records_are_kept,
    a_position_is_written_once,
    a_record_of_one_s_own_is_found_again,
    damage_is_an_error_wherever_it_is,
    missing_last_records_are_an_error,
    a_missing_deployment_is_an_error,
    records_of_an_earlier_version_count,
    a_conclusion_stands,
    the_latest_baseline_of_an_environment_counts,
    messages_are_kept_in_order,
    what_is_not_there,
    many_may_open_a_new_one_at_once,
);

fn deployments_are_kept(place: &Place) {
    let mut store = place.open();
    let mut with_digest = new("b");
    with_digest.digest = Some("sha256:1".to_owned());
    let first = store.begin(&new("a")).expect("begun");
    let second = store.begin(&with_digest).expect("begun");
    let third = store.begin(&new("a")).expect("begun");
    assert!(first < second && second < third);

    let mut store = place.open();
    let header = Header {
        number: second,
        tag: "stage-b".to_owned(),
        digest: Some("sha256:1".to_owned()),
        commit: "b".to_owned(),
        began: 1_700_000_000_000,
        conclusion: None,
        request: None,
    };
    assert_eq!(store.deployment(second).expect("read"), Some(header));
    let numbers = |headers: Vec<Header>| {
        headers
            .iter()
            .map(|header| header.number)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        numbers(store.deployments(2).expect("read")),
        [third, second]
    );
    assert_eq!(store.deployments(usize::MAX).expect("read").len(), 3);
    assert_eq!(numbers(store.of_commit("a").expect("read")), [third, first]);
}

fn a_request_is_begun_once(place: &Place) {
    let requested = |request: &str| NewDeployment {
        request: Some(request.to_owned()),
        ..new("a")
    };
    let mut store = place.open();
    store.begin(&new("a")).expect("begun");
    store.begin(&new("a")).expect("nothing requested either");
    let first = store.begin(&requested("r1")).expect("begun");
    let other = store.begin(&requested("r2")).expect("begun");
    assert_eq!(
        place.open().begin(&requested("r1")),
        Err(Error::Requested(first))
    );
    store.append(first, &row(1)).expect("appended");
    store
        .conclude(first, Conclusion::Promoted)
        .expect("concluded");
    assert_eq!(store.begin(&requested("r1")), Err(Error::Requested(first)));
    let header = store.of_request("r2").expect("read").expect("there");
    assert_eq!(
        (header.number, header.request.as_deref()),
        (other, Some("r2"))
    );
    assert_eq!(store.of_request("r3"), Ok(None));
    assert_eq!(store.deployments(9).expect("read").len(), 4);

    let together = Barrier::new(4);
    let stores = [(); 4].map(|()| place.open());
    let begun = thread::scope(|scope| {
        let begin = |mut store: Box<dyn Store>| {
            together.wait();
            store.begin(&requested("raced"))
        };
        stores
            .map(|store| scope.spawn(move || begin(store)))
            .map(|thread| thread.join().expect("no panic"))
    });
    let winners: Vec<_> = begun.iter().filter_map(|it| it.as_ref().ok()).collect();
    let [winner] = winners[..] else {
        panic!("{begun:?}")
    };
    let lost = Err(Error::Requested(*winner));
    assert_eq!(begun.iter().filter(|it| **it == lost).count(), 3);
}

fn a_request_without_a_record_is_released(place: &Place) {
    let mut store = place.open();
    let requested = NewDeployment {
        request: Some("r".to_owned()),
        ..new("a")
    };
    let first = store.begin(&requested).expect("begun");
    store
        .conclude(first, Conclusion::Canceled)
        .expect("concluded");
    // Its own process may be slow.
    let late = place.open().append(first, &row(1));
    assert_eq!(late, Err(Error::Taken));
    let second = store.begin(&requested).expect("nothing was done");
    assert_eq!(store.begin(&requested), Err(Error::Requested(second)));
    let request = |number, store: &mut dyn Store| {
        let header = store.deployment(number).expect("read");
        header.expect("there").request
    };
    assert_eq!(request(first, &mut *store), None);
    assert_eq!(request(second, &mut *store).as_deref(), Some("r"));
}

fn records_are_kept(place: &Place) {
    let mut store = place.open();
    let (one, other) = (
        store.begin(&new("a")).expect("begun"),
        store.begin(&new("b")).expect("begun"),
    );
    for position in 1..=5 {
        store.append(one, &row(position)).expect("appended");
        store.append(other, &row(position)).expect("appended");
    }
    let records = place.open().records(one).expect("intact");
    assert_eq!(records, (1..=5).map(row).collect::<Vec<_>>());
}

fn a_position_is_written_once(place: &Place) {
    let number = place.open().begin(&new("a")).expect("begun");
    for position in 1..=30 {
        let together = &Barrier::new(3);
        // Opened first: who fails to open would leave the others waiting.
        let writers = ["a", "b", "c"].map(|writer| (writer, place.open()));
        let results = thread::scope(|scope| {
            let append = |(writer, mut store): (&str, Box<dyn Store>)| {
                let row = Row {
                    body: format!("{{\"writer\":\"{writer}\"}}"),
                    ..row(position)
                };
                together.wait();
                store.append(number, &row)
            };
            writers
                .map(|writer| scope.spawn(move || append(writer)))
                .map(|thread| thread.join().expect("no panic"))
        });
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        let lost = results
            .iter()
            .filter(|result| **result == Err(Error::Taken));
        assert_eq!(lost.count(), 2, "{results:?}");
    }
    assert_eq!(place.open().records(number).expect("intact").len(), 30);
}

fn a_record_of_one_s_own_is_found_again(place: &Place) {
    let mut store = place.open();
    let number = store.begin(&new("a")).expect("begun");
    store.append(number, &row(1)).expect("appended");
    store.append(number, &row(1)).expect("it is there");
    let other = Row { at: 5, ..row(1) };
    assert_eq!(store.append(number, &other), Err(Error::Taken));
    assert_eq!(place.open().append(number, &row(1)), Err(Error::Taken));
    assert_eq!(store.records(number).expect("intact"), [row(1)]);
}

/// A deployment with four records.
fn with_records(store: &mut dyn Store) -> u64 {
    let number = store.begin(&new("a")).expect("begun");
    for position in 1..=4 {
        store.append(number, &row(position)).expect("appended");
    }
    number
}

const fn damaged(deployment: u64, position: u64) -> Error {
    Error::Damaged {
        deployment,
        position,
    }
}

fn damage_is_an_error_wherever_it_is(place: &Place) {
    for damage in [
        "UPDATE records SET body = '{}' WHERE position = {p}",
        "UPDATE records SET at = at + 1 WHERE position = {p}",
        "UPDATE records SET checksum = (SELECT checksum FROM records o WHERE o.position = 5 - {p} LIMIT 1)
         WHERE position = {p}",
        "DELETE FROM records WHERE position = {p}",
    ] {
        for position in [1, 2, 4] {
            let mut store = place.open();
            let number = with_records(&mut *store);
            let damage = damage.replace("{p}", &position.to_string());
            place.tamper(&format!("{damage} AND deployment = {number}"));
            let found = store.records(number);
            assert_eq!(found, Err(damaged(number, position)), "{damage}");
            let added = store.append(number, &row(5));
            assert_eq!(added.is_err(), position == 4, "{damage}: {added:?}");
        }
    }
}

fn missing_last_records_are_an_error(place: &Place) {
    for left in [0, 1, 3] {
        let mut store = place.open();
        let number = with_records(&mut *store);
        place.tamper(&format!(
            "DELETE FROM records WHERE deployment = {number} AND position > {left}"
        ));
        let mut store = place.open();
        let missing = damaged(number, left + 1);
        assert_eq!(store.records(number), Err(missing.clone()));
        assert_eq!(store.append(number, &row(left + 1)), Err(missing.clone()));
        assert_eq!(store.append(number, &row(5)), Err(missing));
        assert_eq!(store.check(Depth::Full), Ok(()), "the file is intact");
    }
    let mut store = place.open();
    let number = with_records(&mut *store);
    place.tamper("UPDATE deployments SET last_checksum = NULL");
    assert_eq!(store.records(number), Err(damaged(number, 4)));
    assert_eq!(store.append(number, &row(5)), Err(damaged(number, 4)));
}

fn a_missing_deployment_is_an_error(place: &Place) {
    let mut store = place.open();
    let number = with_records(&mut *store);
    let empty = store.begin(&new("b")).expect("begun");
    assert_eq!(store.check(Depth::Full), Ok(()));
    place.tamper(&format!("DELETE FROM deployments WHERE number = {empty}"));
    let missing = |found: Result<u64, Error>| {
        assert!(
            matches!(&found, Err(Error::Corrupt(what)) if what.contains("1 deployments, and 2 were")),
            "{found:?}"
        );
    };
    missing(store.begin(&new("b")));
    for depth in [Depth::Quick, Depth::Full] {
        missing(store.check(depth).map(|()| 0));
    }
    assert_eq!(store.records(number).expect("intact").len(), 4);
    place.tamper("DELETE FROM anchors");
    assert!(matches!(store.begin(&new("b")), Err(Error::Corrupt(_))));
}

/// A program of an earlier version, which still runs after an upgrade, does not write the anchor.
fn records_of_an_earlier_version_count(place: &Place) {
    let mut store = place.open();
    let number = with_records(&mut *store);
    place.tamper(&format!(
        "UPDATE deployments SET record_count = 3, last_checksum =
             (SELECT checksum FROM records WHERE deployment = {number} AND position = 3)"
    ));
    assert_eq!(store.records(number).expect("intact").len(), 4);
    store.append(number, &row(5)).expect("appended");
    place.tamper("DELETE FROM records WHERE position = 5");
    assert_eq!(store.records(number), Err(damaged(number, 5)));
}

fn the_latest_baseline_of_an_environment_counts(place: &Place) {
    let baseline = |environment: &str, at: u64, by: Option<&str>| Baseline {
        environment: environment.to_owned(),
        commit: format!("{at:040x}"),
        at,
        by: by.map(str::to_owned),
    };
    let mut store = place.open();
    assert_eq!(store.baseline("prod").expect("read"), None);
    let (first, later) = (baseline("prod", 1, None), baseline("prod", 2, Some("Ada")));
    for it in [&later, &first, &baseline("stage", 3, None), &later] {
        store.add_baseline(it).expect("stored");
    }
    let mut store = place.open();
    assert_eq!(store.baseline("prod").expect("read"), Some(later));
}

fn a_conclusion_stands(place: &Place) {
    let mut store = place.open();
    let number = store.begin(&new("a")).expect("begun");
    store
        .conclude(number, Conclusion::Promoted)
        .expect("concluded");
    store.conclude(number, Conclusion::Promoted).expect("it is");
    assert_eq!(
        store.conclude(number, Conclusion::Stopped),
        Err(Error::Taken)
    );
    let header = place
        .open()
        .deployment(number)
        .expect("read")
        .expect("there");
    assert_eq!(header.conclusion, Some(Conclusion::Promoted));
}

fn messages_are_kept_in_order(place: &Place) {
    let mut store = place.open();
    let (first, second) = (store.begin(&new("a")), store.begin(&new("b")));
    let (first, second) = (first.expect("begun"), second.expect("begun"));
    for (deployment, at, body) in [
        (first, 7, r#"{"x":1}"#),
        (second, 8, "{}"),
        (first, 3, r#"{"x":"ü"}"#),
    ] {
        store.send(deployment, at, body).expect("sent");
    }
    let read = |behind| place.open().messages(first, behind).expect("read");
    let all = read(0);
    let bodies: Vec<_> = all.iter().map(|it| (it.at, it.body.as_str())).collect();
    assert_eq!(bodies, [(7, r#"{"x":1}"#), (3, r#"{"x":"ü"}"#)]);
    assert_eq!(read(all[0].id), all[1..]);
    assert!(read(all[1].id).is_empty());
}

fn what_is_not_there(place: &Place) {
    let mut store = place.open();
    assert_eq!(store.send(99, 1, "{}"), Err(Error::Unknown(99)));
    assert_eq!(store.messages(99, 0), Ok(Vec::new()));
    assert_eq!(store.append(99, &row(1)), Err(Error::Unknown(99)));
    assert_eq!(
        store.conclude(99, Conclusion::Promoted),
        Err(Error::Unknown(99))
    );
    assert_eq!(store.deployment(u64::MAX), Ok(None));
    assert_eq!(store.deployments(10), Ok(Vec::new()));
    let number = store.begin(&new("a")).expect("begun");
    let gap = damaged(number, 1);
    assert_eq!(store.append(number, &row(2)), Err(gap));
    assert_eq!(store.append(number, &row(0)), Err(Error::Taken));
    assert!(store.records(number).expect("none").is_empty());
}

fn many_may_open_a_new_one_at_once(place: &Place) {
    let together = Barrier::new(6);
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                together.wait();
                place.open().begin(&new("a")).expect("begun")
            });
        }
    });
    assert_eq!(place.open().deployments(10).expect("read").len(), 6);
}
