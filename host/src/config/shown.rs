//! Every setting with its value and its source.
//!
//! Secrets are neither read nor shown, only the variable or the file that holds them.

mod host;
mod load_tests;
mod watch;

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::Config;
use super::places::Places;
use super::policy::PARAMETERS;
use super::resolved::{Origin, Resolved};
use super::values::Span;
use crate::contract::names::Named as _;
use crate::contract::settings::LOAD_TEST;

/// One setting.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Its key in the file: `release.publish-branch`. Keys of a table in a list have its name:
    /// `environment.stage.deploy`; `environment` lists the names of environments.
    pub name: String,
    /// The value in effect.
    pub value: Value,
    /// Where it comes from.
    pub source: Source,
}

/// Where the value of a setting comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A flag, by its name.
    Flag(&'static str),
    /// A variable, by its name.
    Variable(&'static str),
    /// The file, by the line.
    File(usize),
    /// The default.
    Default,
}

/// Lists every setting: those of the policy, then those of the host.
pub fn settings(resolved: &Resolved) -> Vec<Setting> {
    let text = resolved
        .file
        .as_ref()
        .map_or("", |(found, _)| found.text.as_str());
    let list = List {
        folder: resolved.config().map_or(Path::new("."), |it| &it.folder),
        places: Places::of(text),
        written: toml::from_str(text).unwrap_or_default(),
    };
    let mut shown = list.told(resolved);
    list.add_load_tests(resolved.config(), &mut shown);
    list.add_host(resolved.config(), &resolved.settings, &mut shown);
    let mut others = Vec::new();
    list.leaves("", &list.written, &mut others);
    // A flag or a variable may leave out an environment of the file: its settings have no effect.
    let environments = &resolved.settings.environments;
    let has_effect = |setting: &Setting| match setting.name.strip_prefix("environment.") {
        Some(rest) => environments
            .iter()
            .any(|it| rest.split('.').next() == Some(&it.name)),
        None => true,
    };
    others.retain(|(setting, _)| {
        has_effect(setting) && !shown.iter().any(|it| it.name == setting.name)
    });
    others.sort_by_key(|(_, line)| *line);
    shown.extend(others.into_iter().map(|(setting, _)| setting));
    shown
}

/// The contents of a file, and the line of each key.
struct List<'a> {
    /// The folder of the file, from which its paths start.
    folder: &'a Path,
    places: Places<'a>,
    written: Value,
}

