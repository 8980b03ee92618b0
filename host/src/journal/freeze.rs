//! Freezes that people write during an incident: no deployment begins in an environment until the freeze ends.

use super::anchor::Table;
use super::seal::FREEZES;
use super::sql::{Answer, Cells, Session, values};
use super::{Error, Result};

/// A freeze that a person writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFreeze {
    /// When it begins, in milliseconds since 1970.
    pub at: u64,
    /// The environment; `None` for all of them.
    pub environment: Option<String>,
    /// When it ends by itself, in milliseconds since 1970; `None` if it does not.
    pub until: Option<u64>,
    /// The person.
    pub by: String,
    /// Why, in the words of the person.
    pub why: String,
}

/// A freeze in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freeze {
    /// Its number, which no other freeze has.
    pub number: u64,
    /// What the person wrote.
    pub new: NewFreeze,
    /// How a person ended it; `None` if no person has.
    pub thaw: Option<Thaw>,
}

/// The end of a freeze by a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thaw {
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// The person.
    pub by: String,
    /// Why, in the words of the person.
    pub why: String,
}

impl Freeze {
    /// The name of its window: `freeze-1`.
    pub fn name(&self) -> String {
        format!("freeze-{}", self.number)
    }

    /// Whether no deployment may begin at a time, in milliseconds since 1970, or a later one.
    pub fn is_in_force(&self, now: u64) -> bool {
        self.thaw.is_none() && self.new.until.is_none_or(|it| now < it)
    }
}

/// Stores a freeze, once for each token, and returns its number.
pub(super) fn add(session: &mut dyn Session, new: &NewFreeze, token: i64) -> Answer<u64> {
    let added = session.execute(
        "INSERT INTO freezes (at, environment, ends, person, reason, token) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (token) DO NOTHING",
        values![
            new.at,
            &new.environment,
            new.until.map(u64::cast_signed),
            &new.by,
            &new.why,
            token
        ],
    )?;
    if added > 0 {
        FREEZES.seal(session, "token = ?1", values![token])?;
    }
    Table::Freezes.grow(session, added)?;
    let row = session.one("SELECT id FROM freezes WHERE token = ?1", values![token])?;
    Ok(row.number(0)?)
}

/// Ends a freeze. One that a person has ended already is left unchanged.
pub(super) fn thaw(session: &mut dyn Session, number: u64, thaw: &Thaw) -> Answer<()> {
    FREEZES.check(session, "id = ?1", values![number])?;
    let changed = session.execute(
        "UPDATE freezes SET thawed = ?2, thawed_by = ?3, thaw_reason = ?4 WHERE id = ?1 AND thawed IS NULL",
        values![number, thaw.at, &thaw.by, &thaw.why],
    )?;
    if changed > 0 {
        FREEZES.seal(session, "id = ?1", values![number])?;
    }
    Ok(())
}

/// Lists all freezes, the oldest first.
pub(super) fn all(session: &mut dyn Session) -> Answer<Vec<Freeze>> {
    // Without a missing or damaged freeze, a deployment would begin.
    FREEZES.check_all(session)?;
    let rows = session.query(
        "SELECT id, at, environment, ends, person, reason, thawed, thawed_by, thaw_reason FROM freezes ORDER BY id",
        values![],
    )?;
    let freezes: Result<_> = rows.into_iter().map(freeze).collect();
    Ok(freezes?)
}

fn freeze(mut row: Cells) -> Result<Freeze> {
    let number = row.number(0)?;
    let thaw = match (
        row.optional_number(6)?,
        row.optional_text(7)?,
        row.optional_text(8)?,
    ) {
        (None, None, None) => None,
        (Some(at), Some(by), Some(why)) => Some(Thaw { at, by, why }),
        _ => {
            return Err(Error::Wrong(format!(
                "half of the end of freeze {number} is missing"
            )));
        }
    };
    Ok(Freeze {
        number,
        new: NewFreeze {
            at: row.number(1)?,
            environment: row.optional_text(2)?,
            until: row.optional_number(3)?,
            by: row.text(4)?,
            why: row.text(5)?,
        },
        thaw,
    })
}
