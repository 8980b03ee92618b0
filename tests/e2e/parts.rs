//! The real parts of the end-to-end tests, each on its own.

use std::fs;
use std::io::{Read as _, Seek as _};
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::thread;
use std::time::Duration;

use crate::locust::Mode;
use crate::process::Process;
use crate::registry::Registry;
use crate::service::Service;
use crate::slack::{Answer, Message, Slack};
use serde_json::{Value, json};

use crate::{chromium, http, image, locust, process, programs, waiting};

const LIMIT: Duration = Duration::from_secs(30);
const OLD: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
const NEW: &str = "ca779cf0631b32e2cd06a3c1b3ec0ec7b699ce57";

#[test]
fn every_program_is_there() {
    assert!(programs::registry().is_file());
    assert!(programs::skopeo().is_file());
    assert!(programs::chromium().is_file());
    assert!(programs::strace().is_file());
    assert!(programs::postgres().join("initdb").is_file());
    assert!(programs::locust().is_file());
}

#[test]
fn a_registry_has_images_under_their_tags() {
    let folder = tempfile::tempdir().expect("a folder");
    let (old, new) = (folder.path().join("old"), folder.path().join("new"));
    let written = image::write(&old, OLD);
    image::write(&new, NEW);

    let registry = Registry::start();
    let pushed = registry.push(&old, "stage-loadtest-abort-1");
    assert_eq!(pushed, written, "the manifest arrives as it was written");
    assert_eq!(registry.push(&old, "prod-1"), pushed, "one image, two tags");
    assert_ne!(registry.push(&new, "prod-2"), pushed);
    assert_eq!(registry.digest("stage-loadtest-abort-1"), pushed);
    let seen = registry.inspect("prod-2");
    assert_eq!(seen["Labels"][image::COMMIT_LABEL], NEW);
    assert_eq!(seen["RepoTags"].as_array().map(Vec::len), Some(3));

    let url = format!("http://{}/v2/", registry.address());
    drop(registry);
    assert_eq!(http::status(&url), None, "it ended");
}

/// What a node says it runs, or the status where it says something else, or 0 where it says nothing.
fn version(node: &str) -> Result<String, u16> {
    let url = format!("{node}/__version__");
    match http::status(&url) {
        Some(200) => Ok(http::json(&url)["commit"].as_str().expect("text").into()),
        status => Err(status.unwrap_or(0)),
    }
}

fn versions(service: &Service) -> Vec<Result<String, u16>> {
    service.nodes().iter().map(|node| version(node)).collect()
}

/// Runs a command to its end, and prints what it printed, which a failed test shows.
fn ended(name: &'static str, command: &mut Command) -> ExitStatus {
    let mut output = tempfile::tempfile().expect("a file");
    let copy = || output.try_clone().expect("a file");
    let status = Process::start(name, command.stdout(copy()).stderr(copy())).wait(LIMIT);
    let mut text = String::new();
    output.rewind().expect("a position");
    output.read_to_string(&mut text).expect("text");
    println!("{name} ended with {status}:\n{text}");
    status
}

/// Runs the service's deploy command.
fn deploy(service: &Service, commit: &str) -> ExitStatus {
    let command = service.deploy_command();
    ended(
        "deploy.py",
        Command::new(&command[0])
            .args(&command[1..])
            .env_clear()
            .env("GREENLIGHT_COMMIT", commit)
            .env("GREENLIGHT_TAG", format!("prod-{commit}")),
    )
}

#[test]
fn a_service_rolls_node_by_node() {
    let service = Service::start(3, OLD);
    let old = || Ok(OLD.to_owned());
    let new = || Ok(NEW.to_owned());
    assert_eq!(versions(&service), [old(), old(), old()]);

    assert!(deploy(&service, NEW).success());
    assert_eq!(versions(&service), [new(), new(), new()]);
    let state = service.state();
    let [deployment] = state.deployments.as_slice() else {
        panic!("one deployment: {state:?}");
    };
    assert_eq!(deployment.commit, NEW);
    assert_eq!(deployment.state, "finished");
    assert_eq!((deployment.number, deployment.replaced), (0, 3));
    assert_eq!(deployment.tag, Some(format!("prod-{NEW}")));
    assert_eq!((&deployment.image, &deployment.environment), (&None, &None));
    assert!(deployment.time > 1e9, "{deployment:?}");
}

