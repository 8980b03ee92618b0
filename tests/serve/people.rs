//! People approve, reject and hold a release that the server has started: programs with JSON, and the form of the page.

use std::fs;

use greenlight::contract::promotion::Conclusion;
use serde_json::Value;

use crate::pipeline::{LIMIT, Pipeline};
use crate::server::{Cleaner, SECRET, Server, StoreReader, digest, distribution, table};
use crate::waiting;

/// The tokens of people. They must not appear in the log or on a page.
const ADA: &str = "ada-never-to-be-shown";
const BOB: &str = "bob-never-to-be-shown";

/// The people of the configuration.
pub const PEOPLE: &str = r#"
[[serve.approver]]
name = "Ada"
token-variable = "ADA_TOKEN"

[[serve.approver]]
name = "Bob"
token-variable = "BOB_TOKEN"
"#;

/// A server, and a release of Ada's that has verified stage and waits for people.
#[track_caller]
pub fn waiting_release(
    serve: &str,
    production: &'static str,
) -> (Pipeline, Server, Cleaner, String) {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.rounds = 1;
    pipeline.setting.production = production;
    pipeline.setting.stage_keys = "before = [\"look\"]\n";
    "[[step]]\nname = \"look\"\ncommand = [\"sh\", \"-c\", \"env > environment\"]\n"
        .clone_into(&mut pipeline.setting.steps);
    pipeline.setting.serve = Some(table(serve));
    let cleaner = Cleaner::of(&pipeline);
    let mut command = pipeline.command();
    command.env("ADA_TOKEN", ADA).env("BOB_TOKEN", BOB);
    let server = Server::listening(&pipeline, command, 0).expect("it listens");
    pipeline.commit("Change [load test: skip]");
    let tag = pipeline.tags().swap_remove(0);
    server.accept(&distribution(&tag, &digest(1)));
    waiting::until("the question", LIMIT, || {
        let (status, page) = server.ask("GET", "/deployments/1", "", b"")?;
        (status == 200 && page.contains("data-question=\"prod\"")).then_some(())
    });
    (pipeline, server, cleaner, tag)
}

