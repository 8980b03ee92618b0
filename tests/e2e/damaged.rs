//! A damaged journal: greenlight repeats no effect, and makes no decision from incomplete records.
//!
//! Each deployment here was killed during the deploy command of production, which is not repeatable.

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fastrand::Rng;
use greenlight::journal;
use rusqlite::Connection;

use crate::pipeline::{Ended, Pipeline};
use crate::postgres_server::Server;
use crate::service::State;

/// Runs a commit until its deploy command changes production, and kills greenlight. The command keeps running, and
/// succeeds.
pub fn killed_in_production(pipeline: &mut Pipeline) -> String {
    pipeline.setting.rounds = 1;
    pipeline.setting.deadline = 2;
    let commit = pipeline.commit("Change [load test: abort]");
    let tags = pipeline.tags();
    pipeline.prod.pace(Duration::from_mins(10));
    let mut run = pipeline.start(&["run", "--tag", &tags[0]]);
    pipeline
        .prod
        .wait("deployment", |state| deployed(state, &commit).is_some());
    run.child().kill().expect("it runs");
    run.child().wait().expect("it ended");
    pipeline.prod.pace(Duration::ZERO);
    pipeline
        .prod
        .wait("end", |state| deployed(state, &commit) == Some("finished"));
    commit
}

/// The state of the deployment of a commit.
fn deployed<'a>(state: &'a State, commit: &str) -> Option<&'a str> {
    let mut deployments = state.deployments.iter();
    let found = deployments.find(|it| it.commit == commit);
    found.map(|it| it.state.as_str())
}

/// Checks that each environment got the commit once.
#[track_caller]
pub fn is_deployed_once(pipeline: &Pipeline, commit: &str, ended: &Ended) {
    for service in [&pipeline.stage, &pipeline.prod] {
        assert_eq!(Pipeline::times(service, commit), 1, "{ended:?}");
    }
}

/// Statements that damage the last records, as another program could.
const LAST: [&str; 4] = [
    "UPDATE records SET at = at + 1 WHERE position = (SELECT max(position) FROM records)",
    "UPDATE records SET body = substr(body, 1, 9) WHERE position = (SELECT max(position) FROM records)",
    "DELETE FROM records WHERE position = (SELECT max(position) FROM records)",
    "DELETE FROM records WHERE position > (SELECT max(position) FROM records) - 3",
];

/// Damages the last records, resumes the deployment, and restores the records.
fn last_records(pipeline: &mut Pipeline, change: &mut dyn FnMut(&str)) {
    let commit = killed_in_production(pipeline);
    for damage in LAST {
        change("CREATE TABLE kept AS SELECT * FROM records");
        change(damage);
        let ended = pipeline.greenlight(&["run", "--resume"]);
        assert_eq!(ended.status, 74, "{damage}: {ended:?}");
        for text in [
            "of deployment 1 is damaged or missing",
            "nothing was done",
            "logs of deployment 1",
            "what they serve",
            "greenlight cancel 1 --by NAME",
        ] {
            assert!(ended.stderr.contains(text), "{text}: {ended:?}");
        }
        is_deployed_once(pipeline, &commit, &ended);
        change("DELETE FROM records");
        change("INSERT INTO records SELECT * FROM kept");
        change("DROP TABLE kept");
    }
    let ended = pipeline.greenlight(&["run", "--resume"]);
    ended.is(0, &[]);
    is_deployed_once(pipeline, &commit, &ended);
}

#[test]
fn a_damaged_last_record_ends_the_resume() {
    let mut pipeline = Pipeline::recorded();
    let file = pipeline.folder().join(".greenlight/journal.db");
    last_records(&mut pipeline, &mut |sql| change(&file, sql));
}

#[test]
fn a_damaged_last_record_in_postgresql_ends_the_resume() {
    let server = Server::shared();
    let mut pipeline = Pipeline::recorded();
    let address = server.database();
    pipeline.setting.journal = Some(address.clone());
    last_records(&mut pipeline, &mut |sql| {
        let mut client = postgres::Client::connect(&address, postgres::NoTls).expect("a server");
        let sql = format!("SET search_path = greenlight; {sql}");
        client.batch_execute(&sql).expect("done");
    });
}

#[track_caller]
fn change(file: &Path, sql: &str) {
    let connection = Connection::open(file).expect("a database");
    connection.execute_batch(sql).expect("done");
}

/// Only `PRAGMA quick_check` reads the number of free pages in the header of the file.
///
/// Source: <https://www.sqlite.org/fileformat.html>, section 1.3: the 32 bits at offset 36.
#[test]
fn a_damage_that_only_a_check_of_the_file_notices_ends_the_resume() {
    let mut pipeline = Pipeline::recorded();
    let commit = killed_in_production(&mut pipeline);
    let file = pipeline.folder().join(".greenlight/journal.db");
    drop(journal::open(&pipeline.location()).expect("the journal"));
    let mut bytes = fs::read(&file).expect("a journal");
    bytes[39] ^= 1;
    fs::write(&file, bytes).expect("damaged");
    let (records, told) = (pipeline.entries(1).len(), pipeline.told());
    let ended = pipeline.greenlight(&["run", "--resume"]);
    assert_eq!(ended.status, 74, "{ended:?}");
    assert!(ended.stderr.contains("Freelist"), "{ended:?}");
    is_deployed_once(&pipeline, &commit, &ended);
    assert_eq!(
        (pipeline.entries(1).len(), pipeline.told()),
        (records, told)
    );
}

