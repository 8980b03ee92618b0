//! Queries a registry: the digest that a tag names, and the tags of a repository.
//!
//! Source: <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md>; for authentication,
//! <https://distribution.github.io/distribution/spec/auth/token/>.

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod headers;
mod page;

use std::time::Duration;

use serde::Deserialize;
use ureq::http::Response;
use ureq::http::header::{LINK, WWW_AUTHENTICATE};
use ureq::{Agent, Body};

use crate::contract::fields::digest_of;
use crate::contract::validate::{is_digest, is_repository, is_tag};
use crate::effects::Failure;
use crate::error::Error;
use crate::http::Client;
use crate::limits::{self, Limit};
use crate::secret::Secret;
use crate::server_settings::{Account, RegistrySettings};
use headers::{Bearer, Challenge, next_page, resolved};
use page::Page;

/// How many tags one page has.
const PAGE: usize = 100;
/// The most pages that are read.
const PAGES: usize = 200;
/// The most tags of a repository.
const MOST: usize = PAGE * PAGES;

/// The media types that a tag can name: an image or a list of images, of OCI and of Docker.
const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, \
                         application/vnd.oci.image.index.v1+json, \
                         application/vnd.docker.distribution.manifest.v2+json, \
                         application/vnd.docker.distribution.manifest.list.v2+json";

/// Queries a registry, which is only read.
pub struct Registry {
    settings: RegistrySettings,
    client: Client,
    limit: Duration,
}

impl Registry {
    /// Makes a client.
    pub fn new(settings: RegistrySettings) -> Self {
        Self::within(settings, limits::REGISTRY.time())
    }

    fn within(settings: RegistrySettings, limit: Duration) -> Self {
        Self {
            client: Client::new(limit, &settings.trust),
            settings,
            limit,
        }
    }

    /// The digest that a tag names; `None` if the registry answers that the tag does not exist. Blocks.
    ///
    /// # Errors
    ///
    /// If the registry can't be reached, refuses the user, or sends an unreadable response.
    pub fn digest(&self, repository: &str, tag: &str) -> Result<Option<String>, Error> {
        legal(repository)?;
        if !is_tag(tag) {
            return Err(Error::new("invalid tag", ""));
        }
        let url = format!("{}/v2/{repository}/manifests/{tag}", self.settings.url);
        let mut session = Session::new(self, repository);
        // Rate limits count GET requests for manifests, not HEAD requests.
        let answer = session.ask(&url, Method::Head)?;
        if answer.status() == 200
            && let Some(digest) = header_digest(&answer)
        {
            return Ok(Some(digest));
        }
        let mut answer = session.ask(&url, Method::Get)?;
        if answer.status() == 404 && reports_unknown(&mut answer) {
            return Ok(None);
        }
        if answer.status() != 200 {
            return Err(refused(&answer));
        }
        let said = header_digest(&answer);
        let body = answer.body_mut().with_config();
        let body = body.limit(limits::REGISTRY.bytes).read_to_vec();
        let body = body.map_err(|error| self.failed(&error))?;
        let digest = digest_of(&body);
        match said {
            Some(said) if said != digest => Err(Error::new(
                "manifest digest mismatch: the registry's manifest does not have the digest of its header",
                "check the registry's storage, or push the image again",
            )),
            _ => Ok(Some(digest)),
        }
    }

