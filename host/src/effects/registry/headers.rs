//! Headers in a registry's answers: the required authentication
//! (<https://www.rfc-editor.org/rfc/rfc9110#field.www-authenticate>), and the next page of a list
//! (<https://www.rfc-editor.org/rfc/rfc8288>).

use http_auth::{ChallengeRef, parse_challenges};
use ureq::http::Uri;

use crate::http::is_url;

/// The required authentication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// User and password.
    Basic,
    /// A token.
    Bearer(Bearer),
}

/// Where to get a token.
///
/// Source: <https://distribution.github.io/distribution/spec/auth/token/>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bearer {
    /// URL of the token server.
    pub realm: String,
    /// The service that accepts the token.
    pub service: Option<String>,
}

impl Challenge {
    /// Parses a header. Of several challenges the first known one counts, and a token is preferred to a password.
    pub(super) fn read(header: &str) -> Option<Self> {
        let challenges = parse_challenges(header).ok()?;
        let known = challenges.iter().filter_map(Self::known);
        // `max_by_key` takes the last one of equals.
        known.rev().max_by_key(Self::is_bearer)
    }

    /// Whether it requires a token.
    pub(super) const fn is_bearer(&self) -> bool {
        matches!(self, Self::Bearer(_))
    }

    fn known(challenge: &ChallengeRef<'_>) -> Option<Self> {
        if challenge.scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        let value = |name: &str| {
            let mut params = challenge.params.iter();
            let found = params.find(|(it, _)| it.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.to_unescaped())
        };
        let bearer = challenge.scheme.eq_ignore_ascii_case("bearer");
        bearer.then_some(Self::Bearer(Bearer {
            realm: value("realm")?,
            service: value("service"),
        }))
    }
}

impl Bearer {
    /// Whether the URL of the token server (`realm`) has the same scheme, host and port as another URL.
    ///
    /// The realm comes from the response of the registry, which is not trusted. Without this check, a false response
    /// could make greenlight send the password to another server.
    pub(super) fn is_on(&self, server: &str) -> bool {
        origin(&self.realm).is_some_and(|realm| origin(server) == Some(realm))
    }

    /// The scheme, the host and a port that is not the default of the token server, for messages; `None` if the realm
    /// is not a URL.
    pub(super) fn server(&self) -> Option<String> {
        let (scheme, host, port) = origin(&self.realm)?;
        Some(match port {
            port if port == default_port(&scheme) => format!("{scheme}://{host}"),
            port => format!("{scheme}://{host}:{port}"),
        })
    }
}

/// The port of a URL without one.
fn default_port(scheme: &str) -> u16 {
    if scheme == "https" { 443 } else { 80 }
}

/// Scheme, host and port of a URL.
fn origin(url: &str) -> Option<(String, String, u16)> {
    let url: Uri = url.parse().ok().filter(|_| is_url(url))?;
    let scheme = url.scheme_str()?.to_ascii_lowercase();
    let authority = url.authority()?;
    // People can mistake a name before an `@` for the host.
    if authority.as_str().contains('@') {
        return None;
    }
    let default = default_port(&scheme);
    let host = authority.host().to_ascii_lowercase();
    Some((scheme, host, authority.port_u16().unwrap_or(default)))
}

/// The target of a `Link` header with the relation `next`.
pub(super) fn next_page(header: &str) -> Option<&str> {
    let (target, parameters) = header.trim().strip_prefix('<')?.split_once('>')?;
    let mut parameters = parameters.split(';').map(str::trim);
    let next = parameters.any(|it| {
        it.split_once('=').is_some_and(|(name, value)| {
            name.trim().eq_ignore_ascii_case("rel") && value.trim().trim_matches('"') == "next"
        })
    });
    next.then_some(target)
}

