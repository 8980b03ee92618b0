//! The status page, and what programs ask for.

use greenlight::journal::inbox::DeploymentRequestState;

use crate::chromium;
use crate::jenkins::Jenkins;
use crate::pipeline::{LIMIT, Pipeline};
use crate::server::{Server, StoreReader, digest, distribution, docker_hub, table};
use crate::waiting;

/// In a browser, the page updates itself.
#[test]
fn the_page_shows_push_events_and_deployment_requests() {
    let jenkins = Jenkins::start();
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.serve = Some(table(&jenkins.table()));
    let server = Server::start(&pipeline);
    let (stage, prod) = (format!("stage-{:040x}", 1), format!("prod-{:040x}", 1));
    server.accept(&distribution(&stage, &digest(1)));
    server.accept(&docker_hub(&prod));
    server.accept(&docker_hub("latest"));
    let mut store = StoreReader::of(&pipeline);
    store.until(&stage, "started", |it| {
        matches!(it, DeploymentRequestState::Started { .. })
    });
    store.until(&prod, "waiting", |it| {
        matches!(it, DeploymentRequestState::Waiting { .. })
    });
    waiting::until("no pending push event", LIMIT, || {
        (store.counts().pending == 0).then_some(())
    });
    let url = format!("http://{}/", server.address);
    let dom = waiting::until("page", LIMIT, || {
        let dom = chromium::dump_dom_of(&url);
        dom.contains(", live").then_some(dom)
    });
    for shown in [
        "1 waiting, 1 started",
        "Jenkins",
        &stage,
        &prod,
        &digest(1),
        "waiting: `stage` has no verified deployment of the release",
        "started: http://127.0.0.1:",
        "ignored: `latest` follows the newest build",
        "no registry is configured",
    ] {
        assert!(dom.contains(shown), "no {shown:?} in {dom}");
    }
    assert!(server.stop().success());
}

#[test]
fn version_health_and_metrics_are_served() {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.serve = Some(table(""));
    let server = Server::start(&pipeline);
    let body = |path: &str| {
        let text = server.get(path);
        let (_, body) = text.split_once("\r\n\r\n").expect("a body");
        body.to_owned()
    };
    let version: serde_json::Value = serde_json::from_str(&body("/__version__")).expect("JSON");
    for field in ["source", "version", "commit", "build"] {
        assert!(version[field].is_string(), "{version}");
    }
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
    let health: serde_json::Value = serde_json::from_str(&body("/__heartbeat__")).expect("JSON");
    assert_eq!(health["checks"]["store"], "ok");
    assert_eq!(body("/__lbheartbeat__"), "");
    server.accept(&docker_hub("latest"));
    let mut store = StoreReader::of(&pipeline);
    waiting::until("no pending push event", LIMIT, || {
        (store.counts().pending == 0).then_some(())
    });
    let metrics = body("/metrics");
    for line in [
        "greenlight_webhook_requests_total{outcome=\"stored\"} 1",
        "greenlight_webhook_accepted_seconds_count 1",
    ] {
        assert!(
            metrics.lines().any(|it| it == line),
            "no {line} in {metrics}"
        );
    }
    assert!(server.stop().success());
}

/// A deploy command fails after one node of three.
#[test]
fn the_page_says_that_production_is_mixed() {
    let mut pipeline = Pipeline::recorded();
    pipeline.fail_after_one_node();
    pipeline.setting.serve = Some(table(""));
    let commit = pipeline.commit("Change [load test: abort]");
    assert_eq!(pipeline.run().status, 1);
    let server = Server::start(&pipeline);
    let page = server.get("/");
    let (new, old) = (&commit[..12], &pipeline.before[..12]);
    for said in [
        format!("1 of 3 nodes of prod serves {new}, 2 serve {old}"),
        format!("all 3 nodes of stage serve {new}"),
    ] {
        assert!(page.contains(&said), "no {said:?} in {page}");
    }
    assert!(server.stop().success());
}

/// A freeze holds a release that runs. The overview and the page of the deployment show it, and until when.
#[test]
fn the_page_shows_what_holds_a_release_and_the_next_opening() {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.rounds = 1;
    pipeline.setting.serve = Some(table(""));
    pipeline.commit("Change [load test: skip]");
    let tags = pipeline.tags();
    let freeze = "freeze --environment prod --until 4h --by Ada --reason incident-7";
    let freeze: Vec<_> = freeze.split(' ').collect();
    assert_eq!(pipeline.greenlight(&freeze).status, 0);
    let _run = pipeline.start(&["run", "--tag", &tags[0]]);
    let server = Server::start(&pipeline);
    for path in ["/", "/deployments/1"] {
        let page = waiting::until("the freeze", LIMIT, || {
            let page = server.get(path);
            page.contains("freeze-1").then_some(page)
        });
        for said in ["incident-7", "next opening 20"] {
            assert!(page.contains(said), "no {said:?} in {page}");
        }
    }
    assert!(server.stop().success());
}

/// While the store is down, webhooks are answered with 503, and health and page report it.
#[test]
fn webhooks_are_refused_while_the_store_is_down() {
    let postgres = std::sync::Arc::new(crate::postgres_server::Server::new());
    let jenkins = Jenkins::start();
    let mut pipeline = Pipeline::recorded();
    let database = postgres.database();
    let more = if database.contains('?') { '&' } else { '?' };
    pipeline.setting.journal = Some(format!("{database}{more}connect_timeout=1"));
    pipeline.setting.serve = Some(table(&jenkins.table()));
    let server = Server::start(&pipeline);
    let tag = format!("stage-{:040x}", 1);
    postgres.crash();
    assert_eq!(server.send(&docker_hub(&tag)), Some(503));
    waiting::until("bad health", LIMIT, || {
        let (status, _) = server.ask("GET", "/__heartbeat__", "", b"")?;
        (status == 503).then_some(())
    });
    assert!(server.get("/").contains("The store does not answer"));
    postgres.start();
    waiting::until("acceptance", LIMIT, || {
        (server.send(&docker_hub(&tag)) == Some(202)).then_some(())
    });
    waiting::until("start", LIMIT, || {
        (!jenkins.tags().is_empty()).then_some(())
    });
    assert_eq!(jenkins.tags(), [tag]);
    assert!(server.stop().success());
}
