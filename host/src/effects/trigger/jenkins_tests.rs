use std::sync::mpsc::channel;
use std::time::Duration;

use serde_json::json;

use super::super::trial::{self, TOKEN, request};
use super::*;
use crate::effects::stand_in::{StandIn, answer, hang};
use crate::secret::Source;
use crate::tls::Trust;

const CRUMB: &str = r#"{"_class": "x", "crumb": "c1", "crumbRequestField": "Jenkins-Crumb"}"#;

fn starter(url: &str, token: Source) -> Box<dyn Trigger> {
    Box::new(Jenkins::new(JenkinsSettings {
        job: format!("{url}/ci/job/shop/job/deploy"),
        user: "ci".to_owned(),
        token,
        trust: Trust::default(),
    }))
}

fn lines(request: &str) -> (String, String) {
    let (head, body) = request.split_once("\r\n\r\n").expect("a body");
    (head.to_ascii_lowercase(), body.to_owned())
}

#[test]
fn a_build_is_started_with_a_crumb_and_its_session() {
    let (token, _folder) = trial::token();
    let server = StandIn::start(|stream, before| match before {
        0 => answer(
            stream,
            "200 OK",
            "Set-Cookie: JSESSIONID.1=s1; Path=/; HttpOnly\r\nSet-Cookie: b=2\r\n",
            CRUMB,
        ),
        _ => answer(
            stream,
            "201 Created",
            "Location: http://elsewhere.example/ci/queue/item/42/\r\n",
            "",
        ),
    });
    let reference = starter(&server.url, token).start(&request());
    assert_eq!(reference, Ok(format!("{}/ci/queue/item/42/", server.url)));
    let requests = server.requests();
    let (asked, _) = lines(&requests[0]);
    assert!(
        asked.starts_with("get /ci/crumbissuer/api/json http/1.1\r\n"),
        "{asked}"
    );
    let (head, body) = lines(&requests[1]);
    assert!(
        head.starts_with("post /ci/job/shop/job/deploy/buildwithparameters http/1.1\r\n"),
        "{head}"
    );
    let basic = http_auth::basic::encode_credentials("ci", TOKEN).to_ascii_lowercase();
    for line in [
        "jenkins-crumb: c1",
        "cookie: jsessionid.1=s1; b=2",
        "content-type: application/x-www-form-urlencoded",
        &format!("authorization: {basic}"),
    ] {
        assert!(head.contains(line), "{line}: {head}");
    }
    let request = request();
    let digest = request.digest.expect("a digest").replace(':', "%3A");
    assert_eq!(
        body,
        format!("TAG={}&DIGEST={digest}&REQUEST=k3y", request.tag)
    );
}

#[test]
fn a_server_without_crumbs_needs_none() {
    let (token, _folder) = trial::token();
    let server = StandIn::start(|stream, before| match before {
        0 => answer(stream, "404 Not Found", "Set-Cookie: a=b\r\n", ""),
        _ => answer(stream, "201 Created", "Location: nonsense\r\n", ""),
    });
    let request = Request {
        digest: None,
        ..request()
    };
    let reference = starter(&server.url, token).start(&request);
    assert_eq!(
        reference,
        Ok(format!("{}/ci/job/shop/job/deploy", server.url))
    );
    let (head, body) = lines(&server.requests()[1]);
    assert!(
        !head.contains("crumb") && !head.contains("cookie"),
        "{head}"
    );
    assert!(body.contains("&DIGEST=&"), "{body}");
}

#[test]
fn without_a_crumb_nothing_is_started() {
    for (status, body, kind) in [
        ("401 No", TOKEN, "Refused"),
        ("500 Oops", TOKEN, "Refused"),
        ("200 OK", TOKEN, "Refused"),
        (
            "200 OK",
            r#"{"crumb": "a\nb", "crumbRequestField": "c d"}"#,
            "Refused",
        ),
        ("429 Wait", "", "Busy"),
    ] {
        let (token, _folder) = trial::token();
        let server = StandIn::start(move |stream, _| answer(stream, status, "", body));
        let error = starter(&server.url, token).start(&request());
        let error = error.expect_err("unreadable crumb");
        assert!(format!("{error:?}").starts_with(kind), "{error:?}");
        trial::contains_no_secret(&error);
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn failures_are_classified() {
    trial::failures(starter, 1);
}

#[test]
fn a_build_that_takes_too_long_may_have_started() {
    let (went, gone) = channel();
    let server = StandIn::start(move |stream, before| {
        if before == 0 {
            return answer(stream, "404 Not Found", "", "");
        }
        hang(stream);
        went.send(()).expect("the test waits");
    });
    let (token, _folder) = trial::token();
    let jenkins = Jenkins {
        settings: JenkinsSettings {
            job: format!("{}/job/deploy", server.url),
            user: "ci".to_owned(),
            token,
            trust: Trust::default(),
        },
        client: CiClient::within("Jenkins", Duration::from_millis(300), &Trust::default()),
    };
    let error = jenkins.start(&request()).expect_err("no answer");
    assert!(error.is_unknown(), "{error:?}");
    assert_eq!(error.to_string(), "Jenkins did not answer within 300ms");
    gone.recv().expect("the connection was given up");
}

const ACTIONS: &str = r#"[{}, null, {"parameters": [{"name": "TAG", "value": true},
    {"name": "REQUEST", "value": "k3y"}]}]"#;

