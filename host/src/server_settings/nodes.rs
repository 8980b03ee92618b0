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
        /// The token that is sent, if there is one. It is read before each request, because tokens are replaced.
        token: Option<secret::Source>,
        /// Which certificates of the server are trusted.
        trust: Trust,
    },
    /// A command prints the list.
    Command {
        /// The program and its arguments.
        arguments: Vec<String>,
        /// The folder that it runs in.
        folder: PathBuf,
        /// The variables with secrets, which it does not receive.
        without: Vec<String>,
    },
    /// The name of a host has the address of each node. The URL has the port, too.
    Dns(String),
}

/// How the nodes of an environment are found.
#[derive(Clone, Debug)]
pub struct Discovery {
    /// Where the list comes from.
    pub source: Source,
    /// The format of the list. [`Source::Dns`] has none.
    pub format: Format,
    /// How the URLs of the nodes are made.
    pub shape: Shape,
    /// Fewer nodes than these have not converged.
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

/// How the URL of a node is made from its address.
#[derive(Clone, Debug)]
pub struct Shape {
    /// `http` or `https`.
    pub scheme: String,
    /// The port that is asked; the port of the list if there is none.
    pub port: Option<Port>,
}
