//! What a deployment tells while it goes on. The driver knows only this; who shows it where is decided
//! elsewhere.

use std::time::Duration;

use super::entry::Began;
use crate::contract::promotion::{Action, Conclusion, Decision};

/// Somebody who looks on.
pub trait Screen {
    /// A deployment begins, or goes on.
    fn began(&mut self, number: u64, began: &Began, resumed: bool);
    /// The policy decided.
    fn decided(&mut self, decision: &Decision);
    /// An effect starts.
    fn started(&mut self, effect: &Action);
    /// Nodes were asked: which ones gave no usable answer, and why.
    fn answered(&mut self, unreachable: &[(String, String)]);
    /// A command said a line.
    fn line(&mut self, line: &str);
    /// An effect ended, well or not, and what came of it.
    fn ended(&mut self, effect: &Action, well: bool, outcome: &str, took: Duration);
    /// Something that people should know.
    fn note(&mut self, text: &str);
    /// The deployment has ended.
    fn concluded(&mut self, conclusion: Conclusion);
}
