//! Deliveries and hints.

use std::collections::{BTreeMap, BTreeSet};

use ::postgres::{Client, GenericClient, Row, Transaction};

use super::starts;
use crate::journal::inbox::stored::{self, hint_state, key, limit as at_most};
use crate::journal::inbox::{ClaimedHint, Delivery, Hint, HintRow, Settled};
use crate::journal::postgres::fault::Fault;

/// What a batch says of one hint.
struct Said {
    deliveries: i64,
    first: i64,
    last: i64,
}

/// Stores deliveries with their hints, in two questions whatever their number.
pub fn accept(transaction: &mut Transaction, deliveries: &[Delivery]) -> Result<(), Fault> {
    // In order: of two batches that lock the same hints, none waits for a hint of the other's.
    let mut said: BTreeMap<_, Said> = BTreeMap::new();
    let distinct: Vec<BTreeSet<_>> = deliveries
        .iter()
        .map(|it| it.hints.iter().map(key).collect())
        .collect();
    for (delivery, keys) in deliveries.iter().zip(&distinct) {
        let at = delivery.at.cast_signed();
        for key in keys {
            let said = said.entry(*key).or_insert(Said {
                deliveries: 0,
                first: at,
                last: at,
            });
            said.deliveries += 1;
            said.first = said.first.min(at);
            said.last = said.last.max(at);
        }
    }
    let ids = upsert(transaction, &said)?;
    let lists: Vec<String> = distinct
        .iter()
        .map(|keys| {
            let ids = keys.iter().filter_map(|key| ids.get(key));
            format!(
                "{{{}}}",
                ids.map(ToString::to_string).collect::<Vec<_>>().join(",")
            )
        })
        .collect();
    let at: Vec<i64> = deliveries.iter().map(|it| it.at.cast_signed()).collect();
    let sources: Vec<&str> = deliveries.iter().map(|it| it.source.as_str()).collect();
    let bodies: Vec<&[u8]> = deliveries.iter().map(|it| it.body.as_slice()).collect();
    transaction.execute(
        "INSERT INTO greenlight.deliveries (at, source, body, hints)
         SELECT at, source, body, hints::bigint[]
         FROM unnest($1::bigint[], $2::text[], $3::bytea[], $4::text[]) AS given (at, source, body, hints)",
        &[&at, &sources, &bodies, &lists],
    )?;
    Ok(())
}

type Key<'a> = (&'a str, &'a str, &'a str);

fn upsert<'a>(
    transaction: &mut Transaction,
    said: &BTreeMap<Key<'a>, Said>,
) -> Result<BTreeMap<Key<'a>, i64>, Fault> {
    let repositories: Vec<&str> = said.keys().map(|key| key.0).collect();
    let tags: Vec<&str> = said.keys().map(|key| key.1).collect();
    let digests: Vec<&str> = said.keys().map(|key| key.2).collect();
    let deliveries: Vec<i64> = said.values().map(|it| it.deliveries).collect();
    let first: Vec<i64> = said.values().map(|it| it.first).collect();
    let last: Vec<i64> = said.values().map(|it| it.last).collect();
    let rows = transaction.query(
        "INSERT INTO greenlight.hints AS h
             (repository, tag, digest, deliveries, first_at, last_at, state)
         SELECT repository, tag, digest, deliveries, first_at, last_at, 'pending'
         FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[])
             AS given (repository, tag, digest, deliveries, first_at, last_at)
         ON CONFLICT (repository, tag, digest) DO UPDATE
             SET deliveries = h.deliveries + excluded.deliveries,
                 first_at = least(h.first_at, excluded.first_at),
                 last_at = greatest(h.last_at, excluded.last_at),
                 state = 'pending', why = NULL, attempts = 0, again_at = 0
         RETURNING repository, tag, digest, id",
        &[&repositories, &tags, &digests, &deliveries, &first, &last],
    )?;
    let stored: BTreeMap<Key, i64> = rows
        .iter()
        .map(|row| ((row.get(0), row.get(1), row.get(2)), row.get(3)))
        .collect();
    let found = said
        .keys()
        .filter_map(|key| Some((*key, *stored.get(key)?)));
    Ok(found.collect())
}

/// Reads hints that have just been claimed, in the order of their numbers given.
pub fn claimed(transaction: &mut Transaction, ids: &[i64]) -> Result<Vec<ClaimedHint>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = transaction.query(
        "SELECT repository, tag, digest, id, deliveries, attempts, fence FROM greenlight.hints
         WHERE id = ANY ($1) ORDER BY array_position($1, id)",
        &[&ids],
    )?;
    let read = |row: &Row| ClaimedHint {
        id: row.get::<_, i64>(3).cast_unsigned(),
        hint: hint(row),
        deliveries: row.get::<_, i64>(4).cast_unsigned(),
        attempts: stored::attempts(row.get(5)),
        fence: row.get::<_, i64>(6).cast_unsigned(),
    };
    Ok(rows.iter().map(read).collect())
}