/// Sends JSON with a token: the status, and the answer.
#[track_caller]
fn sends(server: &Server, path: &str, token: &str, body: &str) -> (u16, Value) {
    let headers = format!("authorization: Bearer {token}\r\ncontent-type: application/json\r\n");
    let path = format!("/deployments/{path}");
    let answer = server.ask("POST", &path, &headers, body.as_bytes());
    let (status, text) = answer.expect("an answer");
    let (_, body) = text.split_once("\r\n\r\n").expect("a body");
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

/// Sends the form of the page as a browser does.
#[track_caller]
fn submits(server: &Server, path: &str, body: &str) -> (u16, String) {
    let headers =
        "content-type: application/x-www-form-urlencoded\r\naccept: text/html,*/*;q=0.8\r\n";
    let path = format!("/deployments/{path}");
    let answer = server.ask("POST", &path, headers, body.as_bytes());
    answer.expect("an answer")
}

/// Sends what is not accepted to deployment 1, which waits.
#[track_caller]
fn invalid_requests_are_refused(server: &Server) {
    for (path, token, body, status, said) in [
        ("1/approve", "", "{}", 401, "the token is missing or wrong"),
        (
            "1/approve",
            "wrong",
            "{}",
            401,
            "the token is missing or wrong",
        ),
        (
            "1/approve",
            SECRET,
            r#"{"by":"Bob"}"#,
            403,
            "does not permit an approval",
        ),
        (
            "1/approve",
            BOB,
            r#"{"by":"Cid"}"#,
            403,
            "the token belongs to Bob",
        ),
        ("1/approve", BOB, "[", 400, "the body can't be read"),
        (
            "1/approve",
            BOB,
            r#"{"who":"Bob"}"#,
            400,
            "unknown field `who`",
        ),
        ("1/reject", BOB, "{}", 400, "the reason is missing"),
        ("1/hold", BOB, "{}", 400, "the reason is missing"),
        (
            "1/reject",
            SECRET,
            r#"{"reason":"x"}"#,
            400,
            "the name of the person is missing",
        ),
        (
            "1/approve",
            BOB,
            r#"{"environment":"qa"}"#,
            400,
            "has no environment `qa`",
        ),
        (
            "1/approve",
            BOB,
            r#"{"digest":"sha256:1"}"#,
            409,
            "the request about sha256:1",
        ),
        ("9/approve", BOB, "{}", 404, "deployment 9 does not exist"),
    ] {
        let (answered, answer) = sends(server, path, token, body);
        assert_eq!(answered, status, "{path} {body}: {answer}");
        let error = answer["error"].as_str().unwrap_or_default();
        assert!(error.contains(said), "{path} {body}: {answer}");
    }
    let large = format!(r#"{{"reason":"{}"}}"#, "x".repeat(20_000));
    assert_eq!(sends(server, "1/approve", BOB, &large).0, 413);
    let get = server.ask("GET", "/deployments/1/approve", "", b"");
    assert_eq!(get.map(|it| it.0), Some(303));
}

/// A form that is not complete comes back as it was.
#[track_caller]
fn a_refused_form_comes_back(server: &Server) {
    let (status, page) = submits(
        server,
        "1/reject",
        &format!("by=Bob&token={BOB}&environment=prod"),
    );
    assert_eq!(status, 400, "{page}");
    assert!(
        page.contains("The reason is missing.") && page.contains("value=\"Bob\""),
        "{page}"
    );
    let (status, page) = submits(server, "1/approve", "by=Bob&reason=%3Cb%3Ehi&token=no");
    assert_eq!(status, 401, "{page}");
    assert!(
        page.contains("The token is missing or wrong.") && !page.contains("<b>hi"),
        "{page}"
    );
}

#[test]
fn people_with_tokens_of_their_own_approve() {
    let (pipeline, server, _cleaner, tag) = waiting_release(PEOPLE, "approvals = 1\n");
    invalid_requests_are_refused(&server);
    // Ada is the author: her approval is recorded, and does not count.
    let body = format!(r#"{{"reason":"I wrote it","digest":"{}"}}"#, digest(1));
    let (status, answer) = sends(&server, "1/approve", ADA, &body);
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["schema"], "greenlight.intervention/1");
    assert_eq!(
        (&answer["by"], &answer["proven"]),
        (&"Ada".into(), &true.into())
    );
    assert_eq!(
        (&answer["kind"], &answer["state"]),
        (&"approved".into(), &"recorded".into())
    );
    assert_eq!(answer["digest"], digest(1));
    let page = server.get("/deployments/1");
    assert!(page.contains("prod waits for 1 approval"), "{page}");
    assert!(
        page.contains("approved by Ada (proven): I wrote it"),
        "{page}"
    );
    assert!(page.contains(&format!("value=\"{}\"", digest(1))), "{page}");

    a_refused_form_comes_back(&server);
    let form = format!(
        "environment=prod&digest={}&by=&reason=tried+it&token={BOB}",
        digest(1)
    );
    let (status, text) = submits(&server, "1/approve", &form);
    assert_eq!(status, 303, "{text}");
    assert!(text.contains("location: /deployments/1\r\n"), "{text}");
    let mut store = StoreReader::of(&pipeline);
    assert_eq!(
        store.until_ended(&tag).conclusion,
        Some(Conclusion::Promoted)
    );
    let page = server.get("/deployments/1");
    assert!(
        page.contains("approved for prod by Bob (proven): tried it"),
        "{page}"
    );
    assert!(!page.contains("<form"), "{page}");
    let (status, answer) = sends(&server, "1/approve", BOB, "{}");
    assert_eq!(status, 409, "{answer}");
    let (status, text) = submits(&server, "1/approve", &form);
    assert_eq!(status, 409, "{text}");
    assert!(text.contains("Deployment 1 has ended: promoted."), "{text}");
    // The commands of a deployment do not inherit the tokens.
    let environment = fs::read_to_string(pipeline.folder().join("environment"));
    let environment = environment.expect("the step ran");
    assert!(
        environment.contains("GREENLIGHT_STEP=look"),
        "{environment}"
    );
    for secret in ["HOOK_SECRET", "ADA_TOKEN", "BOB_TOKEN"] {
        assert!(!environment.contains(secret), "{environment}");
    }
    for text in [page, server.log()] {
        for secret in [SECRET, ADA, BOB] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    assert!(server.stop().success());
}

#[test]
fn with_the_secret_of_the_webhook_a_name_is_claimed() {
    let (pipeline, server, _cleaner, tag) = waiting_release("", "approvals = 1\n");
    let (status, answer) = sends(&server, "1/approve", SECRET, "{}");
    assert_eq!(status, 400, "{answer}");
    let (status, answer) = sends(&server, "1/hold", SECRET, r#"{"by":"Cid","reason":"wait"}"#);
    assert_eq!(status, 200, "{answer}");
    assert_eq!(
        (&answer["kind"], &answer["proven"]),
        (&"held".into(), &false.into())
    );
    let (status, text) = submits(
        &server,
        "1/approve",
        &format!("by=Cid&reason=fine&token={SECRET}"),
    );
    assert_eq!(status, 303, "{text}");
    let mut store = StoreReader::of(&pipeline);
    assert_eq!(
        store.until_ended(&tag).conclusion,
        Some(Conclusion::Promoted)
    );
    let status = pipeline.greenlight(&["status", "1"]).stdout;
    for said in [
        "held by Cid (claimed): wait",
        "approved by Cid (claimed): fine",
    ] {
        assert!(status.contains(said), "{status}");
    }
    assert!(server.stop().success());
}

#[test]
fn a_release_that_is_rejected_over_http_stops() {
    let (pipeline, server, _cleaner, tag) = waiting_release("", "approvals = 1\n");
    let (status, answer) = sends(
        &server,
        "1/reject",
        SECRET,
        r#"{"by":"Cid","reason":"broken"}"#,
    );
    assert_eq!(status, 200, "{answer}");
    let mut store = StoreReader::of(&pipeline);
    assert_eq!(
        store.until_ended(&tag).conclusion,
        Some(Conclusion::Stopped)
    );
    assert!(server.stop().success());
}

/// A token that proves nothing is found when the server starts.
#[test]
fn useless_tokens_are_refused_at_the_start() {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.serve = Some(table(PEOPLE));
    for (ada, bob, said) in [
        (
            ADA,
            None,
            "the variable `BOB_TOKEN` with the token of Bob is not set",
        ),
        (
            ADA,
            Some("short"),
            "holds a token of Bob with fewer than 16 characters",
        ),
        (
            ADA,
            Some(ADA),
            "`BOB_TOKEN` holds the token of Ada, so it does not prove the name Bob",
        ),
        (
            SECRET,
            Some(BOB),
            "`ADA_TOKEN` holds the secret of the webhook",
        ),
    ] {
        let mut command = pipeline.command();
        command.env("HOOK_SECRET", SECRET).env("ADA_TOKEN", ada);
        if let Some(bob) = bob {
            command.env("BOB_TOKEN", bob);
        }
        pipeline.configure();
        let ended = crate::pipeline::ended(command.args(["serve", "--listen", "127.0.0.1:0"]));
        assert_eq!(ended.status, 2, "{ended:?}");
        assert!(ended.stderr.contains(said), "{ended:?}");
        for secret in [SECRET, ADA, BOB] {
            assert!(!ended.stderr.contains(secret), "{ended:?}");
        }
    }
}
