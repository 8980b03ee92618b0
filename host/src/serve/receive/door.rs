//! Who may come in, and what they are told.

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

use super::accept::{Acceptor, Handover, NotStored};
use super::token::Token;
use crate::clock;
use crate::facts::webhook::{self, Notification};
use crate::journal::inbox::{Delivery, PushEvent};
use crate::serve::Shared;
use crate::serve::metrics::Answered;
use crate::serve::page::{self, View};

/// How long the body of a request may take.
const BODY: Duration = Duration::from_secs(10);

/// How long a request may wait to be stored.
const STORING: Duration = Duration::from_secs(2);

/// What a sender is told to wait for when there is no room.
const LATER: (HeaderName, &str) = (header::RETRY_AFTER, "1");

/// The routes and what they need.
#[derive(Clone)]
pub struct Door {
    pub(super) shared: Arc<Shared>,
    handover: Handover,
    token: Token,
    view: Arc<View>,
    /// The minute in which a refusal was last said.
    refused: Arc<AtomicU64>,
    /// How many webhooks with the secret have arrived.
    deliveries: Arc<AtomicU64>,
}

impl Door {
    /// A door for those who know the secret.
    pub fn new(shared: Arc<Shared>, acceptor: &Acceptor, token: &Token) -> Self {
        Self {
            view: Arc::new(View::new(Arc::clone(&shared))),
            shared,
            handover: acceptor.handover(),
            token: token.clone(),
            refused: Arc::default(),
            deliveries: Arc::default(),
        }
    }

    pub(super) fn routes(self) -> Router {
        Router::new()
            .route("/hooks", post(by_header))
            .route("/hooks/{secret}", post(by_path))
            .merge(page::routes(Arc::clone(&self.view)))
            .route("/__lbheartbeat__", get(|| async { StatusCode::OK }))
            .with_state(self)
    }

    async fn receive(&self, headers: &HeaderMap, body: Body) -> Response {
        let delivery = self.deliveries.fetch_add(1, Ordering::Relaxed) + 1;
        let span = tracing::error_span!("delivery", delivery, source = tracing::field::Empty);
        self.respond(headers, body).instrument(span).await
    }

    async fn respond(&self, headers: &HeaderMap, body: Body) -> Response {
        let began = Instant::now();
        let (outcome, response) = match self.answer(headers, body).await {
            Ok(outcome) => outcome,
            Err(refused) => refused,
        };
        if outcome == Answered::Stored {
            self.shared
                .metrics
                .accepted
                .observe(began.elapsed().as_secs_f64());
        }
        self.count(outcome, response)
    }

    async fn answer(
        &self,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<(Answered, Response), (Answered, Response)> {
        let body = read(body).await?;
        let kind = headers.get(header::CONTENT_TYPE);
        let kind = kind.and_then(|it| it.to_str().ok());
        let notification = webhook::parse(&body, kind).map_err(|why| {
            tracing::warn!(reason = %why, "webhook refused: malformed");
            let said = (StatusCode::BAD_REQUEST, format!("{why}\n"));
            (Answered::Malformed, said.into_response())
        })?;
        tracing::Span::current().record("source", source(notification.source));
        if notification.pushes.is_empty() {
            tracing::debug!("webhook without a pushed tag");
            let said = (StatusCode::OK, "nothing was pushed under a tag\n");
            return Ok((Answered::Nothing, said.into_response()));
        }
        let delivery = delivery(notification, body);
        let push_events = delivery.push_events.clone();
        match timeout(STORING, self.handover.store(delivery)).await {
            Ok(Ok(())) => {
                for PushEvent {
                    repository,
                    tag,
                    digest,
                } in push_events
                {
                    tracing::info!(repository, tag, digest, "push event stored");
                }
                let said = (StatusCode::ACCEPTED, "stored\n");
                Ok((Answered::Stored, said.into_response()))
            }
            Ok(Err(NotStored::Full)) => {
                tracing::warn!("webhook answered with 503: too many wait to be stored");
                Err((Answered::Shed, later(StatusCode::SERVICE_UNAVAILABLE)))
            }
            // It may be stored all the same; to send it again does no harm.
            Ok(Err(NotStored::Failed)) | Err(_) => {
                tracing::warn!("webhook answered with 503: not stored in time");
                Err((Answered::Failed, later(StatusCode::SERVICE_UNAVAILABLE)))
            }
        }
    }

    fn count(&self, outcome: Answered, response: Response) -> Response {
        self.shared.metrics.answered(outcome);
        let why = match outcome {
            Answered::Forged => {
                "missing or wrong secret; if it was changed, configure the registry with the new one"
            }
            Answered::Limited => "the body is larger than 1 MiB, or arrived too slowly",
            _ => return response,
        };
        // Any client can send such requests: one a minute is a warning, and the metrics count them all.
        let (minute, last) = (clock::seconds() / 60, &self.refused);
        if last.swap(minute, Ordering::Relaxed) == minute {
            tracing::debug!(reason = why, "webhook refused");
        } else {
            tracing::warn!(reason = why, "webhook refused");
        }
        response
    }
}

/// The answer to whoever should come again.
pub(super) fn later(status: StatusCode) -> Response {
    (status, [LATER], "try again later\n").into_response()
}

async fn by_header(State(door): State<Door>, headers: HeaderMap, body: Body) -> Response {
    let shown = headers.get(header::AUTHORIZATION);
    let shown = shown
        .and_then(|it| bearer(it.as_bytes()))
        .unwrap_or_default();
    if door.token.is(shown) {
        return door.receive(&headers, body).await;
    }
    let said = (
        StatusCode::UNAUTHORIZED,
        [(header::WWW_AUTHENTICATE, "Bearer realm=\"greenlight\"")],
        "the secret is missing or another one\n",
    );
    door.count(Answered::Forged, said.into_response())
}

async fn by_path(
    State(door): State<Door>,
    Path(secret): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    if door.token.is(secret.as_bytes()) {
        return door.receive(&headers, body).await;
    }
    // As for any path that there is not.
    door.count(Answered::Forged, StatusCode::NOT_FOUND.into_response())
}

/// What an `Authorization` header shows as a bearer token.
///
/// Source: RFC 6750, section 2.1; the scheme's case does not matter.
fn bearer(header: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = header.split_at_checked(7)?;
    scheme
        .eq_ignore_ascii_case(b"bearer ")
        .then(|| token.trim_ascii())
}

async fn read(body: Body) -> Result<Vec<u8>, (Answered, Response)> {
    let limited = |status: StatusCode| (Answered::Limited, status.into_response());
    let body = Limited::new(body, webhook::LONGEST).collect();
    match timeout(BODY, body).await {
        Ok(Ok(body)) => Ok(body.to_bytes().to_vec()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(limited(StatusCode::PAYLOAD_TOO_LARGE))
        }
        Ok(Err(_)) => Err((Answered::Malformed, StatusCode::BAD_REQUEST.into_response())),
        Err(_) => Err(limited(StatusCode::REQUEST_TIMEOUT)),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_token_is_told_from_everything_else() {
        for (header, token) in [
            (&b"Bearer hush"[..], Some(&b"hush"[..])),
            (b"bearer  hush ", Some(b"hush")),
            (b"Bearer ", Some(b"")),
            (b"Basic aHVzaA==", None),
            (b"Bearer", None),
            (b"hush", None),
            (b"", None),
        ] {
            assert_eq!(bearer(header), token);
        }
    }
}
