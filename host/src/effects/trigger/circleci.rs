//! A pipeline of `CircleCI`.
//!
//! The pipeline must declare the parameters `greenlight-tag`, `greenlight-digest` and `greenlight-request`; otherwise
//! `CircleCI` refuses the request.
//!
//! Source: <https://circleci.com/docs/api/v2/>. Pipelines of a GitHub App or of Bitbucket Data Center are started by
//! their definition, with another endpoint
//! (<https://circleci.com/changelog/new-v2-api-endpoint-for-triggering-pipelines>).

use serde::Deserialize;
use serde_json::{Value, json};

use super::{CiClient, Error, Request, Trigger, read_token};
use crate::server_settings::CircleCiSettings;

/// Starts pipelines of a project.
pub struct CircleCi {
    settings: CircleCiSettings,
    client: CiClient,
}

impl CircleCi {
    /// Makes a client.
    pub fn new(settings: CircleCiSettings) -> Self {
        Self {
            client: CiClient::new("CircleCI", &settings.trust),
            settings,
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
        let token = read_token(&self.settings.token, "CircleCI token")?;
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
        let mut answer = self.client.json(&url, &headers, &body)?;
        if answer.status() != 201 {
            return Err(self.client.refusal(&answer));
        }
        // It is accepted, also if the body can't be parsed.
        let number = answer.document::<Pipeline>().and_then(|it| it.number);
        Ok(self.reference(number))
    }

    /// Looks through the latest pipelines for the key.
    ///
    /// The documentation does not say that `trigger_parameters` contain the parameters of the request. So the key
    /// proves that a pipeline was started, and its absence proves nothing.
    fn find(&self, request: &Request) -> Result<Option<String>, Error> {
        let token = read_token(&self.settings.token, "CircleCI token")?;
        let headers = [("Circle-Token", token.expose())];
        let refusal = |answer: &_| self.client.refusal(answer);
        let list: Pipelines = self.client.list(&self.pipelines(), &headers, refusal)?;
        let mut pipelines = list.items.into_iter();
        match pipelines.find(|it| holds(&it.trigger_parameters, &request.key)) {
            Some(pipeline) => Ok(Some(self.reference(pipeline.number))),
            None => Err(Error::Unknown {
                why: format!(
                    "CircleCI does not show whether the pipeline was started: look for \
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

/// Whether any string in a document equals a text.
fn holds(value: &Value, text: &str) -> bool {
    match value {
        Value::String(it) => it == text,
        Value::Array(list) => list.iter().any(|it| holds(it, text)),
        Value::Object(map) => map.values().any(|it| holds(it, text)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial::{self, TOKEN, request};
    use super::*;
    use crate::effects::stand_in::{StandIn, answer};
    use crate::secret::Source;
    use crate::tls::Trust;

    fn settings(url: &str, token: Source) -> CircleCiSettings {
        CircleCiSettings {
            url: url.to_owned(),
            project: "gh/org/shop".to_owned(),
            branch: "main".to_owned(),
            definition: None,
            token,
            trust: Trust::default(),
        }
    }

    fn starter(url: &str, token: Source) -> Box<dyn Trigger> {
        Box::new(CircleCi::new(settings(url, token)))
    }

    fn sent(request: &str) -> (String, Value) {
        let (head, body) = request.split_once("\r\n\r\n").expect("a body");
        (
            head.to_ascii_lowercase(),
            serde_json::from_str(body).expect("JSON"),
        )
    }

    #[test]
    fn a_pipeline_is_started() {
        let (token, _folder) = trial::token();
        let server = StandIn::start(|stream, _| {
            answer(
                stream,
                "201 Created",
                "",
                r#"{"id": "x", "state": "pending", "number": 25}"#,
            );
        });
        let reference = starter(&server.url, token).start(&request());
        assert_eq!(reference, Ok("pipeline 25 of gh/org/shop".to_owned()));
        let (head, body) = sent(&server.requests()[0]);
        assert!(
            head.starts_with("post /api/v2/project/gh/org/shop/pipeline http/1.1"),
            "{head}"
        );
        assert!(head.contains(&format!("circle-token: {TOKEN}")), "{head}");
        assert!(head.contains("content-type: application/json"), "{head}");
        let request = request();
        assert_eq!(
            body,
            json!({
                "branch": "main",
                "parameters": {
                    "greenlight-tag": request.tag,
                    "greenlight-digest": request.digest,
                    "greenlight-request": "k3y",
                },
            })
        );
    }

    #[test]
    fn a_pipeline_with_a_definition_is_run() {
        let (token, _folder) = trial::token();
        let server = StandIn::start(|stream, _| answer(stream, "201 Created", "", "broken"));
        let starter = CircleCi::new(CircleCiSettings {
            definition: Some("d1".to_owned()),
            ..settings(&server.url, token)
        });
        assert_eq!(
            starter.start(&request()),
            Ok("a pipeline of gh/org/shop".to_owned())
        );
        let (head, body) = sent(&server.requests()[0]);
        assert!(
            head.starts_with("post /api/v2/project/gh/org/shop/pipeline/run http/1.1"),
            "{head}"
        );
        assert_eq!(body["definition_id"], "d1");
        assert_eq!(body["config"]["branch"], "main");
        assert_eq!(body["checkout"]["branch"], "main");
        assert_eq!(body["parameters"]["greenlight-request"], "k3y");
    }

    #[test]
    fn failures_are_classified() {
        trial::failures(starter, 0);
    }

    #[test]
    fn a_key_proves_a_start_and_its_absence_proves_nothing() {
        for (parameters, found) in [
            (json!({"circleci": {"greenlight-request": "k3y"}}), true),
            (json!({"a": ["k3y"]}), true),
            (json!({"a": "k3y2"}), false),
            (json!(null), false),
        ] {
            let list =
                json!({"items": [{"number": 1}, {"number": 2, "trigger_parameters": parameters}]});
            let server = StandIn::start(move |stream, _| {
                answer(stream, "200 OK", "", &list.to_string());
            });
            let (token, _folder) = trial::token();
            let reference = starter(&server.url, token).find(&request());
            if found {
                assert_eq!(reference, Ok(Some("pipeline 2 of gh/org/shop".to_owned())));
            } else {
                let error = reference.expect_err("it can't be found out");
                assert!(error.is_unknown(), "{error:?}");
                assert!(
                    error.to_string().contains("`greenlight-request` k3y"),
                    "{error}"
                );
            }
        }
        trial::not_found_out(starter);
    }
}
