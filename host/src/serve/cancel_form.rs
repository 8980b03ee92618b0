//! The form that cancels a deployment: a page without script, and the request that it sends.
//!
//! The token of the webhooks permits it. It is in the body or in a header, never in the address, so that it is in no log
//! and no history, and another site can't send the request for a person.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::get;

use super::Shared;
use super::authenticate::WebhookSecret;
use super::router::read_up_to;
use crate::deployment::entry::Person;
use crate::deployment::{self, Error};
use crate::error;
use crate::journal;
use crate::limits;

/// Permits the style sheet and the form.
const POLICY: &str = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";

#[derive(Clone)]
struct Form {
    shared: Arc<Shared>,
    secret: WebhookSecret,
}

#[derive(Template)]
#[template(path = "serve/cancel.html")]
struct Page<'a> {
    number: u64,
    tag: &'a str,
    problem: &'a str,
    by: &'a str,
    reason: &'a str,
}

/// The fields of the form.
#[derive(Debug, Default, PartialEq, Eq)]
struct Fields {
    by: String,
    reason: String,
    token: String,
}

/// The route of the form.
pub fn routes<S: Clone + Send + Sync + 'static>(
    shared: Arc<Shared>,
    secret: WebhookSecret,
) -> Router<S> {
    Router::new()
        .route("/deployments/{number}/cancel", get(show).post(send))
        .with_state(Form { shared, secret })
}

async fn show(State(form): State<Form>, Path(number): Path<u64>) -> Response {
    form.page(number, Fields::default(), StatusCode::OK, "")
        .await
}

async fn send(
    State(form): State<Form>,
    Path(number): Path<u64>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let body = match read_up_to(body, &limits::FORM).await {
        Ok(body) => body,
        Err(status) => return status.into_response(),
    };
    let fields = Fields::parse(&body);
    if !form.secret.is_in(&headers) && !form.secret.matches(fields.token.as_bytes()) {
        tracing::warn!(
            deployment = number,
            reason = "missing or wrong token",
            "cancellation refused"
        );
        let problem = "The token is missing or wrong.";
        return form
            .page(number, fields, StatusCode::UNAUTHORIZED, problem)
            .await;
    }
    if fields.by.is_empty() {
        let problem = "Write your name.";
        return form
            .page(number, fields, StatusCode::BAD_REQUEST, problem)
            .await;
    }
    let person = Person {
        name: fields.by.clone(),
        reason: Some(fields.reason.clone()).filter(|it| !it.is_empty()),
        proven: false,
    };
    let words = person.in_words();
    tracing::info!(
        deployment = number,
        reason = words,
        "a person cancels a deployment"
    );
    let shared = Arc::clone(&form.shared);
    let canceled = tokio::task::spawn_blocking(move || {
        let config = &shared.context.config;
        // Its driver ends it soon; the page shows that.
        let canceled = deployment::cancel(config, number, &person, Duration::ZERO, &mut |_| {});
        shared.notify.all();
        canceled
    });
    match canceled.await {
        Ok(Ok(_)) => {
            let page = format!("/deployments/{number}");
            (StatusCode::SEE_OTHER, [(header::LOCATION, page)]).into_response()
        }
        Ok(Err(error)) => {
            let status = match &error {
                Error::Host(_) => StatusCode::CONFLICT,
                _ => StatusCode::SERVICE_UNAVAILABLE,
            };
            let message = error::Error::from(error).message;
            tracing::warn!(deployment = number, reason = message, "cancellation failed");
            form.page(number, fields, status, &message).await
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

impl Form {
    async fn page(
        &self,
        number: u64,
        fields: Fields,
        status: StatusCode,
        problem: &str,
    ) -> Response {
        let location = self.shared.context.location.clone();
        let header =
            tokio::task::spawn_blocking(move || journal::open(&location)?.deployment(number));
        let header = match header.await {
            Ok(Ok(Some(header))) => header,
            Ok(Ok(None)) => return StatusCode::NOT_FOUND.into_response(),
            _ => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        };
        let page = Page {
            number,
            tag: &header.tag,
            problem,
            by: &fields.by,
            reason: &fields.reason,
        };
        let Ok(page) = page.render() else {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        let headers = [
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::CACHE_CONTROL, "no-store"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        (status, headers, Html(page)).into_response()
    }
}

impl Fields {
    /// Reads the body of a form. Unknown fields are ignored.
    ///
    /// Source: <https://url.spec.whatwg.org/#urlencoded-parsing>.
    fn parse(body: &[u8]) -> Self {
        let mut fields = Self::default();
        for field in body.split(|byte| *byte == b'&') {
            let mut parts = field.splitn(2, |byte| *byte == b'=');
            let (name, value) = (parts.next(), parts.next().unwrap_or_default());
            let value = decoded(value);
            match name {
                Some(b"by") => value.trim().clone_into(&mut fields.by),
                Some(b"reason") => value.trim().clone_into(&mut fields.reason),
                Some(b"token") => fields.token = value,
                _ => {}
            }
        }
        fields
    }
}

/// A value with `+` and `%XX` replaced.
fn decoded(value: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut at = 0;
    while let Some(byte) = value.get(at) {
        let digits = value
            .get(at + 1..at + 3)
            .and_then(|it| str::from_utf8(it).ok());
        let code = digits.and_then(|it| u8::from_str_radix(it, 16).ok());
        match (byte, code) {
            (b'%', Some(code)) => {
                bytes.push(code);
                at += 2;
            }
            (b'+', _) => bytes.push(b' '),
            (byte, _) => bytes.push(*byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read() {
        let fields = Fields::parse(b"by=Ada+L%C3%BC&reason=100+%25%21&token=a%2Bb&more=1");
        let expected = Fields {
            by: "Ada L\u{fc}".to_owned(),
            reason: "100 %!".to_owned(),
            token: "a+b".to_owned(),
        };
        assert_eq!(fields, expected);
        for body in [&b""[..], b"&&=&by", b"by=+", b"token"] {
            assert_eq!(Fields::parse(body), Fields::default(), "{body:?}");
        }
    }

    #[test]
    fn a_damaged_value_is_kept_as_it_is() {
        for (value, text) in [
            ("%", "%"),
            ("%4", "%4"),
            ("%zz", "%zz"),
            ("%ff", "\u{fffd}"),
        ] {
            assert_eq!(decoded(value.as_bytes()), text);
        }
    }
}
