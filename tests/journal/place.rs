//! A place for one journal, of either kind.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use greenlight::journal::inbox::Inbox;
use greenlight::journal::{self, Holder, Location, NewDeployment, Row, Store};
use tempfile::TempDir;

use crate::postgres_server::Server;

/// An empty place for a journal.
pub struct Place {
    location: String,
    _folder: Option<TempDir>,
    _server: Option<Arc<Server>>,
}

impl Place {
    /// A file.
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self {
            location: format!("sqlite:{}", folder.path().join("journal.db").display()),
            _folder: Some(folder),
            _server: None,
        }
    }

    /// A database on the tests' server.
    pub fn postgresql() -> Self {
        let server = Server::shared();
        Self {
            location: server.database(),
            _folder: None,
            _server: Some(server),
        }
    }

    /// What the journal is opened by.
    pub fn location(&self) -> &str {
        &self.location
    }

    /// Opens the journal.
    pub fn open(&self) -> Box<dyn Store> {
        open(&self.location)
    }

    /// Opens the inbox in it.
    pub fn inbox(&self) -> Box<dyn Inbox> {
        inbox(&self.location)
    }

    /// Replaces the journal with a fixture that a version of this format wrote, such as `format-1`.
    pub fn restore(&self, format: &str) {
        let folder = fixtures(format);
        if let Some(path) = self.location.strip_prefix("sqlite:") {
            std::fs::copy(folder.join("journal.db"), path).expect("a file");
        } else {
            let mut client =
                postgres::Client::connect(&self.location, postgres::NoTls).expect("a server");
            let rows = std::fs::read_to_string(folder.join("journal.sql")).expect("a fixture");
            client.batch_execute(&rows).expect("restored");
        }
    }

    /// Whether the journal is a file.
    pub fn is_file(&self) -> bool {
        self.location.starts_with("sqlite:")
    }

    /// Undoes the migrations since version 6, which add the checksums of rows and times by the boot clock.
    pub fn downgrade_to_6(&self) {
        let tables = ["outbox", "messages", "hints", "leases", "live_commits"];
        let freezes = "DROP TABLE freezes;";
        let dropped = tables.map(|it| format!("ALTER TABLE {it} DROP COLUMN checksum;"));
        let columns = [
            ("leases", ["boot", "boot_expires"].as_slice()),
            ("hints", &["boot", "boot_again_at", "boot_expires"]),
            ("starts", &["boot", "boot_again_at", "boot_expires"]),
            ("outbox", &["boot", "boot_at", "boot_due"]),
        ];
        let columns = columns.iter().flat_map(|(table, columns)| {
            let drop = move |column| format!("ALTER TABLE {table} DROP COLUMN {column};");
            columns.iter().map(drop)
        });
        self.tamper(&format!(
            "{}{}{freezes}
             DELETE FROM anchors WHERE name NOT IN ('deployments', 'starts');",
            dropped.concat(),
            columns.collect::<String>(),
        ));
        self.set_version(6);
    }

    /// Sets the version of the database schema.
    pub fn set_version(&self, version: u32) {
        self.tamper(&if self.is_file() {
            format!("PRAGMA user_version = {version}")
        } else {
            format!("UPDATE about SET version = {version}")
        });
    }

    /// Changes what is stored, behind the journal's back.
    pub fn tamper(&self, sql: &str) {
        if let Some(path) = self.location.strip_prefix("sqlite:") {
            let connection = rusqlite::Connection::open(path).expect("a database");
            connection.execute_batch(sql).expect("done");
        } else {
            let mut client =
                postgres::Client::connect(&self.location, postgres::NoTls).expect("a server");
            let sql = format!("SET search_path = greenlight; {sql}");
            client.batch_execute(&sql).expect("done");
        }
    }
}

/// The folder of a fixture.
pub fn fixtures(format: &str) -> PathBuf {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/journal/fixtures");
    all.join(format)
}

/// Opens the journal at a location.
pub fn open(location: &str) -> Box<dyn Store> {
    let location: Location = location.parse().expect("a location");
    journal::open(&location).expect("a journal")
}

/// Opens the inbox at a location.
pub fn inbox(location: &str) -> Box<dyn Inbox> {
    let location: Location = location.parse().expect("a location");
    journal::open_inbox(&location).expect("an inbox")
}

/// A process on another machine, whose liveness is unknown here.
pub fn holder(name: &str) -> Holder {
    Holder::from_name(format!("{name}@elsewhere"))
}

/// A deployment to begin.
pub fn new(commit: &str) -> NewDeployment {
    NewDeployment {
        tag: format!("stage-{commit}"),
        digest: None,
        commit: commit.to_owned(),
        began: 1_700_000_000_000,
        request: None,
    }
}

/// A record to append.
pub fn row(position: u64) -> Row {
    Row {
        position,
        at: 1_700_000_000_000 + position,
        body: format!("{{\"step\":{position},\"text\":\"tür\"}}"),
    }
}

/// Makes a test of each function for each kind of place.
macro_rules! for_both {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test] fn $test() { super::$test(&$crate::place::Place::sqlite()); })+
        }
        mod postgresql {
            $(#[test] fn $test() { super::$test(&$crate::place::Place::postgresql()); })+
        }
    };
}
pub(crate) use for_both;
