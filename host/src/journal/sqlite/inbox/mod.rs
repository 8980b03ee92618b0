//! The inbox in a `SQLite` file.

mod claims;
mod hints;
mod starts;

use std::time::Duration;

use rusqlite::{OptionalExtension as _, params};

use super::Sqlite;
use super::error::explain;
use crate::journal::inbox::kind::Kind;
use crate::journal::inbox::stored::{limit as at_most, without_nul};
use crate::journal::inbox::{
    ClaimedHint, ClaimedStart, Counts, Delivery, Hint, HintRow, Inbox, Settled, Start, StartState,
};
use crate::journal::{Holder, Result};

impl Inbox for Sqlite {
    fn accept(&mut self, deliveries: &[Delivery]) -> Result<()> {
        without_nul(deliveries.iter().map(|it| it.source.as_str()))?;
        hints::without_nul(deliveries.iter().flat_map(|it| &it.hints))?;
        if deliveries.is_empty() {
            return Ok(());
        }
        self.change(|transaction| hints::accept(transaction, deliveries))
    }

    fn pending(
        &mut self,
        holder: &Holder,
        time_to_live: Duration,
        limit: usize,
    ) -> Result<Vec<ClaimedHint>> {
        // Looked at first without writing: who finds nothing keeps nobody waiting.
        if claims::free(&self.connection, Kind::Hints, limit)?.is_empty() {
            return Ok(Vec::new());
        }
        self.change(|transaction| {
            claims::claim(transaction, Kind::Hints, holder, time_to_live, limit)?
                .into_iter()
                .map(|id| hints::claimed(transaction, id))
                .collect()
        })
    }

    fn settle(&mut self, claimed: &ClaimedHint, settled: &Settled) -> Result<bool> {
        hints::can_be_settled(settled)?;
        self.change(|transaction| hints::settle(transaction, claimed, settled))
    }

    fn settle_all(&mut self, settled: &[(ClaimedHint, Settled)]) -> Result<()> {
        for (_, settled) in settled {
            hints::can_be_settled(settled)?;
        }
        self.change(|transaction| {
            for (claimed, settled) in settled {
                hints::settle(transaction, claimed, settled)?;
            }
            Ok(())
        })
    }

    fn postpone(&mut self, claimed: &ClaimedHint, again_at: u64, why: &str) -> Result<bool> {
        without_nul([why])?;
        self.change(|transaction| hints::postpone(transaction, claimed, again_at, why))
    }

    fn due(
        &mut self,
        holder: &Holder,
        time_to_live: Duration,
        limit: usize,
    ) -> Result<Vec<ClaimedStart>> {
        if claims::free(&self.connection, Kind::Starts, limit)?.is_empty() {
            return Ok(Vec::new());
        }
        self.change(|transaction| {
            claims::claim(transaction, Kind::Starts, holder, time_to_live, limit)?
                .into_iter()
                .map(|id| starts::claimed(transaction, id))
                .collect()
        })
    }

    fn write(&mut self, claimed: &ClaimedStart, state: &StartState, keep: bool) -> Result<bool> {
        self.change(|transaction| starts::write(transaction, claimed, state, keep))
    }

    fn renew_start(&mut self, claimed: &ClaimedStart, time_to_live: Duration) -> Result<bool> {
        self.change(|transaction| {
            claims::renew(
                transaction,
                Kind::Starts,
                claimed.start.id,
                claimed.fence,
                time_to_live,
            )
        })
    }

    fn unknown(&mut self, listed: &[Hint]) -> Result<Vec<Hint>> {
        hints::unknown(&self.connection, listed)
    }

    fn baseline(&mut self, repository: &str) -> Result<Option<u64>> {
        self.connection
            .query_row(
                "SELECT at FROM baselines WHERE repository = ?1",
                [repository],
                |row| row.get::<_, i64>(0),
            )
            .optional()
            .map(|at| at.map(i64::cast_unsigned))
            .map_err(explain)
    }

    fn set_baseline(
        &mut self,
        repository: &str,
        at: u64,
        listed: &[Hint],
        why: &str,
    ) -> Result<bool> {
        without_nul([repository, why])?;
        hints::without_nul(listed)?;
        self.change(|transaction| {
            let new = transaction
                .execute(
                    "INSERT INTO baselines (repository, at) VALUES (?1, ?2)
                     ON CONFLICT (repository) DO NOTHING",
                    params![repository, at.cast_signed()],
                )
                .map_err(explain)?;
            if new == 0 {
                return Ok(false);
            }
            hints::ignore(transaction, at, listed, why)?;
            Ok(true)
        })
    }

    fn starts(&mut self, limit: usize) -> Result<Vec<Start>> {
        let limit = at_most(limit);
        starts::read(&self.connection, "ORDER BY id DESC LIMIT ?1", limit)
    }

    fn start(&mut self, id: u64) -> Result<Option<Start>> {
        let found = starts::read(&self.connection, "WHERE id = ?1", id.cast_signed())?;
        Ok(found.into_iter().next())
    }

    fn hints(&mut self, limit: usize) -> Result<Vec<HintRow>> {
        hints::newest(&self.connection, limit)
    }

    fn counts(&mut self) -> Result<Counts> {
        let count = |question: &str| {
            self.connection
                .query_row(question, [], |row| row.get::<_, i64>(0))
                .map(i64::cast_unsigned)
                .map_err(explain)
        };
        let mut counts = Counts {
            deliveries: count("SELECT count(*) FROM deliveries")?,
            pending: count("SELECT count(*) FROM hints WHERE state = 'pending'")?,
            ..Counts::default()
        };
        for (word, count) in starts::by_state(&self.connection)? {
            counts.set(&word, count)?;
        }
        Ok(counts)
    }

    fn prune(&mut self, before: u64) -> Result<u64> {
        self.change(|transaction| {
            let removed = transaction
                .execute(
                    "DELETE FROM deliveries WHERE id IN (
                         SELECT id FROM deliveries d WHERE at < ?1 AND NOT EXISTS (
                             SELECT 1 FROM json_each(d.hints) said JOIN hints h ON h.id = said.value
                             WHERE h.state = 'pending')
                         ORDER BY at LIMIT 1000)",
                    [before.cast_signed()],
                )
                .map_err(explain)?;
            Ok(removed as u64)
        })
    }
}
