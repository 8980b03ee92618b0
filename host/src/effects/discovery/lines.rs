//! Reads a node on each line: a URL, or a host with its port.

use super::member::{Members, quoted};
use crate::server_settings::nodes::List;

/// Reads all lines. Empty lines, and those that begin with `#`, are ignored.
///
/// # Errors
///
/// If the text is not UTF-8, or a line can't be asked.
pub(super) fn read(text: &[u8], list: &List, members: &mut Members) -> Result<(), String> {
    let text = std::str::from_utf8(text).map_err(|_| "it is not UTF-8".to_owned())?;
    let lines = text.lines().map(str::trim);
    for line in lines.filter(|it| !it.is_empty() && !it.starts_with('#')) {
        add(line, list, members)?;
    }
    Ok(())
}

/// Adds a URL, or a host with its port. The port of the configuration replaces that of a host.
pub(super) fn add(node: &str, list: &List, members: &mut Members) -> Result<(), String> {
    let url = if node.contains("://") {
        node.trim_end_matches('/').to_owned()
    } else {
        let (host, port) = match node.rsplit_once(':') {
            // A bare IPv6 address has colons, too.
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, Some(port)),
            _ => (node, None),
        };
        let port = list.number().or_else(|| port?.parse().ok());
        let Some(port) = port else {
            return Err(format!(
                "the node {} has no port; set `port`, or write the node as a URL",
                quoted(node)
            ));
        };
        list.url(host, port)
    };
    members.add(&url, &url, url.clone())
}
