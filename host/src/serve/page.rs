//! The status page, and health, version and metrics for programs. `overview` says what the page shows of environments
//! and deployments.
//!
//! Source of the paths with underscores: <https://github.com/mozilla-services/Dockerflow>.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::get;

use super::display::{self, RequestState};
use super::overview::{Overview, When};
use super::timelines::{self, Timelines};
use super::{Shared, metrics};
use crate::clock;
use crate::contract::names::Named as _;
use crate::deployment::damaged::Damaged;
use crate::deployment::timeline::Timeline;
use crate::deployment::{LISTED, outbox};
use crate::journal::inbox::{
    Counts, DeploymentRequest, DeploymentRequestState, Inbox, PushEventRow,
};
use crate::journal::{self, Header, Store, open_inbox};
use crate::text::time;

/// How many deployment requests and push events the page shows.
const SHOWN: usize = 50;

/// How old the shown status may be: many clients cause one read of the store.
const FRESH: Duration = Duration::from_millis(500);

/// Permits the page's own style sheet and script, and requests to its own server.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const STYLE: &str = include_str!("../../templates/serve/page.css");

const SCRIPT: &str = include_str!("../../templates/serve/live.js");

/// Reads the status of the server from the store, and keeps it for a moment.
pub struct StatusReader {
    shared: Arc<Shared>,
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    store: Option<(Box<dyn Inbox>, Box<dyn Store>)>,
    timelines: Timelines,
    status: Option<(Instant, Result<Status, String>)>,
}

/// The newest entries of the inbox, as the page shows them.
#[derive(Clone, Debug)]
struct Status {
    counts: Counts,
    overview: Overview,
    deployment_requests: Vec<RequestRow>,
    push_events: Vec<PushRow>,
    /// A sentence about the messages that Slack has not accepted; `None` without such messages.
    unsent: Option<String>,
    /// The deployments whose records can't be read.
    damaged: Vec<Damaged>,
}

#[derive(Clone, Debug)]
struct RequestRow {
    id: u64,
    repository: String,
    tag: String,
    digest: Option<String>,
    environment: String,
    state: &'static str,
    text: String,
    again: Option<When>,
    attempts: u32,
    created: When,
    updated: When,
    deployment: Option<u64>,
}

#[derive(Clone, Debug)]
struct PushRow {
    repository: String,
    tag: String,
    digest: Option<String>,
    deliveries: u64,
    last: When,
    state: &'static str,
    text: String,
}

#[derive(Template)]
#[template(path = "serve.html")]
struct Page<'a> {
    status: &'a Result<Status, String>,
    now: When,
    reconciles: bool,
    repositories: &'a [String],
    trigger: &'static str,
}

impl StatusReader {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            cache: Mutex::default(),
        }
    }

    /// The status, from the cache or the store. Blocks.
    fn status(&self) -> Result<Status, String> {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, status)) = &cache.status
            && at.elapsed() < FRESH
        {
            return status.clone();
        }
        let status = self.read(&mut cache).map_err(|error| {
            cache.store = None;
            self.shared.metrics.store_failed();
            let message = crate::error::Error::from(error).message;
            tracing::warn!(reason = message, "failed to read the status from the store");
            message
        });
        cache.status = Some((Instant::now(), status.clone()));
        status
    }

    fn read(&self, cache: &mut Cache) -> journal::Result<Status> {
        let location = &self.shared.context.location;
        let (inbox, journal) = match &mut cache.store {
            Some(store) => store,
            none => none.insert((open_inbox(location)?, journal::open(location)?)),
        };
        let now = clock::milliseconds();
        let mut deployment_requests = Vec::new();
        for request in inbox.deployment_requests(SHOWN)? {
            // A deployment that shares this journal has its conclusion there.
            let begun = journal.of_request(&request.key)?;
            deployment_requests.push(request_row(request, begun.as_ref(), now));
        }
        let push_events = inbox.push_events(SHOWN)?.into_iter();
        let push_events = push_events.map(|it| push_row(it, now)).collect();
        let counts = inbox.counts()?;
        let (open, damaged) = cache.timelines.read(journal.as_mut())?;
        let timelines = cache.timelines.with(&open);
        let mut environments = Vec::new();
        for environment in &self.shared.context.config.settings.environments {
            let name = environment.name.as_str();
            environments.push((name, journal.baseline(name)?));
        }
        Ok(Status {
            counts,
            overview: Overview::of(environments.into_iter(), &timelines, now),
            deployment_requests,
            push_events,
            unsent: outbox::not_taken(&journal.unsent(LISTED)?),
            damaged,
        })
    }

    /// A deployment as its journal has it now. Blocks.
    pub fn timeline(&self, number: u64) -> Result<Option<Timeline>, String> {
        timelines::one(&self.shared.context.location, number).map_err(|error| error.message)
    }

    /// The folder with the logs of a deployment.
    pub fn folder(&self, number: u64) -> PathBuf {
        let records = &self.shared.context.config.records;
        records.join("deployments").join(number.to_string())
    }

    fn page(&self) -> Result<String, askama::Error> {
        let serve = &self.shared.context.serve;
        Page {
            status: &self.status(),
            now: {
                let now = clock::milliseconds();
                When {
                    exact: time::exact(now),
                    text: time::instant(now),
                }
            },
            reconciles: serve.registry.is_some(),
            repositories: &serve.repositories,
            trigger: serve
                .elsewhere
                .as_ref()
                .map_or("greenlight run", |it| it.name()),
        }
        .render()
    }
}

impl Status {
    /// How many deployment requests a person has to check.
    fn needs_attention(&self) -> u64 {
        self.counts.unknown + self.counts.retrying
    }

