//! People approve, reject, hold and cancel a deployment over HTTP: programs with JSON, browsers with the form of the page.
//!
//! A token permits it. It is in a header or in the body, never in the address, so that it is in no log and no history, and
//! another site can't send the request for a person.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::post;
use tokio::sync::Semaphore;

use super::Shared;
use super::approvers::{Approvers, Named};
use super::deployment_page::Pages;
use super::intervention_request::{Fields, wants_page};
use super::router::read_up_to;
use crate::contract::names::Named as _;
use crate::contract::promotion::InterventionKind;
use crate::deployment::entry::Person;
use crate::deployment::{
    self, DeliveryState, Error, InterventionDocument, NewIntervention, needs_reason,
};
use crate::journal;
use crate::limits;
use crate::report::html::Form;
use crate::text::json;

/// How long a request waits for the deployment to record the intervention. The next page shows it then.
const PATIENCE: Duration = Duration::from_secs(3);

/// How many requests wait at the same time. The others are answered before the deployment has recorded anything, so that
/// pages can always be read.
const WAITING: usize = 2;

#[derive(Clone)]
struct Interventions {
    shared: Arc<Shared>,
    approvers: Approvers,
    pages: Pages,
    waiting: Arc<Semaphore>,
}

/// Why nothing was sent.
struct Refusal {
    status: StatusCode,
    why: String,
}

/// The routes of interventions.
pub fn routes<S: Clone + Send + Sync + 'static>(
    shared: Arc<Shared>,
    approvers: Approvers,
    pages: Pages,
) -> Router<S> {
    let route = |kind: InterventionKind| {
        post(
            move |State(it): State<Interventions>, Path(number), headers, body| async move {
                it.receive(kind, number, &headers, body).await
            },
        )
        .get(|Path(number): Path<u64>| async move {
            Redirect::to(&format!("/deployments/{number}"))
        })
    };
    Router::new()
        .route(
            "/deployments/{number}/approve",
            route(InterventionKind::Approved),
        )
        .route(
            "/deployments/{number}/reject",
            route(InterventionKind::Rejected),
        )
        .route("/deployments/{number}/hold", route(InterventionKind::Held))
        .route(
            "/deployments/{number}/cancel",
            route(InterventionKind::Canceled),
        )
        .with_state(Interventions {
            shared,
            approvers,
            pages,
            waiting: Arc::new(Semaphore::new(WAITING)),
        })
}

impl Interventions {
    async fn receive(
        &self,
        kind: InterventionKind,
        number: u64,
        headers: &HeaderMap,
        body: Body,
    ) -> Response {
        let body = match read_up_to(body, &limits::FORM).await {
            Ok(body) => body,
            Err(status) => return status.into_response(),
        };
        let is_page = wants_page(headers);
        let (fields, sent) = match Fields::read(headers, &body) {
            Ok(fields) => {
                let sent = self.send(kind, number, headers, &fields).await;
                (fields, sent)
            }
            Err(why) => {
                let refusal = Refusal::of(StatusCode::BAD_REQUEST, why);
                (Fields::default(), Err(refusal))
            }
        };
        match sent {
            Ok(_) if is_page => Redirect::to(&format!("/deployments/{number}")).into_response(),
            Ok(sent) => {
                let status = match sent.state() {
                    DeliveryState::Recorded => StatusCode::OK,
                    DeliveryState::Sent | DeliveryState::Stored => StatusCode::ACCEPTED,
                };
                answer(status, &sent)
            }
            Err(refusal) => {
                tracing::warn!(
                    deployment = number,
                    intervention = kind.name(),
                    reason = refusal.why,
                    "intervention refused"
                );
                if is_page {
                    return self.page(number, fields, refusal).await;
                }
                answer(refusal.status, &serde_json::json!({ "error": refusal.why }))
            }
        }
    }

