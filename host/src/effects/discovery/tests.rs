use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::effects::stand_in::{StandIn, answer, closed_port};
use crate::server_settings::nodes::Port;
use crate::tls::NamedFile;
use crate::tls::stand_in::{Authority, Server};

fn discovery(source: Source) -> Discovery {
    Discovery {
        source,
        min_nodes: 1,
        time_limit: Duration::from_secs(30),
    }
}

fn list(format: Format, port: Option<Port>) -> List {
    List {
        format,
        scheme: "http".to_owned(),
        port,
    }
}

fn served(url: &str, format: Format) -> Discovery {
    discovery(Source::Url {
        url: url.to_owned(),
        token: None,
        trust: Trust::default(),
        list: list(format, None),
    })
}

fn command(script: &str, format: Format) -> Discovery {
    discovery(Source::Command {
        arguments: ["sh", "-c", script].map(str::to_owned).to_vec(),
        folder: PathBuf::from("/"),
        without: vec!["HOME".to_owned()],
        list: list(format, None),
    })
}

/// The names and URLs that a list has, or the error.
fn read(format: Format, port: Option<Port>, text: &str) -> Result<Vec<(String, String)>, String> {
    let mut members = Members::default();
    let next = super::read(text.as_bytes(), &list(format, port), &mut members)?;
    assert_eq!(next, None);
    let members = members.sorted().into_iter();
    Ok(members.map(|it| (it.name, it.url)).collect())
}

fn pairs(found: &[(String, String)]) -> Vec<(&str, &str)> {
    found.iter().map(|(a, b)| (&a[..], &b[..])).collect()
}

fn name(text: &str) -> Port {
    Port::Name(text.to_owned())
}

/// One pod in an IPv4 and an IPv6 slice, one that is not ready, one that ends, and an endpoint without a pod.
const SLICES: &str = r#"{
  "kind": "EndpointSliceList", "apiVersion": "discovery.k8s.io/v1", "metadata": {"resourceVersion": "7"},
  "items": [
    {"metadata": {"name": "shop-abc"}, "addressType": "IPv4",
     "ports": [{"name": "http", "port": 8000, "protocol": "TCP"}, {"name": "admin", "port": 9000}],
     "endpoints": [
       {"addresses": ["10.0.0.2"], "conditions": {"ready": false, "serving": false, "terminating": false},
        "targetRef": {"kind": "Pod", "name": "shop-2", "uid": "u2"}},
       {"addresses": ["10.0.0.1"], "conditions": {"ready": true}, "targetRef": {"kind": "Pod", "name": "shop-1", "uid": "u1"}},
       {"addresses": ["10.0.0.3"], "conditions": {"ready": false, "serving": true, "terminating": true},
        "targetRef": {"kind": "Pod", "name": "shop-3", "uid": "u3"}},
       {"addresses": ["10.0.0.4"]}
     ]},
    {"metadata": {"name": "shop-def"}, "addressType": "IPv6", "ports": [{"name": "http", "port": 8000}],
     "endpoints": [{"addresses": ["fd00::1"], "conditions": {"ready": true},
       "targetRef": {"kind": "Pod", "name": "shop-1", "uid": "u1"}}]},
    {"metadata": {"name": "shop-empty"}, "addressType": "IPv4", "ports": null, "endpoints": null}
  ]}"#;

#[test]
fn endpoint_slices_are_read() {
    let found = read(Format::Endpointslices, Some(name("http")), SLICES).expect("a list");
    let expected = [
        ("http://10.0.0.4:8000", "http://10.0.0.4:8000"),
        ("shop-1", "http://10.0.0.1:8000"),
        ("shop-2", "http://10.0.0.2:8000"),
    ];
    assert_eq!(pairs(&found), expected);
    let found = read(Format::Endpointslices, Some(Port::Number(81)), SLICES).expect("a list");
    assert_eq!(found[1].1, "http://10.0.0.1:81");
    let single = r#"{"kind": "EndpointSlice", "addressType": "IPv6", "ports": [{"name": "", "port": 80}],
        "endpoints": [{"addresses": ["fd00::1"]}]}"#;
    let found = read(Format::Endpointslices, None, single).expect("a slice");
    assert_eq!(found[0].1, "http://[fd00::1]:80");
}

