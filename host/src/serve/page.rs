//! What people and machines ask a receiver: the status page, health, version, metrics.
//!
//! Source of the paths with underscores: <https://github.com/mozilla-services/Dockerflow>.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::get;

use super::{Shared, metrics, words};
use crate::clock;
use crate::deployment::log::explained;
use crate::journal::inbox::{
    Counts, DeploymentRequest, DeploymentRequestState, Inbox, PushEventRow, PushEventState,
};
use crate::journal::{self, Store, open_inbox};
use crate::text::time;

/// How many starts and pushes the page shows.
const SHOWN: usize = 50;

/// How old an answer from the store may be. Many who look are one who asks.
const FRESH: Duration = Duration::from_millis(500);

/// Nothing but the page's own style and script, which asks its own server.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const STYLE: &str = include_str!("../../templates/serve/page.css");

const SCRIPT: &str = include_str!("../../templates/serve/live.js");

/// A look into the store, for those who ask over HTTP.
pub struct View {
    shared: Arc<Shared>,
    looking: Mutex<Looking>,
}

#[derive(Default)]
struct Looking {
    store: Option<(Box<dyn Inbox>, Box<dyn Store>)>,
    seen: Option<(Instant, Result<Board, String>)>,
}

/// What the store holds, as the page shows it.
#[derive(Clone, Debug)]
struct Board {
    counts: Counts,
    starts: Vec<Row>,
    pushes: Vec<Push>,
}

#[derive(Clone, Debug)]
struct Row {
    id: u64,
    repository: String,
    tag: String,
    digest: Option<String>,
    environment: String,
    state: &'static str,
    words: String,
    again: Option<String>,
    attempts: u32,
    created: String,
    updated: String,
}

#[derive(Clone, Debug)]
struct Push {
    repository: String,
    tag: String,
    digest: Option<String>,
    deliveries: u64,
    last: String,
    state: &'static str,
    words: String,
}

#[derive(Template)]
#[template(path = "serve.html")]
struct Page<'a> {
    board: &'a Result<Board, String>,
    now: String,
    reconciles: bool,
    repositories: &'a [String],
    starter: &'static str,
}

impl View {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            looking: Mutex::default(),
        }
    }

    /// Asks the store, unless somebody just has. Blocks.
    fn look(&self) -> Result<Board, String> {
        let mut looking = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, seen)) = &looking.seen
            && at.elapsed() < FRESH
        {
            return seen.clone();
        }
        let seen = self.ask(&mut looking).map_err(|error| {
            looking.store = None;
            self.shared.metrics.store_failed();
            explained(&error).message
        });
        looking.seen = Some((Instant::now(), seen.clone()));
        seen
    }

    fn ask(&self, looking: &mut Looking) -> journal::Result<Board> {
        let location = &self.shared.context.location;
        let (inbox, journal) = match &mut looking.store {
            Some(store) => store,
            none => none.insert((open_inbox(location)?, journal::open(location)?)),
        };
        let mut starts = Vec::new();
        for start in inbox.deployment_requests(SHOWN)? {
            // How it went on stands in the journal, where the deployment is in the same one.
            let begun = journal.of_request(&start.key)?;
            let end = begun.and_then(|it| it.conclusion);
            starts.push(row(start, end));
        }
        Ok(Board {
            counts: inbox.counts()?,
            starts,
            pushes: inbox.push_events(SHOWN)?.into_iter().map(push).collect(),
        })
    }

    fn page(&self) -> Result<String, askama::Error> {
        let serve = &self.shared.context.serve;
        Page {
            board: &self.look(),
            now: time::instant(clock::milliseconds()),
            reconciles: serve.registry.is_some(),
            repositories: &serve.repositories,
            starter: serve
                .elsewhere
                .as_ref()
                .map_or("greenlight run", |it| it.name()),
        }
        .render()
    }
}

impl Board {
    /// How many starts a person has to look at.
    fn needs_a_look(&self) -> u64 {
        self.counts.unknown + self.counts.retrying
    }

    fn headline(&self) -> String {
        let counts = &self.counts;
        let waiting = counts.wanted + counts.waiting + counts.starting;
        let mut parts = Vec::new();
        if self.needs_a_look() > 0 {
            let (needs, verb) = (
                self.needs_a_look(),
                if self.needs_a_look() == 1 {
                    "needs"
                } else {
                    "need"
                },
            );
            parts.push(format!("{needs} {verb} a look"));
        }
        if counts.pending > 0 {
            parts.push(format!("{} came in", counts.pending));
        }
        parts.push(match waiting {
            0 => "nothing waits".to_owned(),
            1 => "1 waits".to_owned(),
            some => format!("{some} wait"),
        });
        parts.push(format!("{} started", counts.started));
        parts.join(", ")
    }
}

