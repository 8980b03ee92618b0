//! The recorded history of one service: the effects log and the journal.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};

use greenlight::deployment::entry::Entry;
use greenlight::deployment::log::Dated;
use greenlight::journal::Header;
use greenlight::journal::inbox::{DeploymentRequest, PushEventRow};

use crate::effects::Effect;

/// The input of the checks.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The seed of the traffic.
    pub seed: u64,
    /// The name of the service.
    pub service: String,
    /// Whether an interrupted deploy command may be repeated.
    pub repeatable: bool,
    /// The effects, in their order.
    pub effects: Vec<Effect>,
    /// The deployments by number, with their records.
    pub deployments: BTreeMap<u64, Recorded>,
    /// The push events of the inbox.
    pub push_events: Vec<PushEventRow>,
    /// The deployment requests of the inbox.
    pub requests: Vec<DeploymentRequest>,
    /// The commits, each with all of its ancestors.
    pub ancestors: BTreeMap<String, BTreeSet<String>>,
}

/// A deployment of the journal.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Its line in the list.
    pub header: Header,
    /// Its records.
    pub entries: Vec<Dated>,
}

/// A violation of a promise.
#[derive(Clone, Debug)]
pub struct Violation {
    /// The promise.
    pub promise: &'static str,
    /// What violates it.
    pub why: String,
    /// The deployments that are concerned.
    pub deployments: Vec<u64>,
    /// The index in the effects log.
    pub at: Option<usize>,
}

/// The violations of one promise.
pub struct Violations {
    promise: &'static str,
    found: Vec<Violation>,
}

impl Violations {
    /// No violations yet.
    pub fn of(promise: &'static str) -> Self {
        let found = Vec::new();
        Self { promise, found }
    }

    /// Adds a violation.
    pub fn add(&mut self, why: impl Into<String>, deployments: &[u64], at: Option<usize>) {
        self.found.push(Violation {
            promise: self.promise,
            why: why.into(),
            deployments: deployments.to_vec(),
            at,
        });
    }
}

impl IntoIterator for Violations {
    type Item = Violation;
    type IntoIter = std::vec::IntoIter<Violation>;

    fn into_iter(self) -> Self::IntoIter {
        self.found.into_iter()
    }
}

/// How many effects before and after a violation are shown.
const AROUND: usize = 12;

impl History {
    /// Whether a commit is an ancestor of another one.
    pub fn is_older(&self, older: &str, newer: &str) -> bool {
        let ancestors = self.ancestors.get(newer);
        older != newer && ancestors.is_some_and(|it| it.contains(older))
    }

    /// The entries of a deployment.
    pub fn entries(&self, number: u64) -> impl Iterator<Item = &Entry> {
        let recorded = self.deployments.get(&number);
        recorded
            .into_iter()
            .flat_map(|it| it.entries.iter().map(|it| &it.entry))
    }

    /// A violation, with the records and effects that help to find its cause.
    pub fn report(&self, violation: &Violation) -> String {
        let mut text = format!(
            "promise broken: {}\n  seed {}, service {}\n  {}\n",
            violation.promise, self.seed, self.service, violation.why
        );
        for number in &violation.deployments {
            let _ = writeln!(text, "  records of deployment {number}:");
            match self.deployments.get(number) {
                None => text.push_str("    none\n"),
                Some(recorded) => {
                    let _ = writeln!(text, "    {:?}", recorded.header);
                    for dated in &recorded.entries {
                        let entry = format!("{:?}", dated.entry);
                        let end = entry.floor_char_boundary(400);
                        let _ = writeln!(text, "    {} {}", dated.at, &entry[..end]);
                    }
                }
            }
        }
        if let Some(at) = violation.at {
            let from = at.saturating_sub(AROUND);
            let to = (at + AROUND).min(self.effects.len());
            let _ = writeln!(text, "  effects {from} to {to}:");
            for (position, effect) in (from..).zip(&self.effects[from..to]) {
                let mark = if position == at { '>' } else { ' ' };
                let line = serde_json::to_string(effect).expect("JSON");
                let _ = writeln!(text, "  {mark} {position} {line}");
            }
        }
        text
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}: {}", self.promise, self.why)
    }
}