#[test]
fn a_start_is_found_in_the_queue_or_among_the_builds() {
    let nothing =
        r#"{"items": [{"id": 6, "actions": [{"parameters": [{"name": "TAG", "value": "k3y"}]}]}]}"#;
    for (queue, builds, found) in [
        (
            format!(r#"{{"items": [{{"id": 7, "actions": {ACTIONS}}}]}}"#),
            "{}".to_owned(),
            Some("/ci/queue/item/7/"),
        ),
        (
            nothing.to_owned(),
            format!(r#"{{"builds": [{{"number": 8}}, {{"number": 9, "actions": {ACTIONS}}}]}}"#),
            Some("/ci/job/shop/job/deploy/9/"),
        ),
        (nothing.to_owned(), r#"{"builds": []}"#.to_owned(), None),
    ] {
        let server = StandIn::start(move |stream, before| {
            answer(
                stream,
                "200 OK",
                "",
                if before == 0 { &queue } else { &builds },
            );
        });
        let (token, _folder) = trial::token();
        let reference = starter(&server.url, token).find(&request());
        assert_eq!(
            reference,
            Ok(found.map(|path| format!("{}{path}", server.url)))
        );
        let requests = server.requests();
        assert!(
            requests[0].starts_with("GET /ci/queue/api/json?tree=items%5Bid,"),
            "{requests:?}"
        );
        if let Some(builds) = requests.get(1) {
            let path = "GET /ci/job/shop/job/deploy/api/json?tree=nextBuildNumber,builds%5Bnumber,";
            assert!(builds.starts_with(path), "{builds}");
        }
    }
}

#[test]
fn absence_is_proof_only_if_builds_have_keys_and_reach_back() {
    let keyed = |number: u64, timestamp: u64| {
        let parameters = json!([{"name": "REQUEST", "value": "other"}]);
        json!({"number": number, "timestamp": timestamp, "actions": [{"parameters": parameters}]})
    };
    let plain = |number: u64| {
        let parameters = json!([{"name": "TAG", "value": "k3y"}]);
        json!({"number": number, "timestamp": trial::BEFORE, "actions": [{"parameters": parameters}]})
    };
    let (young, old) = (trial::ABOUT, trial::BEFORE);
    let (unkeyed, short) = ("declare it in the job", "do not reach back");
    let hundred: Vec<_> = (901..=1000).map(|it| keyed(it, young)).rev().collect();
    for (next, builds, why) in [
        // Whole lists, in any order.
        (1, vec![], None),
        (3, vec![keyed(2, young), keyed(1, young)], None),
        (3, vec![keyed(1, young), keyed(2, young)], None),
        (3, vec![keyed(2, young), plain(1)], None),
        // What is older is missing.
        (9, vec![keyed(8, young), keyed(7, old)], None),
        (9, vec![keyed(8, old)], None),
        (9, vec![], Some(short)),
        (9, vec![keyed(8, young), keyed(7, young)], Some(short)),
        (1001, hundred, Some(short)),
        // The old one was kept, what came after it was not.
        (9, vec![keyed(8, young), keyed(6, old)], Some(short)),
        (9, vec![keyed(8, young), keyed(1, old)], Some(short)),
        // The job has no such parameter.
        (2, vec![plain(1)], Some(unkeyed)),
        (9, vec![plain(8), plain(7)], Some(unkeyed)),
    ] {
        let list = json!({"nextBuildNumber": next, "builds": builds}).to_string();
        let server = StandIn::start(move |stream, before| {
            let queue = r#"{"items": []}"#;
            answer(
                stream,
                "200 OK",
                "",
                if before == 0 { queue } else { &list },
            );
        });
        let (token, _folder) = trial::token();
        let found = starter(&server.url, token).find(&request());
        match why {
            None => assert_eq!(found, Ok(None), "{builds:?}"),
            Some(why) => {
                let error = found.expect_err("the outcome is unknown");
                assert!(error.is_unknown(), "{builds:?}: {error:?}");
                assert!(error.to_string().contains(why), "{builds:?}: {error}");
            }
        }
    }
}

#[test]
fn an_inconclusive_answer_is_an_error() {
    trial::not_found_out(starter);
}

#[test]
fn the_root_is_the_part_before_the_first_job() {
    let root = |job: &str| {
        let (token, _folder) = trial::token();
        let settings = JenkinsSettings {
            job: job.to_owned(),
            user: String::new(),
            token,
            trust: Trust::default(),
        };
        settings.root().map(str::to_owned)
    };
    for (job, found) in [
        ("https://j.example/job/a", Some("https://j.example")),
        (
            "https://j.example/ci/job/a/job/b",
            Some("https://j.example/ci"),
        ),
        (
            "https://j.example/view/all/job/a",
            Some("https://j.example"),
        ),
        ("https://j.example/", None),
        ("https://j.example/job/", None),
        ("https://j.example/job/a?b", None),
    ] {
        assert_eq!(root(job).as_deref(), found, "{job}");
    }
}
