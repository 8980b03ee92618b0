//! The part of SARIF 2.1.0 that is written. Names are the standard's; the numbers are its sections.

use serde::Serialize;

/// `sarifLog`, 3.13.
#[derive(Debug, Serialize)]
pub struct Log {
    /// Where the schema is.
    #[serde(rename = "$schema")]
    pub schema: &'static str,
    /// The version of the format.
    pub version: &'static str,
    /// One run.
    pub runs: [Run; 1],
}

/// `run`, 3.14.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// The tool that ran.
    pub tool: Tool,
    /// Distinguishes runs: those of one tag replace each other.
    pub automation_details: Automation,
    /// When it ran.
    pub invocations: [Invocation; 1],
    /// The findings.
    pub results: Vec<Result>,
}

/// `tool`, 3.18.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tool {
    /// The program.
    pub driver: Driver,
}

/// `toolComponent`, 3.19.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Driver {
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// Every code that occurs.
    pub rules: Vec<Rule>,
}

/// `reportingDescriptor`, 3.49.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// The code.
    pub id: String,
}

/// `runAutomationDetails`, 3.17; an identifier that ends in a slash names all runs of a kind.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Automation {
    /// The identifier.
    pub id: String,
}

/// `invocation`, 3.20.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Invocation {
    /// Whether the program itself succeeded, with or without findings.
    pub execution_successful: bool,
    /// RFC 3339.
    pub start_time_utc: String,
    /// RFC 3339.
    pub end_time_utc: String,
}

/// `result`, 3.27.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Result {
    /// The code.
    pub rule_id: String,
    /// Its place among the rules.
    pub rule_index: usize,
    /// How bad it is.
    pub level: Level,
    /// One sentence.
    pub message: Message,
    /// Where; none if that is not known.
    pub locations: Vec<Location>,
}

/// `message`, 3.11.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Plain text, in which braces and links mean something.
    pub text: String,
}

/// `location`, 3.28.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Location {
    /// Environments and load tests.
    pub logical_locations: Vec<LogicalLocation>,
}

/// `logicalLocation`, 3.33.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LogicalLocation {
    /// The name of an environment or of a load test.
    pub name: String,
    /// What it is.
    pub kind: &'static str,
}

/// `level`, 3.27.10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It may not go on.
    Error,
    /// It may go on, but a person should check it.
    Warning,
    /// For information.
    Note,
}
