//! The inbox in a `PostgreSQL` database, which several receivers share.

mod claims;
mod hints;
mod starts;

use std::time::Duration;

use super::Postgres;
use super::lease::NOW;
use crate::journal::inbox::kind::Kind;
use crate::journal::inbox::stored::{self, limit as at_most};
use crate::journal::inbox::{
    ClaimedHint, ClaimedStart, Counts, Delivery, Hint, HintRow, Inbox, Settled, Start, StartState,
};
use crate::journal::{Holder, Result};

impl Inbox for Postgres {
    fn accept(&mut self, deliveries: &[Delivery]) -> Result<()> {
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
        // By it is found what was claimed before the connection was lost.
        let claim = fastrand::i64(..);
        self.change(|transaction| {
            let kind = Kind::Hints;
            let claimed = claims::claim(transaction, kind, claim, holder, time_to_live, limit)?;
            hints::claimed(transaction, &claimed)
        })
    }

    fn settle(&mut self, claimed: &ClaimedHint, settled: &Settled) -> Result<bool> {
        self.change(|transaction| hints::settle(transaction, claimed, settled))
    }

    fn postpone(&mut self, claimed: &ClaimedHint, again_at: u64, why: &str) -> Result<bool> {
        self.ask(|client| hints::postpone(client, claimed, again_at, why))
    }

    fn due(
        &mut self,
        holder: &Holder,
        time_to_live: Duration,
        limit: usize,
    ) -> Result<Vec<ClaimedStart>> {
        let claim = fastrand::i64(..);
        self.change(|transaction| {
            let kind = Kind::Starts;
            let claimed = claims::claim(transaction, kind, claim, holder, time_to_live, limit)?;
            starts::claimed(transaction, &claimed)
        })
    }

    fn write(&mut self, claimed: &ClaimedStart, state: &StartState, keep: bool) -> Result<bool> {
        self.ask(|client| starts::write(client, claimed, state, keep))
    }

    fn renew_start(&mut self, claimed: &ClaimedStart, time_to_live: Duration) -> Result<bool> {
        let until = stored::span(time_to_live);
        self.ask(|client| {
            let moved = client.execute(
                &format!(
                    "UPDATE greenlight.starts SET expires = {NOW} + $3 WHERE id = $1 AND fence = $2"
                ),
                &[
                    &claimed.start.id.cast_signed(),
                    &claimed.fence.cast_signed(),
                    &until,
                ],
            )?;
            Ok(moved == 1)
        })
    }

    fn unknown(&mut self, listed: &[Hint]) -> Result<Vec<Hint>> {
        self.ask(|client| hints::unknown(client, listed))
    }

    fn baseline(&mut self, repository: &str) -> Result<Option<u64>> {
        self.ask(|client| {
            let found = client.query_opt(
                "SELECT at FROM greenlight.baselines WHERE repository = $1",
                &[&repository],
            )?;
            Ok(found.map(|row| row.get::<_, i64>(0).cast_unsigned()))
        })
    }

    fn set_baseline(
        &mut self,
        repository: &str,
        at: u64,
        listed: &[Hint],
        why: &str,
    ) -> Result<bool> {
        self.change(|transaction| {
            let new = transaction.execute(
                "INSERT INTO greenlight.baselines (repository, at) VALUES ($1, $2)
                 ON CONFLICT (repository) DO NOTHING",
                &[&repository, &at.cast_signed()],
            )?;
            if new == 0 {
                return Ok(false);
            }
            hints::ignore(transaction, at, listed, why)?;
            Ok(true)
        })
    }

    fn starts(&mut self, limit: usize) -> Result<Vec<Start>> {
        let limit = at_most(limit);
        self.ask(|client| starts::read(client, "ORDER BY id DESC LIMIT $1", &[&limit]))
    }

    fn start(&mut self, id: u64) -> Result<Option<Start>> {
        let found =
            self.ask(|client| starts::read(client, "WHERE id = $1", &[&id.cast_signed()]))?;
        Ok(found.into_iter().next())
    }

    fn hints(&mut self, limit: usize) -> Result<Vec<HintRow>> {
        self.ask(|client| hints::newest(client, limit))
    }

    fn counts(&mut self) -> Result<Counts> {
        self.ask(|client| {
            let row = client.query_one(
                "SELECT (SELECT count(*) FROM greenlight.deliveries),
                        (SELECT count(*) FROM greenlight.hints WHERE state = 'pending')",
                &[],
            )?;
            let mut counts = Counts {
                deliveries: row.get::<_, i64>(0).cast_unsigned(),
                pending: row.get::<_, i64>(1).cast_unsigned(),
                ..Counts::default()
            };
            let states = "SELECT state, count(*) FROM greenlight.starts GROUP BY state";
            for row in client.query(states, &[])? {
                counts.set(row.get(0), row.get::<_, i64>(1).cast_unsigned())?;
            }
            Ok(counts)
        })
    }

    fn prune(&mut self, before: u64) -> Result<u64> {
        self.ask(|client| {
            Ok(client.execute(
                "DELETE FROM greenlight.deliveries WHERE id IN (
                     SELECT id FROM greenlight.deliveries d WHERE at < $1 AND NOT EXISTS (
                         SELECT FROM greenlight.hints h
                         WHERE h.id = ANY (d.hints) AND h.state = 'pending')
                     ORDER BY at LIMIT 1000)",
                &[&before.cast_signed()],
            )?)
        })
    }
}
