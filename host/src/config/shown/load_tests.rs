//! The settings of load tests: those with a default, and all thresholds for all requests.

use serde_json::{Value, json};

use super::{List, Setting, duration, seconds};
use crate::config::{Config, LoadTest};
use crate::contract::settings;
use crate::contract::types::{NamedThresholds, Thresholds};

impl List<'_> {
    /// The settings of each load test. Without a table, those of the default load test.
    pub(super) fn add_load_tests(&self, config: Option<&Config>, shown: &mut Vec<Setting>) {
        let tests = config.map_or(&[][..], |it| &it.load_tests);
        if tests.is_empty() {
            self.add_thresholds("load-test", &settings::thresholds(), shown);
        }
        let is_list = self.written.get("load-test").is_some_and(Value::is_array);
        for (place, test) in tests.iter().enumerate() {
            let at = if is_list {
                format!("load-test.{place}")
            } else {
                "load-test".to_owned()
            };
            let first = config.and_then(|it| it.settings.environments.first());
            self.add_load_test(&at, test, first.map(|it| it.name.as_str()), shown);
        }
    }

    fn add_load_test(
        &self,
        at: &str,
        test: &LoadTest,
        first: Option<&str>,
        shown: &mut Vec<Setting>,
    ) {
        let environments: Vec<_> = match &test.environments {
            Some(names) => names.iter().map(String::as_str).collect(),
            None => first.into_iter().collect(),
        };
        for (key, value) in [
            ("environments", json!(environments)),
            ("time-limit", duration(test.time_limit.duration())),
            ("repeatable", json!(test.repeatable)),
            ("requests", json!(test.requests)),
            ("success-exit-status", json!(test.success_exit_status)),
        ] {
            shown.push(self.setting(&format!("{at}.{key}"), value));
        }
        let contract = test.contract();
        self.add_thresholds(at, &contract.thresholds, shown);
        for (place, NamedThresholds { name, thresholds }) in contract.by_name.iter().enumerate() {
            for (key, value) in [
                ("name", json!(name)),
                ("min-requests", json!(thresholds.min_requests)),
            ] {
                shown.push(self.setting(&format!("{at}.threshold.{place}.{key}"), value));
            }
        }
    }

    fn add_thresholds(&self, at: &str, thresholds: &Thresholds, shown: &mut Vec<Setting>) {
        let failures = match thresholds.max_failure_share {
            Some(_) => Value::Null,
            None => json!(thresholds.max_failures),
        };
        let min_duration = thresholds.min_duration.map_or(Value::Null, seconds);
        for (key, value) in [
            ("min-requests", json!(thresholds.min_requests)),
            ("min-rate", json!(thresholds.min_rate)),
            ("max-failures", failures),
            ("max-failure-share", json!(thresholds.max_failure_share)),
            ("max-exceptions", json!(thresholds.max_exceptions)),
            ("max-mean", json!(thresholds.max_mean)),
            ("max-p50", json!(thresholds.max_p50)),
            ("max-p95", json!(thresholds.max_p95)),
            ("max-p99", json!(thresholds.max_p99)),
            ("max-increase", json!(thresholds.max_increase)),
            ("min-duration", min_duration),
        ] {
            let key = format!("{at}.thresholds.{key}");
            // The value in effect: the file may write a duration or a number in another way.
            shown.push(Setting {
                value,
                ..self.setting(&key, Value::Null)
            });
        }
    }
}
