use std::fmt::Write as _;
use std::fs::File;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::error::explain;
use super::turns;
use crate::journal::{Error, Result};

/// What marks a file as a journal: `gl` and `jl`.
const APPLICATION: i32 = 0x676c_6a6c;

/// The version of what is in it.
const VERSION: i32 = 2;

/// What version 1 had.
const FIRST: &str = "
CREATE TABLE deployments (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    tag TEXT NOT NULL,
    digest TEXT,
    commit_id TEXT NOT NULL,
    began INTEGER NOT NULL,
    conclusion TEXT
) STRICT;
CREATE INDEX deployments_by_commit ON deployments (commit_id);
CREATE TABLE records (
    deployment INTEGER NOT NULL REFERENCES deployments,
    position INTEGER NOT NULL,
    at INTEGER NOT NULL,
    body TEXT NOT NULL,
    checksum BLOB NOT NULL,
    writer INTEGER NOT NULL,
    PRIMARY KEY (deployment, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE leases (
    environment TEXT PRIMARY KEY,
    fence INTEGER NOT NULL,
    deployment INTEGER NOT NULL,
    commit_id TEXT NOT NULL,
    holder TEXT,
    expires INTEGER NOT NULL
) STRICT;
";

/// What version 2 has beside it: what a deployment was requested by, and the inbox.
const SECOND: &str = "
ALTER TABLE deployments ADD COLUMN request TEXT;
CREATE UNIQUE INDEX deployments_by_request ON deployments (request);
CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    source TEXT NOT NULL,
    body BLOB NOT NULL,
    hints TEXT NOT NULL
) STRICT;
CREATE INDEX deliveries_by_time ON deliveries (at);
CREATE TABLE starts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    request TEXT NOT NULL UNIQUE,
    repository TEXT NOT NULL,
    tag TEXT NOT NULL,
    digest TEXT NOT NULL,
    environment TEXT NOT NULL,
    commit_id TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'wanted',
    why TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    again_at INTEGER NOT NULL DEFAULT 0,
    reference TEXT,
    finished TEXT,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    fence INTEGER NOT NULL DEFAULT 0,
    holder TEXT,
    expires INTEGER NOT NULL DEFAULT 0,
    UNIQUE (repository, tag, digest)
) STRICT;
CREATE INDEX starts_by_state ON starts (state);
CREATE TABLE hints (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    repository TEXT NOT NULL,
    tag TEXT NOT NULL,
    digest TEXT NOT NULL,
    deliveries INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    state TEXT NOT NULL,
    why TEXT,
    start INTEGER REFERENCES starts,
    attempts INTEGER NOT NULL DEFAULT 0,
    again_at INTEGER NOT NULL DEFAULT 0,
    fence INTEGER NOT NULL DEFAULT 0,
    holder TEXT,
    expires INTEGER NOT NULL DEFAULT 0,
    UNIQUE (repository, tag, digest)
) STRICT;
CREATE INDEX hints_by_time ON hints (last_at);
CREATE INDEX hints_pending ON hints (last_at) WHERE state = 'pending';
CREATE TABLE baselines (
    repository TEXT PRIMARY KEY,
    at INTEGER NOT NULL
) STRICT;
";

/// Opens a journal's file, or makes one. What is something else is left as it is.
pub fn open(path: &Path) -> Result<Connection> {
    // A few names mean something else than a file to SQLite; none of them has a folder.
    let path = if path.has_root() {
        path.to_owned()
    } else {
        Path::new(".").join(path)
    };
    refuse_foreign(&path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection =
        Connection::open_with_flags(&path, flags).map_err(|error| at(&path, error))?;
    prepare(&mut connection).map_err(|error| at(&path, error))??;
    Ok(connection)
}

fn prepare(connection: &mut Connection) -> rusqlite::Result<Result<()>> {
    connection.busy_handler(Some(turns::wait))?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.pragma_update(None, "synchronous", "EXTRA")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    if is_empty(connection)? {
        // Somebody else may be making it right now: only who sees it empty inside of this does.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if is_empty(&transaction)? {
            transaction.execute_batch(FIRST)?;
            transaction.execute_batch(SECOND)?;
            transaction.pragma_update(None, "application_id", APPLICATION)?;
            transaction.pragma_update(None, "user_version", VERSION)?;
        }
        transaction.commit()?;
    }
    let checked = check(connection)?;
    if checked.is_ok() && number(connection, "user_version")? == 1 {
        // Somebody else may be doing it right now, as above.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if number(&transaction, "user_version")? == 1 {
            transaction.execute_batch(SECOND)?;
            transaction.pragma_update(None, "user_version", VERSION)?;
        }
        transaction.commit()?;
    }
    Ok(checked)
}

