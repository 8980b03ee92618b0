//! Claims of hints and starts, which are the same but for what may be claimed.

use std::time::Duration;

use ::postgres::Transaction;

use crate::journal::Holder;
use crate::journal::inbox::kind::Kind;
use crate::journal::inbox::stored::{dead, limit as at_most, span};
use crate::journal::postgres::fault::Fault;
use crate::journal::postgres::lease::NOW;

/// Claims what is free, the oldest first. What somebody else is claiming right now is passed over.
pub fn claim(
    transaction: &mut Transaction,
    kind: Kind,
    claim: i64,
    holder: &Holder,
    time_to_live: Duration,
    limit: usize,
) -> Result<Vec<i64>, Fault> {
    let (table, open, harmless, order) = (
        format!("greenlight.{}", kind.table()),
        kind.open(),
        kind.harmless(),
        kind.order(),
    );
    let rows = transaction.query(
        &format!(
            "SELECT DISTINCT holder FROM {table}
             WHERE {open} AND again_at <= {NOW} AND expires > {NOW} AND holder IS NOT NULL"
        ),
        &[],
    )?;
    let dead = dead(rows.iter().map(|row| row.get(0)).collect());
    // What this very call claimed before it lost its connection comes first, so that none of it is left over.
    let rows = transaction.query(
        &format!(
            "SELECT id FROM {table} WHERE {open} AND again_at <= {NOW} AND (expires <= {NOW} OR claim = $1
                 OR ({harmless} AND holder = ANY ($2)))
             ORDER BY claim IS NOT DISTINCT FROM $1 DESC, {order} LIMIT $3 FOR UPDATE SKIP LOCKED"
        ),
        &[&claim, &dead, &at_most(limit)],
    )?;
    let ids: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
    if !ids.is_empty() {
        transaction.execute(
            &format!(
                "UPDATE {table} SET fence = fence + 1, claim = $2, holder = $3, expires = {NOW} + $4
                 WHERE id = ANY ($1)"
            ),
            &[&ids, &claim, &holder.as_str(), &span(time_to_live)],
        )?;
    }
    Ok(ids)
}
