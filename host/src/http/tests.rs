use super::*;
use crate::effects::stand_in::{StandIn, answer};

#[test]
fn loopback_is_told_apart() {
    for url in [
        "http://127.0.0.1:80/x",
        "http://127.1.2.3",
        "https://LocalHost/x",
        "http://a.localhost:1",
        "http://[::1]:80/",
        "http://[::ffff:127.0.0.1]/",
    ] {
        assert!(is_loopback(&url.parse().expect(url)), "{url}");
    }
    for url in [
        "http://10.0.0.1/",
        "https://localhost.example.org/",
        "http://[::2]/",
    ] {
        assert!(!is_loopback(&url.parse().expect(url)), "{url}");
    }
}

#[test]
fn compression_is_named() {
    let named = |name: &str, body: &[u8]| {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, name.parse().expect("a value"));
        compression(&headers, body)
    };
    assert_eq!(named("GZIP", b"{}").as_deref(), Some("gzip"));
    assert_eq!(named("br, gzip", b"").as_deref(), Some("br, gzip"));
    assert_eq!(named("identity", b"{}"), None);
    let unnamed = |body: &[u8]| compression(&HeaderMap::new(), body);
    assert_eq!(unnamed(b"\x1f\x8b\x08\x00").as_deref(), Some("gzip"));
    assert_eq!(unnamed(b"\x28\xb5\x2f\xfd").as_deref(), Some("zstd"));
    assert_eq!(unnamed(b"{}"), None);
}

#[test]
fn urls_are_told_apart() {
    for url in ["http://a", "https://a.example/b?c=d", "http://[::1]:3/"] {
        assert!(is_url(url), "{url}");
    }
    for text in [
        "",
        "a",
        "/x",
        "ftp://a/",
        "http://",
        "http:///x",
        "https://a b",
        "https://a/\n",
    ] {
        assert!(!is_url(text), "{text:?}");
    }
}

#[test]
fn credentials_are_found() {
    for (url, has) in [
        ("http://ada:hush@a.example/x", true),
        ("https://ada@a.example", true),
        ("ftp://ada:hush@a", true),
        ("ada:hush@a.example", true),
        ("https://a.example/x@y?z=@", false),
        ("https://a.example", false),
    ] {
        assert_eq!(has_credentials(url), has, "{url}");
    }
}

#[test]
fn a_proxy_is_used_but_not_for_loopback() {
    let proxy = StandIn::start(|stream, _| answer(stream, "502 Bad Gateway", "", ""));
    let node = StandIn::start(|stream, _| answer(stream, "200 OK", "", "straight"));
    let set = |name: &str| (name == "HTTP_PROXY").then(|| proxy.url.clone());
    let proxies = Proxies::of(&set);
    let client = Client::with(Duration::from_secs(20), &Trust::default(), proxies);

    let answer = client.agent(&node.url).get(&node.url).call();
    assert_eq!(answer.expect("an answer").status(), 200);
    assert_eq!(proxy.requests(), [""; 0]);

    let away = "http://node.invalid/";
    let error = client.agent(away).get(away).call().expect_err("no proxy");
    let why = &Failed::of(&error).expect("a reason").why;
    assert!(
        why.contains("the variable `HTTP_PROXY`") && why.contains("status 502"),
        "{why}"
    );
    let requests = proxy.requests();
    assert!(
        requests[0].starts_with("CONNECT node.invalid"),
        "{requests:?}"
    );
}

#[test]
fn a_wrong_variable_refuses_requests() {
    let set = |name: &str| (name == "http_proxy").then(|| "socks5://ada:hush@proxy".to_owned());
    let client = Client::with(
        Duration::from_secs(20),
        &Trust::default(),
        Proxies::of(&set),
    );
    let url = "http://node.invalid/";
    let error = client.agent(url).get(url).call().expect_err("no proxy");
    let why = &Failed::of(&error).expect("a reason").why;
    assert!(
        why.contains("`http_proxy`") && !why.contains("hush"),
        "{why}"
    );
}

mod tls {
    use std::path::PathBuf;

    use super::*;
    use crate::tls::stand_in::{Authority, Files, Server};
    use crate::tls::{Identity, NamedFile};

    /// Trusts the authorities of a file alone.
    fn only(ca_file: PathBuf) -> Trust {
        Trust::default().of_table("environment", Some(ca_file))
    }

    fn identified(trust: Trust, files: Files) -> Trust {
        let named = |key: &str, path| NamedFile {
            setting: format!("tls.{key}"),
            path,
        };
        Trust {
            identity: Some(Identity {
                certificate: named("client-certificate", files.certificate),
                key: named("client-key", files.key),
            }),
            ..trust
        }
    }

