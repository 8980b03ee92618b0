//! Rules that the schema of `CircleCI` does not express: names must be defined, and no value is pasted into a shell.

use std::collections::BTreeSet;

use serde_json::Value;

use super::expand::{BUILT_IN, named};
use super::{inline, template};
use crate::files;

/// The keys of a job in a workflow that are `CircleCI`'s own.
const OF_A_WORKFLOW: [&str; 8] = [
    "context",
    "filters",
    "matrix",
    "name",
    "post-steps",
    "pre-steps",
    "requires",
    "serial-group",
];

/// The findings in a configuration with an inline orb.
pub fn lint(configuration: &Value) -> Vec<String> {
    let mut lint = Lint {
        configuration,
        findings: Vec::new(),
    };
    lint.definitions("configuration", configuration);
    lint.definitions("orb", &configuration["orbs"]["greenlight"]);
    for (name, workflow) in entries(&configuration["workflows"]) {
        lint.workflow(name, workflow);
    }
    lint.findings
}

struct Lint<'a> {
    configuration: &'a Value,
    findings: Vec<String>,
}

impl<'a> Lint<'a> {
    /// The definition of a job that a workflow names.
    fn job(&self, name: &str) -> Option<&'a Value> {
        match name.split_once('/') {
            Some((orb, name)) => self.configuration["orbs"][orb]["jobs"].get(name),
            None => self.configuration["jobs"].get(name),
        }
    }

    fn definitions(&mut self, place: &str, scope: &Value) {
        for (name, command) in entries(&scope["commands"]) {
            let place = format!("{place}/commands/{name}");
            if BUILT_IN.contains(&name) {
                self.find(&place, "CircleCI has a step of this name");
            }
            self.definition(&place, scope, command);
        }
        for (name, job) in entries(&scope["jobs"]) {
            let place = format!("{place}/jobs/{name}");
            self.definition(&place, scope, job);
            if let Some(executor) = job["executor"].as_str()
                && scope["executors"].get(executor).is_none()
            {
                self.find(&place, &format!("no executor `{executor}`"));
            } else if job.get("executor").is_none() && job.get("docker").is_none() {
                self.find(&place, "neither an executor nor `docker`");
            }
        }
        for (name, executor) in entries(&scope["executors"]) {
            self.places(&format!("{place}/executors/{name}"), executor, executor);
        }
    }

    fn definition(&mut self, place: &str, scope: &Value, definition: &Value) {
        self.places(place, definition, definition);
        for step in definition["steps"].as_array().into_iter().flatten() {
            self.step(place, scope, step);
        }
    }

    fn step(&mut self, place: &str, scope: &Value, step: &Value) {
        let (name, given) = named(step);
        if name == "run" {
            let command = given.as_str().or_else(|| given["command"].as_str());
            match command {
                None => self.find(place, "a `run` without a command"),
                Some(command) if !template::places(command).is_empty() => {
                    self.find(place, "a value is pasted into a shell");
                }
                Some(_) => {}
            }
        } else if let Some(command) = scope["commands"].get(name) {
            self.arguments(place, name, command, given, &[]);
        } else if !BUILT_IN.contains(&name) && name != "steps" {
            self.find(place, &format!("no command `{name}`"));
        }
    }

    /// Every `<< … >>` names a declared parameter.
    fn places(&mut self, place: &str, definition: &Value, value: &Value) {
        match value {
            Value::String(text) => {
                for (_, _, name) in template::places(text) {
                    let declared = if let Some(name) = name.strip_prefix("pipeline.parameters.") {
                        self.configuration["parameters"].get(name)
                    } else if let Some(name) = name.strip_prefix("parameters.") {
                        definition["parameters"].get(name)
                    } else {
                        None
                    };
                    if declared.is_none() {
                        self.find(place, &format!("no parameter `{name}`"));
                    }
                }
            }
            Value::Array(items) => items
                .iter()
                .for_each(|it| self.places(place, definition, it)),
            Value::Object(entries) => {
                entries
                    .values()
                    .for_each(|it| self.places(place, definition, it));
            }
            _ => {}
        }
    }

    fn arguments(&mut self, place: &str, name: &str, called: &Value, given: &Value, own: &[&str]) {
        let parameters = &called["parameters"];
        for (argument, value) in entries(given) {
            let Some(parameter) = parameters.get(argument) else {
                if !own.contains(&argument) {
                    self.find(place, &format!("`{name}` has no parameter `{argument}`"));
                }
                continue;
            };
            // The definition of the parameter checks a value that is passed on.
            if value.as_str().is_some_and(|it| it.starts_with("<<")) {
                continue;
            }
            let fits = match parameter["type"].as_str() {
                Some("boolean") => value.is_boolean(),
                Some("steps") => value.is_array(),
                Some("enum") => parameter["enum"]
                    .as_array()
                    .is_some_and(|it| it.contains(value)),
                Some("string") => value.is_string(),
                _ => false,
            };
            if !fits {
                self.find(place, &format!("`{argument}` of `{name}` can't be {value}"));
            }
        }
        for (parameter, what) in entries(parameters) {
            if what.get("default").is_none() && given.get(parameter).is_none() {
                self.find(place, &format!("`{name}` needs `{parameter}`"));
            }
        }
    }

    fn workflow(&mut self, name: &str, workflow: &Value) {
        let place = format!("workflows/{name}");
        self.places(&place, &Value::Null, workflow);
        let jobs: Vec<_> = jobs(workflow).collect();
        let names: BTreeSet<_> = jobs
            .iter()
            .map(|(name, given)| given["name"].as_str().unwrap_or(name))
            .collect();
        for &(name, given) in &jobs {
            let Some(job) = self.job(name) else {
                self.find(&place, &format!("no job `{name}`"));
                continue;
            };
            self.arguments(&place, name, job, given, &OF_A_WORKFLOW);
            for required in requires(given) {
                if !names.contains(required) {
                    self.find(
                        &place,
                        &format!("`{name}` requires `{required}`, which is not there"),
                    );
                }
            }
            self.promises(&place, name, job, given);
        }
    }

    /// A job that prints tags reports other jobs as passed, so it must wait for exactly these.
    fn promises(&mut self, place: &str, name: &str, job: &Value, given: &Value) {
        let steps = job["steps"].as_array().into_iter().flatten();
        if !steps.map(named).any(|(step, _)| step == "tags") {
            return;
        }
        let reported = given["jobs"].as_str().unwrap_or_default();
        let reported: Vec<_> = reported.split(' ').collect();
        if reported != requires(given).collect::<Vec<_>>() {
            self.find(
                place,
                &format!("`{name}` reports {reported:?}, and requires others"),
            );
        }
    }

    fn find(&mut self, place: &str, what: &str) {
        self.findings.push(format!("{place}: {what}"));
    }
}