/// Pods of different namespaces can have the same name.
#[test]
fn different_nodes_have_different_names() {
    let text = SLICES.replace("shop-2", "shop-1");
    let found = read(Format::Endpointslices, Some(name("http")), &text).expect("a list");
    let names: Vec<_> = found.iter().map(|it| it.0.as_str()).collect();
    assert!(
        names.contains(&"shop-1 (http://10.0.0.1:8000)"),
        "{names:?}"
    );
}

#[test]
fn the_other_formats_are_read() {
    let http_sd = r#"[{"targets": ["10.0.0.1:80", "shop-2:81"], "labels": {"a": "b"}}, {"targets": ["[fd00::1]:80"]}]"#;
    let found = read(Format::HttpSd, None, http_sd).expect("a list");
    let urls: Vec<_> = found.iter().map(|it| it.1.as_str()).collect();
    assert_eq!(
        urls,
        [
            "http://10.0.0.1:80",
            "http://[fd00::1]:80",
            "http://shop-2:81"
        ]
    );
    let health = r#"[{"Node": {"Node": "m1", "Address": "10.0.0.1"}, "Service": {"ID": "shop-1", "Address": "", "Port": 80},
        "Checks": [{"Status": "critical"}]},
        {"Node": {"Node": "m1", "Address": "10.0.0.1"}, "Service": {"ID": "shop-2", "Address": "10.1.0.1", "Port": 80}}]"#;
    let found = read(Format::Consul, None, health).expect("a list");
    let expected = [
        ("m1/shop-1", "http://10.0.0.1:80"),
        ("m1/shop-2", "http://10.1.0.1:80"),
    ];
    assert_eq!(pairs(&found), expected);
    let catalog = r#"[{"Node": "m1", "Address": "10.0.0.1", "ServiceID": "shop-1", "ServiceAddress": "", "ServicePort": 80}]"#;
    let found = read(Format::Consul, Some(Port::Number(90)), catalog).expect("a list");
    assert_eq!(pairs(&found), [("m1/shop-1", "http://10.0.0.1:90")]);
    let lines = "# nodes\n\nhttps://a.example.org/\n10.0.0.1:80\n10.0.0.1:80\n  b  \nfd00::1\n";
    let found = read(Format::Lines, Some(Port::Number(90)), lines).expect("a list");
    let urls: Vec<_> = found.iter().map(|it| it.1.as_str()).collect();
    assert_eq!(
        urls,
        [
            "http://10.0.0.1:90",
            "http://[fd00::1]:90",
            "http://b:90",
            "https://a.example.org"
        ]
    );
}

#[test]
fn a_list_that_is_not_understood_is_an_error() {
    let many: Vec<_> = (0..501).map(|it| format!("http://h{it}")).collect();
    let many = many.join("\n");
    for (format, text, said) in [
        (
            Format::Endpointslices,
            "[]",
            "it is not a list of EndpointSlices",
        ),
        (
            Format::Endpointslices,
            "{\"kind\": \"PodList\", \"items\": []}",
            "its `kind` is `PodList`",
        ),
        (
            Format::Endpointslices,
            "{\"kind\": \"Status\", \"message\": \"the token \\u001b expired\"}",
            "the API answers `the token",
        ),
        (
            Format::Endpointslices,
            r#"{"kind": "EndpointSlice", "addressType": "IPv4", "ports": [], "endpoints": [{"addresses": ["10.0.0.1"]}]}"#,
            "a slice does not have exactly one port",
        ),
        (
            Format::Endpointslices,
            r#"{"kind": "EndpointSlice", "ports": [{"port": 1}], "endpoints": [{"addresses": []}]}"#,
            "an endpoint has no address",
        ),
        (
            Format::HttpSd,
            "[{\"targets\": [\"a\"]}]",
            "the node `a` has no port",
        ),
        (
            Format::HttpSd,
            "{}",
            "it is not a list of groups of targets",
        ),
        (
            Format::Consul,
            "[{}]",
            "it is not a list of instances of Consul",
        ),
        (
            Format::Lines,
            "http://u:p@a",
            "a node has a user or a password",
        ),
        (Format::Lines, "ftp://a", "a node has no usable address"),
        (Format::Lines, "a b:80", "a node has no usable address"),
        (Format::Lines, "\u{1b}", "the node `"),
        (Format::Lines, &many, "it has more than 500 nodes"),
    ] {
        let error = read(format, None, text).expect_err(text);
        assert!(error.contains(said), "{error}");
        assert!(
            !error.contains('\u{1b}') && !error.contains("u:p"),
            "{error}"
        );
    }
    let error =
        read(Format::Endpointslices, Some(name("https")), SLICES).expect_err("no such port");
    assert_eq!(
        error,
        "a slice has no port `https`; its ports are `http`, `admin`"
    );
}