    /// Requests a URL. Returns the body, or the reason why the request failed.
    fn get(url: &str, trust: &Trust) -> Result<String, String> {
        let client = Client::with(Duration::from_secs(20), trust, Proxies::default());
        let answer = client.agent(url).get(url).call();
        let read = answer.and_then(|mut it| it.body_mut().read_to_string());
        read.map_err(|error| {
            let failed = Failed::of(&error);
            let failed = failed.unwrap_or_else(|| panic!("no reason for {error:?}"));
            assert!(!failed.sent, "{failed}");
            failed.why.clone()
        })
    }

    #[test]
    fn an_authority_of_the_file_is_trusted() {
        let folder = tempfile::tempdir().expect("a folder");
        let authority = Authority::new();
        let names = ["localhost", "127.0.0.1"];
        let server = Server::start(&authority.server(&names), None, "hello");
        let trust = only(authority.write(folder.path(), "ca"));
        assert_eq!(get(&server.url(), &trust).as_deref(), Ok("hello"));
        assert_eq!(
            get(&server.url_of_address(), &trust).as_deref(),
            Ok("hello")
        );
    }

    #[test]
    fn an_unknown_authority_is_an_error_that_names_host_and_setting() {
        let folder = tempfile::tempdir().expect("a folder");
        let authority = Authority::new();
        let server = Server::start(&authority.server(&["localhost"]), None, "hello");
        let why = get(&server.url(), &Trust::default()).expect_err("an unknown authority");
        assert!(
            why.contains("`localhost`") && why.contains("`ca-file` in `[tls]`"),
            "{why}"
        );
        let other = only(Authority::new().write(folder.path(), "other"));
        let why = get(&server.url(), &other).expect_err("another authority");
        assert!(why.contains("`ca-file` in `[environment]`"), "{why}");
    }

    #[test]
    fn a_certificate_must_be_for_the_host_and_in_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let authority = Authority::new();
        let trust = only(authority.write(folder.path(), "ca"));
        let other = Server::start(&authority.server(&["other.example"]), None, "hello");
        for url in [other.url(), other.url_of_address()] {
            let why = get(&url, &trust).expect_err("another name");
            assert!(why.ends_with("is for other names: other.example"), "{why}");
        }
        let expired = Server::start(&authority.expired(&["localhost"]), None, "hello");
        let why = get(&expired.url(), &trust).expect_err("an expired certificate");
        let said = "the certificate of `localhost` expired on 2020-01-01T00:00:00Z";
        assert_eq!(why, said);
    }

    #[test]
    fn a_client_certificate_is_shown_to_a_server_that_demands_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let authority = Authority::new();
        let certificate = authority.server(&["localhost"]);
        let server = Server::start(&certificate, Some(&authority), "hello");
        let trust = only(authority.write(folder.path(), "ca"));
        let why = get(&server.url(), &trust).expect_err("no certificate");
        assert!(why.contains("`localhost`"), "{why}");
        assert!(
            why.contains("`client-certificate` and `client-key` in `[tls]`"),
            "{why}"
        );

        let own = authority.client("greenlight").write(folder.path(), "own");
        let trust = identified(trust, own);
        assert_eq!(get(&server.url(), &trust).as_deref(), Ok("hello"));
    }

    #[test]
    fn a_server_without_tls_is_told_apart() {
        let plain = StandIn::start(|stream, _| answer(stream, "400 Bad Request", "", ""));
        let url = plain.url.replace("http://", "https://");
        let why = get(&url, &Trust::default()).expect_err("no TLS");
        assert!(why.contains("`127.0.0.1` does not speak TLS"), "{why}");
    }

    #[test]
    fn a_tunnel_through_a_proxy_is_encrypted_too() {
        let folder = tempfile::tempdir().expect("a folder");
        let authority = Authority::new();
        let server = Server::start(&authority.server(&["node.invalid"]), None, "hello");
        let target = server.url_of_address().replace("https://", "");
        let proxy = StandIn::start(move |stream, _| {
            answer(stream, "200 OK", "", "");
            let target = std::net::TcpStream::connect(&target).expect("a server");
            let (mut from, mut to) = (stream.try_clone().expect("a stream"), target);
            let mut back = to.try_clone().expect("a stream");
            let thread = std::thread::spawn(move || io::copy(&mut from, &mut to));
            let _ = io::copy(&mut back, stream);
            let _ = stream.shutdown(std::net::Shutdown::Both);
            drop(thread.join());
        });
        let trust = only(authority.write(folder.path(), "ca"));
        let set = |name: &str| (name == "https_proxy").then(|| proxy.url.clone());
        let client = Client::with(Duration::from_secs(20), &trust, Proxies::of(&set));
        let url = "https://node.invalid/";
        let mut answer = client.agent(url).get(url).call().expect("an answer");
        let body = answer.body_mut().read_to_string();
        assert_eq!(body.expect("a body"), "hello");
        assert!(proxy.requests()[0].starts_with("CONNECT node.invalid:443"));
    }
}
