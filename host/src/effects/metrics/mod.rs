//! Queries a metrics server that has the HTTP API of Prometheus.

mod answer;

pub use answer::Answered;

use ureq::http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION};

use super::Failure;
use crate::contract::promotion::QueryFailureKind;
use crate::http::{Client, compression};
use crate::limits;
use crate::server_settings::{MetricsLogin, MetricsSettings};
use answer::{failed, read};

/// Where queries are sent, below the URL of the server.
const PATH: &str = "/api/v1/query";

/// A metrics server.
pub struct Metrics<'a> {
    settings: &'a MetricsSettings,
    client: Client,
}

impl<'a> Metrics<'a> {
    /// Prepares to query a server.
    pub fn new(settings: &'a MetricsSettings) -> Self {
        let limit = limits::METRICS.within(settings.time_limit);
        Self {
            settings,
            client: Client::new(limit.time(), &settings.trust),
        }
    }

    /// Asks one query, at a time in seconds since 1970, or now.
    pub fn ask(&self, query: &str, at: Option<u64>) -> Answered {
        let url = format!("{}{PATH}", self.settings.url);
        let mut request = self
            .client
            .agent(&url)
            .get(&url)
            .query("query", query)
            .header(ACCEPT, "application/json")
            .header(ACCEPT_ENCODING, "identity");
        if let Some(at) = at {
            request = request.query("time", at.to_string());
        }
        for (name, value) in &self.settings.headers {
            request = request.header(name, value);
        }
        match self.login() {
            Ok(Some(login)) => request = request.header(AUTHORIZATION, login),
            Ok(None) => {}
            Err(why) => return failed(QueryFailureKind::Refused, &why),
        }
        let unreachable = |error: &ureq::Error| {
            let who = "the metrics server";
            let kind = match error {
                ureq::Error::BodyExceedsLimit(_) => QueryFailureKind::Malformed,
                _ => QueryFailureKind::Unreachable,
            };
            let why = Failure::of(error, who, self.settings.time_limit).why;
            failed(kind, &why)
        };
        let mut response = match request.call() {
            Ok(response) => response,
            Err(error) => return unreachable(&error),
        };
        let limit = limits::METRICS.bytes;
        let body = response.body_mut().with_config().limit(limit);
        let body = match body.read_to_vec() {
            Ok(body) => body,
            Err(ureq::Error::BodyExceedsLimit(_)) => {
                let why = format!("the answer has more than {}", limits::METRICS.size());
                return failed(QueryFailureKind::Malformed, &why);
            }
            Err(error) => return unreachable(&error),
        };
        if let Some(how) = compression(response.headers(), &body) {
            let why = format!("the answer is compressed ({how}), which the request does not allow");
            return failed(QueryFailureKind::Malformed, &why);
        }
        read(response.status().as_u16(), &body)
    }

