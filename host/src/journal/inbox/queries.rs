//! The inbox in either database, and which of its rows may be claimed.

use std::time::Duration;

use super::push_event::{self, without_nul};
use super::request_state::Columns;
use super::{
    ClaimedDeploymentRequest, ClaimedPushEvent, Counts, Delivery, DeploymentRequest,
    DeploymentRequestState, Inbox, PushEvent, PushEventRow, Settled, deployment_request,
};
use crate::journal::due::{self, Again};
use crate::journal::lease::milliseconds;
use crate::journal::seal::PUSH_EVENTS;
use crate::journal::sql::{Database, at_most, values};
use crate::journal::{Holder, Result};

impl<D: Database> Inbox for D {
    fn accept(&mut self, deliveries: &[Delivery]) -> Result<()> {
        without_nul(deliveries.iter().map(|it| it.source.as_str()))?;
        without_nul(texts(deliveries.iter().flat_map(|it| &it.push_events)))?;
        if deliveries.is_empty() {
            return Ok(());
        }
        self.change(|session| session.insert_deliveries(deliveries))
    }

    fn pending(
        &mut self,
        holder: &Holder,
        time_to_live: Duration,
        limit: usize,
    ) -> Result<Vec<ClaimedPushEvent>> {
        let request = FreeRequest {
            kind: Kind::PushEvents,
            holder,
            time_to_live,
            limit,
        };
        self.claim_free(&request, push_event::claimed)
    }

    fn settle(&mut self, claimed: &ClaimedPushEvent, settled: &Settled) -> Result<bool> {
        without_nul(settled.texts())?;
        self.change(|session| push_event::settle(session, claimed, settled))
    }

    fn settle_all(&mut self, settled: &[(ClaimedPushEvent, Settled)]) -> Result<()> {
        for (_, settled) in settled {
            without_nul(settled.texts())?;
        }
        self.change_each(settled, |session, (claimed, settled)| {
            push_event::settle(session, claimed, settled).map(drop)
        })
    }

    fn postpone(&mut self, claimed: &ClaimedPushEvent, again_at: u64, why: &str) -> Result<bool> {
        without_nul([why])?;
        let again = Again::at(again_at);
        self.change_one(|session| push_event::postpone(session, claimed, again, why))
    }

    fn due(
        &mut self,
        holder: &Holder,
        time_to_live: Duration,
        limit: usize,
    ) -> Result<Vec<ClaimedDeploymentRequest>> {
        let request = FreeRequest {
            kind: Kind::DeploymentRequests,
            holder,
            time_to_live,
            limit,
        };
        self.claim_free(&request, deployment_request::claimed)
    }

    fn write(
        &mut self,
        claimed: &ClaimedDeploymentRequest,
        state: &DeploymentRequestState,
        keep: bool,
    ) -> Result<bool> {
        let columns = Columns::from(state);
        let texts = [&columns.why, &columns.reference];
        without_nul(texts.into_iter().flatten().map(String::as_str))?;
        let again = Again::at(columns.again_at);
        self.change_one(|session| {
            deployment_request::write(session, claimed, &columns, again, keep)
        })
    }

    fn renew_deployment_request(
        &mut self,
        claimed: &ClaimedDeploymentRequest,
        time_to_live: Duration,
    ) -> Result<bool> {
        let time_to_live = milliseconds(time_to_live);
        self.change_one(|session| deployment_request::renew(session, claimed, time_to_live))
    }

    fn unknown(&mut self, listed: &[PushEvent]) -> Result<Vec<PushEvent>> {
        self.read(|session| session.unknown(listed))
    }

    fn baseline(&mut self, repository: &str) -> Result<Option<u64>> {
        self.read(|session| {
            let found = session.first(
                "SELECT at FROM baselines WHERE repository = ?1",
                values![repository],
            )?;
            Ok(found.map(|row| row.number(0)).transpose()?)
        })
    }

    fn set_baseline(
        &mut self,
        repository: &str,
        at: u64,
        listed: &[PushEvent],
        why: &str,
    ) -> Result<bool> {
        without_nul([repository, why])?;
        without_nul(texts(listed))?;
        self.change(|session| {
            let new = session.execute(
                "INSERT INTO baselines (repository, at) VALUES (?1, ?2)
                 ON CONFLICT (repository) DO NOTHING",
                values![repository, at],
            )?;
            if new == 0 {
                return Ok(false);
            }
            session.insert_ignored(at, listed, why)?;
            Ok(true)
        })
    }

    fn deployment_requests(&mut self, limit: usize) -> Result<Vec<DeploymentRequest>> {
        let limit = at_most(limit);
        self.read(|session| {
            deployment_request::read(session, "ORDER BY id DESC LIMIT ?1", values![limit])
        })
    }

