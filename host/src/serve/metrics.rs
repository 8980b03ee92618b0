//! The metrics of a server, for Prometheus.
//!
//! Source of the format: <https://prometheus.io/docs/instrumenting/exposition_formats/>, `OpenMetrics`.

use std::fmt::{self, Write as _};
use std::hash::{Hash, Hasher};

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::display::RequestState;
use crate::contract::names::{Named, names};
use crate::contract::promotion::Conclusion;
use crate::journal::inbox::Counts;

/// The media type of the text.
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The outcome of a webhook request.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub enum RequestOutcome {
    /// It was stored.
    Stored,
    /// It has no push of a tag.
    Nothing,
    /// Its secret was missing or wrong.
    Forged,
    /// Its body was not a webhook.
    Malformed,
    /// It was too large, or arrived too slowly.
    Limited,
    /// Too many requests were open.
    Shed,
    /// It could not be stored.
    Failed,
}

/// The outcome of an attempt to start a deployment.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// It was started.
    Started,
    /// It was certainly not started.
    Refused,
    /// It may have been started.
    Unconfirmed,
}

names! {
    RequestOutcome {
        Stored = "stored",
        Nothing = "nothing",
        Forged = "forged",
        Malformed = "malformed",
        Limited = "limited",
        Shed = "shed",
        Failed = "failed",
    }
    AttemptOutcome { Started = "started", Refused = "refused", Unconfirmed = "unconfirmed" }
}

/// The value of a label: a member of a closed set, written as its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Label<T>(T);

impl<T: Named> Hash for Label<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.name().hash(state);
    }
}

