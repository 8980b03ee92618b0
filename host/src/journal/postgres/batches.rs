//! Deliveries and their push events, in batches.

use std::collections::{BTreeMap, BTreeSet};

use super::client::Client;
use super::server_session::statement;
use crate::journal::inbox::{Delivery, PushEvent};
use crate::journal::seal::PUSH_EVENTS;
use crate::journal::sql::Answer;

/// Removes some of the oldest deliveries from before a moment whose push events are all settled.
pub const DELETE_SETTLED: &str = "
    DELETE FROM deliveries WHERE id IN (
        SELECT id FROM deliveries d WHERE at < ?1 AND NOT EXISTS (
            SELECT FROM hints h WHERE h.id = ANY (d.hints) AND h.state = 'pending')
        ORDER BY at LIMIT 1000)";

type Key<'a> = (&'a str, &'a str, &'a str);

/// What a batch contains about one push event.
struct Said {
    deliveries: i64,
    first: i64,
    last: i64,
}

/// Stores deliveries with their push events, in three statements for any number of deliveries. Returns the number of new
/// push events.
pub fn insert(client: &mut Client, deliveries: &[Delivery]) -> Answer<u64> {
    // Sorted, so that two batches that lock the same push events can't deadlock.
    let mut said: BTreeMap<_, Said> = BTreeMap::new();
    let distinct: Vec<BTreeSet<_>> = deliveries
        .iter()
        .map(|it| it.push_events.iter().map(PushEvent::key).collect())
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
    let (ids, added) = upsert(client, &said)?;
    seal(client, &ids.values().copied().collect::<Vec<_>>())?;
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
    client.execute(
        "INSERT INTO deliveries (at, source, body, hints)
         SELECT at, source, body, hints::bigint[]
         FROM unnest($1::bigint[], $2::text[], $3::bytea[], $4::text[]) AS given (at, source, body, hints)",
        &[&at, &sources, &bodies, &lists],
    )?;
    Ok(added)
}

/// Stores the checksums of push events.
fn seal(client: &mut Client, ids: &[i64]) -> Answer<()> {
    let sealing = statement(&PUSH_EVENTS.sealing("id = ANY (?1)"));
    client.execute(&sealing, &[&ids])?;
    Ok(())
}

fn upsert<'a>(
    client: &mut Client,
    said: &BTreeMap<Key<'a>, Said>,
) -> Answer<(BTreeMap<Key<'a>, i64>, u64)> {
    let repositories: Vec<&str> = said.keys().map(|key| key.0).collect();
    let tags: Vec<&str> = said.keys().map(|key| key.1).collect();
    let digests: Vec<&str> = said.keys().map(|key| key.2).collect();
    let deliveries: Vec<i64> = said.values().map(|it| it.deliveries).collect();
    let first: Vec<i64> = said.values().map(|it| it.first).collect();
    let last: Vec<i64> = said.values().map(|it| it.last).collect();
    let rows = client.query(
        "INSERT INTO hints AS h (repository, tag, digest, deliveries, first_at, last_at, state)
         SELECT repository, tag, digest, deliveries, first_at, last_at, 'pending'
         FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[])
             AS given (repository, tag, digest, deliveries, first_at, last_at)
         ON CONFLICT (repository, tag, digest) DO UPDATE
             SET deliveries = h.deliveries + excluded.deliveries,
                 first_at = least(h.first_at, excluded.first_at),
                 last_at = greatest(h.last_at, excluded.last_at),
                 state = 'pending', why = NULL, attempts = 0, again_at = 0, boot_again_at = 0
         RETURNING repository, tag, digest, id, h.xmax = 0",
        &[&repositories, &tags, &digests, &deliveries, &first, &last],
    )?;
    let (mut stored, mut added) = (BTreeMap::<Key, i64>::new(), 0);
    for row in &rows {
        // A new row has no earlier version.
        added += u64::from(row.try_get::<_, bool>(4)?);
        let key = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        stored.insert(key, row.try_get(3)?);
    }
    let found = said
        .keys()
        .filter_map(|key| Some((*key, *stored.get(key)?)));
    Ok((found.collect(), added))
}

/// Picks the push events that the inbox does not know.
pub fn unknown(client: &mut Client, listed: &[PushEvent]) -> Answer<Vec<PushEvent>> {
    let (repositories, tags, digests) = columns(listed);
    let rows = client.query(
        "SELECT place FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY
             AS given (repository, tag, digest, place)
         WHERE NOT EXISTS (SELECT FROM hints h
                           WHERE h.repository = given.repository AND h.tag = given.tag
                               AND (given.digest = '' OR h.digest = given.digest))
             AND NOT EXISTS (SELECT FROM starts s
                             WHERE s.repository = given.repository AND s.tag = given.tag
                                 AND s.digest = given.digest AND given.digest <> '')
         ORDER BY place",
        &[&repositories, &tags, &digests],
    )?;
    let mut unknown = Vec::with_capacity(rows.len());
    for row in &rows {
        let place: i64 = row.try_get(0)?;
        let place = usize::try_from(place.saturating_sub(1)).ok();
        unknown.extend(place.and_then(|it| listed.get(it)).cloned());
    }
    Ok(unknown)
}

/// Stores push events as ignored where the inbox does not know them. Returns the number of new push events.
pub fn insert_ignored(
    client: &mut Client,
    at: u64,
    listed: &[PushEvent],
    why: &str,
) -> Answer<u64> {
    let mut listed = listed.to_vec();
    listed.sort();
    let (repositories, tags, digests) = columns(&listed);
    let rows = client.query(
        "INSERT INTO hints (repository, tag, digest, deliveries, first_at, last_at, state, why)
         SELECT repository, tag, digest, 0, $4, $4, 'ignored', $5
         FROM unnest($1::text[], $2::text[], $3::text[]) AS given (repository, tag, digest)
         ON CONFLICT (repository, tag, digest) DO NOTHING RETURNING id",
        &[&repositories, &tags, &digests, &at.cast_signed(), &why],
    )?;
    let ids: Answer<Vec<i64>> = rows.iter().map(|row| Ok(row.try_get(0)?)).collect();
    let ids = ids?;
    seal(client, &ids)?;
    Ok(ids.len() as u64)
}

fn columns(listed: &[PushEvent]) -> (Vec<&str>, Vec<&str>, Vec<&str>) {
    let mut columns = (Vec::new(), Vec::new(), Vec::new());
    for (repository, tag, digest) in listed.iter().map(PushEvent::key) {
        columns.0.push(repository);
        columns.1.push(tag);
        columns.2.push(digest);
    }
    columns
}
