//! The HTTP client: it sends requests to the given address only, with one time limit for the whole exchange.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use jiff::fmt::rfc2822;
use ureq::http::header::{CONTENT_ENCODING, RETRY_AFTER};
use ureq::http::{HeaderMap, Uri};
use ureq::{Agent, Proxy};

use crate::clock;
use crate::text::escape::escape;

/// The longest wait that a server may ask for. A later answer is asked for after it.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

/// A client that connects directly, or through the proxy that the environment names.
///
/// The proxy is the first of `ALL_PROXY`, `HTTPS_PROXY` and `HTTP_PROXY` that is set, for every URL, with CONNECT.
/// `NO_PROXY` is respected. Loopback addresses never use the proxy, whatever `NO_PROXY` says: the proxy would connect
/// to itself.
#[derive(Clone)]
pub struct Client {
    direct: Agent,
    proxied: Agent,
}

impl Client {
    /// Makes a client with the proxy of the environment.
    pub fn new(time_limit: Duration) -> Self {
        Self::with(time_limit, Proxy::try_from_env())
    }

    /// Makes a client with this proxy, or without one.
    pub fn with(time_limit: Duration, proxy: Option<Proxy>) -> Self {
        let direct = agent(time_limit, None);
        let proxied = match proxy {
            Some(proxy) => agent(time_limit, Some(proxy)),
            None => direct.clone(),
        };
        Self { direct, proxied }
    }

    /// The agent for a URL.
    pub fn agent(&self, url: &str) -> &Agent {
        if is_loopback(url) {
            &self.direct
        } else {
            &self.proxied
        }
    }
}

/// How long a server asks to wait before the request is sent again, at most a day: a number of seconds or a date.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc9110#field.retry-after>.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds).min(LONGEST_WAIT)),
        Err(_) => wait_until(rfc2822::parse(text).ok()?.timestamp().as_second()),
    }
}

/// Returns the compression of a body, by its header or else by its first bytes; `None` if the body is not compressed.
/// greenlight's requests do not permit compression, but some servers compress their responses nevertheless.
///
/// Source: <https://www.iana.org/assignments/http-parameters/http-parameters.xhtml#content-coding>; the first bytes are
/// those of RFC 1952 (gzip) and RFC 8878 (zstd).
pub fn compression(headers: &HeaderMap, body: &[u8]) -> Option<String> {
    let named = headers.get(CONTENT_ENCODING);
    let named = named.map(|it| String::from_utf8_lossy(it.as_bytes()).to_ascii_lowercase());
    match named {
        Some(name) if !matches!(name.trim(), "" | "identity") => {
            let name: String = name.trim().chars().take(20).collect();
            Some(escape(&name).into_owned())
        }
        _ if body.starts_with(&[0x1f, 0x8b]) => Some("gzip".to_owned()),
        _ if body.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) => Some("zstd".to_owned()),
        _ => None,
    }
}

/// The time until a second since 1970, at most a day; 0 if it has passed.
pub fn wait_until(second: i64) -> Option<Duration> {
    let second = u64::try_from(second).ok()?;
    let wait = Duration::from_secs(second.saturating_sub(clock::seconds()));
    Some(wait.min(LONGEST_WAIT))
}

fn agent(time_limit: Duration, proxy: Option<Proxy>) -> Agent {
    Agent::config_builder()
        // From the resolution of the name to the last byte of the body.
        .timeout_global(Some(time_limit))
        // An answer counts only if it comes from the given address.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        // A reused connection may lead to a process that was replaced.
        .max_idle_connections(0)
        .max_idle_connections_per_host(0)
        .user_agent(concat!("greenlight/", env!("CARGO_PKG_VERSION")))
        .proxy(proxy)
        .build()
        .new_agent()
}

/// Whether a URL names this machine.
fn is_loopback(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else {
        return false;
    };
    let host = uri.host().unwrap_or_default().to_ascii_lowercase();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.parse::<IpAddr>().map_or_else(
        |_| host == "localhost" || host.ends_with(".localhost"),
        |address| address.to_canonical().is_loopback(),
    )
}

