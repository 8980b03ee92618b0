//! What a load test left behind: the results files of Locust and of k6.
//!
//! Nothing is judged here. The files of a test that was killed, of one that made no request and of an
//! earlier one look much like those of a good one, so everything that speaks against them is said:
//! [`Results::complete`] and [`Results::notes`].

mod curve;
mod document;
mod histogram;
mod k6;
mod k6_summary;
mod locust;
mod locust_report;
mod locust_table;
mod results;
mod table;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod properties;

pub use self::curve::{Point, curve};
pub use self::results::{Files, Format, Results};

/// Reads the results of a load test that has ended. Never fails: what can't be read is in the notes.
pub fn read(format: Format, files: &Files) -> Results {
    match format {
        Format::Locust => locust::read(files),
        Format::K6 => k6::read(files),
    }
}