    /// All tags of a repository, in the registry's order; empty if the registry answers that the repository does not
    /// exist. Blocks.
    ///
    /// A page can take a minute, and a list can have 200 pages, so `go_on` is called before each page.
    ///
    /// # Errors
    ///
    /// As for a digest; also if the repository has more than 20,000 tags, or `go_on` returns false. An incomplete list
    /// is an error.
    pub fn tags(&self, repository: &str, go_on: &dyn Fn() -> bool) -> Result<Vec<String>, Error> {
        legal(repository)?;
        let base = &self.settings.url;
        let mut url = format!("{base}/v2/{repository}/tags/list?n={PAGE}");
        let mut session = Session::new(self, repository);
        let mut tags = Vec::new();
        let mut count = 0;
        for page in 0..PAGES {
            if !go_on() {
                return Err(Error::new(
                    "listing tags was interrupted by a shutdown signal",
                    "",
                ));
            }
            let mut answer = session.ask(&url, Method::Get)?;
            if page == 0 && answer.status() == 404 && reports_unknown(&mut answer) {
                return Ok(tags);
            }
            if answer.status() != 200 {
                return Err(refused(&answer));
            }
            let links = answer.headers().get_all(LINK).iter();
            let mut links = links.filter_map(|it| next_page(it.to_str().ok()?));
            let next = links.next().map(|target| resolved(base, target));
            let body = text(&mut answer, &limits::REGISTRY);
            let body = body.map_err(|error| self.failed(&error))?;
            match Page::read(&body, MOST - count) {
                Some(Page::Tags(mut page, length)) => {
                    tags.append(&mut page);
                    count += length;
                }
                Some(Page::TooMany) => break,
                None => {
                    let what = "the registry's response is not a list of tags";
                    return Err(Error::new(what, ""));
                }
            }
            match next {
                None => return Ok(tags),
                Some(Some(next)) => url = next,
                Some(None) => {
                    return Err(Error::new(
                        "the registry's pagination link points to another host or repository",
                        "",
                    ));
                }
            }
        }
        Err(Error::new(
            format!("the repository has more than {MOST} tags"),
            "delete old tags",
        ))
    }

    fn failed(&self, error: &ureq::Error) -> Error {
        Failure::of(error, "the registry", self.limit).into()
    }
}

#[derive(Clone, Copy)]
enum Method {
    Head,
    Get,
}

/// Requests about one repository, with the authorization that the first one obtained.
struct Session<'a> {
    registry: &'a Registry,
    repository: &'a str,
    authorization: Option<String>,
}

impl<'a> Session<'a> {
    fn new(registry: &'a Registry, repository: &'a str) -> Self {
        Self {
            registry,
            repository,
            authorization: None,
        }
    }

    /// Sends a request, and repeats it once with an authorization if the registry requires one.
    fn ask(&mut self, url: &str, method: Method) -> Result<Response<Body>, Error> {
        let answer = self.send(url, method)?;
        if answer.status() != 401 {
            return Ok(answer);
        }
        let challenges = answer.headers().get_all(WWW_AUTHENTICATE).iter();
        let challenge = challenges.filter_map(|it| Challenge::read(it.to_str().ok()?));
        // A token grants less than a password.
        self.authorization = Some(match challenge.max_by_key(Challenge::is_bearer) {
            Some(Challenge::Bearer(bearer)) => self.token(&bearer)?,
            Some(Challenge::Basic) => self.basic()?.ok_or_else(|| {
                Error::new(
                    "the registry requires a user and a password",
                    "set `user` and `password-variable` in `[serve.registry]`",
                )
            })?,
            None => return Err(refused(&answer)),
        });
        self.send(url, method)
    }

    fn send(&self, url: &str, method: Method) -> Result<Response<Body>, Error> {
        let agent = self.registry.client.agent(url);
        let request = match method {
            Method::Head => agent.head(url),
            Method::Get => agent.get(url),
        };
        let request = request
            .header("Accept", MANIFESTS)
            .header("Accept", "application/json");
        let request = match &self.authorization {
            Some(authorization) => request.header("Authorization", authorization),
            None => request,
        };
        request.call().map_err(|error| self.registry.failed(&error))
    }

    /// User and password, if they are configured.
    fn basic(&self) -> Result<Option<String>, Error> {
        let Some(Account { user, password }) = &self.registry.settings.account else {
            return Ok(None);
        };
        let password: Secret = password.token("registry's password")?;
        let value = http_auth::basic::encode_credentials(user, password.expose());
        Ok(Some(value))
    }

