//! The nodes that were found.

use std::collections::HashSet;
use std::fmt::Display;

use crate::contract::history::MOST_NODES;
use crate::effects::probe::{Target, shown};
use crate::http::{has_credentials, is_url};
use crate::server_settings::nodes::{List, Port};

impl List {
    /// The URL of a host, which may be an IPv6 address, and a port.
    pub(super) fn url(&self, host: &str, port: u16) -> String {
        let scheme = &self.scheme;
        if host.contains(':') && !host.starts_with('[') {
            format!("{scheme}://[{host}]:{port}")
        } else {
            format!("{scheme}://{host}:{port}")
        }
    }

    /// The number that replaces the port of the list.
    pub(super) fn number(&self) -> Option<u16> {
        match self.port {
            Some(Port::Number(number)) => Some(number),
            _ => None,
        }
    }
}

/// The nodes that were found so far, each once.
#[derive(Debug, Default)]
pub(super) struct Members {
    found: Vec<Target>,
    keys: HashSet<String>,
    names: HashSet<String>,
}

impl Members {
    /// Adds a node, unless one with this key was added before. `key` tells nodes apart.
    ///
    /// # Errors
    ///
    /// If the URL can't be used, or there are too many nodes.
    pub(super) fn add(&mut self, key: &str, name: &str, url: String) -> Result<(), String> {
        if has_credentials(&url) {
            return Err(
                "a node has a user or a password, which every report would show".to_owned(),
            );
        }
        if !is_url(&url) {
            return Err(format!("a node has no usable address: {}", quoted(&url)));
        }
        if !self.keys.insert(key.to_owned()) {
            return Ok(());
        }
        if self.found.len() == MOST_NODES {
            return Err(format!("it has more than {MOST_NODES} nodes"));
        }
        // Nodes are told apart by their names.
        let mut name = name.to_owned();
        if !self.names.insert(name.clone()) {
            name = format!("{name} ({url})");
            self.names.insert(name.clone());
        }
        self.found.push(Target {
            name,
            url,
            address: None,
        });
        Ok(())
    }

    /// The nodes, sorted by name: the order of a list can change from answer to answer.
    pub(super) fn sorted(mut self) -> Vec<Target> {
        self.found.sort_by(|a, b| a.name.cmp(&b.name));
        self.found
    }
}

/// Describes a text that is not JSON of the expected shape.
pub(super) fn unreadable(what: &str, error: impl Display) -> String {
    format!("it is not {what}: {error}")
}

/// A text of the list, in one line that is safe to print.
pub(super) fn quoted(text: &str) -> String {
    format!("`{}`", shown(text))
}
