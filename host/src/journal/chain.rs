//! The checksum chain, which detects damage in a deployment's records.
//!
//! A record's checksum is SHA-256 over the checksum before it (zeros before the first), the deployment, the position
//! and the time (each eight bytes, big-endian), and the body. The deployment's own row has an anchor: the number of
//! records and the checksum of the last record. The anchor detects missing records at the end. The chain detects
//! damage, not forgery: a process that can write to the database can compute a new chain.

use sha2::{Digest as _, Sha256};

use super::{Error, Result, Row};

/// The checksum of a record.
pub type Checksum = [u8; 32];

/// The checksum before the first record.
const BEGINNING: Checksum = [0; 32];

/// A record as the database returns it, which may be damaged.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its place in the deployment.
    pub position: u64,
    /// Its time, in milliseconds since 1970.
    pub at: u64,
    /// Its body, which is UTF-8 if it is intact.
    pub body: Vec<u8>,
    /// The checksum that it was stored with.
    pub checksum: Vec<u8>,
}

/// The end of a deployment's records.
#[derive(Debug)]
pub struct End {
    /// The position of the last record; 0 without any.
    pub position: u64,
    /// Its checksum; zeros without a record.
    pub checksum: Checksum,
}

/// Computes the checksum of a record.
pub fn checksum(
    previous: &Checksum,
    deployment: u64,
    position: u64,
    at: u64,
    body: &[u8],
) -> Checksum {
    let mut sum = Sha256::new();
    sum.update(previous);
    for number in [deployment, position, at] {
        sum.update(number.to_be_bytes());
    }
    sum.update(body);
    sum.finalize().into()
}

/// The number of records and the last checksum, as the row of a deployment has them.
#[derive(Clone, Debug, Default)]
pub struct Anchor {
    /// The minimum number of records. A program of an earlier version adds records and leaves the anchor unchanged.
    pub count: u64,
    /// The checksum of the record at the position `count`; `None` if the deployment has no records.
    pub checksum: Option<Vec<u8>>,
}

/// Checks all records of a deployment, in order of their positions.
#[derive(Debug)]
pub struct Verifier {
    deployment: u64,
    anchor: Anchor,
    previous: Checksum,
    rows: Vec<Row>,
}

impl Verifier {
    /// Starts before the first record.
    pub fn new(deployment: u64, anchor: Anchor) -> Self {
        Self {
            deployment,
            anchor,
            previous: BEGINNING,
            rows: Vec::new(),
        }
    }

    /// Checks the next record.
    pub fn add(&mut self, record: Stored) -> Result<()> {
        let position = self.rows.len() as u64 + 1;
        let found = Some(record).filter(|it| it.position == position);
        let intact = found.and_then(|it| intact(&self.previous, self.deployment, it));
        let (row, sum) = intact
            .filter(|(_, sum)| self.anchor.allows(position, sum))
            .ok_or(self.damaged(position))?;
        self.rows.push(row);
        self.previous = sum;
        Ok(())
    }

    /// Checks that no record is missing at the end, and returns the records.
    pub fn end(self) -> Result<Vec<Row>> {
        let next = self.rows.len() as u64 + 1;
        if next <= self.anchor.count {
            return Err(self.damaged(next));
        }
        Ok(self.rows)
    }

    fn damaged(&self, position: u64) -> Error {
        Error::Damaged {
            deployment: self.deployment,
            position,
        }
    }
}

/// Finds the end of a deployment's records from the last two of them, the last one first.
///
/// The error is [`Error::Damaged`] if the last record is damaged or missing: no record may be appended then.
pub fn end(deployment: u64, last_two: Vec<Stored>, anchor: &Anchor) -> Result<End> {
    let mut stored = last_two.into_iter();
    let damaged = |position| Error::Damaged {
        deployment,
        position,
    };
    let end = match stored.next() {
        None => End {
            position: 0,
            checksum: BEGINNING,
        },
        Some(last) => {
            let position = last.position;
            let previous = match stored.next() {
                None if position == 1 => Some(BEGINNING),
                Some(before) if before.position.checked_add(1) == Some(position) => {
                    before.checksum.try_into().ok()
                }
                _ => None,
            };
            let intact = previous.and_then(|previous| intact(&previous, deployment, last));
            let (_, checksum) = intact.ok_or_else(|| damaged(position))?;
            End { position, checksum }
        }
    };
    if end.position < anchor.count {
        return Err(damaged(end.position + 1));
    }
    if !anchor.allows(end.position, &end.checksum) {
        return Err(damaged(end.position));
    }
    Ok(end)
}

