//! Randomly damaged records in `PostgreSQL`: each damage is noticed, greenlight does nothing, and no effect is repeated.
//!
//! The journal has a deployment that was promoted, and one that was killed during the deploy command of production.

use fastrand::Rng;
use postgres::{Client, NoTls};

use crate::damaged::{is_deployed_once, killed_in_production};
use crate::pipeline::Pipeline;
use crate::postgres_server::Server;
use crate::seed;

/// The number of journals that the test damages.
const JOURNALS: u32 = 100;

#[test]
fn randomly_damaged_records_in_postgresql_repeat_nothing() {
    let server = Server::shared();
    let address = server.database();
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.journal = Some(address.clone());
    pipeline.setting.rounds = 1;
    pipeline.commit("Change before [load test: skip]");
    pipeline.run().is(0, &[]);
    let commit = killed_in_production(&mut pipeline);
    let mut client = Client::connect(&address, NoTls).expect("a server");
    let setup = "SET search_path = greenlight; CREATE TABLE kept AS SELECT * FROM records";
    client.batch_execute(setup).expect("done");
    let next = pipeline.commit("Change after [load test: skip]");
    let tag = pipeline.tags().remove(0);
    let mut random = seed::random();
    for _ in 0..JOURNALS {
        let damage = damage(&mut client, &mut random);
        let ended = if is_damaged(&mut client, 2) {
            pipeline.greenlight(&["run", "--resume", "2"])
        } else {
            // A resume does not read records of releases that ended, but a new deployment does.
            pipeline.run_tag(&tag)
        };
        assert_eq!(ended.status, 74, "{damage}: {ended:?}");
        for text in ["damaged or missing", "nothing was done"] {
            assert!(ended.stderr.contains(text), "{damage}: {ended:?}");
        }
        is_deployed_once(&pipeline, &commit, &ended);
        assert_eq!(
            Pipeline::times(&pipeline.stage, &next),
            0,
            "{damage}: {ended:?}"
        );
        let verified = pipeline.greenlight(&["journal", "verify"]);
        assert_eq!(verified.status, 1, "{damage}: {verified:?}");
        let restore = "DELETE FROM records; INSERT INTO records SELECT * FROM kept";
        client.batch_execute(restore).expect("restored");
    }
    let ended = pipeline.greenlight(&["run", "--resume", "2"]);
    ended.is(0, &[]);
    is_deployed_once(&pipeline, &commit, &ended);
}

/// Whether a record of a deployment is changed or missing.
fn is_damaged(client: &mut Client, deployment: i64) -> bool {
    let question =
        "SELECT EXISTS (SELECT FROM records r FULL JOIN kept k USING (deployment, position)
                        WHERE deployment = $1 AND r IS DISTINCT FROM k)";
    let row = client.query_one(question, &[&deployment]);
    row.expect("an answer").get(0)
}

/// Changes, deletes or exchanges records, and returns the statement. Each statement changes at least one record.
fn damage(client: &mut Client, random: &mut Rng) -> String {
    let places = "SELECT deployment, position FROM records ORDER BY deployment, position";
    let rows = client.query(places, &[]).expect("records");
    let place = |index: usize| -> (i64, i64) { (rows[index].get(0), rows[index].get(1)) };
    let first = random.usize(..rows.len());
    let (deployment, position) = place(first);
    let chosen = format!("deployment = {deployment} AND position = {position}");
    let statement = match random.u32(..4) {
        0 => format!("UPDATE records SET {} WHERE {chosen}", changed(random)),
        1 => {
            let more = random.i64(0..4);
            format!(
                "DELETE FROM records WHERE deployment = {deployment}
                     AND position BETWEEN {position} AND {position} + {more}"
            )
        }
        2 => {
            let other = (first + random.usize(1..rows.len())) % rows.len();
            let (other, at) = place(other);
            let pair = |one: (i64, i64), two: (i64, i64)| {
                let of = |row: &str, (deployment, position)| {
                    format!("{row}.deployment = {deployment} AND {row}.position = {position}")
                };
                format!("({} AND {})", of("a", one), of("b", two))
            };
            let (one, two) = ((deployment, position), (other, at));
            format!(
                "UPDATE records a SET at = b.at, body = b.body, checksum = b.checksum, writer = b.writer
                 FROM records b WHERE {} OR {}",
                pair(one, two),
                pair(two, one)
            )
        }
        _ => format!(
            "DELETE FROM records WHERE deployment = {deployment} AND position >= {position}"
        ),
    };
    let changed = client.execute(&statement, &[]).expect("damaged");
    assert!(changed > 0, "{statement}");
    statement
}

/// A changed column of a record.
fn changed(random: &mut Rng) -> String {
    let (place, bit) = (random.u16(..), random.u32(..8));
    match random.u32(..6) {
        0 => format!("at = at + {}", random.i32(1..1000)),
        1 => format!("position = position + {}", random.i32(1000..2000)),
        2 => "deployment = 3 - deployment, position = position + 1000".to_owned(),
        3 => format!(
            "checksum = set_byte(checksum, {0}, get_byte(checksum, {0}) # (1 << {bit}))",
            place % 32
        ),
        4 => format!("body = left(body, {place} % length(body))"),
        _ => {
            let at = format!("({place} % length(body) + 1)");
            format!(
                "body = overlay(body PLACING
                     CASE substr(body, {at}, 1) WHEN '7' THEN '8' ELSE '7' END FROM {at} FOR 1)"
            )
        }
    }
}
