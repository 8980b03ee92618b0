//! A pipeline of `CircleCI`.
//!
//! The pipeline declares the parameters `greenlight-tag`, `greenlight-digest` and `greenlight-request`; a
//! pipeline without them is refused by `CircleCI`.
//!
//! Source: <https://circleci.com/docs/api/v2/>. Pipelines of a GitHub App or of Bitbucket Data Center are run
//! by their definition, with an endpoint of its own
//! (<https://circleci.com/changelog/new-v2-api-endpoint-for-triggering-pipelines>).

use serde::Deserialize;
use serde_json::{Value, json};

use super::line::Line;
use super::{Error, Request, Trigger};
use crate::config::server::CircleCiSettings;

/// Starts pipelines of a project.
pub struct CircleCi {
    settings: CircleCiSettings,
    line: Line,
}

impl CircleCi {
    /// Ready to start pipelines.
    pub fn new(settings: CircleCiSettings) -> Self {
        Self {
            settings,
            line: Line::to("CircleCI"),
        }
    }

    fn pipelines(&self) -> String {
        let CircleCiSettings { url, project, .. } = &self.settings;
        format!("{url}/api/v2/project/{project}/pipeline")
    }

    fn reference(&self, number: Option<u64>) -> String {
        let project = &self.settings.project;
        number.map_or_else(
            || format!("a pipeline of {project}"),
            |number| format!("pipeline {number} of {project}"),
        )
    }
}

impl Trigger for CircleCi {
    fn start(&self, request: &Request) -> Result<String, Error> {
        let token = self.settings.token.token("CircleCI token");
        let token = token.map_err(|why| Error::Refused { why })?;
        let parameters = json!({
            "greenlight-tag": request.tag,
            "greenlight-digest": request.digest.as_deref().unwrap_or_default(),
            "greenlight-request": request.key,
        });
        let branch = &self.settings.branch;
        let (url, body) = match &self.settings.definition {
            None => (
                self.pipelines(),
                json!({ "branch": branch, "parameters": parameters }),
            ),
            Some(definition) => (
                format!("{}/run", self.pipelines()),
                json!({
                    "definition_id": definition,
                    "config": { "branch": branch },
                    "checkout": { "branch": branch },
                    "parameters": parameters,
                }),
            ),
        };
        let headers = [("Circle-Token", token.expose())];
        let mut answer = self.line.json(&url, &headers, &body)?;
        if answer.status() != 201 {
            return Err(self.line.refusal(&answer));
        }
        // It is accepted, whatever can be read of it.
        let number = answer.document::<Pipeline>().and_then(|it| it.number);
        Ok(self.reference(number))
    }

    /// Looks through the latest pipelines for the key.
    ///
    /// It is documented that a pipeline has `trigger_parameters`, but not that what it was started with is
    /// among them. So the key proves that it was started, and its absence proves nothing.
    fn find(&self, request: &Request) -> Result<Option<String>, Error> {
        let token = self.settings.token.token("CircleCI token");
        let token = token.map_err(|why| Error::Refused { why })?;
        let headers = [("Circle-Token", token.expose())];
        let refusal = |answer: &_| self.line.refusal(answer);
        let list: Pipelines = self.line.list(&self.pipelines(), &headers, refusal)?;
        let mut pipelines = list.items.into_iter();
        match pipelines.find(|it| holds(&it.trigger_parameters, &request.key)) {
            Some(pipeline) => Ok(Some(self.reference(pipeline.number))),
            None => Err(Error::Unknown {
                why: format!(
                    "CircleCI does not say which pipelines have not been started: look for \
                     `greenlight-request` {} in {}",
                    request.key, self.settings.project
                ),
            }),
        }
    }
}

#[derive(Deserialize)]
struct Pipelines {
    items: Vec<Pipeline>,
}

#[derive(Deserialize)]
struct Pipeline {
    number: Option<u64>,
    #[serde(default)]
    trigger_parameters: Value,
}

/// Whether a text is somewhere in a document, as a whole.
fn holds(value: &Value, text: &str) -> bool {
    match value {
        Value::String(it) => it == text,
        Value::Array(list) => list.iter().any(|it| holds(it, text)),
        Value::Object(map) => map.values().any(|it| holds(it, text)),
        _ => false,
    }
}

#[cfg(test)]
#[path = "circleci_tests.rs"]
mod tests;
