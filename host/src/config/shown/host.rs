//! The settings of the host that have a default.

use std::path::Path;

use serde_json::{Value, json};

use super::{List, Setting, duration, path, without_password};
use crate::config::file::JournalTable;
use crate::config::{Config, Labels, RECORDS};
use crate::contract::names::Named as _;
use crate::contract::types::Settings;
use crate::server_settings::{Destination, TriggerSettings};
use crate::window::Rule;

impl List<'_> {
    /// The host's settings that have a default.
    pub(super) fn add_host(
        &self,
        config: Option<&Config>,
        settings: &Settings,
        shown: &mut Vec<Setting>,
    ) {
        for (place, window) in config.iter().flat_map(|it| &it.windows).enumerate() {
            let environments = settings.environments.iter();
            let names: Vec<_> = environments.map(|it| it.name.as_str()).collect();
            let key = format!("window.{place}.environments");
            shown.push(self.setting(&key, json!(window.among(&names))));
            if matches!(window.rule, Rule::Allow { .. }) {
                shown.push(self.setting(&format!("window.{place}.outside"), json!("hold")));
            }
        }
        for (place, step) in config.iter().flat_map(|it| it.steps.iter().enumerate()) {
            for (key, value) in [
                ("command", json!(step.command)),
                ("time-limit", duration(step.time_limit)),
                ("repeatable", json!(step.repeatable)),
            ] {
                shown.push(self.setting(&format!("step.{place}.{key}"), value));
            }
        }
        if let Some(metrics) = config.and_then(|it| it.metrics.as_ref()) {
            shown.push(self.setting("metrics.time-limit", duration(metrics.time_limit)));
        }
        if let Some(facts) = config.and_then(|it| it.facts.as_ref()) {
            shown.push(self.setting("facts.time-limit", duration(facts.time_limit)));
        }
        let default = || Path::new(RECORDS).join("journal.db");
        let journal = config.map_or_else(default, |it| it.journal.as_str().into());
        shown.push(Setting {
            value: without_password(&path(&journal)),
            ..self.setting("journal.location", Value::Null)
        });
        let records = config.map_or(Path::new(RECORDS), |it| &it.records);
        shown.push(self.setting("journal.folder", path(records)));
        let labels = config.map_or(Labels::default(), |it| it.labels);
        shown.push(self.setting("release.labels", json!(labels.name())));
        let lease = config.map_or(JournalTable::default().lease.duration(), |it| it.lease);
        shown.push(self.setting("journal.lease", duration(lease)));
        let roots = self.written.pointer("/tls/roots").cloned();
        shown.push(self.setting("tls.roots", roots.unwrap_or_else(|| json!("both"))));
        if let Some(slack) = config.and_then(|it| it.slack.as_ref()) {
            if let Destination::Bot { api, .. } = &slack.destination {
                shown.push(self.setting("slack.api", json!(api)));
            }
            shown.push(self.setting("slack.wait", duration(slack.wait)));
            shown.push(self.setting("slack.give-up-after", duration(slack.give_up_after)));
        }
        let Some(serve) = config.and_then(|it| it.serve.as_ref()) else {
            return;
        };
        shown.push(self.setting("serve.listen", json!(serve.listen.to_string())));
        shown.push(self.setting("serve.at-most", json!(serve.at_most)));
        shown.push(self.setting("serve.reconcile-every", duration(serve.reconcile_every)));
        match &serve.elsewhere {
            Some(TriggerSettings::CircleCi(it)) => {
                shown.push(self.setting("serve.circleci.url", json!(it.url)));
            }
            Some(TriggerSettings::GitHub(it)) => {
                shown.push(self.setting("serve.github.url", json!(it.url)));
            }
            Some(TriggerSettings::Jenkins(_)) | None => {}
        }
    }
}