    /// The value of the `Authorization` header.
    fn login(&self) -> Result<Option<String>, String> {
        let said = |error: crate::error::Error| error.message;
        Ok(match &self.settings.login {
            None => None,
            Some(MetricsLogin::Token(token)) => {
                let token = token.token("token of the metrics server").map_err(said)?;
                Some(format!("Bearer {}", token.expose()))
            }
            Some(MetricsLogin::Account { user, password }) => {
                let password = password.token("password of the metrics server");
                Some(http_auth::basic::encode_credentials(
                    user,
                    password.map_err(said)?.expose(),
                ))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;
    use crate::contract::promotion::{QueryAnswer, Reading};
    use crate::effects::stand_in::{StandIn, answer, closed_port, hang};
    use crate::secret::Source;
    use crate::tls::Trust;

    const VALUE: &str = r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"0.5"]}]}}"#;

    fn settings(url: &str) -> MetricsSettings {
        MetricsSettings {
            url: url.to_owned(),
            login: None,
            headers: vec![("X-Scope-OrgID".to_owned(), "shop".to_owned())],
            time_limit: Duration::from_secs(20),
            trust: Trust::default(),
        }
    }

    fn kind(answered: &Answered) -> Option<QueryFailureKind> {
        match &answered.answer {
            QueryAnswer::Failed(it) => Some(it.kind),
            QueryAnswer::Samples(_) => None,
        }
    }

    #[test]
    fn a_query_is_sent_with_its_time_and_the_login() {
        let server = StandIn::start(|stream, _| answer(stream, "200 OK", "", VALUE));
        let folder = tempfile::tempdir().expect("a folder");
        let token = folder.path().join("token");
        fs::write(&token, "hush\n").expect("written");
        let mut settings = settings(&server.url);
        let query = r#"a{b=~"c d+&e"} > 1"#;
        let answered = Metrics::new(&settings).ask(query, None);
        assert!(
            matches!(&answered.answer, QueryAnswer::Samples(it) if it[0].reading == Reading::Number(0.5)),
            "{answered:?}"
        );
        settings.login = Some(MetricsLogin::Token(Source::File(token.clone())));
        Metrics::new(&settings).ask(query, Some(1_700_000_000));
        settings.login = Some(MetricsLogin::Account {
            user: "ada".to_owned(),
            password: Source::File(token),
        });
        Metrics::new(&settings).ask(query, None);
        let requests = server.requests();
        let first = requests[0].to_ascii_lowercase();
        let asks = "get /api/v1/query?query=a%7bb%3d~%22c%20d%2b%26e%22%7d%20%3e%201 http";
        assert!(first.starts_with(asks), "{first}");
        assert!(first.contains("x-scope-orgid: shop") && !first.contains("authorization"));
        assert!(requests[1].contains("&time=1700000000"), "{}", requests[1]);
        assert!(requests[1].contains("Bearer hush"));
        assert!(requests[2].contains("Basic YWRhOmh1c2g="));
    }

    #[test]
    fn what_gives_no_answer_is_a_failed_query() {
        let ask = |url: &str| Metrics::new(&settings(url)).ask("up", None);
        assert_eq!(
            kind(&ask(&closed_port())),
            Some(QueryFailureKind::Unreachable)
        );
        let cut = StandIn::start(|stream, _| {
            use std::io::Write as _;
            let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{{");
        });
        assert_eq!(kind(&ask(&cut.url)), Some(QueryFailureKind::Unreachable));
        let large =
            StandIn::start(|stream, _| answer(stream, "200 OK", "", &" ".repeat(10_000_000)));
        let answered = ask(&large.url);
        assert_eq!(kind(&answered), Some(QueryFailureKind::Malformed));
        let html = StandIn::start(|stream, _| answer(stream, "502 Bad Gateway", "", "<html>"));
        assert_eq!(kind(&ask(&html.url)), Some(QueryFailureKind::Overloaded));
        let moved = StandIn::start(|stream, _| {
            answer(stream, "302 Found", "Location: http://127.0.0.1:1/\r\n", "");
        });
        assert_eq!(kind(&ask(&moved.url)), Some(QueryFailureKind::Malformed));
        let packed = StandIn::start(|stream, _| {
            answer(stream, "200 OK", "Content-Encoding: gzip\r\n", "x");
        });
        assert_eq!(kind(&ask(&packed.url)), Some(QueryFailureKind::Malformed));
        let slow = StandIn::start(|stream, _| hang(stream));
        let mut quick = settings(&slow.url);
        quick.time_limit = Duration::from_millis(50);
        let answered = Metrics::new(&quick).ask("up", None);
        assert_eq!(kind(&answered), Some(QueryFailureKind::Unreachable));
    }

    #[test]
    fn a_missing_secret_is_no_answer() {
        let mut settings = settings(&closed_port());
        settings.login = Some(MetricsLogin::Token(Source::File("/nonexistent".into())));
        let answered = Metrics::new(&settings).ask("up", None);
        assert_eq!(kind(&answered), Some(QueryFailureKind::Refused));
    }
}