/// Looks at a file as if nobody could ever write to it, so that not even a foreign database's own
/// unfinished business is touched.
fn refuse_foreign(path: &Path) -> Result<()> {
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            // Writing into a string can't fail.
            let _ = write!(uri, "%{byte:02x}");
        }
    }
    uri.push_str("?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let seen = Connection::open_with_flags(&uri, flags).and_then(|connection| {
        if connection.query_row("PRAGMA page_count", [], |row| row.get::<_, i64>(0))? == 0
            || is_empty(&connection)?
        {
            return Ok(Ok(()));
        }
        check(&connection)
    });
    match seen {
        Ok(answer) => answer,
        // There is none yet, or the real opening says better what is wrong.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::CannotOpen) => Ok(()),
        // Without a lock, one of ours that is just being made looks as if it was damaged. Whether it is, the
        // real opening says.
        Err(error)
            if error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) && is_marked(path) =>
        {
            Ok(())
        }
        Err(error) => Err(at(path, error)),
    }
}

/// Whether a file is marked as a journal.
///
/// Source: <https://www.sqlite.org/fileformat.html#the_database_header>, the application id at offset 68.
fn is_marked(path: &Path) -> bool {
    let mut mark = [0; 4];
    let read = File::open(path).and_then(|file| file.read_exact_at(&mut mark, 68));
    read.is_ok() && i32::from_be_bytes(mark) == APPLICATION
}

fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    if number(connection, "application_id")? != 0 || number(connection, "user_version")? != 0 {
        return Ok(false);
    }
    connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| {
        row.get(0)
    })
}

fn check(connection: &Connection) -> rusqlite::Result<Result<()>> {
    if number(connection, "application_id")? != APPLICATION {
        return Ok(Err(Error::Wrong(
            "the file is the database of another program".to_owned(),
        )));
    }
    Ok(match number(connection, "user_version")? {
        1..=VERSION => Ok(()),
        other => Err(Error::Wrong(format!(
            "its version is {other}, and this program knows versions up to {VERSION}"
        ))),
    })
}

fn number(connection: &Connection, pragma: &str) -> rusqlite::Result<i32> {
    connection.pragma_query_value(None, pragma, |row| row.get(0))
}

