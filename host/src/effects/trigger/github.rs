//! A workflow of GitHub Actions, by a `repository_dispatch` event.
//!
//! GitHub accepts the event with status 204, also if no workflow listens to it, and does not name the run that it
//! starts. So the run must be named after the request, by which it is found:
//! `run-name: greenlight ${{ github.event.client_payload.request }}`.
//!
//! Source: <https://docs.github.com/en/rest/repos/repos#create-a-repository-dispatch-event>,
//! <https://docs.github.com/en/rest/actions/workflow-runs#list-workflow-runs-for-a-repository>, and
//! <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api> for being busy.

use serde::Deserialize;
use serde_json::json;

use super::{Answer, CiClient, Error, Request, Trigger, read_token};
use crate::http::{is_url, wait_until};
use crate::server_settings::GitHubSettings;

/// The type of the event, which the workflow listens to.
pub const EVENT: &str = "greenlight-deploy";
/// The beginning of a run's name.
const NAME: &str = "greenlight ";
/// How many runs a page has, and how many pages are searched.
const PAGE: usize = 100;
const PAGES: usize = 3;

/// Starts workflows.
pub struct GitHub {
    settings: GitHubSettings,
    client: CiClient,
}

impl GitHub {
    /// Makes a client.
    pub fn new(settings: GitHubSettings) -> Self {
        Self {
            client: CiClient::new("GitHub", &settings.trust),
            settings,
        }
    }

    fn authorization(&self) -> Result<String, Error> {
        let token = read_token(&self.settings.token, "GitHub token")?;
        Ok(format!("Bearer {}", token.expose()))
    }

    fn url(&self, of: &str) -> String {
        let GitHubSettings {
            url, repository, ..
        } = &self.settings;
        format!("{url}/repos/{repository}/{of}")
    }

    /// The error for an answer with an unexpected status: an exhausted rate limit also has status 403.
    fn refusal(&self, answer: &Answer) -> Error {
        let limited = answer.header("x-ratelimit-remaining") == Some("0");
        let reset = answer.header("x-ratelimit-reset");
        match self.client.refusal(answer) {
            Error::Refused { why }
            | Error::Busy {
                why,
                again_in: None,
            } if limited && matches!(answer.status(), 403 | 429) => {
                let again_in = reset.and_then(|it| wait_until(it.parse().ok()?));
                Error::Busy { why, again_in }
            }
            error => error,
        }
    }

    fn runs(&self, authorization: &str, page: usize) -> Result<Vec<Run>, Error> {
        let list = "actions/runs?event=repository_dispatch";
        let url = self.url(&format!("{list}&per_page={PAGE}&page={page}"));
        let refusal = |answer: &_| self.refusal(answer);
        let runs: Runs = self.client.list(&url, &headers(authorization), refusal)?;
        Ok(runs.workflow_runs)
    }

    /// URL of the web page with the runs that events have started.
    ///
    /// Source: <https://docs.github.com/en/enterprise-server@3.10/rest/enterprise-admin> for `/api/v3`, and
    /// <https://docs.github.com/en/enterprise-cloud@latest/graphql/guides/managing-enterprise-accounts> for
    /// `api.SUBDOMAIN.ghe.com`.
    fn page(&self) -> String {
        let GitHubSettings {
            url, repository, ..
        } = &self.settings;
        let site = match (url.strip_suffix("/api/v3"), url.split_once("://api.")) {
            (Some(site), _) => site.to_owned(),
            (None, Some((scheme, host))) => format!("{scheme}://{host}"),
            (None, None) => url.clone(),
        };
        format!("{site}/{repository}/actions?query=event%3Arepository_dispatch")
    }
}

impl Trigger for GitHub {
    /// Sends the event. GitHub accepts it also if no workflow listens. So the reference is the name of the expected
    /// run, and the page on which it appears.
    fn start(&self, request: &Request) -> Result<String, Error> {
        let authorization = self.authorization()?;
        let body = json!({
            "event_type": EVENT,
            "client_payload": {
                "tag": request.tag,
                "digest": request.digest.as_deref().unwrap_or_default(),
                "request": request.key,
            },
        });
        let url = self.url("dispatches");
        let answer = self.client.json(&url, &headers(&authorization), &body)?;
        if answer.status() != 204 {
            return Err(self.refusal(&answer));
        }
        let (key, page) = (&request.key, self.page());
        Ok(format!("asked GitHub for the run `{NAME}{key}`: {page}"))
    }

    /// Searches the latest 300 runs, the newest first. The absence of the key is proof only if at least one run is
    /// named after a key, and the runs reach back to a time before the request.
    fn find(&self, request: &Request) -> Result<Option<String>, Error> {
        let authorization = self.authorization()?;
        let (mut any, mut named, mut all) = (false, false, false);
        for page in 1..=PAGES {
            let runs = self.runs(&authorization, page)?;
            if let Some(run) = runs.iter().find(|it| it.is_named(&request.key)) {
                return Ok(Some(self.reference(run)));
            }
            any |= !runs.is_empty();
            named |= runs.iter().any(|it| it.title().starts_with(NAME));
            let oldest = runs.last().and_then(Run::created);
            all = runs.len() < PAGE || oldest.is_some_and(|it| request.is_after(it));
            if all {
                break;
            }
        }
        if any && !named {
            return Err(Error::Unknown {
                why: format!(
                    "no run of {} is named after its request: write `run-name: {NAME}${{{{ \
                     github.event.client_payload.request }}}}` into the workflow",
                    self.settings.repository
                ),
            });
        }
        if !all {
            return Err(Error::Unknown {
                why: format!(
                    "the latest {} runs of {} do not reach back to the request `{}`: look for it there",
                    PAGE * PAGES,
                    self.settings.repository,
                    request.key
                ),
            });
        }
        Ok(None)
    }
}

impl GitHub {
    fn reference(&self, run: &Run) -> String {
        match &run.html_url {
            Some(url) if is_url(url) => url.clone(),
            _ => format!("run {} of {}", run.id, self.settings.repository),
        }
    }
}

fn headers(authorization: &str) -> [(&str, &str); 3] {
    [
        ("Authorization", authorization),
        ("Accept", "application/vnd.github+json"),
        ("X-GitHub-Api-Version", "2022-11-28"),
    ]
}

#[derive(Deserialize)]
struct Runs {
    workflow_runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Run {
    id: u64,
    display_title: Option<String>,
    name: Option<String>,
    html_url: Option<String>,
    created_at: Option<String>,
}

impl Run {
    /// The name of the run. Older servers have it in `name` instead of `display_title`.
    fn title(&self) -> &str {
        let title = self.display_title.as_deref().or(self.name.as_deref());
        title.unwrap_or_default()
    }

    /// When it was created, in milliseconds since 1970.
    fn created(&self) -> Option<u64> {
        let at: jiff::Timestamp = self.created_at.as_ref()?.parse().ok()?;
        u64::try_from(at.as_millisecond()).ok()
    }

    fn is_named(&self, key: &str) -> bool {
        let mut words = self.title().split_whitespace();
        words.any(|word| word == key)
    }
}

#[cfg(test)]
#[path = "github_tests.rs"]
mod tests;
