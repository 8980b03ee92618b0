use std::io::Write as _;
use std::sync::atomic::AtomicBool;
use std::thread::sleep;

use super::*;
use crate::effects::stand_in::{StandIn, answer, closed_port, hang};

const HASH: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

fn body() -> String {
    format!(r#"{{"commit": "{HASH}"}}"#)
}

fn good() -> StandIn {
    StandIn::start(|stream, _| answer(stream, "200 OK", "", &body()))
}

fn prober() -> Prober {
    Prober::new(Duration::from_secs(30), &Trust::default())
}

fn quick() -> Prober {
    Prober::new(Duration::from_millis(200), &Trust::default())
}

fn refused(prober: &Prober, url: &str) -> String {
    match prober.ask(url) {
        Answer::Unreachable(why) => why,
        Answer::Version(version) => panic!("{version:?}"),
    }
}

fn named(name: &str, url: &str) -> Target {
    Target {
        name: name.to_owned(),
        ..Target::of(url)
    }
}

fn is_good(answer: &Answer) -> bool {
    matches!(answer, Answer::Version(version) if version.commit == HASH)
}

#[test]
fn the_version_is_requested_at_its_path() {
    let node = good();
    for end in ["", "/", "/__version__", "/__version__/", "/a"] {
        let answer = prober().ask(&format!("{}{end}", node.url));
        assert!(is_good(&answer), "{answer:?}");
    }
    let paths: Vec<_> = node
        .requests()
        .iter()
        .map(|request| request.lines().next().unwrap_or_default().to_owned())
        .collect();
    let plain = "GET /__version__ HTTP/1.1";
    assert_eq!(
        paths,
        [plain, plain, plain, plain, "GET /a/__version__ HTTP/1.1"]
    );
}

#[test]
fn host_names_are_resolved() {
    let node = good();
    let by_name = node.url.replace("127.0.0.1", "localhost");
    let answer = prober().ask(&by_name);
    assert!(is_good(&answer), "{answer:?}");
}

#[test]
fn only_status_200_counts_and_redirects_are_not_followed() {
    let goal = good();
    for (status, why) in [
        (
            "301 Moved Permanently",
            "answered with a redirect to `URL` (status 301)",
        ),
        (
            "302 Found",
            "answered with a redirect to `URL` (status 302)",
        ),
        (
            "308 Permanent Redirect",
            "answered with a redirect to `URL` (status 308)",
        ),
        ("404 Not Found", "status 404 Not Found"),
        ("500 Oops", "status 500 Internal Server Error"),
        ("204 No Content", "status 204 No Content"),
        ("203 Other", "status 203 Non Authoritative Information"),
    ] {
        let location = format!("Location: {}\r\n", goal.url);
        let node = StandIn::start(move |stream, _| answer(stream, status, &location, &body()));
        assert_eq!(refused(&prober(), &node.url), why.replace("URL", &goal.url));
    }
    assert_eq!(goal.requests(), [""; 0]);
}

#[test]
fn a_large_body_is_not_read_to_its_end() {
    let node = StandIn::start(|stream, _| {
        answer(stream, "200 OK", "", &"x".repeat(10 << 20));
    });
    let why = "answered with more than 65536 bytes";
    assert_eq!(refused(&prober(), &node.url), why);

    let endless = StandIn::start(|stream, _| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(&[b' '; 4096]).is_ok() {}
    });
    assert_eq!(refused(&prober(), &endless.url), why);

    let largest = StandIn::start(|stream, _| {
        let padding = " ".repeat(65536 - body().len());
        answer(stream, "200 OK", "", &(body() + &padding));
    });
    assert!(is_good(&prober().ask(&largest.url)));
}

#[test]
fn a_slow_node_is_unreachable() {
    let why = "no complete response within 200ms";
    let silent = StandIn::start(|stream, _| hang(stream));
    assert_eq!(refused(&quick(), &silent.url), why);

    for head in ["HTTP/1.1 200 OK\r\nX: ", "HTTP/1.1 200 OK\r\n\r\n"] {
        let dripping = StandIn::start(move |stream, _| {
            let _ = stream.write_all(head.as_bytes());
            while stream.write_all(b" ").is_ok() {
                sleep(Duration::from_millis(5));
            }
        });
        assert_eq!(refused(&quick(), &dripping.url), why);
    }
}