fn row(start: DeploymentRequest, end: Option<String>) -> Row {
    let again = match start.state {
        DeploymentRequestState::Waiting { again_at, .. }
        | DeploymentRequestState::Starting { again_at, .. }
        | DeploymentRequestState::Retrying { again_at, .. } => {
            Some(again_at).filter(|it| *it > 0).map(time::clock)
        }
        _ => None,
    };
    let state = match start.state {
        DeploymentRequestState::Started {
            reference,
            finished: None,
        } => DeploymentRequestState::Started {
            reference,
            finished: end,
        },
        other => other,
    };
    let ended_badly = matches!(&state, DeploymentRequestState::Started { finished: Some(how), .. } if how == "stopped");
    Row {
        state: if ended_badly {
            "failed"
        } else {
            words::name(&state)
        },
        id: start.id,
        words: words::state(&state),
        again,
        repository: start.repository,
        tag: start.tag,
        digest: start.digest,
        environment: start.environment,
        attempts: start.attempts,
        created: time::instant(start.created),
        updated: time::instant(start.updated),
    }
}

fn push(row: PushEventRow) -> Push {
    let (state, words) = match row.state {
        PushEventState::Pending { why: None, .. } => {
            ("pending", "is about to be looked into".to_owned())
        }
        PushEventState::Pending { why: Some(why), .. } => {
            ("pending", format!("can't be looked into yet: {why}"))
        }
        PushEventState::Ignored { why } => ("ignored", format!("starts nothing: {why}")),
        PushEventState::Wanted { request } => ("wanted", format!("asks for start {request}")),
    };
    Push {
        repository: row.push_event.repository,
        tag: row.push_event.tag,
        digest: row.push_event.digest,
        deliveries: row.deliveries,
        last: time::instant(row.last),
        state,
        words,
    }
}

/// The routes.
pub fn routes<S: Clone + Send + Sync + 'static>(view: Arc<View>) -> Router<S> {
    Router::new()
        .route("/", get(status))
        .route("/page.css", get(|| async { file("text/css", STYLE) }))
        .route(
            "/live.js",
            get(|| async { file("text/javascript", SCRIPT) }),
        )
        .route("/__version__", get(version))
        .route("/__heartbeat__", get(heartbeat))
        .route("/metrics", get(measured))
        .with_state(view)
}

/// Looks where it may block.
async fn look<T: Send + 'static>(
    view: Arc<View>,
    look: impl FnOnce(&View) -> T + Send + 'static,
) -> Result<T, Response> {
    tokio::task::spawn_blocking(move || look(&view))
        .await
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

async fn status(State(view): State<Arc<View>>) -> Result<Response, Response> {
    let page = look(view, View::page).await?;
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

async fn heartbeat(State(view): State<Arc<View>>) -> Result<Response, Response> {
    let lost = view.shared.lost.load(Ordering::Relaxed);
    let refused = view.shared.refused.load(Ordering::Relaxed);
    let store = look(view, View::look).await?;
    let store = match store {
        Ok(_) if refused => Err("what came in last could not be stored: see the log".to_owned()),
        other => other.map(drop),
    };
    let word = |well| if well { "ok" } else { "error" };
    let well = store.is_ok() && lost == 0;
    let mut details = serde_json::Map::new();
    if let Err(why) = &store {
        details.insert("store".to_owned(), why.as_str().into());
    }
    if lost > 0 {
        let why = format!("{lost} threads have ended: see the log, and start greenlight again");
        details.insert("workers".to_owned(), why.into());
    }
    let status = if well {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    Ok(json(
        status,
        &serde_json::json!({
            "status": word(well),
            "checks": { "store": word(store.is_ok()), "workers": word(lost == 0) },
            "details": details,
        }),
    ))
}

async fn measured(State(view): State<Arc<View>>) -> Result<Response, Response> {
    let text = look(view, |view| {
        // What is counted here is told also while the store does not answer.
        let counts = view.look().map(|board| board.counts).ok();
        let lost = view.shared.lost.load(Ordering::Relaxed);
        view.shared.metrics.text(counts.as_ref(), lost)
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
