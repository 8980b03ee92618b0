//! How the nodes of an environment are found, and where they have their version.

use std::path::PathBuf;
use std::time::Duration;

use crate::contract::names::names;
use crate::secret;
use crate::tls::Trust;

/// Where a node has its version, and the commit in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The path behind the URL of the node. It begins with `/`.
    pub path: String,
    /// The JSON pointer of the commit; `None` if the document is that of Dockerflow.
    pub pointer: Option<String>,
}

/// That of Dockerflow.
impl Default for Document {
    fn default() -> Self {
        Self {
            path: "/__version__".to_owned(),
            pointer: None,
        }
    }
}

/// Where the list of nodes comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// A server answers with the list.
    Url {
        /// The address.
        url: String,
        /// Where the bearer token is stored; `None` if the server needs no token. The token is read before each request,
        /// because tokens are replaced.
        token: Option<secret::Source>,
        /// Which certificates of the server are trusted.
        trust: Trust,
        /// How the list is read.
        list: List,
    },
    /// A command prints the list.
    Command {
        /// The program and its arguments.
        arguments: Vec<String>,
        /// The folder that it runs in.
        folder: PathBuf,
        /// The variables with secrets, which it does not receive.
        without: Vec<String>,
        /// How the list is read.
        list: List,
    },
    /// The name of a host has the address of each node. The URL has the port, too.
    Dns(String),
}

/// How the nodes of an environment are found.
#[derive(Clone, Debug)]
pub struct Discovery {
    /// Where the list comes from.
    pub source: Source,
    /// The smallest number of nodes that can converge.
    pub min_nodes: usize,
    /// How long finding the nodes may take.
    pub time_limit: Duration,
}

impl Discovery {
    /// Keeps variables with secrets away from the command.
    pub fn withhold(&mut self, variables: &[String]) {
        if let Source::Command { without, .. } = &mut self.source {
            without.extend_from_slice(variables);
        }
    }
}

/// The format of a list of nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "DiscoveryFormat"))]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// `EndpointSlices` of Kubernetes: a list or a single one.
    Endpointslices,
    /// HTTP service discovery of Prometheus.
    HttpSd,
    /// Health or catalog of a service in Consul.
    Consul,
    /// A URL, or a host with its port, on each line.
    Lines,
}

names! {
    Format {
        Endpointslices = "endpointslices",
        HttpSd = "http-sd",
        Consul = "consul",
        Lines = "lines",
    }
}

/// A port of a node, by its name or its number.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Port {
    /// The number.
    Number(u16),
    /// The name in an `EndpointSlice`.
    Name(String),
}

/// How a list of nodes is read, and how the URL of a node is made from its address.
#[derive(Clone, Debug)]
pub struct List {
    /// The format.
    pub format: Format,
    /// `http` or `https`.
    pub scheme: String,
    /// The port of every node; `None` if each node has the port that the list names.
    pub port: Option<Port>,
}