/// The number of journals that the test damages.
const JOURNALS: u64 = 400;

#[test]
fn randomly_damaged_journals_repeat_nothing() {
    let mut pipeline = Pipeline::recorded();
    let commit = killed_in_production(&mut pipeline);
    let file = pipeline.folder().join(".greenlight/journal.db");
    // Opening the journal rolls back a transaction that the killed process may have left.
    drop(journal::open(&pipeline.location()).expect("the journal"));
    let whole = fs::read(&file).expect("a journal");
    let mut refused = 0;
    for seed in 0..JOURNALS {
        restore(&file, &whole);
        let mut random = Rng::with_seed(seed);
        let damage = damage(&file, &mut random);
        let told = pipeline.told().len();
        let ended = pipeline.greenlight(&["run", "--resume"]);
        is_deployed_once(&pipeline, &commit, &ended);
        let told = pipeline.told().split_off(told);
        assert!(told.len() <= 1, "{seed}: {told:?}");
        let said = format!("{seed}: {damage}: {ended:?}");
        assert!(matches!(ended.status, 0 | 1 | 2 | 74 | 75), "{said}");
        refused += u32::from(ended.status == 74);
    }
    assert!(refused > 200, "{refused} of {JOURNALS} were refused");
}

fn restore(file: &Path, whole: &[u8]) {
    fs::write(file, whole).expect("restored");
    let rollback = PathBuf::from(format!("{}-journal", file.display()));
    let _ = fs::remove_file(rollback);
}

/// Damages a journal, and returns a description of the damage.
fn damage(file: &Path, random: &mut Rng) -> String {
    match random.u32(..4) {
        0 => in_bytes(file, random),
        _ => in_rows(file, random),
    }
}

/// Changes bytes of the file, as a defective disk could.
fn in_bytes(file: &Path, random: &mut Rng) -> String {
    const PAGE: u64 = 4096;
    let disk = fs::File::options()
        .read(true)
        .write(true)
        .open(file)
        .expect("a file");
    let length = disk.metadata().expect("its length").len();
    let at = random.u64(..length);
    match random.u32(..4) {
        0 => {
            let mut byte = [0];
            disk.read_exact_at(&mut byte, at).expect("a byte");
            byte[0] ^= 1 << random.u32(..8);
            disk.write_all_at(&byte, at).expect("written");
            format!("a bit of byte {at}")
        }
        1 => {
            let zeros = vec![0; usize::try_from(512.min(length - at)).expect("small")];
            disk.write_all_at(&zeros, at).expect("written");
            format!("zeros at {at}")
        }
        2 => {
            disk.set_len(at).expect("cut");
            format!("cut at {at}")
        }
        _ => {
            let (from, to) = (random.u64(..length / PAGE), random.u64(1..length / PAGE));
            let mut page = vec![0; 4096];
            disk.read_exact_at(&mut page, from * PAGE).expect("a page");
            disk.write_all_at(&page, to * PAGE).expect("written");
            format!("page {from} over page {to}")
        }
    }
}

/// Changes or deletes rows, as another program could.
fn in_rows(file: &Path, random: &mut Rng) -> String {
    let connection = Connection::open(file).expect("a database");
    let (table, columns) = if random.bool() {
        ("records", &["at", "body", "checksum", "position"][..])
    } else {
        (
            "deployments",
            &[
                "tag",
                "commit_id",
                "digest",
                "conclusion",
                "record_count",
                "last_checksum",
                "number",
            ][..],
        )
    };
    let last = random.u32(1..4);
    let key = if table == "records" {
        "position"
    } else {
        "number"
    };
    let place = match random.u32(..3) {
        0 => format!("{key} = (SELECT max({key}) FROM {table})"),
        1 => format!("{key} > (SELECT max({key}) FROM {table}) - {last}"),
        _ => format!(
            "{key} = (SELECT {key} FROM {table} ORDER BY {key} LIMIT 1 OFFSET {} % (SELECT count(*) FROM {table}))",
            random.u32(..)
        ),
    };
    let column = columns[random.usize(..columns.len())];
    let statement = match random.u32(..4) {
        0 => format!("DELETE FROM {table} WHERE {place}"),
        1 => format!("UPDATE {table} SET {column} = {column} + 1000 WHERE {place}"),
        2 => format!("UPDATE {table} SET {column} = substr({column}, 2) WHERE {place}"),
        _ => format!(
            "UPDATE {table} SET {column} = (SELECT {column} FROM {table} ORDER BY {key} LIMIT 1) WHERE {place}"
        ),
    };
    // The column refuses some of the values. Then a record is deleted instead.
    let all = format!("PRAGMA foreign_keys = OFF; {statement}");
    if connection.execute_batch(&all).is_err() {
        let instead = "DELETE FROM records WHERE position = (SELECT max(position) FROM records)";
        connection.execute_batch(instead).expect("deleted");
        return format!("{statement}, that is {instead}");
    }
    statement
}