#[test]
fn a_node_is_gone_while_it_is_replaced() {
    let service = Service::start(3, OLD);
    service.pace(Duration::from_mins(10));
    service.deploy(NEW);
    service.wait("node that is gone", |state| !state.nodes[0].up);
    waiting::until("refused connection", LIMIT, || {
        (version(&service.nodes()[0]) == Err(0)).then_some(())
    });
    assert_eq!(version(&service.nodes()[1]), Ok(OLD.to_owned()));
    // The load balancer passes it by.
    for _ in 0..4 {
        assert_eq!(version(service.balancer()), Ok(OLD.to_owned()));
    }
}

#[test]
fn a_second_deployment_ends_the_first() {
    let service = Service::start(3, OLD);
    service.pace(Duration::from_mins(10));
    let first = thread::scope(|scope| {
        let first = scope.spawn(|| deploy(&service, OLD));
        service.wait("first deployment", |state| state.deployments.len() == 1);
        service.deploy(NEW);
        first.join().expect("it ends")
    });
    assert_eq!(first.code(), Some(1));
    service.pace(Duration::ZERO);
    let state = service.wait("end of the second", |state| {
        state.deployments[1].state == "finished"
    });
    assert_eq!(state.deployments[0].state, "replaced");
    assert!(state.nodes.iter().all(|node| node.commit == NEW));
}

#[test]
fn nodes_break_flap_and_freeze() {
    let service = Service::start(3, OLD);
    service.break_node(0);
    service.flap(1, NEW);
    service.freeze(2);
    assert!(deploy(&service, NEW).success());
    assert_eq!(versions(&service)[0], Err(500));
    assert_eq!(versions(&service)[2], Ok(OLD.to_owned()));

    service.mend();
    service.flap(0, OLD);
    let said = [(); 4].map(|()| http::json(&format!("{}/__version__", service.nodes()[0])));
    let commits = said.map(|said| said["commit"].as_str().expect("text").to_owned());
    assert_eq!(commits, [NEW, OLD, NEW, OLD]);

    service.break_commit(NEW);
    assert_eq!(versions(&service)[0], Err(500));
    assert_eq!(versions(&service)[2], Ok(OLD.to_owned()));
    let health = |path| http::status(&format!("{}/{path}", service.nodes()[2]));
    assert_eq!(health("__heartbeat__"), Some(200));
    assert_eq!(health("__lbheartbeat__"), Some(200));

    service.refuse_deployments();
    assert_eq!(deploy(&service, NEW).code(), Some(1));
    assert_eq!(service.state().deployments.len(), 1);
}

/// Runs a load test of 100 requests: how it ended, and what `results.json` says.
fn load(service: &Service, folder: &Path) -> (ExitStatus, Option<Value>) {
    let command = locust::command(service.balancer(), 100, folder);
    let status = ended(
        "locust",
        process::guarded(Path::new(&command[0]), folder)
            .args(&command[1..])
            .current_dir(folder),
    );
    let results = fs::read_to_string(folder.join("results.json")).ok();
    let results = results.map(|text| serde_json::from_str(&text).expect("JSON"));
    (status, results)
}

#[test]
fn locust_tests_the_page() {
    let service = Service::start(2, OLD);
    let folder = tempfile::tempdir().expect("a folder");
    let (status, results) = load(&service, folder.path());
    assert!(status.success(), "{status}");
    let requests = &results.expect("results")[0]["num_requests"];
    assert!(requests.as_u64().expect("a number") >= 100, "{requests}");
    assert!(service.state().requests >= 100);
    let history = fs::read_to_string(folder.path().join("results_stats_history.csv"));
    assert!(history.expect("a history").contains("Aggregated"));

    service.fail_requests(0.5);
    let (status, results) = load(&service, folder.path());
    assert_eq!(status.code(), Some(1));
    let results = &results.expect("results")[0];
    let number = |name: &str| results[name].as_u64().expect("a number");
    // A request of each user's may have been cut off at the end.
    let (requests, failures) = (number("num_requests"), number("num_failures"));
    assert!((requests / 2).abs_diff(failures) <= 5, "{results}");
}