/// The target as a URL, if it is on the same registry: the request carries the registry's authorization.
pub(super) fn resolved(base: &str, target: &str) -> Option<String> {
    let path = target.strip_prefix(base).unwrap_or(target);
    let whole = path.starts_with("/v2/") && path.bytes().all(|it| it.is_ascii_graphic());
    whole.then(|| format!("{base}{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read() {
        let hub = r#"Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull""#;
        let bearer = |realm: &str, service: Option<&str>| {
            Some(Challenge::Bearer(Bearer {
                realm: realm.to_owned(),
                service: service.map(str::to_owned),
            }))
        };
        let whole = bearer("https://auth.example/token", Some("registry.example"));
        for (header, challenge) in [
            (hub, whole.clone()),
            (&format!(r#"Basic realm="x", {hub}"#), whole.clone()),
            (&format!(r#"{hub}, Bearer realm="https://other""#), whole),
            (r#"Basic realm="x""#, Some(Challenge::Basic)),
            (r#"bEARER Realm="https://a""#, bearer("https://a", None)),
            (r#"Bearer service="x""#, None),
            (r#"Negotiate x="y""#, None),
            ("", None),
            ("\"", None),
        ] {
            assert_eq!(Challenge::read(header), challenge, "{header}");
        }
    }

    #[test]
    fn a_token_server_is_told_by_scheme_host_and_port() {
        for (realm, server, is) in [
            ("https://a.example/token", "https://a.example", true),
            ("https://A.example:443/token", "https://a.example", true),
            ("http://127.0.0.1:5000/t?x=y", "http://127.0.0.1:5000", true),
            ("https://auth.example/token", "https://a.example", false),
            ("http://a.example/token", "https://a.example", false),
            ("https://a.example/token", "http://a.example", false),
            ("https://a.example:8443/token", "https://a.example", false),
            ("http://127.0.0.1:5001/t", "http://127.0.0.1:5000", false),
            (
                "https://a.example.evil.example/t",
                "https://a.example",
                false,
            ),
            (
                "https://a.example@evil.example/t",
                "https://a.example",
                false,
            ),
            (
                "https://evil.example@a.example/t",
                "https://a.example",
                false,
            ),
            (
                "https://a.example\\@evil.example",
                "https://a.example",
                false,
            ),
            ("ftp://a.example/token", "ftp://a.example", false),
            ("/token", "https://a.example", false),
        ] {
            let bearer = Bearer {
                realm: realm.to_owned(),
                service: None,
            };
            assert_eq!(bearer.is_on(server), is, "{realm} {server}");
        }
    }

    #[test]
    fn a_token_server_is_named_without_path_and_query() {
        for (realm, named) in [
            (
                "https://auth.example/t?secret=x",
                Some("https://auth.example"),
            ),
            ("http://auth.example:80/t", Some("http://auth.example")),
            ("http://127.0.0.1:5001/t", Some("http://127.0.0.1:5001")),
            ("https://hush@auth.example", None),
            ("auth.example", None),
        ] {
            let bearer = Bearer {
                realm: realm.to_owned(),
                service: None,
            };
            assert_eq!(bearer.server().as_deref(), named, "{realm}");
        }
    }

    #[test]
    fn the_next_page_is_found() {
        for (header, found) in [
            (
                r#"</v2/a/tags/list?last=x&n=2>; rel="next""#,
                Some("/v2/a/tags/list?last=x&n=2"),
            ),
            ("<x>;title=y;REL = next", Some("x")),
            (r#"<x>; rel="prev""#, None),
            ("<x>", None),
            ("x; rel=next", None),
            ("", None),
        ] {
            assert_eq!(next_page(header), found, "{header}");
        }
    }

    #[test]
    fn it_is_asked_for_at_the_same_registry_only() {
        let base = "https://registry.example";
        let next = "https://registry.example/v2/a/tags/list?n=2";
        for (target, url) in [
            ("/v2/a/tags/list?n=2", Some(next)),
            (next, Some(next)),
            ("https://other.example/v2/a/tags/list", None),
            ("https://registry.example.other/v2/a", None),
            ("//other.example/v2/a", None),
            ("@other.example/v2/a", None),
            ("/login", None),
            ("tags/list", None),
            ("/v2/a b", None),
            ("", None),
        ] {
            assert_eq!(resolved(base, target).as_deref(), url, "{target}");
        }
    }
}
