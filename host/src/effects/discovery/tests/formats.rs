//! The formats of lists of nodes.

use super::list;
use crate::effects::discovery::member::Members;
use crate::effects::discovery::read as read_page;
use crate::server_settings::nodes::{Format, Port};

/// The names and URLs that a list has, or the error.
fn read(format: Format, port: Option<Port>, text: &str) -> Result<Vec<(String, String)>, String> {
    let mut members = Members::default();
    let next = read_page(text.as_bytes(), &list(format, port), &mut members)?;
    assert_eq!(next, None);
    let members = members.sorted().into_iter();
    Ok(members.map(|it| (it.name, it.url)).collect())
}

fn pairs(found: &[(String, String)]) -> Vec<(&str, &str)> {
    found.iter().map(|(a, b)| (&a[..], &b[..])).collect()
}

pub(super) fn name(text: &str) -> Port {
    Port::Name(text.to_owned())
}

/// One pod in an IPv4 and an IPv6 slice, one that is not ready, one that ends, and an endpoint without a pod.
pub(super) const SLICES: &str = r#"{
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