/// The jobs of a workflow, with their arguments.
fn jobs(workflow: &Value) -> impl Iterator<Item = (&str, &Value)> {
    workflow["jobs"].as_array().into_iter().flatten().map(named)
}

/// The jobs that must pass; `requires` may name another status, which does not count.
fn requires(given: &Value) -> impl Iterator<Item = &str> {
    let requires = given["requires"].as_array().into_iter().flatten();
    requires.filter_map(Value::as_str)
}

fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let entries = value.as_object().into_iter().flatten();
    entries.map(|(name, value)| (name.as_str(), value))
}

#[test]
fn nothing_is_found() {
    assert_eq!(lint(&super::inlined()), Vec::<String>::new());
}

/// The findings in the example of an orb, with the jobs of the project that it omits.
fn findings_in_the_example(orb: &str) -> Vec<String> {
    let mut usage = files::yaml(orb)["examples"]["release"]["usage"].clone();
    let job = serde_json::json!({"docker": [{"image": "x"}], "steps": ["checkout"]});
    usage["jobs"] = serde_json::json!({"test": job, "image": job});
    lint(&inline(&usage.to_string(), orb))
}

#[test]
fn the_example_of_the_orb_reports_the_jobs_that_it_requires() {
    let orb = files::text("circleci/orb.yml");
    assert_eq!(findings_in_the_example(&orb), Vec::<String>::new());
    let broken = orb.replacen("requires: [test, image]", "requires: [image]", 1);
    assert_eq!(
        findings_in_the_example(&broken),
        [
            "workflows/release: `greenlight/publish` reports [\"test\", \"image\"], and requires others"
        ]
    );
}

