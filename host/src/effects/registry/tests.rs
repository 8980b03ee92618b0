use std::fs;
use std::sync::mpsc::channel;

use tempfile::TempDir;

use super::*;
use crate::effects::stand_in::{StandIn, answer, closed_port, hang};
use crate::secret::Source;
use crate::tls::Trust;

const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn anonymous(url: &str) -> Registry {
    Registry::new(settings(url))
}

fn settings(url: &str) -> RegistrySettings {
    RegistrySettings {
        url: url.to_owned(),
        token_server: None,
        account: None,
        trust: Trust::default(),
    }
}

/// A registry with a user, and the folder with the password.
fn named(url: &str) -> (Registry, TempDir) {
    named_with_token_server(url, None)
}

fn named_with_token_server(url: &str, token_server: Option<&str>) -> (Registry, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("password");
    fs::write(&file, "hush\n").expect("a file");
    let account = Account {
        user: "ci".to_owned(),
        password: Source::File(file),
    };
    let settings = RegistrySettings {
        token_server: token_server.map(str::to_owned),
        account: Some(account),
        ..settings(url)
    };
    (Registry::new(settings), folder)
}

/// `ci` and `hush`, as they are sent.
const BASIC: &str = "basic y2k6ahvzaa==";

fn said(requests: &[String], at: usize) -> String {
    requests[at].to_ascii_lowercase()
}

fn digest_header() -> String {
    format!("Docker-Content-Digest: {DIGEST}\r\n")
}

#[test]
fn a_digest_is_read_from_the_header() {
    let registry = StandIn::start(|stream, _| answer(stream, "200 OK", &digest_header(), ""));
    let found = anonymous(&registry.url).digest("demo/app", "prod-1");
    assert_eq!(found, Ok(Some(DIGEST.to_owned())));
    let request = said(&registry.requests(), 0);
    assert!(
        request.starts_with("head /v2/demo/app/manifests/prod-1 http/1.1\r\n"),
        "{request}"
    );
    for manifest in MANIFESTS.split(", ") {
        assert!(request.contains(manifest), "{manifest}");
    }
    assert!(!request.contains("authorization"), "{request}");
}

#[test]
fn without_a_header_the_digest_is_computed() {
    // Computed with `sha256sum`.
    let empty = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    let registry = StandIn::start(|stream, before| {
        let body = if before == 0 { "" } else { "{}" };
        answer(stream, "200 OK", "", body);
    });
    let found = anonymous(&registry.url).digest("a", "b");
    assert_eq!(found, Ok(Some(empty.to_owned())));
    assert_eq!(registry.requests().len(), 2);
}

#[test]
fn a_manifest_of_another_digest_is_refused() {
    let registry = StandIn::start(|stream, before| match before {
        0 => answer(stream, "404 Not Found", "", ""),
        _ => answer(stream, "200 OK", &digest_header(), "{}"),
    });
    let error = anonymous(&registry.url)
        .digest("a", "b")
        .expect_err("a lie");
    assert!(error.to_string().contains("digest mismatch"), "{error}");
}

