//! The shapes of rounds of a watch in an entry.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::forms::clipped;
use super::{Form, Many, Maybe, forms_of};
use crate::contract::promotion::{
    MetricReading, QueryAnswer, QueryFailure, QueryFailureKind, Reading, Sample, WatchRound,
};

forms_of!(
    MetricReadingForm of MetricReading,
    QueryAnswerForm of QueryAnswer,
    SampleForm of Sample,
);

#[derive(Serialize, Deserialize)]
#[serde(remote = "WatchRound")]
pub struct WatchRoundForm {
    environment: String,
    #[serde(with = "Many::<MetricReadingForm>")]
    metrics: Vec<MetricReading>,
    versions: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "MetricReading")]
pub struct MetricReadingForm {
    metric: String,
    #[serde(with = "QueryAnswerForm")]
    now: QueryAnswer,
    #[serde(with = "Maybe::<QueryAnswerForm>")]
    before: Option<QueryAnswer>,
    #[serde(with = "Maybe::<QueryAnswerForm>")]
    traffic: Option<QueryAnswer>,
    #[serde(with = "Maybe::<QueryAnswerForm>")]
    traffic_before: Option<QueryAnswer>,
    partial: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "QueryAnswer", rename_all = "kebab-case")]
pub enum QueryAnswerForm {
    Samples(#[serde(with = "Many::<SampleForm>")] Vec<Sample>),
    Failed(#[serde(with = "QueryFailureForm")] QueryFailure),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Sample")]
pub struct SampleForm {
    #[serde(serialize_with = "clipped")]
    series: String,
    #[serde(with = "ReadingForm")]
    reading: Reading,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Reading", rename_all = "kebab-case")]
pub enum ReadingForm {
    Number(f64),
    NotANumber,
    Infinite(bool),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "QueryFailure")]
pub struct QueryFailureForm {
    #[serde(with = "QueryFailureKindForm")]
    kind: QueryFailureKind,
    #[serde(serialize_with = "clipped")]
    message: String,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "QueryFailureKind", rename_all = "kebab-case")]
pub enum QueryFailureKindForm {
    Unreachable,
    Overloaded,
    Refused,
    Rejected,
    Malformed,
}
