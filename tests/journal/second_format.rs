//! A journal of the second format, whose rounds and decisions are stored whole; `fixtures/make.py` says how it was made.

use crate::first_format::is_reported;
use crate::place::{Place, for_both};

for_both!(every_deployment_is_reported);

/// How the deployments of the fixture ended, and how many entries each has.
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
