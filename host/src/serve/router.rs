//! The router: the routes of the server, and what webhooks are answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::time::timeout;
use tracing::Instrument as _;

use super::Shared;
use super::approvers::Approvers;
use super::authenticate::TokenDigest;
use super::deployment_page::{self, Pages};
use super::ingest::{IngestQueue, NotStored};
use super::interventions;
use super::metrics::RequestOutcome;
use super::page::{self, StatusReader};
use crate::clock;
use crate::facts::webhook::{self, Notification};
use crate::http::compression;
use crate::journal::inbox::{Delivery, PushEvent};
use crate::limits::{self, Limit};

/// How long a webhook may wait to be stored.
const STORE_TIMEOUT: Duration = Duration::from_secs(2);

/// After how many seconds a sender should repeat a request that was answered with 503.
const RETRY_AFTER: (HeaderName, &str) = (header::RETRY_AFTER, "1");

/// The routes, and what they need.
#[derive(Clone)]
pub struct WebhookRouter {
    pub(super) shared: Arc<Shared>,
    queue: IngestQueue,
    secret: TokenDigest,
    approvers: Approvers,
    status: Arc<StatusReader>,
    /// The minute of the last warning about refused webhooks, since 1970.
    last_warning: Arc<AtomicU64>,
    /// How many webhooks with the secret have arrived.
    deliveries: Arc<AtomicU64>,
}

/// A response to a webhook, and what it is counted as.
type Answer = (RequestOutcome, Response);

impl WebhookRouter {
    /// Routes webhooks with the secret to the queue.
    pub fn new(
        shared: Arc<Shared>,
        queue: IngestQueue,
        (secret, approvers): (TokenDigest, Approvers),
    ) -> Self {
        Self {
            status: Arc::new(StatusReader::new(Arc::clone(&shared))),
            shared,
            queue,
            secret,
            approvers,
            last_warning: Arc::default(),
            deliveries: Arc::default(),
        }
    }

    pub(super) fn routes(self) -> Router {
        let pages = Pages {
            reader: Arc::clone(&self.status),
            secret: self.secret.clone(),
            has_people: !self.shared.context.serve.approvers.is_empty(),
        };
        Router::new()
            .route("/hooks", post(secret_in_header))
            .route("/hooks/{secret}", post(secret_in_path))
            .merge(page::routes(Arc::clone(&self.status)))
            .merge(interventions::routes(
                Arc::clone(&self.shared),
                self.approvers.clone(),
                pages.clone(),
            ))
            .merge(deployment_page::routes(pages))
            .route("/__lbheartbeat__", get(|| async { StatusCode::OK }))
            .with_state(self)
    }

    /// Answers a webhook that is authenticated.
    async fn receive(&self, headers: &HeaderMap, body: Body) -> Response {
        let delivery = self.deliveries.fetch_add(1, Ordering::Relaxed) + 1;
        let span = tracing::error_span!("delivery", delivery, source = tracing::field::Empty);
        let answer = async {
            let began = Instant::now();
            let answer = self.answer(headers, body).await;
            let (outcome, response) = answer.unwrap_or_else(|refused| refused);
            if outcome == RequestOutcome::Stored {
                let seconds = began.elapsed().as_secs_f64();
                self.shared.metrics.accepted.observe(seconds);
            }
            self.count(outcome, response)
        };
        answer.instrument(span).await
    }

