//! What a receiver counts, for Prometheus.
//!
//! Source of the format: <https://prometheus.io/docs/instrumenting/exposition_formats/>, `OpenMetrics`.

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::journal::inbox::Counts;

/// The media type of the text.
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How a request to the webhook ended.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, EncodeLabelValue)]
pub enum Answered {
    /// It was stored.
    Stored,
    /// It said nothing that anybody wants to know.
    Nothing,
    /// It had not the secret.
    Forged,
    /// It was no webhook.
    Malformed,
    /// It was too large, or came too slowly.
    Limited,
    /// There was no room for it.
    Shed,
    /// It could not be stored.
    Failed,
}

/// How an attempt to start a deployment ended.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, EncodeLabelValue)]
pub enum Attempted {
    /// It was started.
    Started,
    /// It was not started, for certain.
    Refused,
    /// Nobody knows.
    Unknown,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Request {
    outcome: Answered,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Attempt {
    outcome: Attempted,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct End {
    conclusion: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct InState {
    state: &'static str,
}

/// Everything that is counted.
pub struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    attempts: Family<Attempt, Counter>,
    ended: Family<End, Counter>,
    store_errors: Counter,
    found: Counter,
    looked: Gauge,
    pending: Gauge,
    store_up: Gauge,
    workers_lost: Gauge,
    starts: Family<InState, Gauge>,
    /// Seconds from a request's head to its answer, where it was stored.
    pub accepted: Histogram,
}

impl Metrics {
    /// Begins to count.
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
            looked: Gauge::default(),
            pending: Gauge::default(),
            store_up: Gauge::default(),
            workers_lost: Gauge::default(),
            starts: Family::default(),
            accepted: accepted.clone(),
            registry: Registry::default(),
        };
        registry.register(
            "webhook_requests",
            "Requests to the webhook by how they ended",
            metrics.requests.clone(),
        );
        registry.register(
            "webhook_accepted_seconds",
            "Time from the head of a request to its answer, where it was stored",
            accepted,
        );
        registry.register(
            "start_attempts",
            "Attempts to start a deployment by how they ended",
            metrics.attempts.clone(),
        );
        registry.register(
            "deployments_ended",
            "Deployments that ran here, by how they ended",
            metrics.ended.clone(),
        );
        registry.register(
            "store_errors",
            "Times that the store did not answer as it should",
            metrics.store_errors.clone(),
        );
        registry.register(
            "reconciliation_found",
            "Tags found in the registry of which no webhook had come",
            metrics.found.clone(),
        );
        registry.register(
            "reconciliation_last_success_timestamp_seconds",
            "When the registry's tags were last looked at, in seconds since 1970",
            metrics.looked.clone(),
        );
        registry.register(
            "hints_pending",
            "Pushes that have not been looked into",
            metrics.pending.clone(),
        );
        registry.register(
            "store_up",
            "Whether the store answers: 1 or 0; what it holds is as it was last known",
            metrics.store_up.clone(),
        );
        registry.register(
            "workers_lost",
            "Threads that ended and should not have",
            metrics.workers_lost.clone(),
        );
        registry.register(
            "starts",
            "Deployments that were asked for, by how far they are",
            metrics.starts.clone(),
        );
        metrics.registry = registry;
        metrics
    }

    /// Counts a request.
    pub fn answered(&self, outcome: Answered) {
        self.requests.get_or_create(&Request { outcome }).inc();
    }

    /// Counts an attempt.
    pub fn attempted(&self, outcome: Attempted) {
        self.attempts.get_or_create(&Attempt { outcome }).inc();
    }

    /// Counts the end of a deployment.
    pub fn ended(&self, conclusion: &str) {
        let conclusion = conclusion.to_owned();
        self.ended.get_or_create(&End { conclusion }).inc();
    }

    /// Counts an error of the store.
    pub fn store_failed(&self) {
        self.store_errors.inc();
    }

    /// Counts what a look at the registry found, at a time in seconds since 1970.
    pub fn reconciled(&self, found: usize, now: u64) {
        self.found.inc_by(found as u64);
        self.looked.set(now.try_into().unwrap_or(i64::MAX));
    }

    /// Writes everything, with what the inbox holds, if it says so, and how many threads were lost.
    pub fn text(&self, counts: Option<&Counts>, lost: usize) -> String {
        self.store_up.set(i64::from(counts.is_some()));
        self.workers_lost
            .set(i64::try_from(lost).unwrap_or(i64::MAX));
        if let Some(counts) = counts {
            self.held(counts);
        }
        let mut text = String::new();
        // Writing into a string can't fail.
        let _ = encode(&mut text, &self.registry);
        text
    }

    fn held(&self, counts: &Counts) {
        let number = |it: u64| i64::try_from(it).unwrap_or(i64::MAX);
        self.pending.set(number(counts.pending));
        for (state, count) in [
            ("wanted", counts.wanted),
            ("waiting", counts.waiting),
            ("starting", counts.starting),
            ("retrying", counts.retrying),
            ("started", counts.started),
            ("stopped", counts.stopped),
            ("unknown", counts.unknown),
        ] {
            let gauge = self.starts.get_or_create(&InState { state });
            gauge.set(number(count));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_counted_is_written() {
        let metrics = Metrics::new();
        metrics.answered(Answered::Stored);
        metrics.answered(Answered::Stored);
        metrics.answered(Answered::Forged);
        metrics.attempted(Attempted::Refused);
        metrics.ended("promoted");
        metrics.store_failed();
        metrics.reconciled(3, 1_763_856_921);
        metrics.accepted.observe(0.002);
        let counts = Counts {
            pending: 7,
            waiting: 2,
            ..Counts::default()
        };
        metrics.text(Some(&counts), 0);
        // A store that does not answer any more leaves what was known.
        let text = metrics.text(None, 2);
        for line in [
            "greenlight_webhook_requests_total{outcome=\"Stored\"} 2",
            "greenlight_webhook_requests_total{outcome=\"Forged\"} 1",
            "greenlight_start_attempts_total{outcome=\"Refused\"} 1",
            "greenlight_deployments_ended_total{conclusion=\"promoted\"} 1",
            "greenlight_store_errors_total 1",
            "greenlight_reconciliation_found_total 3",
            "greenlight_reconciliation_last_success_timestamp_seconds 1763856921",
            "greenlight_webhook_accepted_seconds_count 1",
            "greenlight_hints_pending 7",
            "greenlight_store_up 0",
            "greenlight_workers_lost 2",
            "greenlight_starts{state=\"waiting\"} 2",
            "greenlight_starts{state=\"started\"} 0",
            "# EOF",
        ] {
            assert!(text.lines().any(|it| it == line), "no {line} in\n{text}");
        }
    }
}
