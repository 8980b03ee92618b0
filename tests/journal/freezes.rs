//! Freezes that people write.

use greenlight::journal::{Depth, Freeze, NewFreeze, Thaw};

use crate::place::{Place, for_both};

for_both!(freezes_are_kept_until_a_person_ends_them);

fn freezes_are_kept_until_a_person_ends_them(place: &Place) {
    let new = |environment: Option<&str>, until| NewFreeze {
        at: 7,
        environment: environment.map(str::to_owned),
        until,
        by: "Ada".to_owned(),
        why: "incident".to_owned(),
    };
    let thaw = |by: &str| Thaw {
        at: 8,
        by: by.to_owned(),
        why: "repaired".to_owned(),
    };
    let mut store = place.open();
    assert_eq!(store.freezes().expect("read"), []);
    let first = store.add_freeze(&new(None, None)).expect("stored");
    let second = store.add_freeze(&new(Some("prod"), Some(9)));
    let second = second.expect("stored");
    assert!(first < second);
    store.thaw(first, &thaw("Grace")).expect("stored");
    store.thaw(first, &thaw("Eve")).expect("left unchanged");
    store
        .thaw(second + 1, &thaw("Eve"))
        .expect("nothing to end");
    let found = place.open().freezes().expect("read");
    let expected = [
        Freeze {
            number: first,
            new: new(None, None),
            thaw: Some(thaw("Grace")),
        },
        Freeze {
            number: second,
            new: new(Some("prod"), Some(9)),
            thaw: None,
        },
    ];
    assert_eq!(found, expected);
    assert!(!found[0].is_in_force(8) && found[1].is_in_force(8) && !found[1].is_in_force(9));
    assert_eq!(store.check(Depth::Full), Ok(()));
}
