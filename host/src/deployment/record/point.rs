//! A point of a load test's curves, as a journal keeps it: format 1.

use serde::{Deserialize, Serialize};

use crate::facts::load_test::Point;

/// One point. Its fields have the units of [`Point`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PointRecord {
    at: u64,
    users: u64,
    requests_per_second: f64,
    failures_per_second: f64,
    p50: Option<f64>,
    p95: Option<f64>,
    requests: u64,
    failures: u64,
}

impl From<&Point> for PointRecord {
    fn from(point: &Point) -> Self {
        Self {
            at: point.at,
            users: point.users,
            requests_per_second: point.requests_per_second,
            failures_per_second: point.failures_per_second,
            p50: point.p50,
            p95: point.p95,
            requests: point.requests,
            failures: point.failures,
        }
    }
}

impl From<&PointRecord> for Point {
    fn from(record: &PointRecord) -> Self {
        Self {
            at: record.at,
            users: record.users,
            requests_per_second: record.requests_per_second,
            failures_per_second: record.failures_per_second,
            p50: record.p50,
            p95: record.p95,
            requests: record.requests,
            failures: record.failures,
        }
    }
}