    /// Checks a request, and sends the intervention to the deployment.
    async fn send(
        &self,
        kind: InterventionKind,
        number: u64,
        headers: &HeaderMap,
        fields: &Fields,
    ) -> Result<InterventionDocument, Refusal> {
        let claimed = fields.by.as_deref();
        let named = self
            .approvers
            .identify(kind, headers, &fields.token, claimed)
            .map_err(|it| Refusal::of(it.status, it.why))?;
        if needs_reason(kind) && fields.reason.is_none() {
            let why = "the reason is missing";
            return Err(Refusal::of(StatusCode::BAD_REQUEST, why));
        }
        let Named { name, is_proven } = named;
        let new = NewIntervention {
            kind,
            person: Person {
                name,
                reason: fields.reason.clone(),
                proven: is_proven,
            },
            environment: fields.environment.clone(),
        };
        let digest = fields.digest.clone();
        let shared = Arc::clone(&self.shared);
        let permit = Arc::clone(&self.waiting).try_acquire_owned().ok();
        let sent = tokio::task::spawn_blocking(move || {
            let patience = permit.as_ref().map_or(Duration::ZERO, |_| PATIENCE);
            let sent = send(&shared, number, &new, digest.as_deref(), patience);
            shared.notify.all();
            sent
        });
        let failed = |_| Refusal::of(StatusCode::INTERNAL_SERVER_ERROR, "the server failed");
        sent.await.map_err(failed)?
    }

    /// The page of the deployment, with what the person entered and why nothing was sent.
    async fn page(&self, number: u64, fields: Fields, refusal: Refusal) -> Response {
        let form = Form {
            problem: capitalized(&refusal.why),
            environment: fields.environment.unwrap_or_default(),
            by: fields.by.unwrap_or_default(),
            reason: fields.reason.unwrap_or_default(),
            ..Form::default()
        };
        let page = self.pages.page(number, false, refusal.status, form).await;
        page.unwrap_or_else(|failed| failed)
    }
}

/// Sends an intervention. Blocks.
fn send(
    shared: &Shared,
    number: u64,
    new: &NewIntervention,
    digest: Option<&str>,
    patience: Duration,
) -> Result<InterventionDocument, Refusal> {
    let header = || {
        let read = journal::open(&shared.context.location).and_then(|mut it| it.deployment(number));
        read.map_err(|error| Refusal::from(Error::from(error)))
    };
    let Some(found) = header()? else {
        let why = format!("deployment {number} does not exist");
        return Err(Refusal::of(StatusCode::NOT_FOUND, why));
    };
    if let Some(digest) = digest
        && found.digest.as_deref() != Some(digest)
    {
        let image = found.digest.as_deref().unwrap_or("an unknown image");
        let why = format!("deployment {number} is about {image}, and the request about {digest}");
        return Err(Refusal::of(StatusCode::CONFLICT, why));
    }
    tracing::info!(
        deployment = number,
        intervention = new.kind.name(),
        reason = new.person.in_words(),
        "a person intervenes"
    );
    let config = &shared.context.config;
    let sent = match new.kind {
        // Its driver ends it soon; the page shows that.
        InterventionKind::Canceled => {
            deployment::cancel(config, number, &new.person, Duration::ZERO, &mut |_| {})
                .map(|end| InterventionDocument::canceled(number, &new.person, &end))
        }
        _ => deployment::intervene(config, number, new, patience)
            .map(|sent| InterventionDocument::new(number, &sent)),
    };
    let Err(error) = sent else {
        return sent.map_err(Refusal::from);
    };
    let mut refusal = Refusal::from(error);
    // The deployment may have ended meanwhile.
    let has_ended = header()?.is_none_or(|it| it.conclusion.is_some());
    if refusal.status == StatusCode::CONFLICT
        && new.kind != InterventionKind::Canceled
        && !has_ended
    {
        refusal.status = StatusCode::BAD_REQUEST;
    }
    Err(refusal)
}

impl Refusal {
    fn of(status: StatusCode, why: impl Into<String>) -> Self {
        Self {
            status,
            why: why.into(),
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let status = match &error {
            Error::Host(_) => StatusCode::CONFLICT,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self::of(status, crate::error::Error::from(error).message)
    }
}

fn answer(status: StatusCode, body: &impl serde::Serialize) -> Response {
    let Ok(text) = json::pretty(body) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    let mut response = (status, headers, text).into_response();
    if status == StatusCode::UNAUTHORIZED {
        let ask = header::HeaderValue::from_static("Bearer realm=\"greenlight\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, ask);
    }
    response
}

/// A sentence of a page: it begins with an upper case letter and ends with a full stop.
fn capitalized(why: &str) -> String {
    let mut letters = why.chars();
    let first = letters.next().map(|it| it.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}