    /// Gets a token from the registry's token server.
    fn token(&self, bearer: &Bearer) -> Result<String, Error> {
        let settings = &self.registry.settings;
        let server = settings.token_server.as_ref().unwrap_or(&settings.url);
        if !bearer.is_on(server) {
            return Err(other_token_server(bearer));
        }
        let realm = &bearer.realm;
        let agent: &Agent = self.registry.client.agent(realm);
        // greenlight only reads, so it ignores the scope that the challenge names.
        let scope = format!("repository:{}:pull", self.repository);
        let request = agent.get(realm).query("scope", &scope);
        let request = match &bearer.service {
            Some(service) => request.query("service", service),
            None => request,
        };
        let request = match self.basic()? {
            Some(basic) => request.header("Authorization", basic),
            None => request,
        };
        let failed = |error| {
            let who = "the registry's token server";
            Error::from(Failure::of(&error, who, self.registry.limit))
        };
        let mut answer = request.call().map_err(failed)?;
        if answer.status() != 200 {
            let status = answer.status().as_u16();
            return Err(Error::new(
                format!("the registry's token server refused a token with status {status}"),
                "",
            ));
        }
        let token: Option<Token> = document(&mut answer);
        token
            .and_then(Token::header)
            .ok_or_else(|| Error::new("the registry's token server sent no readable token", ""))
    }
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

impl Token {
    /// The value of the header `Authorization`; `None` without a token, or if a header can't hold the token.
    fn header(self) -> Option<String> {
        let token = self.token.or(self.access_token)?;
        let fits = !token.is_empty() && token.bytes().all(|it| it.is_ascii_graphic());
        fits.then(|| format!("Bearer {token}"))
    }
}

#[derive(Deserialize)]
struct Errors {
    errors: Vec<Code>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

fn legal(repository: &str) -> Result<(), Error> {
    if is_repository(repository) {
        return Ok(());
    }
    Err(Error::new("invalid repository name", ""))
}

/// The digest in the header, if it is a SHA-256 digest.
fn header_digest(answer: &Response<Body>) -> Option<String> {
    let digest = answer
        .headers()
        .get("Docker-Content-Digest")?
        .to_str()
        .ok()?;
    is_digest(digest).then(|| digest.to_owned())
}

/// Whether a body says that the tag or the repository does not exist. The status 404 alone can come from a proxy.
///
/// Source: "Error Codes" of the specification; `NOT_FOUND` is Harbor's.
fn reports_unknown(answer: &mut Response<Body>) -> bool {
    document(answer).is_some_and(|it: Errors| {
        let known = ["MANIFEST_UNKNOWN", "NAME_UNKNOWN", "NOT_FOUND"];
        it.errors.iter().any(|it| known.contains(&it.code.as_str()))
    })
}

fn document<T: for<'de> Deserialize<'de>>(answer: &mut Response<Body>) -> Option<T> {
    serde_json::from_str(&text(answer, &limits::TOKEN).ok()?).ok()
}

fn text(answer: &mut Response<Body>, limit: &Limit) -> Result<String, ureq::Error> {
    let body = answer.body_mut().with_config().limit(limit.bytes);
    body.read_to_string()
}

fn other_token_server(bearer: &Bearer) -> Error {
    let Some(server) = bearer.server() else {
        return Error::new(
            "the token server that the registry names is not a URL of scheme, host and path",
            "check `url` in `[serve.registry]`",
        );
    };
    Error::new(
        format!("the registry names another server as its token server: `{server}`"),
        format!(
            "if this server may get the password, set `token-server = \"{server}\"` in `[serve.registry]`"
        ),
    )
}

fn refused(answer: &Response<Body>) -> Error {
    let status = answer.status().as_u16();
    let (what, help) = match status {
        401 | 403 => (
            "",
            "check the user, the password and their right to read the repository",
        ),
        404 => (", but not that the repository or tag is unknown", ""),
        300..=399 => (", a redirect; redirects are not followed", ""),
        _ => ("", ""),
    };
    Error::new(
        format!("the registry answered with status {status}{what}"),
        help,
    )
}

#[cfg(test)]
mod tests;