    /// How many deployment requests are in which state.
    fn headline(&self) -> String {
        let counts = &self.counts;
        let mut parts = Vec::new();
        match self.needs_attention() {
            0 => {}
            1 => parts.push("1 needs attention".to_owned()),
            more => parts.push(format!("{more} need attention")),
        }
        match counts.pending {
            0 => {}
            1 => parts.push("1 push event queued".to_owned()),
            more => parts.push(format!("{more} push events queued")),
        }
        let waiting = counts.wanted + counts.waiting + counts.starting;
        parts.push(format!("{waiting} waiting"));
        parts.push(format!("{} started", counts.started));
        parts.join(", ")
    }
}

fn request_row(request: DeploymentRequest, begun: Option<&Header>, now: u64) -> RequestRow {
    let again = match request.state {
        DeploymentRequestState::Waiting { again_at, .. }
        | DeploymentRequestState::Starting { again_at, .. }
        | DeploymentRequestState::Retrying { again_at, .. } => {
            Some(again_at).filter(|it| *it > 0).map(|it| When {
                exact: time::exact(it),
                text: format!("{} UTC", time::clock(it)),
            })
        }
        _ => None,
    };
    let conclusion = begun.and_then(|it| it.conclusion);
    let state = RequestState::of(&request.state);
    RequestRow {
        state: match (state, conclusion) {
            (RequestState::Started, Some(conclusion)) => conclusion.name(),
            _ => state.name(),
        },
        id: request.id,
        text: display::request_state_text(&request.state, conclusion),
        again,
        repository: request.repository,
        tag: request.tag,
        digest: request.digest,
        environment: request.environment,
        attempts: request.attempts,
        created: When::of(request.created, now),
        updated: When::of(request.updated, now),
        deployment: begun.map(|it| it.number),
    }
}

fn push_row(row: PushEventRow, now: u64) -> PushRow {
    let (state, text) = display::push_event_state(row.state);
    PushRow {
        repository: row.push_event.repository,
        tag: row.push_event.tag,
        digest: row.push_event.digest,
        deliveries: row.deliveries,
        last: When::of(row.last, now),
        state,
        text,
    }
}

/// The routes of the page and of what programs ask for.
pub fn routes<S: Clone + Send + Sync + 'static>(reader: Arc<StatusReader>) -> Router<S> {
    Router::new()
        .route("/", get(status_page))
        .route("/page.css", get(|| async { file("text/css", STYLE) }))
        .route(
            "/live.js",
            get(|| async { file("text/javascript", SCRIPT) }),
        )
        .route("/__version__", get(version))
        .route("/__heartbeat__", get(heartbeat))
        .route("/metrics", get(metrics_text))
        .with_state(reader)
}

/// Reads the status in a thread that may block.
pub async fn read<T: Send + 'static>(
    reader: Arc<StatusReader>,
    read: impl FnOnce(&StatusReader) -> T + Send + 'static,
) -> Result<T, Response> {
    tokio::task::spawn_blocking(move || read(&reader))
        .await
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

async fn status_page(State(reader): State<Arc<StatusReader>>) -> Result<Response, Response> {
    let page = read(reader, StatusReader::page).await?;
    let page = page.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())?;
    Ok((
        [
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::CACHE_CONTROL, "no-store"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ],
        Html(page),
    )
        .into_response())
}

async fn version() -> Response {
    let version = serde_json::json!({
        "source": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "commit": option_env!("GREENLIGHT_BUILD_COMMIT").unwrap_or_default(),
        "build": option_env!("GREENLIGHT_BUILD_URL").unwrap_or_default(),
    });
    json(StatusCode::OK, &version)
}

async fn heartbeat(State(reader): State<Arc<StatusReader>>) -> Result<Response, Response> {
    let lost = reader.shared.workers_lost.load(Ordering::Relaxed);
    let ingest_failed = reader.shared.ingest_failed.load(Ordering::Relaxed);
    let store = match read(reader, StatusReader::status).await? {
        Ok(_) if ingest_failed => {
            Err("the last webhooks could not be stored; see the log".to_owned())
        }
        other => other.map(drop),
    };
    let check = |is_ok| if is_ok { "ok" } else { "error" };
    let is_healthy = store.is_ok() && lost == 0;
    let mut details = serde_json::Map::new();
    if let Err(why) = &store {
        details.insert("store".to_owned(), why.as_str().into());
    }
    if lost > 0 {
        let why = format!("workers that panicked: {lost}; see the log, and restart the server");
        details.insert("workers".to_owned(), why.into());
    }
    let status = if is_healthy {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    Ok(json(
        status,
        &serde_json::json!({
            "status": check(is_healthy),
            "checks": { "store": check(store.is_ok()), "workers": check(lost == 0) },
            "details": details,
        }),
    ))
}

async fn metrics_text(State(reader): State<Arc<StatusReader>>) -> Result<Response, Response> {
    let text = read(reader, |reader| {
        // Without the store, the metrics of this process are still written.
        let counts = reader.status().map(|status| status.counts).ok();
        let lost = reader.shared.workers_lost.load(Ordering::Relaxed);
        reader.shared.metrics.text(counts.as_ref(), lost)
    });
    Ok(([(header::CONTENT_TYPE, metrics::MEDIA_TYPE)], text.await?).into_response())
}

fn file(kind: &'static str, text: &'static str) -> Response {
    const STATIC: (HeaderName, &str) = (header::CACHE_CONTROL, "no-cache");
    ([(header::CONTENT_TYPE, kind), STATIC], text).into_response()
}

fn json(status: StatusCode, body: &serde_json::Value) -> Response {
    const TYPE: (HeaderName, &str) = (header::CONTENT_TYPE, "application/json");
    (status, [TYPE], body.to_string()).into_response()
}
