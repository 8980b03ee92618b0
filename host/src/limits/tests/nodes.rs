//! The reader of a list of nodes.

use std::time::Duration;

use crate::server_settings::nodes::{Discovery, Format, List, Source};
use crate::tls::Trust;

/// Reads a list from a server.
pub(super) fn list(url: &str, time_limit: Duration) -> Result<(), String> {
    let discovery = Discovery {
        source: Source::Url {
            url: url.to_owned(),
            token: None,
            trust: Trust::default(),
            list: List {
                format: Format::Lines,
                scheme: "http".to_owned(),
                port: None,
            },
        },
        min_nodes: 1,
        time_limit,
    };
    discovery.find().map(drop)
}
