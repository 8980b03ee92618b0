//! The HTTP client: it sends requests to the given address only, with one time limit for the whole exchange.

mod proxy;
mod transport;

use std::env;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use jiff::fmt::rfc2822;
use ureq::config::Config;
use ureq::http::header::{CONTENT_ENCODING, RETRY_AFTER};
use ureq::http::{HeaderMap, Uri};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{Connector as _, NextTimeout, TcpConnector};
use ureq::{Agent, Proxy};

use crate::clock;
use crate::text::escape::escape;
use crate::tls::{Context, Trust, Verify};
use proxy::{Named, Proxies};
pub use transport::Failed;
use transport::{AddTls, Refuse, ThroughProxy};

/// The longest wait that a server may ask for. A later answer is asked for after it.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

/// A client that connects directly, or through the proxy that the environment names: `HTTPS_PROXY` for `https` URLs,
/// `HTTP_PROXY` for `http` URLs, `ALL_PROXY` for both, each with CONNECT.
///
/// `NO_PROXY` lists hosts that are reached directly. Loopback addresses never use the proxy, whatever `NO_PROXY` says:
/// the proxy would connect to itself.
///
/// Certificates and keys are read when the first `https` URL is requested.
#[derive(Clone)]
pub struct Client {
    direct: Agent,
    http: Agent,
    https: Agent,
    proxies: Arc<Proxies>,
    context: Arc<Context>,
}

impl Client {
    /// Makes a client with the proxy of the environment. It is the only function that makes a client for a server
    /// outside.
    pub fn new(time_limit: Duration, trust: &Trust) -> Self {
        let proxies = Proxies::of(&|name| env::var(name).ok());
        Self::with(time_limit, trust, proxies)
    }

    /// Makes a client without a proxy.
    #[cfg(any(test, fuzzing))]
    pub fn without_proxy(time_limit: Duration) -> Self {
        Self::with(time_limit, &Trust::default(), Proxies::default())
    }

    fn with(time_limit: Duration, trust: &Trust, proxies: Proxies) -> Self {
        let context = Arc::new(Context::new(trust.clone(), Verify::Name));
        let direct = agent(time_limit, &context, None);
        let through = |proxy: &Option<Named>| match proxy {
            Some(Named {
                variable,
                proxy: Ok(proxy),
            }) => agent(time_limit, &context, Some((variable, proxy.clone()))),
            Some(Named {
                proxy: Err(why), ..
            }) => refusing(time_limit, why),
            None => direct.clone(),
        };
        let (http, https) = (through(&proxies.http), through(&proxies.https));
        Self {
            direct,
            http,
            https,
            proxies: Arc::new(proxies),
            context,
        }
    }

    /// An agent that connects to this address, whatever the host name of a URL is, and never through a proxy. The name is
    /// sent as usual: in the header `Host`, and to the server that proves its name.
    pub fn agent_at(&self, address: SocketAddr) -> Agent {
        Agent::with_parts(
            self.direct.config().clone(),
            TcpConnector::default().chain(AddTls(self.context.clone())),
            Pinned(address),
        )
    }

    /// The agent for a URL.
    pub fn agent(&self, url: &str) -> &Agent {
        let Ok(url) = url.parse::<Uri>() else {
            return &self.direct;
        };
        if is_loopback(&url) || self.proxies.excepts(&url) {
            &self.direct
        } else if url.scheme_str() == Some("https") {
            &self.https
        } else {
            &self.http
        }
    }
}

/// Gives every host name this address.
#[derive(Debug)]
struct Pinned(SocketAddr);

impl Resolver for Pinned {
    fn resolve(
        &self,
        _: &Uri,
        _: &Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut addresses = self.empty();
        addresses.push(self.0);
        Ok(addresses)
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

fn agent(
    time_limit: Duration,
    context: &Arc<Context>,
    proxy: Option<(&'static str, Proxy)>,
) -> Agent {
    let (variable, proxy) = proxy.unzip();
    let connector = ThroughProxy::new(variable.unwrap_or_default())
        .chain(TcpConnector::default())
        .chain(AddTls(context.clone()));
    let config = settings(time_limit, proxy);
    Agent::with_parts(config, connector, DefaultResolver::default())
}

/// An agent whose requests fail for this reason.
fn refusing(time_limit: Duration, why: &str) -> Agent {
    let config = settings(time_limit, None);
    Agent::with_parts(config, TcpConnector::default(), Refuse(why.to_owned()))
}

fn settings(time_limit: Duration, proxy: Option<Proxy>) -> Config {
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
}

/// Whether a URL names this machine.
fn is_loopback(url: &Uri) -> bool {
    is_loopback_host(url.host().unwrap_or_default())
}

/// Whether a host name or an address is one of this machine.
pub fn is_loopback_host(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
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

/// The host of a URL without the brackets of an IPv6 address, and its port, which depends on the scheme if the URL has
/// none.
pub fn host_and_port(url: &str) -> Option<(String, u16)> {
    let uri: Uri = url.parse().ok()?;
    let port = match uri.port_u16() {
        Some(port) => port,
        None if uri.scheme_str()? == "https" => 443,
        None => 80,
    };
    let host = uri.host()?.trim_start_matches('[').trim_end_matches(']');
    Some((host.to_owned(), port))
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
mod tests;