#[test]
fn an_unusable_answer_is_a_reason() {
    let node = StandIn::start(|stream, _| answer(stream, "200 OK", "", "<h1>Oops\x1b[31m"));
    assert_eq!(
        refused(&prober(), &node.url),
        "answered with invalid JSON (expected value at line 1 column 1): `<h1>Oops\\u{1b}[31m`"
    );
    let torn = StandIn::start(|stream, _| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{");
    });
    let closed = StandIn::start(|_, _| {});
    let garbage = StandIn::start(|stream, _| {
        let _ = stream.write_all(b"SSH-2.0-OpenSSH\r\n\r\n");
    });
    for node in [torn, closed, garbage] {
        let why = refused(&prober(), &node.url);
        assert!((5..150).contains(&why.len()), "{why}");
        assert!(!why.contains("within"), "{why}");
    }
    let why = refused(&prober(), &closed_port());
    assert!(why.to_lowercase().contains("connection refused"), "{why}");
    assert_eq!(
        refused(&prober(), "node:80"),
        "not an http or https URL: `node:80`"
    );
    // No name server knows this name, and some answer too late. A proxy could give any answer.
    let time_limit = Duration::from_secs(2);
    let straight = Prober {
        document: Document::default(),
        client: Client::without_proxy(time_limit),
        time_limit,
    };
    let why = refused(&straight, "http://node.invalid/");
    let known = ["unknown host name", "no complete response within 2s"];
    assert!(known.iter().any(|known| why.starts_with(known)), "{why}");
}

#[test]
fn a_round_keeps_the_order_and_queries_in_parallel() {
    let ready = Arc::new(AtomicUsize::new(0));
    let arrived = ready.clone();
    // The server answers only after sixteen requests have arrived.
    let node = StandIn::start(move |stream, _| {
        arrived.fetch_add(1, Ordering::SeqCst);
        while arrived.load(Ordering::SeqCst) < AT_ONCE {
            thread::yield_now();
        }
        answer(stream, "200 OK", "", &body());
    });
    let down = closed_port();
    let nodes: Vec<_> = (0..40)
        .map(|n| {
            let url = if n == 20 { &down } else { &node.url };
            named(&format!("node {n}"), url)
        })
        .collect();
    let answers = prober().round(&nodes, &Shutdown::never());
    assert_eq!(answers.len(), nodes.len());
    for (number, (name, answer, took)) in answers.iter().enumerate() {
        assert_eq!(name, &nodes[number].name);
        assert_eq!(is_good(answer), number != 20, "{answer:?}");
        assert!(*took < Duration::from_secs(30));
    }
    assert_eq!(prober().round(&[], &Shutdown::never()), []);
}

#[test]
fn a_shutdown_ends_a_round_at_once() {
    let shutdown = Shutdown::never();
    let requested = shutdown.clone();
    let done = Arc::new(AtomicBool::new(false));
    let over = done.clone();
    let node = StandIn::start(move |stream, _| {
        requested.request();
        while !over.load(Ordering::SeqCst) {
            thread::yield_now();
        }
        answer(stream, "200 OK", "", &body());
    });
    let nodes = vec![named("a", &node.url), named("b", &closed_port())];
    let answers = prober().round(&nodes, &shutdown);
    done.store(true, Ordering::SeqCst);
    let why = "no response before the shutdown signal".to_owned();
    assert_eq!(
        (&answers[0].0[..], &answers[0].1),
        ("a", &Answer::Unreachable(why))
    );
}

/// Another name for the same server shows that the address of the name is not asked for.
#[test]
fn a_node_is_asked_at_its_address() {
    let node = good();
    let address = node
        .url
        .trim_start_matches("http://")
        .parse()
        .expect("an address");
    let target = Target {
        address: Some(address),
        ..Target::of("http://shop.invalid:8000")
    };
    let answers = prober().round(&[target], &Shutdown::never());
    assert!(is_good(&answers[0].1), "{answers:?}");
    assert!(
        node.requests()[0]
            .to_lowercase()
            .contains("host: shop.invalid:8000")
    );
}

#[test]
fn another_document_has_its_own_path_and_pointer() {
    let body = format!(r#"{{"git": {{"commit": {{"id": "{HASH}", "no": 1}}}}}}"#);
    let node = StandIn::start(move |stream, _| answer(stream, "200 OK", "", &body));
    let expecting = |pointer: &str| {
        prober().expecting(Document {
            path: "/actuator/info".to_owned(),
            pointer: Some(pointer.to_owned()),
        })
    };
    assert!(is_good(&expecting("/git/commit/id").ask(&node.url)));
    let line = node.requests()[0].lines().next().map(str::to_owned);
    assert_eq!(line.as_deref(), Some("GET /actuator/info HTTP/1.1"));
    for (pointer, said) in [
        (
            "/git/commit/no",
            "its `/git/commit/no` is a number instead of a string",
        ),
        ("/git/none", "answered with a document without `/git/none`"),
    ] {
        let why = refused(&expecting(pointer), &node.url);
        assert!(why.starts_with(said), "{why}");
    }
}
