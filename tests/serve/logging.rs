//! The log of the server.

use greenlight::journal::inbox::DeploymentRequestState;
use serde_json::Value;

use crate::jenkins::Jenkins;
use crate::pipeline::{self, Pipeline};
use crate::server::{SECRET, Server, StoreReader, digest, distribution, table};

/// Reads a log in which each line is an object with the keys that every event has.
#[track_caller]
fn events(log: &str) -> Vec<Value> {
    let events: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    for event in &events {
        for key in ["timestamp", "level", "target", "message"] {
            assert!(event[key].is_string(), "no {key} in {event}");
        }
    }
    events
}

#[track_caller]
fn event<'a>(events: &'a [Value], message: &str) -> &'a Value {
    let mut found = events.iter().filter(|it| it["message"] == message);
    found
        .next()
        .unwrap_or_else(|| panic!("no {message:?} in {events:?}"))
}

/// Whether an event has these fields, and perhaps more.
#[track_caller]
fn has(event: &Value, fields: &Value) {
    for (name, value) in fields.as_object().expect("fields") {
        assert_eq!(&event[name], value, "{name} of {event}");
    }
}

#[test]
fn each_line_is_json_and_has_the_fields_of_its_delivery() {
    let jenkins = Jenkins::start();
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.serve = Some(table(&jenkins.table()));
    let mut command = pipeline.command();
    command
        .env("GREENLIGHT_LOG_FORMAT", "json")
        .env("GREENLIGHT_LOG_LEVEL", "debug");
    let server = Server::listening(&pipeline, command, 0).expect("it listens");
    let forged = server.ask("POST", "/hooks", "", b"\x1b[31m\n");
    assert_eq!(forged.map(|(status, _)| status), Some(401));
    assert_eq!(server.send("\u{1b}[31m\n{"), Some(400));
    let tag = format!("stage-{:040x}", 1);
    server.accept(&distribution(&tag, &digest(1)));
    let request = StoreReader::of(&pipeline).until(&tag, "started", |it| {
        matches!(it, DeploymentRequestState::Started { .. })
    });
    let log = server.log_file();
    assert!(server.stop().success());
    let log = std::fs::read_to_string(log).expect("the log");
    assert!(!log.contains(SECRET), "{log}");
    let events = events(&log);
    has(
        event(&events, "webhook refused"),
        &serde_json::json!({ "level": "warn" }),
    );
    has(
        event(&events, "webhook refused: malformed"),
        &serde_json::json!({ "level": "warn", "span": "delivery", "delivery": 1 }),
    );
    has(
        event(&events, "push event stored"),
        &serde_json::json!({
            "level": "info",
            "span": "delivery",
            "delivery": 2,
            "source": "distribution",
            "repository": "shop",
            "tag": tag,
            "digest": digest(1),
        }),
    );
    has(
        event(&events, "push event requests a deployment"),
        &serde_json::json!({ "span": "push-event", "push-event": 1, "environment": "stage" }),
    );
    let started = event(&events, "deployment started");
    has(
        started,
        &serde_json::json!({
            "level": "info",
            "span": "deployment-request",
            "deployment-request": request.id,
            "key": request.key,
            "repository": "shop",
            "tag": tag,
            "digest": digest(1),
            "environment": "stage",
        }),
    );
    assert!(started["reference"].is_string(), "{started}");
    has(
        event(&events, "starting a deployment"),
        &serde_json::json!({ "level": "debug", "attempt": 1 }),
    );
    event(&events, "shut down; running deployments continue");
}

#[test]
fn a_failed_start_is_logged_in_the_format_of_the_log() {
    let pipeline = Pipeline::recorded();
    pipeline.configure();
    let ended = |arguments: &[&str]| {
        let mut command = pipeline.command();
        let ended = pipeline::ended(command.arg("serve").args(arguments));
        assert_eq!(ended.status, 2, "{}", ended.stderr);
        ended.stderr
    };
    let quiet = events(&ended(&["-q", "--log-format", "json"]));
    assert_eq!(quiet.len(), 1, "{quiet:?}");
    let failed = event(&quiet, "server failed");
    has(failed, &serde_json::json!({ "level": "error" }));
    for (field, text) in [
        ("reason", "has no `[serve]` table"),
        ("help", "write the table"),
    ] {
        let value = failed[field].as_str().expect(field);
        assert!(value.contains(text), "{failed}");
    }
    let verbose = events(&ended(&["-v", "--log-format", "json"]));
    event(&verbose, "configuration");
    let level = ["-v", "--log-format", "json", "--log-level", "info"];
    assert_eq!(events(&ended(&level)).len(), 1);
    let text = ended(&["--log-format", "text"]);
    assert!(
        text.starts_with("error: ") && text.contains("help: "),
        "{text}"
    );
}

#[test]
fn an_empty_or_unknown_variable_is_an_error() {
    let pipeline = Pipeline::recorded();
    for (variable, known) in [
        ("GREENLIGHT_LOG_FORMAT", "`text`, `json`"),
        (
            "GREENLIGHT_LOG_LEVEL",
            "`error`, `warn`, `info`, `debug`, `trace`",
        ),
    ] {
        for value in ["", "loud"] {
            let mut command = pipeline.command();
            let ended = pipeline::ended(command.arg("serve").env(variable, value));
            assert_eq!(ended.status, 2, "{}", ended.stderr);
            assert!(ended.stderr.contains(variable), "{}", ended.stderr);
            let said = if value.is_empty() { "is empty" } else { known };
            assert!(ended.stderr.contains(said), "{}", ended.stderr);
        }
    }
}
