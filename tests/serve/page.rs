//! What people and machines see of a receiver.

use greenlight::journal::inbox::DeploymentRequestState;

use crate::chromium;
use crate::jenkins::Jenkins;
use crate::pipeline::{LIMIT, Pipeline};
use crate::receiver::{Held, Receiver, digest, distribution, docker_hub, table};
use crate::waiting;

/// The page in a real browser, which goes on to ask for it, shows what came in after it was loaded.
#[test]
fn the_page_shows_what_came_in_and_what_became_of_it() {
    let jenkins = Jenkins::start();
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.serve = Some(table(&jenkins.table()));
    let receiver = Receiver::start(&pipeline);
    let (stage, prod) = (format!("stage-{:040x}", 1), format!("prod-{:040x}", 1));
    receiver.accept(&distribution(&stage, &digest(1)));
    receiver.accept(&docker_hub(&prod));
    receiver.accept(&docker_hub("latest"));
    let mut held = Held::by(&pipeline);
    held.until(&stage, "made", |it| {
        matches!(it, DeploymentRequestState::Started { .. })
    });
    held.until(&prod, "waiting", |it| {
        matches!(it, DeploymentRequestState::Waiting { .. })
    });
    waiting::until("settled hints", LIMIT, || {
        (held.counts().pending == 0).then_some(())
    });
    let url = format!("http://{}/", receiver.address);
    let dom = waiting::until("page", LIMIT, || {
        let dom = chromium::dump_dom_of(&url);
        dom.contains(", live").then_some(dom)
    });
    for shown in [
        "1 waits, 1 started",
        "Jenkins",
        &stage,
        &prod,
        &digest(1),
        "waits: `stage` has no verified deployment of the release",
        "was started: http://127.0.0.1:",
        "starts nothing: `latest` follows the newest build",
        "no registry is configured",
    ] {
        assert!(dom.contains(shown), "no {shown:?} in {dom}");
    }
    assert!(receiver.stop().success());
}

#[test]
fn machines_ask_for_version_health_and_metrics() {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.serve = Some(table(""));
    let receiver = Receiver::start(&pipeline);
    let body = |path: &str| {
        let text = receiver.get(path);
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
    receiver.accept(&docker_hub("latest"));
    let mut held = Held::by(&pipeline);
    waiting::until("settled hints", LIMIT, || {
        (held.counts().pending == 0).then_some(())
    });
    let metrics = body("/metrics");
    for line in [
        "greenlight_webhook_requests_total{outcome=\"Stored\"} 1",
        "greenlight_webhook_accepted_seconds_count 1",
    ] {
        assert!(
            metrics.lines().any(|it| it == line),
            "no {line} in {metrics}"
        );
    }
    assert!(receiver.stop().success());
}

/// A store that is gone is said, and nothing is accepted until it is back.
#[test]
fn a_store_that_is_gone_is_no_reason_to_lose_anything() {
    let server = std::sync::Arc::new(crate::postgres_server::Server::new());
    let jenkins = Jenkins::start();
    let mut pipeline = Pipeline::recorded();
    let database = server.database();
    let more = if database.contains('?') { '&' } else { '?' };
    pipeline.setting.journal = Some(format!("{database}{more}connect_timeout=1"));
    pipeline.setting.serve = Some(table(&jenkins.table()));
    let receiver = Receiver::start(&pipeline);
    let tag = format!("stage-{:040x}", 1);
    server.crash();
    assert_eq!(receiver.send(&docker_hub(&tag)), Some(503));
    waiting::until("bad health", LIMIT, || {
        let (status, _) = receiver.ask("GET", "/__heartbeat__", "", b"")?;
        (status == 503).then_some(())
    });
    assert!(receiver.get("/").contains("The store does not answer"));
    server.start();
    waiting::until("acceptance", LIMIT, || {
        (receiver.send(&docker_hub(&tag)) == Some(202)).then_some(())
    });
    waiting::until("start", LIMIT, || {
        (!jenkins.tags().is_empty()).then_some(())
    });
    assert_eq!(jenkins.tags(), [tag]);
    assert!(receiver.stop().success());
}