impl List<'_> {
    /// The settings that are passed to the policy, and the policy itself.
    fn told(&self, resolved: &Resolved) -> Vec<Setting> {
        let settings = &resolved.settings;
        let origins = &resolved.origins;
        let named = |name: &str, value: Value, origin| Setting {
            name: name.to_owned(),
            value,
            source: self.source(origin),
        };
        let environments: Vec<_> = settings.environments.iter().map(|it| &it.name).collect();
        let mut shown = vec![
            named(
                "release.publish-branch",
                json!(settings.publish_branch),
                origins.publish_branch,
            ),
            named(
                "release.required-jobs",
                json!(settings.required_jobs),
                origins.required_jobs,
            ),
            named(
                "release.default-action",
                json!(settings.default_action.name()),
                origins.default_action,
            ),
            named(
                "release.poll-interval",
                seconds(settings.poll_interval),
                Origin::File("release.poll-interval"),
            ),
            named(
                "release.deadline",
                settings.deadline.map_or(Value::Null, seconds),
                Origin::File("release.deadline"),
            ),
            named("environment", json!(environments), origins.environments),
        ];
        for environment in &settings.environments {
            let mut add = |key: &str, value| {
                let place = self.environment(&environment.name);
                let line = place
                    .and_then(|place| self.places.exact(&format!("environment.{place}.{key}")));
                shown.push(Setting {
                    name: format!("environment.{}.{key}", environment.name),
                    value,
                    source: line.map_or(Source::Default, Source::File),
                });
            };
            add("approvals", json!(environment.approvals));
            add("author-may-approve", json!(environment.author_may_approve));
            add("approval-lasts", seconds(environment.approval_lasts));
            add("convergence-rounds", json!(environment.convergence_rounds));
            add(
                "convergence-deadline",
                seconds(environment.convergence_deadline),
            );
            add("before", json!(environment.before));
            add("after", json!(environment.after));
            self.add_environment(&environment.name, resolved.config(), &mut shown);
            self.add_watch(environment, &mut shown);
        }
        let policy = resolved.policy.as_ref();
        let path = policy.map_or_else(|| json!("bundled"), |it| path(&it.path));
        shown.push(named("policy.file", path, origins.policy));
        if let Some(digest) = policy.and_then(|it| it.digest.as_deref()) {
            shown.push(named(
                "policy.digest",
                json!(digest),
                Origin::File("policy.digest"),
            ));
        }
        for parameter in &settings.parameters {
            let name = format!("{PARAMETERS}{}", parameter.name);
            // Parameters were made from values, so they are JSON.
            let value = serde_json::from_str(&parameter.value).unwrap_or_default();
            let line = self.places.exact(&name);
            let source = line.map_or(Source::Default, Source::File);
            shown.push(Setting {
                name,
                value,
                source,
            });
        }
        shown
    }

    /// How to deploy to an environment, if the file has a table for it.
    fn add_environment(&self, name: &str, config: Option<&Config>, shown: &mut Vec<Setting>) {
        let (Some(place), Some(environment)) = (
            self.environment(name),
            config.and_then(|it| it.environment(name)),
        ) else {
            return;
        };
        for (key, default) in [
            ("deploy", json!(environment.deploy)),
            ("deploy-time-limit", duration(environment.time_limit)),
            ("deploy-repeatable", json!(environment.repeatable)),
            ("nodes", json!(environment.nodes)),
            ("node-time-limit", duration(environment.node_time_limit)),
            ("version-path", json!(environment.document.path)),
        ] {
            shown.push(self.setting(&format!("environment.{place}.{key}"), default));
        }
    }

    /// A setting as the file has it, or else its default. `key` is the path of the key.
    fn setting(&self, key: &str, default: Value) -> Setting {
        let line = self.places.exact(key);
        let value = self.value(key).filter(|_| line.is_some());
        Setting {
            name: self.named(key),
            value: value.unwrap_or(default),
            source: line.map_or(Source::Default, Source::File),
        }
    }

    fn source(&self, origin: Origin) -> Source {
        match origin {
            Origin::Flag(name) => Source::Flag(name),
            Origin::Variable(name) => Source::Variable(name),
            Origin::File(key) => self.places.exact(key).map_or(Source::Default, Source::File),
            Origin::Default => Source::Default,
        }
    }

    /// The place of an environment in the file.
    fn environment(&self, name: &str) -> Option<usize> {
        let tables = self.written.get("environment")?.as_array()?;
        tables
            .iter()
            .position(|it| it.get("name").and_then(Value::as_str) == Some(name))
    }

    fn value(&self, key: &str) -> Option<Value> {
        let path = format!("/{}", key.replace('.', "/"));
        let value = self.written.pointer(&path)?;
        Some(self.in_effect(key, value))
    }

    /// A value of the file as it is used: without passwords, and a path from the folder of the file.
    fn in_effect(&self, key: &str, value: &Value) -> Value {
        match value {
            Value::String(file) if is_path(key) => path(&self.folder.join(file)),
            value => without_password(value),
        }
    }

    /// Every value of the file with its line. Tables in a list are identified by their `name`.
    fn leaves(&self, at: &str, value: &Value, found: &mut Vec<(Setting, usize)>) {
        let inner = |key: &str| {
            if at.is_empty() {
                key.to_owned()
            } else {
                format!("{at}.{key}")
            }
        };
        match value {
            // Each of them is one value, which is shown as a whole.
            Value::Object(_) if format!("{at}.") == PARAMETERS => {}
            Value::Object(table) => {
                for (key, value) in table {
                    self.leaves(&inner(key), value, found);
                }
            }
            Value::Array(values) if values.iter().any(Value::is_object) => {
                for (place, value) in values.iter().enumerate() {
                    self.leaves(&inner(&place.to_string()), value, found);
                }
            }
            value => {
                let line = self.places.line(at).unwrap_or_default();
                let name = self.named(at);
                if !is_name_of_table(at) {
                    let value = self.in_effect(at, value);
                    let source = Source::File(line);
                    found.push((
                        Setting {
                            name,
                            value,
                            source,
                        },
                        line,
                    ));
                }
            }
        }
    }

    /// A key with the name of its table instead of the index in the list. Thresholds of one name keep their index.
    fn named(&self, key: &str) -> String {
        let steps: Vec<_> = key.split('.').collect();
        match steps.as_slice() {
            [list @ ("environment" | "window" | "step"), place, rest @ ..] => {
                let name = self.written.pointer(&format!("/{list}/{place}/name"));
                let name = name.and_then(Value::as_str).unwrap_or(place);
                format!("{list}.{name}.{}", rest.join("."))
            }
            ["serve", "approver", place, key] => {
                let name = format!("/serve/approver/{place}/name");
                let name = self.written.pointer(&name).and_then(Value::as_str);
                format!("serve.approver.{}.{key}", name.unwrap_or(place))
            }
            ["load-test", place, rest @ ..] if place.parse::<usize>().is_ok() => {
                let name = self.written.pointer(&format!("/load-test/{place}/name"));
                let name = name.and_then(Value::as_str).unwrap_or(LOAD_TEST);
                format!("load-test.{name}.{}", rest.join("."))
            }
            _ => key.to_owned(),
        }
    }
}

