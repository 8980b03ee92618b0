//! A job of Jenkins.
//!
//! The job must declare the parameters `TAG`, `DIGEST` and `REQUEST`; Jenkins drops undeclared ones. A build is found
//! by `REQUEST`.
//!
//! Source: <https://www.jenkins.io/doc/book/using/remote-access-api/> and, for crumbs,
//! <https://www.jenkins.io/doc/book/security/csrf-protection/>.

use std::cmp::Reverse;

use serde::Deserialize;
use serde_json::Value;
use ureq::http::header::{LOCATION, SET_COOKIE};

use super::{Answer, CiClient, Error, Request, Trigger, read_token};
use crate::server_settings::JenkinsSettings;

/// The query for the queue.
const QUEUE: &str = "/queue/api/json?tree=items[id,actions[parameters[name,value]]]";
/// The query for a job: its latest builds, at most 100.
const BUILDS: &str = "/api/json?tree=nextBuildNumber,builds[number,timestamp,actions[parameters[name,value]]]{0,100}";

/// Starts builds of a job.
pub struct Jenkins {
    settings: JenkinsSettings,
    client: CiClient,
}

impl Jenkins {
    /// Makes a client.
    pub fn new(settings: JenkinsSettings) -> Self {
        Self {
            client: CiClient::new("Jenkins", &settings.trust),
            settings,
        }
    }

    fn authorization(&self) -> Result<String, Error> {
        let token = read_token(&self.settings.token, "Jenkins token")?;
        Ok(http_auth::basic::encode_credentials(
            &self.settings.user,
            token.expose(),
        ))
    }

    fn root(&self) -> Result<&str, Error> {
        self.settings.root().ok_or_else(|| Error::Refused {
            why: "the URL of the Jenkins job does not contain `/job/`".to_owned(),
        })
    }

    /// The crumb that a POST request must carry, if the server requires one: the name of a header and its value, and
    /// the cookies of the session that the crumb belongs to.
    ///
    /// The query starts nothing, so a failure is a refusal.
    fn crumb(&self, authorization: &str) -> Result<Option<(Crumb, String)>, Error> {
        let url = format!("{}/crumbIssuer/api/json", self.root()?);
        let answer = self.client.get(&url, &[("Authorization", authorization)]);
        let mut answer = answer.map_err(certain)?;
        match answer.status() {
            200 => match answer.document() {
                Some(crumb) => Ok(Some((crumb, cookies(&answer)))),
                None => Err(Error::Refused {
                    why: "Jenkins sent an unreadable crumb".to_owned(),
                }),
            },
            404 => Ok(None),
            _ => Err(certain(self.client.refusal(&answer))),
        }
    }

    fn list<T: for<'de> Deserialize<'de>>(
        &self,
        url: &str,
        authorization: &str,
    ) -> Result<T, Error> {
        // Brackets and braces are not valid in a URL.
        let url = url
            .replace('[', "%5B")
            .replace(']', "%5D")
            .replace('{', "%7B")
            .replace('}', "%7D");
        let headers = [("Authorization", authorization)];
        let refusal = |answer: &_| self.client.refusal(answer);
        self.client.list(&url, &headers, refusal)
    }
}

impl Trigger for Jenkins {
    fn start(&self, request: &Request) -> Result<String, Error> {
        let authorization = self.authorization()?;
        let crumb = self.crumb(&authorization)?;
        let mut headers = vec![("Authorization", authorization.as_str())];
        if let Some((crumb, session)) = &crumb {
            headers.push((crumb.crumb_request_field.as_str(), crumb.crumb.as_str()));
            if !session.is_empty() {
                headers.push(("Cookie", session));
            }
        }
        let form = [
            ("TAG", request.tag.as_str()),
            ("DIGEST", request.digest.as_deref().unwrap_or_default()),
            ("REQUEST", &request.key),
        ];
        let url = format!("{}/buildWithParameters", self.settings.job);
        let answer = self.client.form(&url, &headers, &form)?;
        if answer.status() != 201 {
            return Err(self.client.refusal(&answer));
        }
        let item = answer.header(LOCATION.as_str()).and_then(queue_item);
        Ok(match item {
            Some(item) => format!("{}/queue/item/{item}/", self.root()?),
            None => self.settings.job.clone(),
        })
    }