fn page(names: &[&str], next: &str) -> String {
    let endpoints: Vec<_> = names
        .iter()
        .map(|it| {
            format!(r#"{{"addresses": ["10.0.0.{it}"], "targetRef": {{"name": "shop-{it}"}}}}"#)
        })
        .collect();
    format!(
        r#"{{"kind": "EndpointSliceList", "metadata": {{"continue": "{next}"}}, "items": [
            {{"addressType": "IPv4", "ports": [{{"port": 80}}], "endpoints": [{}]}}]}}"#,
        endpoints.join(",")
    )
}

#[test]
fn all_pages_of_a_list_are_read() {
    let api = StandIn::start(|stream, before| {
        let body = match before {
            0 => page(&["1", "2"], "a b&c="),
            1 => page(&["2", "3"], "more"),
            _ => page(&["4"], ""),
        };
        answer(stream, "200 OK", "", &body);
    });
    let found = served(
        &format!("{}/slices?limit=2", api.url),
        Format::Endpointslices,
    )
    .find();
    let names: Vec<_> = found
        .expect("a list")
        .into_iter()
        .map(|it| it.name)
        .collect();
    assert_eq!(names, ["shop-1", "shop-2", "shop-3", "shop-4"]);
    let lines: Vec<_> = (api.requests().iter())
        .filter_map(|it| it.lines().next().map(str::to_owned))
        .collect();
    assert_eq!(
        lines,
        [
            "GET /slices?limit=2 HTTP/1.1",
            "GET /slices?limit=2&continue=a%20b%26c%3D HTTP/1.1",
            "GET /slices?limit=2&continue=more HTTP/1.1"
        ]
    );
}

/// A list that never ends is an error, and so is a page that has expired.
#[test]
fn a_list_is_complete_or_an_error() {
    let endless = StandIn::start(|stream, _| answer(stream, "200 OK", "", &page(&["1"], "next")));
    let error = served(&endless.url, Format::Endpointslices)
        .find()
        .expect_err("endless");
    assert_eq!(error, "the list has more than 100 pages");
    let expired = StandIn::start(|stream, before| match before {
        0 => answer(stream, "200 OK", "", &page(&["1"], "next")),
        _ => answer(stream, "410 Gone", "", "{\"kind\": \"Status\"}"),
    });
    let error = served(&expired.url, Format::Endpointslices)
        .find()
        .expect_err("expired");
    assert!(error.contains("answered with status 410: `{"), "{error}");
    let error = served(&closed_port(), Format::Lines)
        .find()
        .expect_err("a closed port");
    assert!(error.contains("can't be reached"), "{error}");
}

