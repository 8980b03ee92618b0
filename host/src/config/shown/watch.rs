//! The settings of watches that have a default.

use serde_json::json;

use super::{List, Setting, seconds};
use crate::contract::types::{Consequence, EnvironmentSettings, Missing};

impl List<'_> {
    /// The settings of the watch of an environment that have a default.
    pub(super) fn add_watch(&self, environment: &EnvironmentSettings, shown: &mut Vec<Setting>) {
        let (Some(place), Some(watch)) = (self.environment(&environment.name), &environment.watch)
        else {
            return;
        };
        let at = format!("environment.{place}.watch");
        for (key, default) in [
            ("settle", seconds(watch.settle)),
            ("every", seconds(watch.interval)),
            ("failed", json!(consequence(watch.failed))),
            ("unproven", json!(consequence(watch.unproven))),
            ("min-rounds", json!(watch.min_rounds)),
        ] {
            shown.push(self.setting(&format!("{at}.{key}"), default));
        }
        for (index, metric) in watch.metrics.iter().enumerate() {
            let missing = match metric.missing {
                Missing::Unproven => "unproven",
                Missing::Zero => "zero",
            };
            for (key, default) in [
                ("rounds", json!(metric.rounds)),
                ("missing", json!(missing)),
            ] {
                shown.push(self.setting(&format!("{at}.metric.{index}.{key}"), default));
            }
        }
    }
}

const fn consequence(it: Consequence) -> &'static str {
    match it {
        Consequence::Stop => "stop",
        Consequence::Warn => "warn",
        Consequence::RollBack => "roll-back",
    }
}
