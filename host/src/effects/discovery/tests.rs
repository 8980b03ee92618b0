mod formats;

use std::path::PathBuf;
use std::time::Duration;

use formats::{SLICES, name};

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
