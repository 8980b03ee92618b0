//! A database that goes away, that is full, or that is of the first version.

use std::time::{Duration, Instant};

use greenlight::journal::inbox::{DeploymentRequestState, PushEventState};
use greenlight::journal::{Error, Holder, NewDeployment};

use super::{LONG, delivery, event, versions, wanted};
use crate::lossy::Lossy;
use crate::place::{Place, inbox, new, open, row};
use crate::postgres_server::Server;

/// Repeats a claim until it returns a row. The server may still lock the rows of a lost connection that it has not
/// detected yet, and a claim skips locked rows.
fn first<T>(mut claim: impl FnMut() -> Vec<T>) -> Vec<T> {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let claimed = claim();
        if !claimed.is_empty() || Instant::now() > end {
            return claimed;
        }
    }
}

#[test]
fn a_lost_answer_makes_no_second_request() {
    let server = Server::shared();
    let direct = server.database();
    let way = Lossy::new(server.folder());
    let through = server.through(&direct, &way.folder());
    let mut store = open(&through);
    let mut ours = inbox(&through);
    let own = Holder::this_process();
    for answer in 1.. {
        let tag = answer.to_string();
        let before = inbox(&direct).counts().expect("read");
        way.lose(answer);
        ours.accept(&[delivery(1, &[event(&tag)])])
            .expect("accepted");
        let claimed = first(|| ours.pending(&own, LONG, 9).expect("claimed"));
        assert_eq!(claimed.len(), 1, "answer {answer}");
        assert_eq!(
            ours.settle(&claimed[0], &wanted(&claimed[0].push_event)),
            Ok(true)
        );
        let claimed = first(|| ours.due(&own, LONG, 9).expect("claimed"));
        assert_eq!(claimed.len(), 1, "answer {answer}");
        let starting = DeploymentRequestState::Starting {
            attempt: 1,
            why: None,
            again_at: 0,
        };
        assert_eq!(ours.write(&claimed[0], &starting, true), Ok(true));
        assert_eq!(ours.renew_deployment_request(&claimed[0], LONG), Ok(true));
        let requested = NewDeployment {
            request: Some(claimed[0].request.key.clone()),
            ..new("a")
        };
        let number = store.begin(&requested).expect("begun");
        let started = DeploymentRequestState::Started {
            reference: number.to_string(),
        };
        assert_eq!(ours.write(&claimed[0], &started, false), Ok(true));
        let enough = !way.has_lost();

        let mut seen = inbox(&direct);
        let counts = seen.counts().expect("read");
        assert_eq!((counts.pending, counts.started), (0, before.started + 1));
        let request = seen.deployment_requests(1).expect("read").remove(0);
        assert_eq!((request.tag, request.state), (tag, started));
        let more = counts.deliveries - before.deliveries;
        assert!((1..=2).contains(&more), "{more} deliveries");
        assert_eq!(
            open(&direct).begin(&requested),
            Err(Error::Requested(number))
        );
        if enough {
            assert!(answer > 20, "only {answer} answers");
            return;
        }
    }
}

#[test]
fn a_full_disk_is_an_error_and_stores_nothing_of_a_batch() {
    let place = Place::postgresql();
    let mut inbox = place.inbox();
    place.tamper(
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100';
         END $$;
         CREATE TRIGGER full_disk BEFORE INSERT ON deliveries FOR EACH ROW EXECUTE FUNCTION full_disk();",
    );
    let batch = [delivery(1, &[event("a")]), delivery(2, &[event("b")])];
    let error = inbox.accept(&batch).expect_err("no room");
    assert!(matches!(&error, Error::Full(_)), "{error}");
    assert_eq!(inbox.push_events(9), Ok(Vec::new()));
    place.tamper("DROP TRIGGER full_disk ON deliveries");
    inbox.accept(&batch).expect("room again");
    for row in inbox.push_events(9).expect("read") {
        assert!(matches!(row.state, PushEventState::Pending { .. }));
        assert_eq!(row.deliveries, 1);
    }
}

/// What the first version had, as it made it.
const FIRST: &str = "
CREATE SCHEMA greenlight;
CREATE TABLE greenlight.about (version integer NOT NULL);
CREATE TABLE greenlight.deployments (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tag text NOT NULL,
    digest text,
    commit_id text NOT NULL,
    began bigint NOT NULL,
    conclusion text,
    token bigint NOT NULL UNIQUE
);
CREATE INDEX deployments_by_commit ON greenlight.deployments (commit_id);
CREATE TABLE greenlight.records (
    deployment bigint NOT NULL REFERENCES greenlight.deployments,
    position bigint NOT NULL,
    at bigint NOT NULL,
    body text NOT NULL,
    checksum bytea NOT NULL,
    writer bigint NOT NULL,
    PRIMARY KEY (deployment, position)
);
CREATE TABLE greenlight.leases (
    environment text PRIMARY KEY,
    fence bigint NOT NULL,
    deployment bigint NOT NULL,
    commit_id text NOT NULL,
    holder text,
    expires bigint NOT NULL
);
INSERT INTO greenlight.about VALUES (1);
INSERT INTO greenlight.deployments (tag, commit_id, began, token) VALUES ('stage-a', 'a', 7, 1);
";

#[test]
fn a_database_of_the_first_version_is_carried_over() {
    let server = Server::shared();
    let address = server.database();
    let mut client = postgres::Client::connect(&address, postgres::NoTls).expect("a server");
    client.batch_execute(FIRST).expect("made");
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let header = open(&address).deployment(1).expect("read");
                assert_eq!(header.expect("kept").request, None);
            });
        }
    });
    let version = client.query_one("SELECT version FROM greenlight.about", &[]);
    assert_eq!(version.expect("one").get::<_, i32>(0), versions());
    let mut store = open(&address);
    store.append(1, &row(1)).expect("appended");
    inbox(&address)
        .accept(&[delivery(1, &[event("a")])])
        .expect("accepted");
}
