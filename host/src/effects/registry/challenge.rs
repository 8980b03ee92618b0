//! What a registry wants before it answers: <https://www.rfc-editor.org/rfc/rfc9110#field.www-authenticate>.

use http_auth::{ChallengeRef, parse_challenges};

use crate::http::is_url;

/// What is wanted.
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
    /// The URL to ask.
    pub realm: String,
    /// Whom the token is for.
    pub service: Option<String>,
    /// What it is for.
    pub scope: Option<String>,
}

impl Challenge {
    /// Reads a header. Of several challenges the first one that is known counts, a token before a password.
    pub(super) fn read(header: &str) -> Option<Self> {
        let challenges = parse_challenges(header).ok()?;
        let known = challenges.iter().filter_map(Self::known);
        // The last one of equals would be taken.
        known.rev().max_by_key(Self::is_bearer)
    }

    /// Whether a token is wanted.
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
            scope: value("scope"),
        }))
    }
}

impl Bearer {
    /// Whether the address may be given the password: what is sent to the registry under TLS does not go
    /// elsewhere without.
    pub(super) fn may_be_asked(&self, registry: &str) -> bool {
        is_url(&self.realm)
            && (self.realm.starts_with("https://") || registry.starts_with("http://"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read() {
        let hub = r#"Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull""#;
        let bearer = |realm: &str, service: Option<&str>, scope: Option<&str>| {
            Some(Challenge::Bearer(Bearer {
                realm: realm.to_owned(),
                service: service.map(str::to_owned),
                scope: scope.map(str::to_owned),
            }))
        };
        let whole = bearer(
            "https://auth.example/token",
            Some("registry.example"),
            Some("repository:a/b:pull"),
        );
        for (header, challenge) in [
            (hub, whole.clone()),
            (&format!(r#"Basic realm="x", {hub}"#), whole.clone()),
            (&format!(r#"{hub}, Bearer realm="https://other""#), whole),
            (r#"Basic realm="x""#, Some(Challenge::Basic)),
            (
                r#"bEARER Realm="https://a""#,
                bearer("https://a", None, None),
            ),
            (r#"Bearer service="x""#, None),
            (r#"Negotiate x="y""#, None),
            ("", None),
            ("\"", None),
        ] {
            assert_eq!(Challenge::read(header), challenge, "{header}");
        }
    }

    #[test]
    fn a_password_does_not_leave_tls() {
        for (realm, registry, may) in [
            ("https://auth.example/token", "https://a.example", true),
            ("http://auth.example/token", "https://a.example", false),
            ("http://auth.example/token", "http://127.0.0.1:5000", true),
            ("https://auth.example/token", "http://127.0.0.1:5000", true),
            ("ftp://auth.example/token", "http://127.0.0.1:5000", false),
            ("/token", "http://127.0.0.1:5000", false),
        ] {
            let bearer = Bearer {
                realm: realm.to_owned(),
                service: None,
                scope: None,
            };
            assert_eq!(bearer.may_be_asked(registry), may, "{realm} {registry}");
        }
    }
}
