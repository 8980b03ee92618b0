//! The pages can be read by everyone, also on a phone: axe-core checks them in Chromium.

use std::fs;

use crate::pipeline::Pipeline;
use crate::server::{Server, table};
use crate::service::Service;
use crate::{chromium, people, programs};

/// The width of a phone, in CSS pixels.
const PHONE: u64 = 375;

/// The body of a page, with its style sheet inside, without its script and without the policy that permits none.
fn page(server: &Server, path: &str) -> String {
    let body = |path: &str| {
        let answer = server.get(path);
        let (head, body) = answer.split_once("\r\n\r\n").expect("a body");
        assert!(head.starts_with("HTTP/1.1 200"), "{path}: {head}");
        body.to_owned()
    };
    let style = format!("<style>{}</style>", body("/page.css"));
    let page = body(path)
        .replace(r#"<link rel="stylesheet" href="/page.css">"#, &style)
        .replace(r#"<script src="/live.js" defer></script>"#, "");
    without_policy(&page)
}

/// A page without the policy that permits no script.
fn without_policy(page: &str) -> String {
    page.replace(r#"<meta http-equiv="Content-Security-Policy""#, "<meta")
}

/// What a browser says about a page in a window of a width: how wide its content is, and what axe-core finds.
fn findings(page: &str, width: u64) -> serde_json::Value {
    let axe = fs::read_to_string(programs::axe()).expect("a script");
    let inner = page.replace("</body>", &format!("<script>{axe}</script></body>"));
    let inner = inner.replace('&', "&amp;").replace('"', "&quot;");
    let script = r#"const frame = document.getElementById("frame");
window.onunhandledrejection = (it) => (document.getElementById("found").textContent = it.reason);
frame.onload = async () => {
  const view = frame.contentWindow;
  const { violations } = await view.axe.run(view.document);
  const found = violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map((it) => it.html) }));
  const width = view.document.documentElement.scrollWidth;
  document.getElementById("found").textContent = JSON.stringify({ width, found });
};"#;
    let outer = format!(
        r#"<!doctype html><pre id="found"></pre><iframe id="frame" width="{width}" height="3000" style="border:0"></iframe>
<script>{script} frame.srcdoc = document.currentScript.dataset.page;</script>"#
    );
    let outer = outer.replace("<script>", &format!(r#"<script data-page="{inner}">"#));
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("page.html");
    fs::write(&file, outer).expect("a file");
    let dom = chromium::dump_dom_later(&file);
    let (_, found) = dom.split_once(r#"<pre id="found">"#).expect("a place");
    let (found, _) = found.split_once("</pre>").expect("its end");
    let found = found.replace("&lt;", "<").replace("&gt;", ">");
    serde_json::from_str(&found.replace("&amp;", "&"))
        .unwrap_or_else(|error| panic!("{error}: {found}"))
}

/// A promoted release, and one that failed half way.
#[test]
fn nothing_serious_is_found_on_the_pages() {
    let mut pipeline = Pipeline::recorded();
    pipeline.prod = Service::start(3, &pipeline.before);
    pipeline.setting.serve = Some(table(""));
    pipeline.commit("Reserve stock [load test: abort]");
    assert_eq!(pipeline.run().status, 0);
    pipeline.prod.freeze(1);
    let mut command = [
        "/bin/sh",
        "-c",
        "\"$@\"; echo '<b>no space</b>'; exit 1",
        "sh",
    ]
    .map(str::to_owned)
    .to_vec();
    command.extend(pipeline.prod.deploy_command());
    pipeline.setting.deploy_prod = Some(command);
    pipeline.commit("Change <script>alert(1)</script> [load test: abort]");
    assert_eq!(pipeline.run().status, 1);
    let server = Server::start(&pipeline);
    let overview = page(&server, "/");
    assert!(overview.contains(r#"<header class="bad""#), "{overview}");
    assert!(!overview.contains("<script"), "{overview}");
    let report = page(&server, "/deployments/2");
    // The output of a command needs the secret.
    assert!(!report.contains("no space"), "{report}");
    let log = "/deployments/2/logs/0001-deploy-prod.log";
    assert_eq!(server.ask("GET", log, "", b"").expect("an answer").0, 401);
    check("overview", &overview);
    check("report", &report);
    assert!(server.stop().success());
}

/// The form of a release that waits for people, at first and after a mistake.
#[test]
fn nothing_serious_is_found_on_the_form() {
    let (_pipeline, server, _cleaner, _) =
        people::waiting_release(people::PEOPLE, "approvals = 2\n");
    let form = page(&server, "/deployments/1");
    assert!(form.contains("prod waits for 2 approvals"), "{form}");
    check("form", &form);
    let headers = "accept: text/html\r\n";
    let answer = server.ask(
        "POST",
        "/deployments/1/approve",
        headers,
        b"by=Bob&token=wrong",
    );
    let (status, text) = answer.expect("an answer");
    assert_eq!(status, 401, "{text}");
    let (_, again) = text.split_once("\r\n\r\n").expect("a body");
    assert!(again.contains("role=\"alert\""), "{again}");
    check("form after a mistake", &without_policy(again));
    assert!(server.stop().success());
}

/// Checks a page in a wide window and in a narrow one, light and dark.
#[track_caller]
fn check(name: &str, page: &str) {
    let dark = page.replace("(prefers-color-scheme: dark)", "(min-width: 1px)");
    assert_ne!(page, dark);
    for (page, width) in [(page, 1280), (page, PHONE), (&dark, PHONE)] {
        let said = findings(page, width);
        let found = said["found"].as_array().expect("a list");
        let serious: Vec<_> = found
            .iter()
            .filter(|it| it["impact"] == "serious" || it["impact"] == "critical")
            .collect();
        assert!(serious.is_empty(), "{name}, {width}: {serious:#?}");
        let needed = said["width"].as_u64().expect("a width");
        assert!(needed <= width, "{name} needs {needed} of {width} pixels");
    }
}