/// Stores what a hint comes to, if the claim is still the caller's.
pub fn settle(
    transaction: &mut Transaction,
    claimed: &ClaimedHint,
    settled: &Settled,
) -> Result<bool, Fault> {
    let id = claimed.id.cast_signed();
    let found = transaction.query_opt(
        "SELECT deliveries FROM greenlight.hints WHERE id = $1 AND fence = $2 FOR UPDATE",
        &[&id, &claimed.fence.cast_signed()],
    )?;
    let Some(row) = found else {
        return Ok(false);
    };
    let (state, why, start) = match settled {
        Settled::Ignored { why } => ("ignored", Some(why), None),
        Settled::Wanted(new) => ("wanted", None, Some(starts::want(transaction, new)?)),
    };
    if row.get::<_, i64>(0) == claimed.deliveries.cast_signed() {
        transaction.execute(
            "UPDATE greenlight.hints SET state = $2, why = $3, start = $4, attempts = 0, again_at = 0,
                 expires = 0
             WHERE id = $1",
            &[&id, &state, &why, &start],
        )?;
    } else {
        transaction.execute(
            "UPDATE greenlight.hints SET expires = 0 WHERE id = $1",
            &[&id],
        )?;
    }
    Ok(true)
}

/// Gives a hint back for later.
pub fn postpone(
    client: &mut Client,
    claimed: &ClaimedHint,
    again_at: u64,
    why: &str,
) -> Result<bool, Fault> {
    let postponed = client.execute(
        "UPDATE greenlight.hints SET again_at = $3, why = $4, attempts = $5, expires = 0
         WHERE id = $1 AND fence = $2 AND state = 'pending'",
        &[
            &claimed.id.cast_signed(),
            &claimed.fence.cast_signed(),
            &again_at.cast_signed(),
            &why,
            &(i64::from(claimed.attempts) + 1),
        ],
    )?;
    Ok(postponed == 1)
}

/// Picks those that have never been heard of.
pub fn unknown(client: &mut Client, listed: &[Hint]) -> Result<Vec<Hint>, Fault> {
    let (repositories, tags, digests) = columns(listed);
    let rows = client.query(
        "SELECT place FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY
             AS given (repository, tag, digest, place)
         WHERE NOT EXISTS (SELECT FROM greenlight.hints h
                           WHERE h.repository = given.repository AND h.tag = given.tag
                               AND (given.digest = '' OR h.digest = given.digest))
             AND NOT EXISTS (SELECT FROM greenlight.starts s
                             WHERE s.repository = given.repository AND s.tag = given.tag
                                 AND s.digest = given.digest AND given.digest <> '')
         ORDER BY place",
        &[&repositories, &tags, &digests],
    )?;
    let place = |row: &Row| usize::try_from(row.get::<_, i64>(0) - 1).ok();
    Ok(rows
        .iter()
        .filter_map(|row| listed.get(place(row)?).cloned())
        .collect())
}

/// Stores hints that nothing is to come of, where there are none yet.
pub fn ignore(
    transaction: &mut Transaction,
    at: u64,
    listed: &[Hint],
    why: &str,
) -> Result<(), Fault> {
    let mut listed = listed.to_vec();
    listed.sort();
    let (repositories, tags, digests) = columns(&listed);
    transaction.execute(
        "INSERT INTO greenlight.hints
             (repository, tag, digest, deliveries, first_at, last_at, state, why)
         SELECT repository, tag, digest, 0, $4, $4, 'ignored', $5
         FROM unnest($1::text[], $2::text[], $3::text[]) AS given (repository, tag, digest)
         ON CONFLICT (repository, tag, digest) DO NOTHING",
        &[&repositories, &tags, &digests, &at.cast_signed(), &why],
    )?;
    Ok(())
}

fn columns(hints: &[Hint]) -> (Vec<&str>, Vec<&str>, Vec<&str>) {
    let mut columns = (Vec::new(), Vec::new(), Vec::new());
    for (repository, tag, digest) in hints.iter().map(key) {
        columns.0.push(repository);
        columns.1.push(tag);
        columns.2.push(digest);
    }
    columns
}

/// Lists hints, the one that came in last first.
pub fn newest(client: &mut impl GenericClient, limit: usize) -> Result<Vec<HintRow>, Fault> {
    let rows = client.query(
        "SELECT repository, tag, digest, id, deliveries, first_at, last_at, state, why, again_at, start
         FROM greenlight.hints ORDER BY last_at DESC, id DESC LIMIT $1",
        &[&at_most(limit)],
    )?;
    let read = |row: &Row| {
        let number = |column| row.get::<_, i64>(column).cast_unsigned();
        let start = row.get::<_, Option<i64>>(10).map(i64::cast_unsigned);
        Ok(HintRow {
            id: number(3),
            hint: hint(row),
            deliveries: number(4),
            first: number(5),
            last: number(6),
            state: hint_state(row.get(7), row.get(8), number(9), start)?,
        })
    };
    rows.iter().map(read).collect()
}

fn hint(row: &Row) -> Hint {
    Hint {
        repository: row.get(0),
        tag: row.get(1),
        digest: stored::digest(row.get(2)),
    }
}