/// Whether a text is an `http` or `https` URL with a host, and nothing else.
pub fn is_url(text: &str) -> bool {
    text.parse::<Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.host().is_some_and(|host| !host.is_empty())
    })
}

/// Whether a URL, or an invalid URL, has a user or a password before its host.
pub fn has_credentials(url: &str) -> bool {
    let behind = url.split_once("://").map_or(url, |(_, behind)| behind);
    let authority = behind.split(['/', '?', '#']).next();
    authority.is_some_and(|it| it.contains('@'))
}

/// Whether a request failed because the host name is unknown.
///
/// Source: the standard library has no kind for this error, only a text that begins like this.
pub fn is_unknown_name(error: &io::Error) -> bool {
    error
        .to_string()
        .starts_with("failed to lookup address information")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effects::stand_in::{StandIn, answer};

    #[test]
    fn loopback_is_told_apart() {
        for url in [
            "http://127.0.0.1:80/x",
            "http://127.1.2.3",
            "https://LocalHost/x",
            "http://a.localhost:1",
            "http://[::1]:80/",
            "http://[::ffff:127.0.0.1]/",
        ] {
            assert!(is_loopback(url), "{url}");
        }
        for url in [
            "http://10.0.0.1/",
            "https://localhost.example.org/",
            "http://[::2]/",
            "not a url",
        ] {
            assert!(!is_loopback(url), "{url}");
        }
    }

    #[test]
    fn compression_is_named() {
        let named = |name: &str, body: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_ENCODING, name.parse().expect("a value"));
            compression(&headers, body)
        };
        assert_eq!(named("GZIP", b"{}").as_deref(), Some("gzip"));
        assert_eq!(named("br, gzip", b"").as_deref(), Some("br, gzip"));
        assert_eq!(named("identity", b"{}"), None);
        let unnamed = |body: &[u8]| compression(&HeaderMap::new(), body);
        assert_eq!(unnamed(b"\x1f\x8b\x08\x00").as_deref(), Some("gzip"));
        assert_eq!(unnamed(b"\x28\xb5\x2f\xfd").as_deref(), Some("zstd"));
        assert_eq!(unnamed(b"{}"), None);
    }

    #[test]
    fn urls_are_told_apart() {
        for url in ["http://a", "https://a.example/b?c=d", "http://[::1]:3/"] {
            assert!(is_url(url), "{url}");
        }
        for text in [
            "",
            "a",
            "/x",
            "ftp://a/",
            "http://",
            "http:///x",
            "https://a b",
            "https://a/\n",
        ] {
            assert!(!is_url(text), "{text:?}");
        }
    }

    #[test]
    fn credentials_are_found() {
        for (url, has) in [
            ("http://ada:hush@a.example/x", true),
            ("https://ada@a.example", true),
            ("ftp://ada:hush@a", true),
            ("ada:hush@a.example", true),
            ("https://a.example/x@y?z=@", false),
            ("https://a.example", false),
        ] {
            assert_eq!(has_credentials(url), has, "{url}");
        }
    }

    #[test]
    fn a_proxy_is_used_but_not_for_loopback() {
        let proxy = StandIn::start(|stream, _| answer(stream, "502 Bad Gateway", "", ""));
        let node = StandIn::start(|stream, _| answer(stream, "200 OK", "", "straight"));
        let named = Proxy::new(&proxy.url).expect("a proxy");
        let client = Client::with(Duration::from_secs(20), Some(named));

        let answer = client.agent(&node.url).get(&node.url).call();
        assert_eq!(answer.expect("an answer").status(), 200);
        assert_eq!(proxy.requests(), [""; 0]);

        let away = "http://node.invalid/";
        assert!(client.agent(away).get(away).call().is_err());
        let requests = proxy.requests();
        assert!(
            requests[0].starts_with("CONNECT node.invalid"),
            "{requests:?}"
        );
    }
}