impl<T: Named> EncodeLabelValue for Label<T> {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), fmt::Error> {
        encoder.write_str(self.0.name())
    }
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Request {
    outcome: Label<RequestOutcome>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Attempt {
    outcome: Label<AttemptOutcome>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct End {
    conclusion: Label<Conclusion>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct InState {
    state: Label<RequestState>,
}

/// The metrics, each with its current value.
pub struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    attempts: Family<Attempt, Counter>,
    ended: Family<End, Counter>,
    store_errors: Counter,
    found: Counter,
    last_reconciliation: Gauge,
    pending: Gauge,
    store_up: Gauge,
    workers_lost: Gauge,
    deployment_requests: Family<InState, Gauge>,
    /// Seconds from the head of a stored webhook request to its response.
    pub accepted: Histogram,
}

impl Metrics {
    /// Starts each counter at 0.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("greenlight");
        let accepted =
            Histogram::new([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5]);
        let mut metrics = Self {
            requests: Family::default(),
            attempts: Family::default(),
            ended: Family::default(),
            store_errors: Counter::default(),
            found: Counter::default(),
            last_reconciliation: Gauge::default(),
            pending: Gauge::default(),
            store_up: Gauge::default(),
            workers_lost: Gauge::default(),
            deployment_requests: Family::default(),
            accepted: accepted.clone(),
            registry: Registry::default(),
        };
        registry.register(
            "webhook_requests",
            "Webhook requests by outcome",
            metrics.requests.clone(),
        );
        registry.register(
            "webhook_accepted_seconds",
            "Seconds from the head of a webhook request to its response, for stored requests",
            accepted,
        );
        registry.register(
            "trigger_attempts",
            "Attempts to start a deployment by outcome",
            metrics.attempts.clone(),
        );
        registry.register(
            "deployments_ended",
            "Deployments that this server ran, by conclusion",
            metrics.ended.clone(),
        );
        registry.register(
            "store_errors",
            "Failed requests to the store",
            metrics.store_errors.clone(),
        );
        registry.register(
            "reconciliation_found",
            "Tags found by reconciliation without a webhook",
            metrics.found.clone(),
        );
        registry.register(
            "reconciliation_last_success_timestamp_seconds",
            "Time of the last successful reconciliation, in seconds since 1970",
            metrics.last_reconciliation.clone(),
        );
        registry.register(
            "inbox_pending",
            "Push events that wait to be handled",
            metrics.pending.clone(),
        );
        registry.register(
            "store_up",
            "1 if the store answers, 0 if not; then other values of the store are the last known ones",
            metrics.store_up.clone(),
        );
        registry.register(
            "workers_lost",
            "Worker threads that ended unexpectedly",
            metrics.workers_lost.clone(),
        );
        registry.register(
            "deployment_requests",
            "Deployment requests by state",
            metrics.deployment_requests.clone(),
        );
        metrics.registry = registry;
        metrics
    }

    /// Counts a webhook request.
    pub fn request(&self, outcome: RequestOutcome) {
        let outcome = Label(outcome);
        self.requests.get_or_create(&Request { outcome }).inc();
    }

    /// Counts an attempt to start a deployment.
    pub fn attempt(&self, outcome: AttemptOutcome) {
        let outcome = Label(outcome);
        self.attempts.get_or_create(&Attempt { outcome }).inc();
    }

    /// Counts the end of a deployment.
    pub fn ended(&self, conclusion: Conclusion) {
        let conclusion = Label(conclusion);
        self.ended.get_or_create(&End { conclusion }).inc();
    }

    /// Counts an error of the store.
    pub fn store_failed(&self) {
        self.store_errors.inc();
    }

    /// Counts the tags that a reconciliation found, at a time in seconds since 1970.
    pub fn reconciled(&self, found: usize, now: u64) {
        self.found.inc_by(found as u64);
        self.last_reconciliation
            .set(now.try_into().unwrap_or(i64::MAX));
    }

    /// Writes all metrics, with the counts of the inbox if it answers, and the number of lost workers.
    pub fn text(&self, counts: Option<&Counts>, lost: usize) -> String {
        self.store_up.set(i64::from(counts.is_some()));
        self.workers_lost
            .set(i64::try_from(lost).unwrap_or(i64::MAX));
        if let Some(counts) = counts {
            self.set_counts(counts);
        }
        let mut text = String::new();
        // Writing into a string can't fail.
        let _ = encode(&mut text, &self.registry);
        text
    }

    fn set_counts(&self, counts: &Counts) {
        let number = |it: u64| i64::try_from(it).unwrap_or(i64::MAX);
        self.pending.set(number(counts.pending));
        for (state, count) in [
            (RequestState::Queued, counts.wanted),
            (RequestState::Waiting, counts.waiting),
            (RequestState::Starting, counts.starting),
            (RequestState::Retrying, counts.retrying),
            (RequestState::Started, counts.started),
            (RequestState::Closed, counts.stopped),
            (RequestState::Unconfirmed, counts.unknown),
        ] {
            let state = Label(state);
            let gauge = self.deployment_requests.get_or_create(&InState { state });
            gauge.set(number(count));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_metric_is_written() {
        let metrics = Metrics::new();
        metrics.request(RequestOutcome::Stored);
        metrics.request(RequestOutcome::Stored);
        metrics.request(RequestOutcome::Forged);
        metrics.attempt(AttemptOutcome::Refused);
        metrics.ended(Conclusion::Promoted);
        metrics.store_failed();
        metrics.reconciled(3, 1_763_856_921);
        metrics.accepted.observe(0.002);
        let counts = Counts {
            pending: 7,
            waiting: 2,
            unknown: 1,
            ..Counts::default()
        };
        metrics.text(Some(&counts), 0);
        // Without an answer of the store, the last known counts stay.
        let text = metrics.text(None, 2);
        for line in [
            "greenlight_webhook_requests_total{outcome=\"stored\"} 2",
            "greenlight_webhook_requests_total{outcome=\"forged\"} 1",
            "greenlight_trigger_attempts_total{outcome=\"refused\"} 1",
            "greenlight_deployments_ended_total{conclusion=\"promoted\"} 1",
            "greenlight_store_errors_total 1",
            "greenlight_reconciliation_found_total 3",
            "greenlight_reconciliation_last_success_timestamp_seconds 1763856921",
            "greenlight_webhook_accepted_seconds_count 1",
            "greenlight_inbox_pending 7",
            "greenlight_store_up 0",
            "greenlight_workers_lost 2",
            "greenlight_deployment_requests{state=\"waiting\"} 2",
            "greenlight_deployment_requests{state=\"queued\"} 0",
            "greenlight_deployment_requests{state=\"closed\"} 0",
            "greenlight_deployment_requests{state=\"unconfirmed\"} 1",
            "# EOF",
        ] {
            assert!(text.lines().any(|it| it == line), "no {line} in\n{text}");
        }
    }
}