    async fn answer(&self, headers: &HeaderMap, body: Body) -> Result<Answer, Answer> {
        let body = read(body).await?;
        let kind = headers.get(header::CONTENT_TYPE);
        let kind = kind.and_then(|it| it.to_str().ok());
        let notification = webhook::parse(&body, kind).map_err(|why| {
            let why = match compression(headers, &body) {
                Some(how) => format!("the body is compressed ({how}): send it uncompressed"),
                None => why.to_string(),
            };
            tracing::warn!(reason = why, "webhook refused: malformed");
            let text = (StatusCode::BAD_REQUEST, format!("{why}\n"));
            (RequestOutcome::Malformed, text.into_response())
        })?;
        tracing::Span::current().record("source", source(notification.source));
        if notification.pushes.is_empty() {
            tracing::debug!("webhook without a pushed tag");
            let text = (StatusCode::OK, "no tag was pushed\n");
            return Ok((RequestOutcome::Nothing, text.into_response()));
        }
        let delivery = delivery(notification, body);
        let push_events = delivery.push_events.clone();
        match timeout(STORE_TIMEOUT, self.queue.store(delivery)).await {
            Ok(Ok(())) => {
                for event in push_events {
                    tracing::info!(
                        repository = event.repository,
                        tag = event.tag,
                        digest = event.digest,
                        "push event stored"
                    );
                }
                let text = (StatusCode::ACCEPTED, "stored\n");
                Ok((RequestOutcome::Stored, text.into_response()))
            }
            Ok(Err(NotStored::Full)) => {
                tracing::warn!("webhook answered with 503: the queue is full");
                let response = try_again_later(StatusCode::SERVICE_UNAVAILABLE);
                Err((RequestOutcome::Shed, response))
            }
            // It may be stored after all; a repetition is counted and changes nothing else.
            Ok(Err(NotStored::Failed)) | Err(_) => {
                tracing::warn!("webhook answered with 503: not stored in time");
                let response = try_again_later(StatusCode::SERVICE_UNAVAILABLE);
                Err((RequestOutcome::Failed, response))
            }
        }
    }

    fn count(&self, outcome: RequestOutcome, response: Response) -> Response {
        self.shared.metrics.request(outcome);
        let reason = match outcome {
            RequestOutcome::Forged => {
                "missing or wrong secret; if it was changed, configure the registry with the new one"
            }
            RequestOutcome::Limited => "the body is larger than 1 MiB, or arrived too slowly",
            _ => return response,
        };
        // Any client can send such requests: one a minute is a warning, and the metrics count them all.
        let minute = clock::seconds() / 60;
        if self.last_warning.swap(minute, Ordering::Relaxed) == minute {
            tracing::debug!(reason, "webhook refused");
        } else {
            tracing::warn!(reason, "webhook refused");
        }
        response
    }
}

/// Asks the sender to repeat its request.
pub(super) fn try_again_later(status: StatusCode) -> Response {
    (status, [RETRY_AFTER], "try again later\n").into_response()
}

async fn secret_in_header(
    State(router): State<WebhookRouter>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    if router.secret.is_in(&headers) {
        return router.receive(&headers, body).await;
    }
    let refused = (
        StatusCode::UNAUTHORIZED,
        [(header::WWW_AUTHENTICATE, "Bearer realm=\"greenlight\"")],
        "missing or wrong secret\n",
    );
    router.count(RequestOutcome::Forged, refused.into_response())
}

async fn secret_in_path(
    State(router): State<WebhookRouter>,
    Path(secret): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    if router.secret.matches(secret.as_bytes()) {
        return router.receive(&headers, body).await;
    }
    // The answer of a path that does not exist.
    router.count(
        RequestOutcome::Forged,
        StatusCode::NOT_FOUND.into_response(),
    )
}

async fn read(body: Body) -> Result<Vec<u8>, Answer> {
    read_up_to(body, &limits::WEBHOOK).await.map_err(|status| {
        let outcome = if status == StatusCode::BAD_REQUEST {
            RequestOutcome::Malformed
        } else {
            RequestOutcome::Limited
        };
        (outcome, status.into_response())
    })
}

/// Reads a body up to the size and within the time of a limit.
pub async fn read_up_to(body: Body, limit: &Limit) -> Result<Vec<u8>, StatusCode> {
    match timeout(limit.time(), Limited::new(body, limit.length()).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes().to_vec()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Ok(Err(error)) => {
            tracing::debug!(reason = %error, "failed to read the body of a request");
            Err(StatusCode::BAD_REQUEST)
        }
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

fn delivery(notification: Notification, body: Vec<u8>) -> Delivery {
    let pushes = notification.pushes.into_iter();
    Delivery {
        at: clock::milliseconds(),
        source: source(notification.source).to_owned(),
        body,
        push_events: pushes
            .map(|it| PushEvent {
                repository: it.repository,
                tag: it.tag,
                digest: it.digest,
            })
            .collect(),
    }
}

fn source(of: webhook::Source) -> &'static str {
    match of {
        webhook::Source::DockerHub => "docker-hub",
        webhook::Source::Distribution => "distribution",
    }
}