impl Anchor {
    /// Whether the anchor permits a record with this checksum at a position.
    fn allows(&self, position: u64, sum: &Checksum) -> bool {
        position != self.count || position == 0 || self.checksum.as_deref() == Some(sum)
    }
}

fn intact(previous: &Checksum, deployment: u64, record: Stored) -> Option<(Row, Checksum)> {
    let sum = checksum(
        previous,
        deployment,
        record.position,
        record.at,
        &record.body,
    );
    let row = Row {
        position: record.position,
        at: record.at,
        body: String::from_utf8(record.body).ok()?,
    };
    (record.checksum == sum).then_some((row, sum))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(count: u64) -> Vec<Stored> {
        let mut previous = BEGINNING;
        let record = |position| {
            let body = format!("{{\"n\":{position}}}").into_bytes();
            previous = checksum(&previous, 7, position, 1000 + position, &body);
            Stored {
                position,
                at: 1000 + position,
                body,
                checksum: previous.to_vec(),
            }
        };
        (1..=count).map(record).collect()
    }

    fn anchor(stored: &[Stored]) -> Anchor {
        Anchor {
            count: stored.len() as u64,
            checksum: stored.last().map(|it| it.checksum.clone()),
        }
    }

    fn verify(deployment: u64, stored: Vec<Stored>, anchor: &Anchor) -> Result<Vec<Row>> {
        let mut verifier = Verifier::new(deployment, anchor.clone());
        stored.into_iter().try_for_each(|it| verifier.add(it))?;
        verifier.end()
    }

    fn damaged(position: u64) -> Error {
        Error::Damaged {
            deployment: 7,
            position,
        }
    }

    fn last_two(stored: &[Stored]) -> Vec<Stored> {
        stored.iter().rev().take(2).cloned().collect()
    }

    #[test]
    fn an_intact_chain_is_read_to_its_end() {
        for count in 0..4 {
            let stored = chain(count);
            let anchor = anchor(&stored);
            let end = end(7, last_two(&stored), &anchor).expect("intact");
            assert_eq!(end.position, count);
            assert_eq!(
                verify(7, stored, &anchor).expect("intact").len() as u64,
                count
            );
        }
    }

    /// An earlier version does not know the anchor.
    #[test]
    fn records_behind_the_anchor_count() {
        for anchored in 0..3 {
            let anchor = anchor(&chain(anchored));
            assert_eq!(verify(7, chain(3), &anchor).expect("intact").len(), 3);
            let end = end(7, last_two(&chain(3)), &anchor).expect("intact");
            assert_eq!(end.position, 3);
        }
    }

    #[test]
    fn a_damaged_record_is_an_error_wherever_it_is() {
        let damage: [fn(&mut Stored); 5] = [
            |record| record.at += 1,
            |record| record.body = b"{}".to_vec(),
            |record| record.body = vec![0xff],
            |record| record.checksum.truncate(31),
            |record| record.checksum[0] ^= 1,
        ];
        for damage in damage {
            for place in 0..3 {
                let mut stored = chain(3);
                let anchor = anchor(&stored);
                damage(&mut stored[place]);
                let position = place as u64 + 1;
                let end = end(7, last_two(&stored), &anchor);
                assert!(place < 2 || end.is_err(), "the last two are read");
                assert_eq!(verify(7, stored, &anchor), Err(damaged(position)));
            }
        }
    }

    #[test]
    fn a_missing_record_is_an_error_wherever_it_was() {
        let anchor = anchor(&chain(3));
        for missing in 0..3 {
            let mut stored = chain(3);
            stored.remove(missing);
            let position = missing as u64 + 1;
            assert_eq!(verify(7, stored, &anchor), Err(damaged(position)));
        }
        for left in 0..3 {
            let stored = chain(left);
            let found = end(7, last_two(&stored), &anchor);
            assert_eq!(found.expect_err("too short"), damaged(left + 1));
            assert_eq!(verify(7, stored, &anchor), Err(damaged(left + 1)));
        }
        assert!(end(7, last_two(&chain(3))[..1].to_vec(), &anchor).is_err());
    }

    #[test]
    fn a_chain_of_another_deployment_or_with_another_end_is_damaged() {
        let mut anchor = anchor(&chain(2));
        let elsewhere = Error::Damaged {
            deployment: 8,
            position: 1,
        };
        assert_eq!(verify(8, chain(2), &anchor), Err(elsewhere));
        anchor.checksum = Some(vec![0; 32]);
        assert_eq!(verify(7, chain(2), &anchor), Err(damaged(2)));
        let end = end(7, last_two(&chain(2)), &anchor);
        assert_eq!(end.expect_err("another end"), damaged(2));
        anchor.checksum = None;
        assert_eq!(verify(7, chain(2), &anchor), Err(damaged(2)));
    }
}
