//! The checksum chain, which detects damage in a deployment's records.
//!
//! A record's checksum is SHA-256 over the checksum before it (zeros before the first), the deployment, the
//! position and the time (each eight bytes, big-endian), and the body. It detects damage, not forgery: a
//! process that can write to the database can compute a new chain.

use sha2::{Digest as _, Sha256};

use super::{Error, Records, Result, Row};

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

/// Checks all records of a deployment, in order of their positions.
pub fn verify(deployment: u64, stored: Vec<Stored>) -> Result<Records> {
    let last = stored.len();
    let mut rows = Vec::with_capacity(last);
    let mut previous = BEGINNING;
    for (position, record) in (1..).zip(stored) {
        let damaged = Error::Damaged {
            deployment,
            position,
        };
        if record.position != position {
            return Err(damaged);
        }
        let Some((row, sum)) = intact(&previous, deployment, record) else {
            if rows.len() + 1 == last {
                return Ok(Records { rows, torn: true });
            }
            return Err(damaged);
        };
        rows.push(row);
        previous = sum;
    }
    Ok(Records { rows, torn: false })
}

/// Finds the end of a deployment's records from the last two of them, the last one first.
///
/// [`Error::Damaged`] if the last record is damaged: no record may follow it.
pub fn end(deployment: u64, last_two: Vec<Stored>) -> Result<End> {
    let mut stored = last_two.into_iter();
    let Some(last) = stored.next() else {
        return Ok(End {
            position: 0,
            checksum: BEGINNING,
        });
    };
    let position = last.position;
    let previous = match stored.next() {
        None if position == 1 => Some(BEGINNING),
        Some(before) if before.position.checked_add(1) == Some(position) => {
            before.checksum.try_into().ok()
        }
        _ => None,
    };
    previous
        .and_then(|previous| intact(&previous, deployment, last))
        .map(|(_, checksum)| End { position, checksum })
        .ok_or(Error::Damaged {
            deployment,
            position,
        })
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

    fn damaged(position: u64) -> Result<Records> {
        Err(Error::Damaged {
            deployment: 7,
            position,
        })
    }

    #[test]
    fn an_intact_chain_is_read_to_its_end() {
        let records = verify(7, chain(3)).expect("intact");
        assert_eq!((records.rows.len(), records.torn), (3, false));
        assert!(!verify(7, Vec::new()).expect("intact").torn);
    }

    #[test]
    fn a_damaged_last_record_is_left_out_and_one_before_it_is_not() {
        let damage: [fn(&mut Stored); 4] = [
            |record| record.at += 1,
            |record| record.body = b"{}".to_vec(),
            |record| record.body = vec![0xff],
            |record| record.checksum.truncate(31),
        ];
        for damage in damage {
            let mut stored = chain(3);
            damage(&mut stored[2]);
            let records = verify(7, stored).expect("torn only");
            assert_eq!((records.rows.len(), records.torn), (2, true));
            let mut stored = chain(3);
            damage(&mut stored[1]);
            assert_eq!(verify(7, stored), damaged(2));
        }
    }

    #[test]
    fn a_gap_is_damage_also_before_the_last_record() {
        for missing in [0, 1] {
            let mut stored = chain(3);
            stored.remove(missing);
            assert_eq!(verify(7, stored), damaged(missing as u64 + 1));
        }
        assert_eq!(
            verify(8, chain(2)),
            Err(Error::Damaged {
                deployment: 8,
                position: 1
            })
        );
    }

    #[test]
    fn nothing_follows_a_damaged_end() {
        let last_two = |count| chain(count).into_iter().rev().take(2).collect::<Vec<_>>();
        for count in 0..4 {
            assert_eq!(end(7, last_two(count)).expect("intact").position, count);
        }
        for at in [0, 1] {
            let mut stored = last_two(3);
            stored[at].checksum[0] ^= 1;
            assert!(end(7, stored).is_err());
        }
        assert!(end(7, last_two(3)[..1].to_vec()).is_err());
    }
}
