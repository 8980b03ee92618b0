//! A database that goes away, that is full, or that is another program's.

use std::time::Duration;

use greenlight::contract::promotion::Conclusion;
use greenlight::journal::{self, Claim, ClaimRequest, Error, Holder, Location, Lock};

use crate::lossy::Lossy;
use crate::place::{Place, new, open, row};
use crate::postgres_server::Server;

#[test]
fn a_server_that_comes_back_goes_on() {
    let server = Server::new();
    let mut store = open(&server.database());
    let number = store.begin(&new("a")).expect("begun");
    for position in 1..=3 {
        store.append(number, &row(position)).expect("appended");
    }
    // It is back before the next question, which succeeds.
    server.crash();
    server.start();
    store.append(number, &row(4)).expect("appended");

    server.crash();
    for _ in 0..2 {
        let error = store.append(number, &row(5)).expect_err("no server");
        assert!(matches!(&error, Error::Unavailable(_)), "{error}");
        assert!(matches!(store.records(number), Err(Error::Unavailable(_))));
    }
    server.start();
    store.append(number, &row(5)).expect("appended");
    let records = store.records(number).expect("intact");
    assert_eq!(records, (1..=5).map(row).collect::<Vec<_>>());
}

#[test]
fn a_server_that_goes_while_records_are_written_loses_none() {
    let server = Server::new();
    let location = server.database();
    let mut store = open(&location);
    let number = store.begin(&new("a")).expect("begun");
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for position in 1..=400 {
                // As the one who waits for a database does: the same record until it is there.
                while let Err(error) = store.append(number, &row(position)) {
                    assert!(matches!(error, Error::Unavailable(_)), "{error}");
                }
            }
        });
        let mut crashes = 0;
        while !writer.is_finished() && crashes < 8 {
            let before = open(&location).records(number).expect("intact").len();
            while !writer.is_finished()
                && open(&location).records(number).expect("intact").len() < before + 5
            {}
            server.crash();
            server.start();
            crashes += 1;
        }
        writer.join().expect("every record is written once");
        assert!(crashes > 2, "only {crashes} crashes");
    });
    let records = open(&location).records(number).expect("intact");
    assert_eq!(records, (1..=400).map(row).collect::<Vec<_>>());
}

#[test]
fn whichever_answer_is_lost_everything_happens_once() {
    let server = Server::shared();
    let direct = server.database();
    let way = Lossy::new(server.folder());
    let mut store = open(&server.through(&direct, &way.folder()));
    let holder = Holder::this_process();
    for answer in 1.. {
        let before = open(&direct).deployments(usize::MAX).expect("read").len();
        way.lose(answer);
        let number = store.begin(&new("a")).expect("begun");
        for position in 1..=2 {
            store.append(number, &row(position)).expect("appended");
        }
        store.send(number, 1, "{}").expect("sent");
        store
            .conclude(number, Conclusion::Promoted)
            .expect("concluded");
        let claim = store.claim(&ClaimRequest {
            lock: &Lock::environment("stage"),
            deployment: number,
            commit: "a",
            holder: &holder,
            time_to_live: Duration::from_mins(1),
        });
        let Ok(Claim::Held(lease)) = claim else {
            panic!("answer {answer}: {claim:?}")
        };
        assert_eq!(
            store.renew(&lease, &holder, Duration::from_mins(1)),
            Ok(true)
        );
        store.release(&lease, &holder).expect("released");
        let enough = !way.has_lost();

        let mut seen = open(&direct);
        assert_eq!(
            seen.deployments(usize::MAX).expect("read").len(),
            before + 1
        );
        assert_eq!(seen.records(number).expect("intact"), [row(1), row(2)]);
        assert_eq!(seen.messages(number, 0).expect("read").len(), 1);
        assert_eq!(seen.leases(), Ok(Vec::new()));
        if enough {
            assert!(answer > 20, "only {answer} answers");
            return;
        }
    }
}

#[test]
fn a_full_disk_is_an_error_and_loses_nothing() {
    let place = Place::postgresql();
    let mut store = place.open();
    let number = store.begin(&new("a")).expect("begun");
    store.append(number, &row(1)).expect("appended");
    place.tamper(
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100';
         END $$;
         CREATE TRIGGER full_disk BEFORE INSERT ON records FOR EACH ROW EXECUTE FUNCTION full_disk();",
    );
    let error = store.append(number, &row(2)).expect_err("no room");
    assert!(matches!(&error, Error::Full(_)), "{error}");
    place.tamper("DROP TRIGGER full_disk ON records");
    store.append(number, &row(2)).expect("room again");
    assert_eq!(store.records(number).expect("intact").len(), 2);
}

#[test]
fn what_is_no_journal_is_refused() {
    let server = Server::shared();
    let address = server.database();
    let refused = || {
        let location: Location = address.parse().expect("an address");
        let Err(Error::Wrong(why)) = journal::open(&location) else {
            panic!("it was taken for a journal")
        };
        why
    };
    let mut client = postgres::Client::connect(&address, postgres::NoTls).expect("a server");
    client
        .batch_execute("CREATE SCHEMA greenlight; CREATE TABLE greenlight.cart (item text)")
        .expect("made");
    assert!(refused().contains("another program"));
    client
        .batch_execute("DROP TABLE greenlight.cart")
        .expect("gone");
    drop(open(&address));
    let changed = "UPDATE greenlight.about SET version = version + 1 RETURNING version";
    let row = client.query_one(changed, &[]).expect("changed");
    let version: i32 = row.get(0);
    assert!(refused().contains(&format!("its version is {version}")));
}

#[test]
fn a_login_that_fails_is_not_tried_for_long() {
    let server = Server::shared();
    let address = server
        .database()
        .replace("connect_timeout=1", "connect_timeout=60");
    let database = address.replace("/journal", "/none");
    let location: Location = database.parse().expect("an address");
    let began = std::time::Instant::now();
    assert!(matches!(
        journal::open(&location),
        Err(Error::Unavailable(_))
    ));
    assert!(began.elapsed().as_secs() < 30);
}
