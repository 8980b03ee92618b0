//! Reads the targets of Prometheus' HTTP service discovery.
//!
//! Source: <https://prometheus.io/docs/prometheus/latest/http_sd/>.

use serde::Deserialize;

use super::lines;
use super::member::{Members, unreadable};
use crate::server_settings::nodes::List;

#[derive(Deserialize)]
struct Group {
    targets: Vec<String>,
}

/// Reads all groups of targets. Labels are ignored.
///
/// # Errors
///
/// If the text is no list of groups, or a target can't be asked.
pub(super) fn read(text: &[u8], list: &List, members: &mut Members) -> Result<(), String> {
    let groups: Vec<Group> = serde_json::from_slice(text)
        .map_err(|error| unreadable("a list of groups of targets", error))?;
    for target in groups.iter().flat_map(|it| &it.targets) {
        lines::add(target, list, members)?;
    }
    Ok(())
}