/// The token of a service account in Kubernetes is replaced while greenlight runs.
#[test]
fn the_token_is_read_for_each_request() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let api = StandIn::start(|stream, _| answer(stream, "200 OK", "", "10.0.0.1:80\n"));
    let discovery = discovery(Source::Url {
        url: api.url.clone(),
        token: Some(secret::Source::File(file.path().to_owned())),
        trust: Trust::default(),
        list: list(Format::Lines, None),
    });
    for token in ["first", "second"] {
        std::fs::write(file.path(), format!("{token}\n")).expect("a token");
        assert_eq!(discovery.find().expect("a list").len(), 1);
    }
    let sent: Vec<_> = (api.requests().iter())
        .flat_map(|it| it.lines().map(str::to_lowercase).collect::<Vec<_>>())
        .filter(|it| it.starts_with("authorization"))
        .collect();
    assert_eq!(
        sent,
        [
            "authorization: bearer first",
            "authorization: bearer second"
        ]
    );
    std::fs::write(file.path(), "").expect("an empty file");
    let error = discovery.find().expect_err("no token");
    assert!(error.contains("token"), "{error}");
    assert_eq!(api.requests().len(), 2);
}

#[test]
fn a_command_prints_the_list() {
    let found = command("echo 10.0.0.1:80; echo ${HOME-unset}:81", Format::Lines).find();
    let urls: Vec<_> = found
        .expect("a list")
        .into_iter()
        .map(|it| it.url)
        .collect();
    assert_eq!(urls, ["http://10.0.0.1:80", "http://unset:81"]);
    for (script, said) in [
        ("echo no cluster >&2; exit 3", "exit status 3: no cluster"),
        ("echo nothing", "the node `nothing` has no port"),
    ] {
        let error = command(script, Format::Lines).find().expect_err(script);
        assert!(error.contains(said), "{error}");
    }
    let page = page(&["1"], "next");
    let script = format!("cat <<'END'\n{page}\nEND");
    let error = command(&script, Format::Endpointslices)
        .find()
        .expect_err("a page");
    assert_eq!(error, "the list is a page of a longer one");
    let mut slow = command("exec tail -f /dev/null", Format::Lines);
    slow.time_limit = Duration::from_millis(100);
    let error = slow.find().expect_err("a slow command");
    assert_eq!(error, "the command `sh` did not end within 100ms");
}

#[test]
fn each_address_of_a_host_name_is_a_node() {
    let found = discovery(Source::Dns("http://localhost:8000".to_owned())).find();
    let found = found.expect("an address");
    let loopback = found
        .iter()
        .find(|it| it.name == "http://localhost:8000 (127.0.0.1)");
    let loopback = loopback.expect("the IPv4 address");
    assert_eq!(loopback.url, "http://localhost:8000");
    assert_eq!(loopback.address, "127.0.0.1:8000".parse().ok());
    let unknown = discovery(Source::Dns("http://shop.invalid:8000".to_owned()));
    let error = unknown.find().expect_err("no such name");
    assert!(
        error.starts_with("the host name did not resolve: "),
        "{error}"
    );
}

#[test]
fn too_few_nodes_are_a_shortage() {
    let mut discovery = served("http://a", Format::Lines);
    assert_eq!(discovery.shortage(0).as_deref(), Some("found no node"));
    assert_eq!(discovery.shortage(1), None);
    discovery.min_nodes = 3;
    let says = "found 1 node, and `min-nodes` is 3";
    assert_eq!(discovery.shortage(1).as_deref(), Some(says));
    assert_eq!(discovery.shortage(3), None);
}

/// An API server of Kubernetes has a certificate of the cluster's own authority.
#[test]
fn a_list_is_read_from_a_server_with_an_authority_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = Authority::new();
    let api = Server::start(&authority.server(&["localhost"]), None, SLICES);
    let find = |files: Vec<NamedFile>| {
        let source = Source::Url {
            url: api.url(),
            token: None,
            trust: Trust {
                files,
                ..Trust::default()
            },
            list: list(Format::Endpointslices, Some(name("http"))),
        };
        discovery(source).find()
    };
    let error = find(Vec::new()).expect_err("an unknown authority");
    assert!(
        error.contains("is of an authority that is not trusted"),
        "{error}"
    );
    let known = NamedFile {
        setting: "environment.discover.ca-file".to_owned(),
        path: authority.write(folder.path(), "ca.pem"),
    };
    assert_eq!(find(vec![known]).expect("a list").len(), 3);
}