    /// Searches the queue first, then the builds: an item that leaves the queue in between becomes a build.
    ///
    /// The absence of the key is proof only if at least one build has a key, and the builds reach back to a time before
    /// the request, because Jenkins removes old builds.
    fn find(&self, request: &Request) -> Result<Option<String>, Error> {
        let (root, authorization) = (self.root()?, self.authorization()?);
        let queue: Queue = self.list(&format!("{root}{QUEUE}"), &authorization)?;
        if let Some(item) = queue.items.iter().find(|it| carries(&it.actions, request)) {
            return Ok(Some(format!("{root}/queue/item/{}/", item.id)));
        }
        let job = &self.settings.job;
        let builds: Builds = self.list(&format!("{job}{BUILDS}"), &authorization)?;
        let mut all = builds.builds.iter();
        if let Some(build) = all.find(|it| carries(&it.actions, request)) {
            return Ok(Some(format!("{job}/{}/", build.number)));
        }
        if !builds.builds.is_empty() && !builds.builds.iter().any(Build::has_key) {
            return Err(Error::Unknown {
                why: format!("no build of {job} has a parameter `REQUEST`: declare it in the job"),
            });
        }
        if !builds.reach_back(request) {
            return Err(Error::Unknown {
                why: format!(
                    "the remaining builds of {job} do not reach back to the `REQUEST` {}: look for it there",
                    request.key
                ),
            });
        }
        Ok(None)
    }
}

/// Source: `hudson.security.csrf.CrumbIssuer`'s exported properties.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Crumb {
    crumb: String,
    crumb_request_field: String,
}

#[derive(Deserialize)]
struct Queue {
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    id: u64,
    #[serde(default)]
    actions: Vec<Option<Action>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Builds {
    next_build_number: Option<u64>,
    builds: Vec<Build>,
}

impl Builds {
    /// Whether the list has every build since a request: without a gap, down to the first build of the job or to one
    /// that is older than the request. Jenkins removes old builds but keeps some, so an old build behind a gap proves
    /// nothing.
    fn reach_back(&self, request: &Request) -> bool {
        let mut builds: Vec<_> = self.builds.iter().collect();
        builds.sort_unstable_by_key(|it| Reverse(it.number));
        let mut expected = None;
        for build in builds {
            if expected.is_some_and(|it| it != build.number) {
                return false;
            }
            if build.number <= 1 || build.timestamp.is_some_and(|it| request.is_after(it)) {
                return true;
            }
            expected = Some(build.number - 1);
        }
        expected.is_none() && self.next_build_number.is_none_or(|it| it <= 1)
    }
}

#[derive(Deserialize)]
struct Build {
    number: u64,
    /// In milliseconds since 1970.
    timestamp: Option<u64>,
    #[serde(default)]
    actions: Vec<Option<Action>>,
}

impl Build {
    fn has_key(&self) -> bool {
        parameters(&self.actions).any(|it| it.name == "REQUEST")
    }
}

#[derive(Deserialize)]
struct Action {
    #[serde(default)]
    parameters: Vec<Parameter>,
}

#[derive(Deserialize)]
struct Parameter {
    name: String,
    value: Option<Value>,
}

fn carries(actions: &[Option<Action>], request: &Request) -> bool {
    parameters(actions).any(|it| {
        it.name == "REQUEST" && it.value.as_ref().and_then(Value::as_str) == Some(&request.key)
    })
}

fn parameters(actions: &[Option<Action>]) -> impl Iterator<Item = &Parameter> {
    actions.iter().flatten().flat_map(|it| &it.parameters)
}

/// The number of the item in the queue, from its URL.
fn queue_item(location: &str) -> Option<u64> {
    let (_, number) = location.trim_end_matches('/').rsplit_once("/queue/item/")?;
    number.parse().ok()
}

/// Names and values of the cookies that an answer sets.
fn cookies(answer: &Answer) -> String {
    let set = answer.headers().get_all(SET_COOKIE).iter();
    let pairs = set.filter_map(|it| it.to_str().ok()?.split(';').next());
    pairs.map(str::trim).collect::<Vec<_>>().join("; ")
}

/// The error for a failed crumb request, after which certainly nothing was started.
fn certain(error: Error) -> Error {
    match error {
        Error::Unknown { why } => Error::Refused { why },
        error => error,
    }
}

#[cfg(test)]
#[path = "jenkins_tests.rs"]
mod tests;
