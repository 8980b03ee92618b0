//! A configuration with its orb, expanded to the steps of a job.

use serde_json::{Map, Value};

use super::template::fill;

/// A configuration with `greenlight` as an inline orb.
pub struct Configuration {
    value: Value,
}

/// A step of a job.
#[derive(Debug)]
pub enum Step {
    /// A script for a shell.
    Run(Run),
    /// A built-in step, by its name.
    BuiltIn(String),
}

/// A script for a shell.
#[derive(Debug)]
pub struct Run {
    /// Its name; the command if it has none.
    pub name: String,
    /// The shell, if it is not the default.
    pub shell: Option<String>,
    /// Its variables.
    pub environment: Vec<(String, String)>,
    /// The script.
    pub command: String,
}

/// The built-in steps of `CircleCI`.
pub const BUILT_IN: [&str; 13] = [
    "add_ssh_keys",
    "attach_workspace",
    "checkout",
    "deploy",
    "persist_to_workspace",
    "restore_cache",
    "run",
    "save_cache",
    "setup_remote_docker",
    "store_artifacts",
    "store_test_results",
    "unless",
    "when",
];

impl Configuration {
    /// A configuration without findings of the lint.
    pub fn new(value: Value) -> Self {
        Self { value }
    }

    /// The configuration of a pipeline that is started with parameters.
    pub fn started_with(&self, parameters: &Value) -> Self {
        let values = parameters.as_object().expect("parameters");
        Self::new(fill(&self.value, "pipeline.parameters.", values))
    }

    /// The steps of a job in a workflow, with more arguments than the workflow gives it.
    pub fn job(&self, workflow: &str, name: &str, more: &Value) -> Vec<Step> {
        let jobs = self.value["workflows"][workflow]["jobs"].as_array();
        let given = jobs.expect("jobs").iter().find_map(|job| job.get(name));
        let mut given = given.expect("the job").clone();
        for (name, value) in more.as_object().expect("arguments") {
            given[name] = value.clone();
        }
        let (_, name) = name.split_once('/').expect("a job of the orb");
        self.expand(&self.orb()["jobs"][name], &given)
    }

    /// The steps of a command of the orb.
    pub fn command(&self, name: &str, given: &Value) -> Vec<Step> {
        self.expand(&self.orb()["commands"][name], given)
    }

    fn orb(&self) -> &Value {
        &self.value["orbs"]["greenlight"]
    }

    fn expand(&self, definition: &Value, given: &Value) -> Vec<Step> {
        let mut values = Map::new();
        let parameters = definition["parameters"].as_object().into_iter().flatten();
        for (name, parameter) in parameters {
            let value = given.get(name).or_else(|| parameter.get("default"));
            let value = value.unwrap_or_else(|| panic!("`{name}` is required"));
            values.insert(name.clone(), value.clone());
        }
        let steps = fill(&definition["steps"], "parameters.", &values);
        self.flatten(&steps)
    }

    fn flatten(&self, steps: &Value) -> Vec<Step> {
        let mut flat = Vec::new();
        for step in steps.as_array().expect("steps") {
            let (name, given) = named(step);
            match name {
                "run" => flat.push(Step::Run(run(given))),
                "steps" => flat.extend(self.flatten(given)),
                name if BUILT_IN.contains(&name) => flat.push(Step::BuiltIn(name.to_owned())),
                name => flat.extend(self.command(name, given)),
            }
        }
        flat
    }
}

/// The name of a step and its arguments.
pub fn named(step: &Value) -> (&str, &Value) {
    match step {
        Value::String(name) => (name, &Value::Null),
        step => {
            let step = step.as_object().expect("a step");
            let (name, given) = step.iter().next().expect("its name");
            (name, given)
        }
    }
}

fn run(given: &Value) -> Run {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let environment = given["environment"].as_object().into_iter().flatten();
    let command = given.as_str().or_else(|| given["command"].as_str());
    let command = command.expect("a command").to_owned();
    Run {
        name: given["name"].as_str().unwrap_or(&command).to_owned(),
        shell: given["shell"].as_str().map(str::to_owned),
        environment: environment
            .map(|(name, value)| (name.clone(), text(value)))
            .collect(),
        command,
    }
}