    fn deployment_request(&mut self, id: u64) -> Result<Option<DeploymentRequest>> {
        let found =
            self.read(|session| deployment_request::read(session, "WHERE id = ?1", values![id]))?;
        Ok(found.into_iter().next())
    }

    fn check(&mut self) -> Result<()> {
        self.read(|session| {
            PUSH_EVENTS.check_all(session)?;
            deployment_request::check(session)
        })
    }

    fn push_events(&mut self, limit: usize) -> Result<Vec<PushEventRow>> {
        let limit = at_most(limit);
        self.read(|session| push_event::newest(session, limit))
    }

    fn counts(&mut self) -> Result<Counts> {
        self.read(|session| {
            let row = session.one(
                "SELECT (SELECT count(*) FROM deliveries),
                        (SELECT count(*) FROM hints WHERE state = 'pending')",
                values![],
            )?;
            let mut counts = Counts {
                deliveries: row.number(0)?,
                pending: row.number(1)?,
                ..Counts::default()
            };
            let states = "SELECT state, count(*) FROM starts GROUP BY state";
            for mut row in session.query(states, values![])? {
                counts.set(&row.text(0)?, row.number(1)?)?;
            }
            Ok(counts)
        })
    }

    fn prune(&mut self, before: u64) -> Result<u64> {
        self.change_one(|session| session.delete_settled_deliveries(before))
    }
}

/// The texts of push events.
fn texts<'a>(
    push_events: impl IntoIterator<Item = &'a PushEvent>,
) -> impl Iterator<Item = &'a str> {
    let keys = push_events.into_iter().map(PushEvent::key);
    keys.flat_map(|(repository, tag, digest)| [repository, tag, digest])
}

/// What is claimed.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Push events that are pending.
    PushEvents,
    /// Deployment requests that are not finished.
    DeploymentRequests,
}

/// A claim of free push events or deployment requests.
#[derive(Clone, Copy, Debug)]
pub struct FreeRequest<'a> {
    /// What is claimed.
    pub kind: Kind,
    /// The process that claims it.
    pub holder: &'a Holder,
    /// How long the claims last.
    pub time_to_live: Duration,
    /// How many are claimed at most.
    pub limit: usize,
}

/// Selects the holders whose claims have not expired; [`Kind::fill`] completes it.
pub const HOLDERS: &str = "
    SELECT DISTINCT holder FROM {table}
    WHERE {open} AND {due} AND NOT {expired} AND holder IS NOT NULL";

/// Makes the claimed rows the caller's; [`Kind::fill`] completes it. The delay of a claimed row is over, also by the boot
/// clock: the row may have been written before a restart of the machine.
pub const CLAIM: &str = "fence = fence + 1, holder = ?2, expires = :now + ?3,
    boot = :boot, boot_expires = :elapsed + ?3, boot_again_at = :elapsed";

impl Kind {
    /// Completes a statement: `{table}`, `{open}` (which may be claimed at all), `{due}` (whose delay is over),
    /// `{expired}` (whose claim has ended), `{reclaimable}` (which may be claimed at once after a holder that died) and
    /// `{order}` (which come first).
    ///
    /// If the [boot clock](due) can't decide, a clock that is set back must not make a delay longer. No delay and no
    /// claim of a push event is longer than 10 minutes. Therefore a push event with a longer one is due, and so is a
    /// request that was written in the future. A request that is `starting` keeps its delay, and a request keeps its
    /// claim, because an early retry could start a deployment twice.
    pub fn fill(self, statement: &str) -> String {
        let (table, open, due, expired, reclaimable, order) = match self {
            Self::PushEvents => (
                "hints",
                "state = 'pending'",
                due::has_passed_or("again_at", "again_at > :now + 600000"),
                due::has_passed_or("expires", "expires > :now + 600000"),
                "TRUE",
                "again_at, last_at, id",
            ),
            Self::DeploymentRequests => (
                "starts",
                "state IN ('wanted', 'waiting', 'starting', 'retrying')",
                due::has_passed_or("again_at", "state <> 'starting' AND updated > :now"),
                due::has_passed("expires"),
                "state <> 'starting'",
                "again_at, id",
            ),
        };
        statement
            .replace("{table}", table)
            .replace("{open}", open)
            .replace("{due}", &due)
            .replace("{expired}", &expired)
            .replace("{reclaimable}", reclaimable)
            .replace("{order}", order)
    }
}

/// Keeps the holders that are known to be dead, whose claims end at once.
pub fn dead(mut holders: Vec<String>) -> Vec<String> {
    holders.retain(|holder| Holder::is_known_dead(holder));
    holders
}
