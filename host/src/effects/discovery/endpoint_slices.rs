//! Reads `EndpointSlices` of Kubernetes.
//!
//! Source: `discovery.k8s.io/v1`
//! (<https://kubernetes.io/docs/reference/kubernetes-api/discovery/endpoint-slice-v1/>). Of several addresses of an
//! endpoint, which are equal, clients use the first. A long list has pages: `metadata.continue` is the place of the
//! next one (<https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks>).

use serde::{Deserialize, Deserializer};

use super::member::{Members, quoted, unreadable};
use crate::server_settings::nodes::{List, Port};

/// A list of slices, or a single slice.
#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    metadata: Metadata,
    /// The slices of a list.
    items: Option<Vec<Slice>>,
    #[serde(flatten)]
    single: Slice,
    /// The text of an error, if the document is a `Status`.
    #[serde(default)]
    message: String,
}

#[derive(Default, Deserialize)]
struct Metadata {
    #[serde(default, rename = "continue")]
    next: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Slice {
    #[serde(default)]
    address_type: String,
    #[serde(default, deserialize_with = "list")]
    endpoints: Vec<Endpoint>,
    #[serde(default, deserialize_with = "list")]
    ports: Vec<EndpointPort>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Endpoint {
    #[serde(default, deserialize_with = "list")]
    addresses: Vec<String>,
    #[serde(default)]
    conditions: Conditions,
    target_ref: Option<Target>,
}

#[derive(Default, Deserialize)]
struct Conditions {
    terminating: Option<bool>,
}

/// What an endpoint stands for, usually a pod.
#[derive(Deserialize)]
struct Target {
    #[serde(default)]
    name: String,
    #[serde(default)]
    uid: String,
}

#[derive(Deserialize)]
struct EndpointPort {
    #[serde(default)]
    name: Option<String>,
    port: Option<u16>,
}

/// Go writes an empty list as `null`.
fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// Reads one page, and returns the place of the next one.
///
/// Members are all endpoints that are not terminating: a node that is not ready yet will serve users, too. A pod that is
/// in an IPv4 and in an IPv6 slice is one node.
///
/// # Errors
///
/// If the text is no list of slices, or an endpoint can't be asked.
pub(super) fn read(
    text: &[u8],
    list: &List,
    members: &mut Members,
) -> Result<Option<String>, String> {
    let document: Document = serde_json::from_slice(text)
        .map_err(|error| unreadable("a list of EndpointSlices", error))?;
    let slices = match (document.kind.as_str(), document.items) {
        ("EndpointSliceList" | "List", Some(slices)) => slices,
        ("EndpointSlice", None) => vec![document.single],
        ("Status", _) => return Err(format!("the API answers {}", quoted(&document.message))),
        (kind, _) => {
            return Err(format!(
                "it is not a list of EndpointSlices: its `kind` is {}",
                quoted(kind)
            ));
        }
    };
    for slice in slices {
        add(&slice, list, members)?;
    }
    Ok(Some(document.metadata.next).filter(|it| !it.is_empty()))
}

fn add(slice: &Slice, list: &List, members: &mut Members) -> Result<(), String> {
    let mut endpoints = slice.endpoints.iter();
    let mut alive = endpoints
        .by_ref()
        .filter(|it| it.conditions.terminating != Some(true))
        .peekable();
    if alive.peek().is_none() {
        return Ok(());
    }
    if slice.address_type == "FQDN" {
        return Err(
            "a slice has the address type `FQDN`: its addresses are names, and not nodes"
                .to_owned(),
        );
    }
    let port = port(slice, list)?;
    for endpoint in alive {
        let Some(address) = endpoint.addresses.first() else {
            return Err("an endpoint has no address".to_owned());
        };
        let url = list.url(address, port);
        let target = endpoint.target_ref.as_ref();
        let name = target
            .map(|it| it.name.as_str())
            .filter(|it| !it.is_empty());
        let uid = target.map(|it| it.uid.as_str()).filter(|it| !it.is_empty());
        members.add(
            uid.or(name).unwrap_or(&url),
            name.unwrap_or(&url),
            url.clone(),
        )?;
    }
    Ok(())
}

/// The port of the nodes in a slice.
fn port(slice: &Slice, list: &List) -> Result<u16, String> {
    let name = match &list.port {
        Some(Port::Number(number)) => return Ok(*number),
        Some(Port::Name(name)) => name,
        None => {
            return match slice.ports.as_slice() {
                [
                    EndpointPort {
                        port: Some(port), ..
                    },
                ] => Ok(*port),
                _ => Err("a slice does not have exactly one port; set `port`".to_owned()),
            };
        }
    };
    let mut ports = slice.ports.iter();
    let found = ports.find(|it| it.name.as_deref() == Some(name));
    found.and_then(|it| it.port).ok_or_else(|| {
        let known = slice.ports.iter().filter_map(|it| it.name.as_deref());
        let known: Vec<_> = known.map(quoted).collect();
        format!(
            "a slice has no port {}; its ports are {}",
            quoted(name),
            if known.is_empty() {
                "none".to_owned()
            } else {
                known.join(", ")
            }
        )
    })
}
