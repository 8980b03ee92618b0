//! Baselines: what environments served before the first deployment of a journal, or serve as a person says.

use super::Result;
use super::anchor::Table;
use super::seal::BASELINES;
use super::sql::{Answer, Cells, Session, values};

/// What an environment serves without a deployment of this journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Baseline {
    /// The environment.
    pub environment: String,
    /// The commit that it serves, in hexadecimal digits.
    pub commit: String,
    /// When it was recorded, in milliseconds since 1970.
    pub at: u64,
    /// The person who says so; `None` if its nodes said so.
    pub by: Option<String>,
}

impl Baseline {
    /// Whether the baseline is later than a change of the environment at this time, in milliseconds since 1970.
    ///
    /// greenlight records the answers of nodes only before the first change of an environment. They are never later, even
    /// if the clock was wrong.
    pub fn is_after_change(&self, at: u64) -> bool {
        self.by.is_some() && self.at > at
    }
}

/// Stores a baseline. One that is stored already is left unchanged.
pub(super) fn add(session: &mut dyn Session, baseline: &Baseline) -> Answer<()> {
    let new = session.execute(
        "INSERT INTO live_commits (environment, at, commit_id, person) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (environment, at) DO NOTHING",
        values![
            &baseline.environment,
            baseline.at,
            &baseline.commit,
            &baseline.by
        ],
    )?;
    if new > 0 {
        let key = values![&baseline.environment, baseline.at];
        BASELINES.seal(session, "environment = ?1 AND at = ?2", key)?;
    }
    Table::Baselines.grow(session, new)
}

/// The latest baseline of an environment.
pub(super) fn latest(session: &mut dyn Session, environment: &str) -> Answer<Option<Baseline>> {
    BASELINES.check_all(session)?;
    let found = session.first(
        "SELECT environment, at, commit_id, person FROM live_commits
         WHERE environment = ?1 ORDER BY at DESC LIMIT 1",
        values![environment],
    )?;
    Ok(found.map(baseline).transpose()?)
}

fn baseline(mut row: Cells) -> Result<Baseline> {
    Ok(Baseline {
        environment: row.text(0)?,
        at: row.number(1)?,
        commit: row.text(2)?,
        by: row.optional_text(3)?,
    })
}