#[test]
fn a_job_that_is_required_to_fail_has_not_passed() {
    let release = files::text("circleci/release.yml");
    let broken = release.replacen(
        "requires: [checks, test,",
        "requires: [checks, test: failed,",
        1,
    );
    assert_ne!(broken, release);
    assert_eq!(
        super::findings(&broken),
        [
            "workflows/release: `greenlight/publish` reports [\"checks\", \"test\", \"image\"], and requires others"
        ]
    );
}

#[test]
fn each_mistake_is_found() {
    let orb = files::text("circleci/orb.yml");
    let release = files::text("circleci/release.yml");
    // A text, its replacement (of the first occurrence), and the finding.
    let in_the_orb = [
        (
            "version: << parameters.version >>",
            "version: << parameters.verison >>",
            "orb/jobs/label: no parameter `parameters.verison`",
        ),
        (
            "executor: default",
            "executor: small",
            "orb/jobs/label: no executor `small`",
        ),
        (
            "      - install:\n",
            "      - instal:\n",
            "orb/jobs/label: no command `instal`",
        ),
        (
            "          sha256: << parameters.sha256 >>\n      - label:",
            "          sha: x\n      - label:",
            "orb/jobs/label: `install` has no parameter `sha`",
        ),
        (
            "          version: << parameters.version >>\n          url",
            "          url",
            "orb/jobs/label: `install` needs `version`",
        ),
        (
            "greenlight resolve \"$@\" --export auto -- \"$TAG\"",
            "greenlight resolve << parameters.tag >>",
            "orb/commands/resolve: a value is pasted into a shell",
        ),
        (
            "  drive:\n",
            "  run:\n",
            "orb/commands/run: CircleCI has a step of this name",
        ),
    ];
    for (text, wrong, finding) in in_the_orb {
        let broken = orb.replacen(text, wrong, 1);
        assert_ne!(broken, orb, "{text}");
        let findings = lint(&inline(&release, &broken));
        assert!(
            findings.iter().any(|it| it == finding),
            "no {finding:?} in {findings:#?}"
        );
    }
    let in_the_configuration = [
        (
            "- greenlight/label:",
            "- greenlight/lable:",
            "workflows/release: no job `greenlight/lable`",
        ),
        (
            "requires: [checks,",
            "requires: [check,",
            "workflows/release: `greenlight/publish` requires `check`, which is not there",
        ),
        (
            "jobs: checks test image",
            "jobs: checks image",
            "workflows/release: `greenlight/publish` reports [\"checks\", \"image\"], and requires others",
        ),
        (
            "built: shop",
            "build: shop",
            "workflows/release: `greenlight/publish` has no parameter `build`",
        ),
        (
            "built: shop",
            "built: [shop]",
            "workflows/release: `built` of `greenlight/publish` can't be [\"shop\"]",
        ),
        (
            "image: registry.example.org/shop",
            "strict: true",
            "workflows/release: `greenlight/publish` needs `image`",
        ),
        (
            "tag: << pipeline.parameters.greenlight-tag >>",
            "tag: << pipeline.parameters.tag >>",
            "workflows/deploy: no parameter `pipeline.parameters.tag`",
        ),
        (
            "      - checks\n",
            "      - check\n",
            "workflows/release: no job `check`",
        ),
    ];
    for (text, wrong, finding) in in_the_configuration {
        let broken = release.replacen(text, wrong, 1);
        assert_ne!(broken, release, "{text}");
        let findings = lint(&inline(&broken, &orb));
        assert!(
            findings.iter().any(|it| it == finding),
            "no {finding:?} in {findings:#?}"
        );
    }
}
