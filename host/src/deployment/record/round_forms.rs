//! The shapes of rounds in an entry.

use serde::{Deserialize, Serialize};

use super::Many;
use super::forms::clipped;
use crate::contract::promotion::{Convergence, Node, NodeVersion, Round};

#[derive(Serialize, Deserialize)]
#[serde(remote = "Round")]
pub struct RoundForm {
    environment: String,
    #[serde(with = "ConvergenceForm")]
    convergence: Convergence,
    #[serde(default = "once", skip_serializing_if = "is_once")]
    times: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Convergence", rename_all = "kebab-case")]
pub enum ConvergenceForm {
    Observed(#[serde(with = "Many::<NodeForm>")] Vec<Node>),
    Judged(bool),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Node")]
pub struct NodeForm {
    #[serde(serialize_with = "clipped")]
    name: String,
    #[serde(with = "NodeVersionForm")]
    version: NodeVersion,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "NodeVersion", rename_all = "kebab-case")]
pub enum NodeVersionForm {
    Serves(String),
    Unreachable(#[serde(serialize_with = "clipped")] String),
}

fn once() -> u32 {
    1
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a field by reference"
)]
fn is_once(times: &u32) -> bool {
    *times == once()
}
