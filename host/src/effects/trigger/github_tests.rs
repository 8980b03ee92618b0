use serde_json::Value;

use super::super::trial::{self, TOKEN, request};
use super::*;
use crate::effects::stand_in::{StandIn, answer};
use crate::secret::Source;
use crate::tls::Trust;

fn starter(url: &str, token: Source) -> Box<dyn Trigger> {
    Box::new(GitHub::new(GitHubSettings {
        url: url.to_owned(),
        repository: "org/shop".to_owned(),
        token,
        trust: Trust::default(),
    }))
}

#[test]
fn an_event_is_dispatched() {
    let (token, _folder) = trial::token();
    let server = StandIn::start(|stream, _| answer(stream, "204 No Content", "", ""));
    let reference = starter(&server.url, token).start(&request());
    assert_eq!(
        reference,
        Ok(format!(
            "asked GitHub for the run `greenlight k3y`: \
             {}/org/shop/actions?query=event%3Arepository_dispatch",
            server.url
        ))
    );
    let requests = server.requests();
    let (head, body) = requests[0].split_once("\r\n\r\n").expect("a body");
    let head = head.to_ascii_lowercase();
    for line in [
        "post /repos/org/shop/dispatches http/1.1",
        &format!("authorization: bearer {TOKEN}"),
        "accept: application/vnd.github+json",
        "x-github-api-version: 2022-11-28",
        "user-agent: greenlight/",
    ] {
        assert!(head.contains(line), "{line}: {head}");
    }
    let request = request();
    assert_eq!(
        serde_json::from_str::<Value>(body).expect("JSON"),
        json!({
            "event_type": "greenlight-deploy",
            "client_payload": {
                "tag": request.tag,
                "digest": request.digest,
                "request": "k3y",
            },
        })
    );
}

#[test]
fn the_web_page_is_derived_from_the_api_url() {
    for (url, page) in [
        ("https://api.github.com", "https://github.com/org/shop/"),
        ("https://api.octo.ghe.com", "https://octo.ghe.com/org/shop/"),
        (
            "https://api.example.org/api/v3",
            "https://api.example.org/org/shop/",
        ),
    ] {
        let (token, _folder) = trial::token();
        let github = GitHub::new(GitHubSettings {
            url: url.to_owned(),
            repository: "org/shop".to_owned(),
            token,
            trust: Trust::default(),
        });
        let found = github.page();
        assert!(found.starts_with(page), "{found}");
        assert!(is_url(&found), "{found}");
    }
}

#[test]
fn failures_are_classified() {
    trial::failures(starter, 0);
}

#[test]
fn an_exhausted_rate_limit_has_a_reset_time() {
    for (headers, wait) in [
        (
            "x-ratelimit-remaining: 0\r\nx-ratelimit-reset: 1\r\n",
            Some(0),
        ),
        (
            "x-ratelimit-remaining: 0\r\nx-ratelimit-reset: 99999999999\r\n",
            Some(24 * 60 * 60),
        ),
        ("x-ratelimit-remaining: 0\r\n", None),
        ("Retry-After: 61\r\nx-ratelimit-remaining: 0\r\n", Some(61)),
        ("Retry-After: Thu, 01 Jan 1970 00:00:01 GMT\r\n", Some(0)),
        (
            "Retry-After: Fri, 01 Jan 2100 00:00:00 GMT\r\n",
            Some(24 * 60 * 60),
        ),
    ] {
        let server = StandIn::start(move |stream, _| answer(stream, "403 Forbidden", headers, ""));
        let (token, _folder) = trial::token();
        let error = starter(&server.url, token).start(&request());
        let error = error.expect_err("it is busy");
        assert!(matches!(error, Error::Busy { .. }), "{headers}: {error:?}");
        assert_eq!(trial::wait(&error), wait, "{headers}");
    }
}

fn run(id: u64, title: &str) -> Value {
    json!({"id": id, "name": "Deploy", "display_title": title})
}

/// The result of a search in a list of pages.
fn found(pages: Vec<Vec<Value>>) -> (Result<Option<String>, Error>, Vec<String>) {
    let server = StandIn::start(move |stream, before| {
        let page = pages.get(before).cloned().unwrap_or_default();
        let list = json!({"total_count": 1, "workflow_runs": page});
        answer(stream, "200 OK", "", &list.to_string());
    });
    let (token, _folder) = trial::token();
    let reference = starter(&server.url, token).find(&request());
    (reference, server.requests())
}

#[test]
fn a_run_is_found_by_its_name() {
    let mut linked = run(4, "greenlight k3y");
    linked["html_url"] = json!("https://github.example/org/shop/actions/runs/4");
    let old = json!({"id": 5, "name": "greenlight k3y"});
    for (runs, reference) in [
        (vec![run(3, "greenlight k3y")], "run 3 of org/shop"),
        (
            vec![run(1, "greenlight k3y2"), linked],
            "https://github.example/org/shop/actions/runs/4",
        ),
        (vec![old], "run 5 of org/shop"),
    ] {
        let (reference_found, requests) = found(vec![runs]);
        assert_eq!(reference_found, Ok(Some(reference.to_owned())));
        let list =
            "GET /repos/org/shop/actions/runs?event=repository_dispatch&per_page=100&page=1 ";
        assert!(requests[0].starts_with(list), "{requests:?}");
    }
}

#[test]
fn older_runs_are_searched_up_to_the_third_page() {
    let full = |title: &str| (0..100).map(|id| run(id, title)).collect::<Vec<_>>();
    let (other, last) = (full("greenlight other"), vec![run(7, "greenlight k3y")]);
    let (reference, _) = found(vec![other.clone(), other.clone(), last.clone()]);
    assert_eq!(reference, Ok(Some("run 7 of org/shop".to_owned())));
    let (reference, requests) = found(vec![other.clone(), other.clone(), other.clone(), last]);
    let error = reference.expect_err("it may be on the fourth");
    assert!(error.is_unknown(), "{error:?}");
    assert!(error.to_string().contains("do not reach back"), "{error}");
    assert_eq!(requests.len(), 3);

    // Pages that are older than the request are not searched.
    for (at, is_whole) in [(trial::BEFORE, true), (trial::ABOUT, false)] {
        let at = i64::try_from(at).expect("a moment");
        let at = jiff::Timestamp::from_millisecond(at).expect("a moment");
        let mut old = other.clone();
        old[99]["created_at"] = json!(at.to_string());
        let (reference, requests) = found(vec![other.clone(), old, other.clone()]);
        assert_eq!(reference.is_ok(), is_whole, "{reference:?}");
        assert_eq!(requests.len(), if is_whole { 2 } else { 3 });
    }
}

#[test]
fn absence_is_proof_only_if_runs_are_named() {
    assert_eq!(found(vec![vec![]]).0, Ok(None));
    assert_eq!(found(vec![vec![run(1, "greenlight other")]]).0, Ok(None));
    let error = found(vec![vec![run(1, "Deploy")]]).0.expect_err("no names");
    let said = "write `run-name: greenlight ${{ github.event.client_payload.request }}` into";
    assert!(error.to_string().contains(said), "{error}");
    trial::not_found_out(starter);
}
