//! The shapes of what a journal keeps. They change only together with [`FORMAT`], whatever the output of
//! commands looks like.

mod decision;
mod event;
mod point;
mod settings;

pub use decision::{
    ActionRecord, DecisionRecord, EvidenceRecord, NodeRecord, ReasonRecord, SpanRecord,
    StandingRecord,
};
pub use event::EventRecord;
pub use point::PointRecord;
pub use settings::{EnvironmentRecord, SettingsRecord, ThresholdsRecord};

/// The format of the entries that this program writes. An entry without the key `format` has format 1.
pub const FORMAT: u64 = 1;