#[test]
fn only_a_registry_reports_an_unknown_tag() {
    for (body, known) in [
        (r#"{"errors": [{"code": "MANIFEST_UNKNOWN"}]}"#, true),
        (
            r#"{"errors": [{"code": "NAME_UNKNOWN", "detail": {}}]}"#,
            true,
        ),
        (r#"{"errors": [{"code": "UNAUTHORIZED"}]}"#, false),
        ("<html>", false),
        ("", false),
    ] {
        let registry = StandIn::start(move |stream, _| answer(stream, "404 Not Found", "", body));
        let asked = anonymous(&registry.url);
        let (digest, tags) = (asked.digest("a", "b"), asked.tags("a", &|| true));
        if known {
            assert_eq!((digest, tags), (Ok(None), Ok(vec![])));
        } else {
            let why = "the registry answered with status 404, but not that the repository or tag \
                       is unknown";
            assert_eq!(digest, Err(Error::new(why, "")));
            assert_eq!(tags, Err(Error::new(why, "")));
        }
    }
}

#[test]
fn tags_come_in_pages() {
    let registry = StandIn::start(|stream, before| match before {
        0 => answer(
            stream,
            "200 OK",
            "Link: </v2/a/tags/list?last=b&n=100>; rel=\"next\"\r\n",
            r#"{"name": "a", "tags": ["a", "b"]}"#,
        ),
        _ => answer(stream, "200 OK", "", r#"{"name": "a", "tags": ["c", "-"]}"#),
    });
    let tags = anonymous(&registry.url).tags("a", &|| true);
    assert_eq!(tags, Ok(["a", "b", "c"].map(str::to_owned).to_vec()));
    let requests = registry.requests();
    assert!(requests[0].starts_with("GET /v2/a/tags/list?n=100 "));
    assert!(requests[1].starts_with("GET /v2/a/tags/list?last=b&n=100 "));
}

#[test]
fn an_endless_list_or_one_of_another_host_is_refused() {
    for (link, error, help, times) in [
        (
            "/v2/a/tags/list?n=100",
            "the repository has more than 20000 tags",
            "delete old tags",
            PAGES,
        ),
        (
            "http://other.invalid/v2/a/tags/list",
            "the registry's pagination link points to another host or repository",
            "",
            1,
        ),
    ] {
        let registry = StandIn::start(move |stream, _| {
            let link = format!("Link: <{link}>; rel=\"next\"\r\n");
            answer(stream, "200 OK", &link, r#"{"tags": ["a"]}"#);
        });
        let tags = anonymous(&registry.url).tags("a", &|| true);
        assert_eq!(tags, Err(Error::new(error, help)));
        assert_eq!(registry.requests().len(), times);
    }
}

/// Reading ends at the limit, even if a page has a million tags.
#[test]
fn tags_are_counted_while_they_are_read() {
    for (first, times) in [(MOST + 1, 1), (MOST, 2)] {
        let registry = StandIn::start(move |stream, before| {
            let count = if before == 0 { first } else { 1 };
            let tags = vec!["\"a\""; count].join(",");
            let link = "Link: </v2/a/tags/list?n=100>; rel=\"next\"\r\n";
            answer(stream, "200 OK", link, &format!("{{\"tags\": [{tags}]}}"));
        });
        let error = anonymous(&registry.url).tags("a", &|| true);
        let error = error.expect_err("too many");
        assert_eq!(error.message, "the repository has more than 20000 tags");
        assert_eq!(registry.requests().len(), times);
    }
}

#[test]
fn a_shutdown_ends_a_list_between_pages() {
    let registry = StandIn::start(move |stream, _| {
        let link = "Link: </v2/a/tags/list?n=100>; rel=\"next\"\r\n";
        answer(stream, "200 OK", link, r#"{"tags": ["a"]}"#);
    });
    for pages in [0, 1, 3] {
        let before = registry.requests().len();
        let asked = || registry.requests().len() - before;
        let tags = anonymous(&registry.url).tags("a", &|| asked() < pages);
        let error = tags
            .expect_err("an incomplete list is an error")
            .to_string();
        assert!(error.contains("was interrupted"), "{error}");
        assert_eq!(asked(), pages);
    }
}

#[test]
fn a_repository_without_tags_has_none() {
    let registry = StandIn::start(|stream, _| answer(stream, "200 OK", "", r#"{"tags": null}"#));
    assert_eq!(anonymous(&registry.url).tags("a", &|| true), Ok(vec![]));
}

#[test]
fn a_password_is_sent_on_demand() {
    let wanted = "WWW-Authenticate: Basic realm=\"x\"\r\n";
    let registry = StandIn::start(move |stream, before| match before {
        0 => answer(stream, "401 No", wanted, ""),
        _ => answer(stream, "200 OK", &digest_header(), ""),
    });
    let (asked, _folder) = named(&registry.url);
    assert_eq!(asked.digest("a", "b"), Ok(Some(DIGEST.to_owned())));
    let requests = registry.requests();
    assert!(!said(&requests, 0).contains("authorization"));
    assert!(said(&requests, 1).contains(&format!("authorization: {BASIC}\r\n")));

    let registry = StandIn::start(move |stream, _| answer(stream, "401 No", wanted, ""));
    let error = anonymous(&registry.url)
        .tags("a", &|| true)
        .expect_err("the port is closed");
    assert!(error.to_string().contains("requires a user"), "{error}");
    let (asked, _folder) = named(&registry.url);
    let error = asked.tags("a", &|| true).expect_err("a wrong password");
    assert!(error.to_string().contains("status 401"), "{error}");
    assert_eq!(registry.requests().len(), 3, "nothing is tried again");
}

#[test]
fn a_token_is_fetched_on_demand() {
    for field in ["token", "access_token"] {
        let body = format!(r#"{{"{field}": "pass"}}"#);
        let tokens = StandIn::start(move |stream, _| answer(stream, "200 OK", "", &body));
        // greenlight does not ask the token server for more than the scope for reading.
        let wanted = format!(
            "WWW-Authenticate: Bearer realm=\"{}/token\",service=\"a registry\",scope=\"repository:a/b:pull,push,delete \
             registry:catalog:*\"\r\n",
            tokens.url
        );
        let registry = StandIn::start(move |stream, before| match before {
            0 => answer(stream, "401 No", &wanted, ""),
            1 => answer(
                stream,
                "200 OK",
                "Link: </v2/a/b/tags/list?last=x>; rel=next\r\n",
                r#"{"tags": ["x"]}"#,
            ),
            _ => answer(stream, "200 OK", "", r#"{"tags": ["y"]}"#),
        });
        let (asked, _folder) = named_with_token_server(&registry.url, Some(&tokens.url));
        assert_eq!(
            asked.tags("a/b", &|| true),
            Ok(["x", "y"].map(str::to_owned).to_vec())
        );
        let token = said(&tokens.requests(), 0);
        assert!(token.starts_with("get /token?"), "{token}");
        let query = "scope=repository%3aa%2fb%3apull&service=a%20registry";
        assert!(token.contains(query), "{token}");
        for wider in ["push", "delete", "catalog"] {
            assert!(!token.contains(wider), "{token}");
        }
        assert!(
            token.contains(&format!("authorization: {BASIC}")),
            "{token}"
        );
        let requests = registry.requests();
        for at in 1..3 {
            assert!(said(&requests, at).contains("authorization: bearer pass\r\n"));
        }
        assert_eq!((requests.len(), tokens.requests().len()), (3, 1));
    }
}

#[test]
fn a_refused_token_is_an_error_without_secrets() {
    for (status, body) in [
        ("403 No", "hush"),
        ("200 OK", "hush"),
        ("200 OK", "{}"),
        ("302 Found", ""),
        ("200 OK", r#"{"token": "hush\nhush"}"#),
    ] {
        let tokens = StandIn::start(move |stream, _| answer(stream, status, "", body));
        let wanted = format!("WWW-Authenticate: Bearer realm=\"{}/t\"\r\n", tokens.url);
        let registry = StandIn::start(move |stream, _| answer(stream, "401 No", &wanted, ""));
        let (asked, _folder) = named_with_token_server(&registry.url, Some(&tokens.url));
        let error = asked.digest("a", "b").expect_err(status).to_string();
        assert!(
            !error.contains("hush") && !error.contains("http"),
            "{error}"
        );
    }
}

#[test]
fn a_token_of_another_server_is_not_asked_for() {
    let tokens = StandIn::start(|stream, _| answer(stream, "200 OK", "", r#"{"token": "pass"}"#));
    for (realm, said) in [
        (
            format!("{}/token?hush=1", tokens.url),
            format!("another server as its token server: `{}`", tokens.url),
        ),
        (
            tokens.url.replace("http://", "http://ci:hush@"),
            "is not a URL".to_owned(),
        ),
        ("/token".to_owned(), "is not a URL".to_owned()),
    ] {
        let wanted = format!("WWW-Authenticate: Bearer realm=\"{realm}\"\r\n");
        let registry = StandIn::start(move |stream, _| answer(stream, "401 No", &wanted, ""));
        for (asked, _folder) in [
            named(&registry.url),
            named_with_token_server(&registry.url, Some("http://127.0.0.1:1")),
        ] {
            let error = asked.digest("a", "b").expect_err("another server");
            assert!(error.message.contains(&said), "{error:?}");
            assert!(!error.line().contains("hush"), "{error:?}");
        }
        let error = anonymous(&registry.url).tags("a", &|| true);
        assert!(error.is_err());
        assert_eq!(registry.requests().len(), 3);
    }
    assert_eq!(tokens.requests(), [""; 0], "no request arrived there");
}

#[test]
fn a_token_of_the_registry_itself_is_fetched() {
    let (send, url) = channel::<String>();
    let url = std::sync::Mutex::new(url);
    let registry = StandIn::start(move |stream, before| match before {
        0 => {
            let url = url.lock().expect("one at a time").recv().expect("its URL");
            let wanted = format!("WWW-Authenticate: Bearer realm=\"{url}/token\"\r\n");
            answer(stream, "401 No", &wanted, "");
        }
        1 => answer(stream, "200 OK", "", r#"{"token": "pass"}"#),
        _ => answer(stream, "200 OK", &digest_header(), ""),
    });
    send.send(registry.url.clone()).expect("it waits");
    let (asked, _folder) = named(&registry.url);
    assert_eq!(asked.digest("a", "b"), Ok(Some(DIGEST.to_owned())));
}

#[test]
fn an_unusable_answer_is_an_error() {
    for (status, body) in [
        ("500 Oops", ""),
        ("301 Moved", ""),
        ("429 Wait", ""),
        ("200 OK", "<html>"),
        ("200 OK", r#"{"tags": 7}"#),
    ] {
        let registry = StandIn::start(move |stream, _| {
            answer(stream, status, "Location: /elsewhere\r\n", body);
        });
        assert!(
            anonymous(&registry.url).tags("a", &|| true).is_err(),
            "{status} {body}"
        );
        assert_eq!(registry.requests().len(), 1);
    }
    let error = anonymous(&closed_port())
        .digest("a", "b")
        .expect_err("the port is closed");
    assert_eq!(
        error.to_string(),
        "the registry can't be reached: connection refused"
    );
}

#[test]
fn invalid_names_are_not_queried() {
    let registry = StandIn::start(|stream, _| answer(stream, "200 OK", &digest_header(), ""));
    let asked = anonymous(&registry.url);
    assert!(asked.digest("a/../b", "c").is_err());
    assert!(asked.digest("a", "c?d").is_err());
    assert!(asked.tags("A", &|| true).is_err());
    assert_eq!(registry.requests(), [""; 0]);
}

#[test]
fn a_registry_that_hangs_times_out() {
    let (went, gone) = channel();
    let registry = StandIn::start(move |stream, _| {
        hang(stream);
        went.send(()).expect("the test waits");
    });
    let asked = Registry::within(settings(&registry.url), Duration::from_millis(200));
    let error = asked.tags("a", &|| true).expect_err("no answer");
    assert_eq!(
        error.to_string(),
        "the registry did not answer within 200ms"
    );
    gone.recv().expect("the connection was given up");
}