fn at(path: &Path, error: rusqlite::Error) -> Error {
    let path = path.display();
    match explain(error) {
        Error::Wrong(why) => Error::Wrong(format!("`{path}`: {why}")),
        Error::Unavailable(why) => Error::Unavailable(format!("`{path}`: {why}")),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::sqlite::Sqlite;
    use crate::journal::{NewDeployment, Row, Store as _};

    fn refused(path: &Path) -> String {
        let before = std::fs::read(path).expect("a file");
        let Err(Error::Wrong(why)) = open(path) else {
            panic!("it was taken for a journal")
        };
        assert_eq!(std::fs::read(path).expect("a file"), before);
        why
    }

    #[test]
    fn what_is_no_journal_is_refused_and_left_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("it's 100 % other?.db");
        std::fs::write(
            &path,
            "a text that is longer than the header of a database: ".repeat(9),
        )
        .expect("written");
        refused(&path);

        let path = folder.path().join("foreign");
        let foreign = Connection::open(&path).expect("a database");
        foreign
            .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (x); PRAGMA wal_checkpoint")
            .expect("made");
        drop(foreign);
        assert!(refused(&path).contains("another program"));
        assert_eq!(
            std::fs::read_dir(folder.path()).expect("a folder").count(),
            2
        );

        let path = folder.path().join("newer");
        drop(open(&path).expect("a new one"));
        let newer = Connection::open(&path).expect("a database");
        newer.pragma_update(None, "user_version", 3).expect("set");
        drop(newer);
        assert!(refused(&path).contains("its version is 3"));
    }

    #[test]
    fn the_first_version_is_carried_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal");
        let old = Connection::open(&path).expect("a database");
        old.execute_batch(FIRST).expect("made");
        old.execute_batch(
            "INSERT INTO deployments (tag, commit_id, began) VALUES ('stage-1', '1', 7)",
        )
        .expect("stored");
        old.pragma_update(None, "application_id", APPLICATION)
            .expect("set");
        old.pragma_update(None, "user_version", 1).expect("set");
        // One that is interrupted leaves it as it was.
        old.execute_batch("CREATE TABLE baselines (in_the_way)")
            .expect("made");
        assert!(open(&path).is_err());
        old.execute_batch("DROP TABLE baselines").expect("gone");
        assert_eq!(number(&old, "user_version"), Ok(1));
        drop(old);

        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| open(&path).expect("a journal"));
            }
        });
        let mut store = Sqlite::open(&path).expect("a journal");
        let header = store.deployment(1).expect("read").expect("kept");
        assert_eq!((header.tag.as_str(), header.request), ("stage-1", None));
        assert_eq!(number(&store.connection, "user_version"), Ok(VERSION));
        let tables = |connection: &Connection| -> Vec<(String, Option<String>)> {
            connection
                .prepare("SELECT name, sql FROM sqlite_schema ORDER BY name")
                .and_then(|mut question| {
                    question
                        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                        .collect()
                })
                .expect("read")
        };
        let new = open(&folder.path().join("new")).expect("a new one");
        assert_eq!(tables(&store.connection), tables(&new));
    }

    #[test]
    fn names_that_mean_something_to_sqlite_are_files() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(":memory:");
        drop(open(&path).expect("a new one"));
        assert!(path.metadata().expect("a file").len() > 0);
        drop(open(&path).expect("the same one"));
        assert!(matches!(open(folder.path()), Err(Error::Unavailable(_))));
        let nowhere = folder.path().join("none").join("journal");
        assert!(
            matches!(open(&nowhere), Err(Error::Unavailable(why)) if why.contains("none/journal"))
        );
    }

    #[test]
    fn many_may_open_a_new_one_at_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| open(&path).expect("a journal"));
            }
        });
    }

    #[test]
    fn a_full_disk_is_an_error_and_loses_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut store = Sqlite::open(&folder.path().join("journal")).expect("a journal");
        let new = NewDeployment {
            tag: "stage-1".to_owned(),
            digest: None,
            commit: "1".to_owned(),
            began: 1,
            request: None,
        };
        let number = store.begin(&new).expect("room");
        let limit = |store: &Sqlite, pages: i64| {
            let set = format!("PRAGMA max_page_count = {pages}");
            store
                .connection
                .query_row(&set, [], |row| row.get::<_, i64>(0))
                .expect("set")
        };
        let pages = limit(&store, 1);
        let row = |position| Row {
            position,
            at: 1,
            body: format!("{{\"x\":\"{}\"}}", "x".repeat(3000)),
        };
        let mut position = 1;
        let error = loop {
            match store.append(number, &row(position)) {
                Ok(()) => position += 1,
                Err(error) => break error,
            }
        };
        assert!(matches!(error, Error::Full(_)), "{error}");
        limit(&store, pages + 100);
        assert_eq!(
            store.records(number).expect("intact").rows.len() as u64,
            position - 1
        );
        store.append(number, &row(position)).expect("room again");
    }
}
