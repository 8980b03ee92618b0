//! A journal of the second format, in which each round and decision has all of its lists. `fixtures/make.py` made it.

use crate::first_format::is_reported;
use crate::place::{Place, for_both};

for_both!(every_deployment_is_reported);

/// The number, the conclusion and the number of entries of each deployment of the fixture.
const DEPLOYMENTS: [(u64, &str, usize); 6] = [
    (1, "promoted", 35),
    (2, "stopped", 24),
    (3, "promoted-with-warning", 39),
    (4, "promoted", 45),
    (5, "promoted", 25),
    (6, "canceled", 12),
];

fn every_deployment_is_reported(place: &Place) {
    is_reported(place, "format-2", &DEPLOYMENTS);
}
