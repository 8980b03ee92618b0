//! Requests that are refused.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use crate::pipeline::{LIMIT, Pipeline};
use crate::server::{SECRET, Server, StoreReader, answer, docker_hub, table};
use crate::waiting;

fn serving() -> (Pipeline, Server) {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.serve = Some(table(""));
    let server = Server::start(&pipeline);
    (pipeline, server)
}

#[track_caller]
fn is_empty(pipeline: &Pipeline) {
    let mut store = StoreReader::of(pipeline);
    assert_eq!(
        store.counts(),
        greenlight::journal::inbox::Counts::default()
    );
    assert!(store.push_events().is_empty() && store.deployments().is_empty());
}

#[test]
fn without_the_secret_nothing_is_stored() {
    let (pipeline, server) = serving();
    pipeline.commit("Change [load test: skip]");
    let body = docker_hub(&pipeline.tags()[0]);
    for (path, headers, status) in [
        ("/hooks", String::new(), 401),
        ("/hooks", "authorization: Bearer \r\n".to_owned(), 401),
        (
            "/hooks",
            "authorization: Bearer another\r\n".to_owned(),
            401,
        ),
        ("/hooks", format!("authorization: Basic {SECRET}\r\n"), 401),
        (
            "/hooks",
            format!("authorization: Bearer {SECRET}x\r\n"),
            401,
        ),
        ("/hooks/another", String::new(), 404),
        (
            "/hooks/",
            format!("authorization: Bearer {SECRET}\r\n"),
            404,
        ),
        ("/hook", format!("authorization: Bearer {SECRET}\r\n"), 404),
    ] {
        let (answered, text) = server
            .ask("POST", path, &headers, body.as_bytes())
            .expect("an answer");
        assert_eq!(answered, status, "{path} {headers}: {text}");
    }
    let (status, _) = server
        .ask(
            "GET",
            "/hooks",
            &format!("authorization: Bearer {SECRET}\r\n"),
            b"",
        )
        .expect("an answer");
    assert_eq!(status, 405);
    is_empty(&pipeline);
    // The secret may also be a part of the path.
    let path = format!("/hooks/{SECRET}");
    let (status, _) = server
        .ask("POST", &path, "", body.as_bytes())
        .expect("an answer");
    assert_eq!(status, 202);
    assert!(!server.log().contains(SECRET), "{}", server.log());
    assert!(!server.get("/").contains(SECRET));
    assert!(!server.get("/metrics").contains(SECRET));
    let _cleaner = crate::server::Cleaner::of(&pipeline);
    assert!(server.stop().success());
}

