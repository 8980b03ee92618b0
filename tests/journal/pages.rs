//! A deployment whose records are longer than one answer of a database may be.

use greenlight::journal::{Depth, Error, Row, Store};

use crate::place::{Place, for_both, new};

for_both!(records_longer_than_an_answer_are_read_in_pages);

/// The size of a record, and the number of records: together 70 MiB, while an answer may have 64 MiB.
const SIZE: usize = 7 << 20;
const RECORDS: u64 = 10;

fn records_longer_than_an_answer_are_read_in_pages(place: &Place) {
    let mut store = place.open();
    let number = store.begin(&new("a")).expect("begun");
    let large = |position| Row {
        position,
        at: position,
        body: format!("{{\"a\":\"{}\"}}", position.to_string().repeat(SIZE)),
    };
    for position in 1..=RECORDS {
        let mut row = large(position);
        row.body.truncate(SIZE);
        store.append(number, &row).expect("appended");
    }
    let rows = store.records(number).expect("intact");
    assert_eq!(rows.len() as u64, RECORDS);
    for (row, position) in rows.iter().zip(1..) {
        assert!(row.body == large(position).body[..SIZE], "{position}");
    }
    for position in [RECORDS, RECORDS - 1] {
        place.tamper(&format!(
            "UPDATE records SET at = 0 WHERE position = {position}"
        ));
        is_damaged(store.as_mut(), number, position);
    }
    place.tamper("DELETE FROM records WHERE position = 3");
    is_damaged(store.as_mut(), number, 3);
}

#[track_caller]
fn is_damaged(store: &mut dyn Store, deployment: u64, position: u64) {
    let damaged = Error::Damaged {
        deployment,
        position,
    };
    assert_eq!(store.records(deployment), Err(damaged));
    assert_eq!(store.check(Depth::Quick), Ok(()));
}