#[test]
fn a_load_test_is_idle_or_killed() {
    use std::os::unix::process::ExitStatusExt as _;
    let service = Service::start(2, OLD);
    let folder = tempfile::tempdir().expect("a folder");
    locust::set(folder.path(), Mode::Killed);
    let (status, results) = load(&service, folder.path());
    assert_eq!((status.signal(), results), (Some(9), None));

    locust::set(folder.path(), Mode::Idle);
    let before = service.state().requests;
    let (status, results) = load(&service, folder.path());
    assert_eq!((status.code(), results), (Some(0), Some(json!([]))));
    assert_eq!(service.state().requests, before);

    locust::set(folder.path(), Mode::Load);
    assert!(load(&service, folder.path()).0.success());
}

#[test]
fn slack_keeps_messages() {
    let slack = Slack::start();
    let send = |text: &str| http::post(&slack.url(), text);
    assert_eq!(send(r#"{"text": "one"}"#), (200, "ok".into()));
    assert_eq!(send("{"), (400, "invalid_payload".into()));
    assert_eq!(send("{}"), (400, "no_text".into()));
    assert_eq!(http::post(&slack.url()[..30], "{}").0, 404);
    slack.answer(Answer::Refuse(500));
    assert_eq!(send(r#"{"text": "two"}"#).0, 500);
    let message = |text, answer| Message {
        method: String::new(),
        body: json!({ "text": text }),
        answer,
    };
    let expected = [
        message("one", Answer::Accept),
        message("two", Answer::Refuse(500)),
    ];
    assert_eq!(slack.messages(), expected);
}

#[test]
fn slack_hangs() {
    let slack = Slack::start();
    slack.answer(Answer::Hang);
    thread::scope(|scope| {
        let sent = scope.spawn(|| http::post(&slack.url(), r#"{"text": "one"}"#));
        waiting::until("message", LIMIT, || slack.messages().pop());
        assert!(!sent.is_finished());
        slack.answer(Answer::Accept);
        assert_eq!(sent.join().expect("an answer").0, 200);
    });
}

#[test]
fn chromium_runs_scripts_and_paints() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("a page.html");
    let html = "<!doctype html><p id=a>grün</p><script>a.append(' ' + 6 * 7)</script>";
    fs::write(&page, format!("<meta charset=utf-8>{html}")).expect("a page");
    assert!(chromium::dump_dom(&page).contains("grün 42</p>"));

    let png = folder.path().join("page.png");
    chromium::screenshot(&page, &png, 640, 480);
    let bytes = fs::read(png).expect("a picture");
    // Width and height are the first two numbers of the first chunk.
    assert_eq!(bytes[..8], *b"\x89PNG\r\n\x1a\n");
    assert_eq!(bytes[16..24], [0, 0, 2, 128, 0, 0, 1, 224]);
}

#[test]
fn a_guarded_process_ends_with_its_test() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = process::guarded(Path::new("sleep"), folder.path());
    let mut process = Process::start("sleep", command.arg("600"));
    assert_eq!(process.ended(), None);
    // As when the test is killed.
    drop(process.child().stdin.take());
    assert!(!process.wait(LIMIT).success());
}

#[test]
fn a_panic_leaves_nothing_behind() {
    let started = std::sync::Mutex::new(Vec::new());
    let panicked = thread::scope(|scope| {
        let test = scope.spawn(|| {
            let service = Service::start(2, OLD);
            let registry = Registry::start();
            let slack = Slack::start();
            slack.answer(Answer::Hang);
            let registry = format!("http://{}/v2/", registry.address());
            let urls = [service.nodes()[0].clone(), registry, slack.url()];
            started.lock().expect("a list").extend(urls);
            panic!("on purpose");
        });
        test.join().is_err()
    });
    assert!(panicked);
    for url in started.lock().expect("a list").iter() {
        assert_eq!(http::status(url), None, "{url}");
    }
}
