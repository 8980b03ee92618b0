//! A person cancels a deployment that the server has started.

use std::fs;

use greenlight::contract::promotion::Conclusion;
use greenlight::journal::inbox::DeploymentRequestState;

use crate::locust;
use crate::pipeline::{LIMIT, Pipeline};
use crate::server::{Cleaner, SECRET, Server, StoreReader, digest, distribution, table};
use crate::waiting;

/// The processes of the pipeline's load test.
fn load_tests(pipeline: &Pipeline) -> usize {
    let folder = pipeline.folder().to_str().expect("UTF-8").to_owned();
    let processes = fs::read_dir("/proc").expect("processes").flatten();
    let lines = processes.filter_map(|it| fs::read(it.path().join("cmdline")).ok());
    let lines = lines.map(|it| String::from_utf8_lossy(&it).into_owned());
    lines
        .filter(|it| it.contains("locustfile.py") && it.contains(&folder))
        .count()
}

/// A server that starts one deployment at a time, whose load test runs for a minute.
fn serving() -> (Pipeline, Server, Cleaner) {
    let mut pipeline = Pipeline::new();
    pipeline.setting.rounds = 1;
    pipeline.setting.load_test =
        locust::command(pipeline.stage.balancer(), 1_000_000, pipeline.folder());
    pipeline.setting.serve = Some(table("at-most = 1\n"));
    let cleaner = Cleaner::of(&pipeline);
    let server = Server::start(&pipeline);
    (pipeline, server, cleaner)
}

/// Pushes a release, and waits until its load test makes requests.
fn until_load_test(pipeline: &Pipeline, server: &Server) -> String {
    pipeline.commit("Change [load test: abort]");
    let tag = pipeline.tags().swap_remove(0);
    server.accept(&distribution(&tag, &digest(1)));
    waiting::until("load test", LIMIT, || {
        (pipeline.stage.state().requests > 20 && load_tests(pipeline) > 0).then_some(())
    });
    tag
}

/// The canceled deployment ends, is not resumed, and the next release takes its place.
fn ends_and_the_next_goes_on(pipeline: &Pipeline, server: &Server, tag: &str) {
    let mut store = StoreReader::of(pipeline);
    let header = store.until_ended(tag);
    assert_eq!(header.conclusion, Some(Conclusion::Canceled));
    assert_eq!(load_tests(pipeline), 0, "its process group is gone");
    let told = pipeline.slack.messages();
    assert_eq!(told.len(), 1, "{told:?}");
    let text = told[0].body.to_string();
    assert!(
        text.contains("was canceled")
            && text.contains("Ada (claimed) canceled the release: too slow"),
        "{text}"
    );

    pipeline.commit("Next [load test: skip]");
    let next = pipeline.tags().swap_remove(0);
    server.accept(&distribution(&next, &digest(2)));
    let ended = store.until_ended(&next);
    assert_eq!(ended.conclusion, Some(Conclusion::Promoted));
    assert_eq!(store.deployments().len(), 2, "it was not begun again");
}

#[test]
fn the_command_cancels_what_the_server_has_started() {
    let (pipeline, server, _cleaner) = serving();
    let tag = until_load_test(&pipeline, &server);
    let canceled = pipeline.greenlight(&["cancel", "1", "--by", "Ada", "--reason", "too slow"]);
    canceled.is(0, &["deployment 1 is canceled"]);
    ends_and_the_next_goes_on(&pipeline, &server, &tag);
    assert!(server.stop().success());
}

#[test]
fn the_form_cancels_what_the_server_has_started() {
    const PAGE: &str = "/deployments/1";
    const PATH: &str = "/deployments/1/cancel";
    let (pipeline, server, _cleaner) = serving();
    assert_eq!(server.ask("GET", PAGE, "", b"").map(|it| it.0), Some(404));
    let tag = until_load_test(&pipeline, &server);
    let page = server.get(PAGE);
    assert!(
        page.contains(&tag) && page.contains("form-action 'self'"),
        "{page}"
    );
    assert!(!page.contains("<script"), "it works without one: {page}");
    let main = server.get("/");
    assert!(main.contains(&format!("href=\"{PAGE}#people\"")), "{main}");

    let post = |headers: &str, body: String| {
        let form = "content-type: application/x-www-form-urlencoded\r\naccept: text/html\r\n";
        let answer = server.ask("POST", PATH, &format!("{form}{headers}"), body.as_bytes());
        answer.expect("an answer")
    };
    let fields = |by: &str, token: &str| format!("by={by}&reason=too+slow&token={token}");
    for (body, status) in [
        (fields("Ada", ""), 401),
        (fields("Ada", "wrong"), 401),
        (fields("+", SECRET), 400),
    ] {
        let (answered, text) = post("", body);
        assert_eq!(answered, status, "{text}");
        assert!(!text.contains(SECRET), "{text}");
    }
    // A token in the address does not count.
    let path = format!("{PATH}?token={SECRET}");
    let answer = server.ask("POST", &path, "", fields("Ada", "").as_bytes());
    assert_eq!(answer.map(|it| it.0), Some(401));
    assert!(load_tests(&pipeline) > 0, "nothing was canceled");

    let (status, text) = post("", fields("Ada", SECRET));
    assert_eq!(status, 303, "{text}");
    ends_and_the_next_goes_on(&pipeline, &server, &tag);
    // A program may send the token as a webhook does.
    let bearer = format!("authorization: Bearer {SECRET}\r\n");
    let (status, text) = post(&bearer, fields("Ada", ""));
    assert_eq!(status, 409, "{text}");
    assert!(text.contains("has ended: canceled"), "{text}");
    assert!(!server.log().contains(SECRET), "{}", server.log());
    assert!(server.stop().success());
}

/// A request of a canceled release that arrives again starts nothing.
#[test]
fn a_canceled_release_is_not_started_again() {
    let (pipeline, server, _cleaner) = serving();
    let tag = until_load_test(&pipeline, &server);
    let prod = pipeline.tags().swap_remove(1);
    server.accept(&distribution(&prod, &digest(1)));
    pipeline
        .greenlight(&["cancel", "1", "--by", "Ada"])
        .is(0, &[]);
    let mut store = StoreReader::of(&pipeline);
    store.until(
        &prod,
        "closed",
        |it| matches!(it, DeploymentRequestState::Stopped { why } if why.contains("canceled")),
    );
    server.accept(&distribution(&tag, &digest(1)));
    waiting::until("no pending push event", LIMIT, || {
        (store.counts().pending == 0).then_some(())
    });
    assert_eq!(store.deployments().len(), 1);
    assert!(server.stop().success());
}
