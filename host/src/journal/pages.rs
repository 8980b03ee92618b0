//! Reads the records of a deployment in pages, so that one answer of a database stays small.

use super::chain::{Anchor, Verifier};
use super::deployment_queries::{anchor, stored};
use super::sql::{Answer, Session, values};
use super::{Error, Row};

/// How much is read.
#[derive(Debug)]
pub struct Limits {
    /// The most rows of a page.
    rows: i64,
    /// The most bytes of the bodies in a page. A page with one row may have more.
    bytes: i64,
    /// The most bytes of the bodies of a deployment.
    all: u64,
}

/// The limits of a journal.
pub const LIMITS: Limits = Limits {
    rows: 4096,
    bytes: 8 << 20,
    all: 256 << 20,
};

/// The next page, from a position on.
const PAGE: &str = "
    SELECT position, at, body, checksum FROM (
        SELECT position, at, body, checksum, octet_length(body) AS size,
            sum(octet_length(body)) OVER (ORDER BY position) AS total
        FROM records WHERE deployment = ?1 AND position >= ?2 ORDER BY position LIMIT ?3
    ) page
    WHERE total <= ?4 OR total = size ORDER BY position";

/// Reads and checks all records of a deployment. All pages must be of the same state of the database.
pub fn read(session: &mut dyn Session, deployment: u64, limits: &Limits) -> Answer<Vec<Row>> {
    let found = session.first(
        "SELECT record_count, last_checksum FROM deployments WHERE number = ?1",
        values![deployment],
    )?;
    let exists = found.is_some();
    let anchor = match found {
        Some(mut row) => anchor(&mut row, 0)?,
        None => Anchor::default(),
    };
    let mut verifier = Verifier::new(deployment, anchor);
    let mut all = 0;
    let mut next = Some(i64::MIN);
    while let Some(first) = next {
        let rows = session.query(PAGE, values![deployment, first, limits.rows, limits.bytes])?;
        next = match rows.last() {
            Some(last) => last.signed(0)?.checked_add(1),
            None => None,
        };
        for mut row in rows {
            let record = stored(&mut row)?;
            if !exists {
                let position = 1;
                return Err(Error::Damaged {
                    deployment,
                    position,
                }
                .into());
            }
            all += record.body.len() as u64;
            if all > limits.all {
                return Err(too_long(deployment, limits).into());
            }
            verifier.add(record)?;
        }
    }
    Ok(verifier.end()?)
}

fn too_long(deployment: u64, limits: &Limits) -> Error {
    let size = limits.all >> 20;
    Error::Wrong(format!(
        "the records of deployment {deployment} are longer than {size} MiB"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::sql::Database as _;
    use crate::journal::sqlite::Sqlite;
    use crate::journal::{NewDeployment, Store as _};

    /// A journal with a deployment of seven records, the fourth of which is large.
    fn seven() -> (tempfile::TempDir, Sqlite, Vec<Row>) {
        let folder = tempfile::tempdir().expect("a folder");
        let mut store = Sqlite::open(&folder.path().join("journal.db")).expect("a journal");
        let new = NewDeployment {
            tag: "stage-a".to_owned(),
            digest: None,
            commit: "a".to_owned(),
            began: 1,
            request: None,
        };
        assert_eq!(store.begin(&new), Ok(1));
        let rows = (1..=7).map(|position| Row {
            position,
            at: position,
            body: format!(
                "{{\"a\":\"{}\"}}",
                "ü".repeat(if position == 4 { 90 } else { 5 })
            ),
        });
        let rows: Vec<_> = rows.collect();
        for row in &rows {
            store.append(1, row).expect("appended");
        }
        (folder, store, rows)
    }

    fn found(store: &mut Sqlite, limits: &Limits) -> crate::journal::Result<Vec<Row>> {
        store.snapshot(|session| read(session, 1, limits))
    }

    #[test]
    fn pages_of_any_size_have_all_records() {
        let (_folder, mut store, rows) = seven();
        for count in 1..9 {
            for bytes in [0, 1, 40, 60, 300, 10_000] {
                let limits = Limits {
                    rows: count,
                    bytes,
                    all: 1000,
                };
                assert_eq!(found(&mut store, &limits).as_ref(), Ok(&rows), "{limits:?}");
            }
        }
    }

    #[test]
    fn a_missing_record_is_noticed_at_each_end_of_a_page() {
        let limits = Limits {
            rows: 2,
            bytes: 100,
            all: 1000,
        };
        for position in 1..=7 {
            let (_folder, mut store, _) = seven();
            let delete = "DELETE FROM records WHERE position = ?1";
            let deleted = store.change(|session| session.execute(delete, values![position]));
            assert_eq!(deleted, Ok(1));
            let damaged = Error::Damaged {
                deployment: 1,
                position,
            };
            assert_eq!(found(&mut store, &limits), Err(damaged));
        }
    }

    #[test]
    fn all_records_together_are_limited() {
        let (_folder, mut store, _) = seven();
        let limits = Limits {
            rows: 2,
            bytes: 100,
            all: 200,
        };
        let error = found(&mut store, &limits).expect_err("it is too long");
        assert!(
            error
                .to_string()
                .contains("records of deployment 1 are longer"),
            "{error}"
        );
    }
}
