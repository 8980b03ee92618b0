use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::file_session::{Statements, add_functions};
use crate::journal::seal::seal_unsealed;
use crate::journal::{Error, Result, inbox};
use crate::limits;

/// The application id that marks a file as a journal: `gl` and `jl`.
const APPLICATION: i32 = 0x676c_6a6c;

/// What each version adds to the one before it.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/sqlite/0001-deployments.sql"),
    include_str!("../migrations/sqlite/0002-inbox.sql"),
    include_str!("../migrations/sqlite/0003-messages.sql"),
    include_str!("../migrations/sqlite/0004-live.sql"),
    include_str!("../migrations/sqlite/0005-outbox.sql"),
    include_str!("../migrations/sqlite/0006-anchors.sql"),
    include_str!("../migrations/sqlite/0007-checksums.sql"),
    include_str!("../migrations/sqlite/0008-boot-clock.sql"),
    include_str!("../migrations/sqlite/0009-boot-due.sql"),
    include_str!("../migrations/sqlite/0010-freezes.sql"),
];

/// The version of a journal that this program writes.
pub const VERSION: usize = MIGRATIONS.len();

/// Opens the file of a journal, or creates it. A file with other contents is left unchanged.
pub fn open(path: &Path) -> Result<Connection> {
    let path = in_folder(path);
    version(&path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection =
        Connection::open_with_flags(&path, flags).map_err(|error| at(&path, error))?;
    prepare(&mut connection).map_err(|error| at(&path, error))??;
    Ok(connection)
}

fn prepare(connection: &mut Connection) -> rusqlite::Result<Result<()>> {
    connection.busy_handler(Some(super::wait))?;
    add_functions(connection)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.pragma_update(None, "synchronous", "EXTRA")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    let checked = if is_empty(connection)? {
        Ok(0)
    } else {
        check(connection)?
    };
    if matches!(checked, Ok(version) if version < MIGRATIONS.len()) {
        return migrate(connection);
    }
    Ok(checked.map(drop))
}

/// Migrates a file to this program's version, from an earlier version or from an empty file.
fn migrate(connection: &mut Connection) -> rusqlite::Result<Result<()>> {
    // Another process may be migrating it right now, so the version is read inside the transaction.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version = if is_empty(&transaction)? {
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        0
    } else {
        match check(&transaction)? {
            Ok(version) => version,
            Err(error) => return Ok(Err(error)),
        }
    };
    for (migration, version) in MIGRATIONS.iter().zip(1_i32..).skip(version) {
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "user_version", version)?;
    }
    let mut session = Statements(&transaction);
    let added = inbox::add_checksums(&mut session).and_then(|()| seal_unsealed(&mut session));
    if let Err(fault) = added {
        return Ok(Err(fault.into()));
    }
    transaction.commit()?;
    Ok(Ok(()))
}

/// A path that names a file also for `SQLite`, which gives a special meaning to a few names. None of them contains a folder.
fn in_folder(path: &Path) -> PathBuf {
    if path.has_root() {
        path.to_owned()
    } else {
        Path::new(".").join(path)
    }
}

/// The version of the journal in a file; `None` if the file does not exist, is empty, or is just being created. A file with
/// other contents is an error. Nothing is changed: the file is opened as immutable, so that not even an unfinished
/// transaction of a foreign database is rolled back.
pub fn version(path: &Path) -> Result<Option<usize>> {
    let path = &in_folder(path);
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
            return Ok(Ok(None));
        }
        Ok(check(&connection)?.map(Some))
    });
    match seen {
        Ok(answer) => answer,
        // The file does not exist yet, or opening it for writing reports a better error.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::CannotOpen) => Ok(None),
        // Without a lock, a journal that another process is just creating looks damaged. Opening it for writing
        // finds out.
        Err(error)
            if error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) && is_marked(path) =>
        {
            Ok(None)
        }
        Err(error) => Err(at(path, error)),
    }
}

/// Whether a file is marked as a journal.
///
/// Source: <https://www.sqlite.org/fileformat.html#the_database_header>, the application id at offset 68.
fn is_marked(path: &Path) -> bool {
    let mut mark = [0; 4];
    let read = limits::file::open(path).and_then(|file| file.read_exact_at(&mut mark, 68));
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

/// The version of a journal that this program knows.
fn check(connection: &Connection) -> rusqlite::Result<Result<usize>> {
    if number(connection, "application_id")? != APPLICATION {
        return Ok(Err(Error::Wrong(
            "the file is the database of another program".to_owned(),
        )));
    }
    let version = number(connection, "user_version")?;
    let known = usize::try_from(version).unwrap_or(0);
    Ok(if (1..=MIGRATIONS.len()).contains(&known) {
        Ok(known)
    } else {
        Err(Error::Wrong(format!(
            "its version is {version}, and this program knows versions up to {}; use the version of \
             greenlight that wrote it",
            MIGRATIONS.len()
        )))
    })
}

fn number(connection: &Connection, pragma: &str) -> rusqlite::Result<i32> {
    connection.pragma_query_value(None, pragma, |row| row.get(0))
}

fn at(path: &Path, error: rusqlite::Error) -> Error {
    let path = path.display();
    match error.into() {
        Error::Wrong(why) => Error::Wrong(format!("`{path}`: {why}")),
        Error::Unavailable(why) => Error::Unavailable(format!("`{path}`: {why}")),
        Error::Corrupt(why) => Error::Corrupt(format!("`{path}`: {why}")),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::sqlite::Sqlite;
    use crate::journal::{NewDeployment, Row, Store as _};

    /// The version that this program writes.
    fn latest() -> i32 {
        i32::try_from(MIGRATIONS.len()).expect("a small number")
    }

    fn refused(path: &Path) -> String {
        let before = std::fs::read(path).expect("a file");
        let Err(Error::Wrong(why)) = open(path) else {
            panic!("it was taken for a journal")
        };
        assert_eq!(std::fs::read(path).expect("a file"), before);
        why
    }

    #[test]
    fn a_file_that_is_not_a_journal_is_refused_and_left_unchanged() {
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
        let next = latest() + 1;
        newer
            .pragma_update(None, "user_version", next)
            .expect("set");
        drop(newer);
        assert!(refused(&path).contains(&format!("its version is {next}")));
    }

    #[test]
    fn the_first_version_is_carried_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal");
        let old = Connection::open(&path).expect("a database");
        old.execute_batch(MIGRATIONS[0]).expect("made");
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
        assert_eq!(number(&store.connection, "user_version"), Ok(latest()));
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
    fn several_processes_may_create_a_journal_at_once() {
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
            store.records(number).expect("intact").len() as u64,
            position - 1
        );
        store.append(number, &row(position)).expect("room again");
    }
}