#[test]
fn a_malformed_webhook_is_not_stored() {
    let (pipeline, server) = serving();
    let authorization = format!("authorization: Bearer {SECRET}\r\n");
    for body in [
        "",
        "{",
        "[]",
        "null",
        "{}",
        r#"{"events":{}}"#,
        r#"{"push_data":{"tag":1}}"#,
        "\u{0}",
    ] {
        assert_eq!(server.send(body), Some(400), "{body:?}");
    }
    // A body without pushes is valid.
    assert_eq!(server.send(r#"{"events":[]}"#), Some(200));
    let (status, _) = server
        .ask("POST", "/hooks", &authorization, &vec![b' '; (1 << 20) + 1])
        .expect("an answer");
    assert_eq!(status, 413);
    let mut stream = TcpStream::connect(&server.address).expect("a connection");
    stream
        .write_all(b"\x16\x03\x01 this is not HTTP\r\n\r\n")
        .expect("sent");
    assert_eq!(answer(&mut stream).map(|(status, _)| status), Some(400));
    let long = format!("x: {}\r\n", "y".repeat(64 << 10));
    let (status, _) = server.ask("POST", "/hooks", &long, b"").expect("an answer");
    assert_eq!(status, 431);
    is_empty(&pipeline);
    assert!(server.stop().success());
}

/// Clients that send nothing, or one byte at a time, do not block others, and are disconnected.
#[test]
fn slow_clients_do_not_block_others() {
    let (pipeline, server) = serving();
    let commit = "5".repeat(40);
    let connect = || {
        let stream = TcpStream::connect(&server.address).expect("a connection");
        stream.set_read_timeout(Some(LIMIT)).expect("a time limit");
        stream
    };
    let mut silent: Vec<_> = (0..300).map(|_| connect()).collect();
    let mut dripping = connect();
    dripping
        .write_all(b"POST /hooks HTTP/1.1\r\nhost:")
        .expect("sent");
    let mut body = connect();
    let head = format!(
        "POST /hooks HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {SECRET}\r\ncontent-length: 100\r\n\r\n{{"
    );
    body.write_all(head.as_bytes()).expect("sent");
    let others = docker_hub(&format!("stage-{commit}"));
    server.accept(&others);
    let drip = thread::spawn(move || {
        // Until the server disconnects.
        while dripping.write_all(b"x").is_ok() {
            thread::sleep(Duration::from_millis(100));
        }
        let mut rest = Vec::new();
        let _ = dripping.read_to_end(&mut rest);
    });
    assert_eq!(answer(&mut body).map(|(status, _)| status), Some(408));
    for stream in &mut silent {
        let mut rest = Vec::new();
        // The connection has ended; the read has not timed out.
        let ended = stream.read_to_end(&mut rest);
        let ended = ended.is_ok()
            || ended.is_err_and(|it| it.kind() == std::io::ErrorKind::ConnectionReset);
        assert!(ended);
    }
    drip.join().expect("it was disconnected");
    let mut inbox = StoreReader::of(&pipeline);
    assert_eq!(inbox.counts().deliveries, 1);
    let _cleaner = crate::server::Cleaner::of(&pipeline);
    assert!(server.stop().success());
}

/// A client beyond the limit of connections is asked to try again.
#[test]
fn too_many_connections_are_refused() {
    let (pipeline, server) = serving();
    let store: Vec<_> = (0..512)
        .map(|_| TcpStream::connect(&server.address).expect("a connection"))
        .collect();
    let body = docker_hub(&format!("stage-{}", "5".repeat(40)));
    let refused = waiting::until("refusal", LIMIT, || {
        let authorization = format!("authorization: Bearer {SECRET}\r\n");
        let answer = server.ask("POST", "/hooks", &authorization, body.as_bytes());
        answer.filter(|(status, _)| *status == 503)
    });
    assert!(
        refused
            .1
            .to_ascii_lowercase()
            .contains("\r\nretry-after: 1\r\n"),
        "{}",
        refused.1
    );
    drop(store);
    waiting::until("a free connection", LIMIT, || {
        (server.send(&body) == Some(202)).then_some(())
    });
    let _cleaner = crate::server::Cleaner::of(&pipeline);
    assert!(server.stop().success());
}

#[test]
fn a_wrong_configuration_is_reported_at_the_start() {
    let mut pipeline = Pipeline::recorded();
    let refused = |pipeline: &Pipeline, said: &str| {
        let mut command = pipeline.command();
        command.env("HOOK_SECRET", SECRET).arg("serve");
        pipeline.configure();
        let ended = crate::pipeline::ended(&mut command);
        assert_eq!(ended.status, 2, "{}", ended.stderr);
        assert!(ended.stderr.contains(said), "{}", ended.stderr);
        assert!(ended.stderr.contains("help: "), "{}", ended.stderr);
        assert!(!ended.stderr.contains(SECRET), "{}", ended.stderr);
    };
    refused(&pipeline, "has no `[serve]` table");
    pipeline.setting.serve = Some(table("").replace("HOOK_SECRET", "ANOTHER"));
    refused(&pipeline, "the variable `ANOTHER`");
    let short = pipeline.folder().join("short");
    std::fs::write(&short, "0123456789abcde\n").expect("a file");
    let file = format!("token-file = {short:?}");
    pipeline.setting.serve = Some(table("").replace("token-variable = \"HOOK_SECRET\"", &file));
    refused(&pipeline, "fewer than 16 characters");
    refused(&pipeline, "`openssl rand -hex 32`");
    pipeline.setting.serve = Some(table("listen = \"192.0.2.1:1\"\n"));
    refused(&pipeline, "failed to listen on 192.0.2.1:1");
    pipeline.setting.serve = Some(table(
        "[serve.jenkins]\njob = \"http://127.0.0.1:1/job/a\"\nuser = \"ci\"\ntoken-variable = \"NONE\"\n",
    ));
    refused(&pipeline, "`NONE`");
}