/// Whether the key is the name of a table in a list, which is part of the other names. One load test alone, the
/// thresholds of one name, and a metric show theirs.
fn is_name_of_table(key: &str) -> bool {
    let steps: Vec<_> = key.split('.').collect();
    let is_shown = matches!(
        steps.as_slice(),
        ["load-test", "name"]
            | ["load-test", .., "threshold", _, "name"]
            | ["environment", .., "metric", _, "name"]
    );
    steps.last() == Some(&"name") && !is_shown
}

fn seconds(count: u32) -> Value {
    json!(Span::of(u64::from(count)).to_string())
}

fn duration(duration: Duration) -> Value {
    json!(Span::of(duration.as_secs()).to_string())
}

/// Whether the value of a key is a path. The location of the journal may also be a URL, and is not among them.
fn is_path(key: &str) -> bool {
    let last = key.rsplit('.').next().unwrap_or(key);
    let of_load_test = matches!(last, "results" | "history" | "stats" | "exceptions");
    key.ends_with("-file")
        || key == "journal.folder"
        || (key.starts_with("load-test.") && of_load_test)
}

/// A path as it is used from the current folder.
fn path(path: &Path) -> Value {
    json!(path.strip_prefix(".").unwrap_or(path).to_string_lossy())
}

/// A value without the passwords of URLs in it: neither `://user:password@` nor `password=`.
fn without_password(value: &Value) -> Value {
    match value {
        Value::String(text) => json!(masked(text)),
        Value::Array(values) => values.iter().map(without_password).collect(),
        other => other.clone(),
    }
}

/// The address of a database without its password.
pub fn masked(text: &str) -> String {
    let mut text = text.to_owned();
    if let Some((scheme, rest)) = text.split_once("://") {
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        if let Some((user, _)) = rest[..end].rsplit_once('@') {
            let user = user.split(':').next().unwrap_or_default();
            text = format!(
                "{scheme}://{user}:…@{}",
                &rest[rest[..end].rfind('@').map_or(0, |it| it + 1)..]
            );
        }
    }
    let scheme = text.find("://").unwrap_or(text.len());
    let query = text[scheme..].find('?').map(|it| scheme + it + 1);
    let (address, query) = text.split_at(query.unwrap_or(text.len()));
    let words = address.split(' ').map(|it| masked_pair(it, "password"));
    let pairs = query.split('&').map(|it| {
        let name = it.split('=').next().unwrap_or_default();
        // A percent-encoded name can spell `password`.
        masked_pair(it, if name.contains('%') { "%" } else { "password" })
    });
    words.collect::<Vec<_>>().join(" ") + &pairs.collect::<Vec<_>>().join("&")
}

/// A text without the value behind the first `=` after this part of a name.
fn masked_pair(text: &str, name: &str) -> String {
    let start = text.find(name);
    let end = start.and_then(|it| Some(it + text[it..].find('=')?));
    end.map_or_else(|| text.to_owned(), |it| format!("{}=…", &text[..it]))
}

#[cfg(test)]
#[path = "shown_tests.rs"]
mod tests;
