//! The page of one deployment: its report, the logs of its steps, and the form with which people intervene.
//!
//! The output of commands may hold secrets. It is shown only with the secret of the webhook: as the password of HTTP's
//! basic authentication, which a browser asks for, or as a bearer token.

use std::path::Path as FilePath;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::get;

use super::authenticate::TokenDigest;
use super::page::{StatusReader, read};
use crate::deployment::timeline::Timeline;
use crate::limits;
use crate::report::html::{self, Form};

/// Permits the style sheet inside the report and its form, and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// What shows deployments.
#[derive(Clone)]
pub struct Pages {
    pub reader: Arc<StatusReader>,
    pub secret: TokenDigest,
    /// Whether people have tokens of their own.
    pub has_people: bool,
}

/// The routes of deployments.
pub fn routes<S: Clone + Send + Sync + 'static>(pages: Pages) -> Router<S> {
    Router::new()
        .route("/deployments/{number}", get(report))
        .route("/deployments/{number}/logs/{name}", get(log))
        .with_state(pages)
}

async fn report(
    State(pages): State<Pages>,
    Path(number): Path<u64>,
    headers: HeaderMap,
) -> Result<Response, Response> {
    let is_secret_known = pages.secret.is_known_to(&headers);
    pages
        .page(number, is_secret_known, StatusCode::OK, Form::default())
        .await
}

impl Pages {
    /// The page of a deployment, with a status and what a person has entered in the form. Only with the secret, it has the
    /// output of commands.
    pub async fn page(
        &self,
        number: u64,
        is_secret_known: bool,
        status: StatusCode,
        form: Form,
    ) -> Result<Response, Response> {
        let mut timeline = timeline(self, number).await?;
        if !is_secret_known {
            timeline.steps.iter_mut().for_each(|it| it.tail.clear());
        }
        let question = timeline.question.as_ref();
        let asked = question.map(|it| it.environment.clone());
        let form = Form {
            has_people: self.has_people,
            // The environment that waits is chosen, unless a person has chosen another one.
            environment: match status {
                StatusCode::OK => asked.unwrap_or_default(),
                _ => form.environment,
            },
            ..form
        };
        let page = html::served_page(&timeline, &form);
        let page = page.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())?;
        let headers = headers_of("text/html; charset=utf-8");
        Ok((status, headers, Html(page)).into_response())
    }
}

async fn log(
    State(pages): State<Pages>,
    Path((number, name)): Path<(u64, String)>,
    headers: HeaderMap,
) -> Result<Response, Response> {
    if !pages.secret.is_known_to(&headers) {
        const ASK: &str = "Basic realm=\"logs: any name, and the secret of the webhook\"";
        let ask = [(header::WWW_AUTHENTICATE, ASK)];
        let text = "the log may hold secrets: send the secret of the webhook as the password\n";
        return Err((StatusCode::UNAUTHORIZED, ask, text).into_response());
    }
    let timeline = timeline(&pages, number).await?;
    // Only a log that the journal names is read: a name from outside is no path.
    let mut steps = timeline.steps.iter();
    let is_known = !name.contains('/') && steps.any(|it| it.log.as_deref() == Some(&name));
    let text = read(pages.reader, move |reader| {
        let folder = reader.folder(number);
        is_known.then(|| end_of(&folder.join(name)).ok()).flatten()
    });
    match text.await? {
        Some(text) => Ok((headers_of("text/plain; charset=utf-8"), text).into_response()),
        None => Err((StatusCode::NOT_FOUND, "the log is not on this machine\n").into_response()),
    }
}

async fn timeline(pages: &Pages, number: u64) -> Result<Timeline, Response> {
    let found = read(Arc::clone(&pages.reader), move |reader| {
        reader.timeline(number)
    });
    match found.await? {
        Ok(Some(timeline)) => Ok(timeline),
        Ok(None) => {
            Err((StatusCode::NOT_FOUND, "this deployment does not exist\n").into_response())
        }
        Err(why) => Err((StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response()),
    }
}

fn headers_of(kind: &'static str) -> [(header::HeaderName, &'static str); 5] {
    [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ]
}

/// The end of a file, as text.
pub(crate) fn end_of(path: &FilePath) -> std::io::Result<String> {
    let bytes = limits::file::read_end(path, &limits::LOG)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
