use super::super::trial::{self, TOKEN, request};
use super::*;
use crate::effects::stand_in::{StandIn, answer};
use crate::secret::Source;

fn settings(url: &str, token: Source) -> CircleCiSettings {
    CircleCiSettings {
        url: url.to_owned(),
        project: "gh/org/shop".to_owned(),
        branch: "main".to_owned(),
        definition: None,
        token,
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
fn what_is_no_acceptance_is_told_apart() {
    trial::failures(starter, 0);
}

#[test]
fn a_key_that_is_there_is_proof_and_one_that_is_not_is_none() {
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
