//! Reads the instances of a service in Consul.
//!
//! Sources: `/v1/health/service/NAME` (<https://developer.hashicorp.com/consul/api-docs/health>) and
//! `/v1/catalog/service/NAME` (<https://developer.hashicorp.com/consul/api-docs/catalog>). A service without an address
//! has that of its machine.

use serde::Deserialize;

use super::member::{Members, unreadable};
use crate::server_settings::nodes::List;

#[derive(Deserialize)]
#[serde(untagged)]
enum Instance {
    Health(Health),
    Catalog(Catalog),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Health {
    node: Machine,
    service: Service,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Machine {
    node: String,
    #[serde(default)]
    address: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Service {
    #[serde(rename = "ID")]
    id: String,
    #[serde(default)]
    address: String,
    #[serde(default)]
    port: u16,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Catalog {
    node: String,
    #[serde(default)]
    address: String,
    #[serde(rename = "ServiceID")]
    service_id: String,
    #[serde(default)]
    service_address: String,
    #[serde(default)]
    service_port: u16,
}

/// Reads the instances, with every state of health: a node that is not healthy yet will serve users, too.
///
/// # Errors
///
/// If the text is no list of instances, or an instance can't be asked.
pub(super) fn read(text: &[u8], list: &List, members: &mut Members) -> Result<(), String> {
    let instances: Vec<Instance> = serde_json::from_slice(text)
        .map_err(|error| unreadable("a list of instances of Consul", error))?;
    for instance in instances {
        let (machine, id, addresses, port) = match instance {
            Instance::Health(it) => (
                it.node.node,
                it.service.id,
                [it.service.address, it.node.address],
                it.service.port,
            ),
            Instance::Catalog(it) => (
                it.node,
                it.service_id,
                [it.service_address, it.address],
                it.service_port,
            ),
        };
        let name = format!("{machine}/{id}");
        let address = addresses.iter().find(|it| !it.is_empty());
        let port = list.number().unwrap_or(port);
        let (Some(address), 1..) = (address, port) else {
            return Err("an instance has no address or no port".to_owned());
        };
        members.add(&name, &name, list.url(address, port))?;
    }
    Ok(())
}
