//! The decision table of a policy: its answer for each tag, stage and load test.

mod gates;

use std::fmt::Write as _;
use std::iter;

use serde::{Serialize, Serializer};

pub use gates::{Gate, gates};

use super::Error;
use crate::contract::environments::{Build, Job, JobStatus};
use crate::contract::fields::ByName;
#[cfg(test)]
use crate::contract::fields::shapes::Code;
use crate::contract::labels::Message;
use crate::contract::names::Named as _;
use crate::contract::promotion::{Decision, Permission, Release};
use crate::contract::types::{LoadTestAction, Settings};
use crate::facts::evidence::{self, LoadTestWord, Stage, Subject};
use crate::sandbox::Policy;

/// A placeholder commit. Its value makes no difference to the answer.
pub const COMMIT: &str = "0000000000000000000000000000000000000000";

/// The time of the decision and of all events.
const NOW: u64 = 0;

/// What is assumed about the first environment; `None` if nothing was deployed to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssumedStage(pub Option<Stage>);

impl AssumedStage {
    /// All of them, in the order of the table.
    pub fn all() -> impl DoubleEndedIterator<Item = Self> {
        let deployed = Stage::ALL.iter().map(|(stage, _)| Self(Some(*stage)));
        iter::once(Self(None)).chain(deployed)
    }

    /// The name.
    pub fn name(self) -> &'static str {
        self.0.map_or("not-deployed", Stage::name)
    }
}

impl Serialize for AssumedStage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.name().serialize(serializer)
    }
}

/// One row of the table.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Row {
    /// The form of the tag, without its commit.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub tag: String,
    /// What is known about the first environment.
    #[cfg_attr(test, schemars(with = "shapes::Stage"))]
    pub stage: AssumedStage,
    /// What is known about its load test.
    #[cfg_attr(test, schemars(with = "shapes::LoadTest"))]
    pub load_test: ByName<LoadTestWord>,
    /// Whether the release may go on.
    pub permission: ByName<Permission>,
    /// The code of the reason that decided.
    #[cfg_attr(test, schemars(with = "Code"))]
    pub reason: String,
}

/// What `greenlight policy table --format json` prints: the answer to every combination of tag, deployment and
/// load test.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct TableDocument {
    /// The name and version of this document.
    #[cfg_attr(test, schemars(extend("const" = Self::SCHEMA)))]
    pub schema: &'static str,
    /// Every combination.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub rows: Vec<Row>,
    /// What windows, people and steps decide about a release that may enter the last environment otherwise.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub gates: Vec<Gate>,
}

impl TableDocument {
    /// The name and version of the document.
    pub const SCHEMA: &'static str = "greenlight.table/3";
}

/// JSON Schemas of what can be known.
#[cfg(test)]
pub mod shapes {
    use std::borrow::Cow;

    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

    use super::AssumedStage;
    use crate::contract::names::Named as _;
    use crate::facts::evidence::LoadTestWord;

    /// What can be known about the first environment.
    pub struct Stage;
    /// What can be known about its load test.
    pub struct LoadTest;

    impl JsonSchema for Stage {
        fn schema_name() -> Cow<'static, str> {
            "AssumedStage".into()
        }

        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            let names: Vec<_> = AssumedStage::all().map(AssumedStage::name).collect();
            json_schema!({ "type": "string", "enum": names })
        }
    }

    impl JsonSchema for LoadTest {
        fn schema_name() -> Cow<'static, str> {
            "AssumedLoadTest".into()
        }

        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            let names: Vec<_> = LoadTestWord::ALL.iter().map(|(_, name)| *name).collect();
            json_schema!({ "type": "string", "enum": names })
        }
    }
}

/// The tags that the policy both prints and resolves, over all actions: first those of the first environment, then
/// those of the next one.
fn forms(policy: &Policy, settings: &Settings) -> Result<Vec<String>, Error> {
    let mut of_actions = Vec::new();
    for action in [
        LoadTestAction::Abort,
        LoadTestAction::Warn,
        LoadTestAction::Skip,
    ] {
        let tags = policy.tags(&publishable(COMMIT, action, settings), settings)?;
        of_actions.push(tags.unwrap_or_default());
    }
    let longest = of_actions.iter().map(Vec::len).max().unwrap_or_default();
    let mut forms: Vec<String> = Vec::new();
    for place in 0..longest {
        for tag in of_actions.iter().filter_map(|tags| tags.get(place)) {
            if !forms.contains(tag) && policy.resolve(tag, settings)?.is_ok() {
                forms.push(tag.clone());
            }
        }
    }
    // A policy that resolves no tag still decides about one.
    if forms.is_empty() {
        forms.push(COMMIT.to_owned());
    }
    Ok(forms)
}

/// A build of a commit that may be published: of the publish branch, with every required job passed.
pub fn publishable(commit: &str, action: LoadTestAction, settings: &Settings) -> Build {
    let passed = |name: &String| Job {
        name: name.clone(),
        status: JobStatus::Passed,
    };
    Build {
        commit: commit.to_owned(),
        branch: Some(settings.publish_branch.clone()),
        action,
        jobs: settings.required_jobs.iter().map(passed).collect(),
        extra: Vec::new(),
        facts: Vec::new(),
    }
}

/// Asks for every combination of tag, stage and load test.
pub fn rows(policy: &Policy, settings: &Settings) -> Result<Vec<Row>, Error> {
    let mut rows = Vec::new();
    for tag in forms(policy, settings)? {
        let form = tag.replace(COMMIT, "");
        for stage in AssumedStage::all() {
            for (load_test, _) in LoadTestWord::ALL {
                let decision = ask(policy, settings, &tag, COMMIT, stage.0, *load_test)?;
                rows.push(Row {
                    tag: form.trim_end_matches('-').to_owned(),
                    stage,
                    load_test: ByName(*load_test),
                    permission: ByName(decision.permission),
                    reason: decision
                        .reasons
                        .into_iter()
                        .next()
                        .map(|r| r.code)
                        .unwrap_or_default(),
                });
            }
        }
    }
    Ok(rows)
}

/// Asks for the decision about a tag with this evidence.
pub fn ask(
    policy: &Policy,
    settings: &Settings,
    tag: &str,
    commit: &str,
    stage: Option<Stage>,
    load_test: LoadTestWord,
) -> Result<Decision, Error> {
    let first = settings.environments.first();
    let (environment, load_tests) = first.map_or(("", &[][..]), |it| {
        (it.name.as_str(), it.load_tests.as_slice())
    });
    let subject = Subject {
        environment,
        commit,
        digest: None,
        load_tests,
    };
    let events = evidence::history(&subject, stage, load_test, NOW);
    let release = Release {
        tag: tag.to_owned(),
        digest: None,
        instruction: None,
        authors: Vec::new(),
        facts: Vec::new(),
    };
    Ok(policy.decide(&release, &events, NOW, settings)?)
}

/// Calls every function of a policy, and returns how many questions it answered: the whole table, and for
/// each action a message, the tags of its build, and each of these tags.
pub fn questions(policy: &Policy, settings: &Settings) -> Result<usize, Error> {
    let mut asked = rows(policy, settings)?.len() + gates(policy, settings)?.len();
    for (action, word) in LoadTestAction::ALL {
        let message = Message {
            text: format!("Größer\r\n\r\n[load test: {word}] [load test:{word}]\r\n"),
            truncated: false,
        };
        // A refusal is an answer.
        let _ = policy.parse(&message, settings.default_action)?;
        let tags = policy
            .tags(&publishable(COMMIT, *action, settings), settings)?
            .unwrap_or_default();
        for tag in &tags {
            let _ = policy.resolve(tag, settings)?;
        }
        asked += 2 + tags.len();
    }
    Ok(asked)
}

/// Writes the table: a block for each state of the first environment, a line for each form of tag. The last block
/// names the last environment, and has a line for each situation of a release before it.
pub fn text(rows: &[Row], gates: &[Gate], last: &str) -> String {
    let mut text = String::new();
    for stage in AssumedStage::all().rev() {
        let mut grid = vec![
            ["stage ".to_owned() + stage.name()]
                .into_iter()
                .chain(LoadTestWord::ALL.iter().map(|(_, name)| (*name).to_owned()))
                .collect::<Vec<_>>(),
        ];
        for row in rows.iter().filter(|row| row.stage == stage) {
            match grid.last_mut() {
                Some(line) if line[0] == row.tag => line.push(row.permission.to_string()),
                _ => grid.push(vec![row.tag.clone(), row.permission.to_string()]),
            }
        }
        text.push_str(&aligned(&grid));
        text.push('\n');
    }
    let head = [format!("entering {last}"), "permission".to_owned()];
    let mut grid = vec![[head.to_vec(), vec!["next".to_owned(), "reason".to_owned()]].concat()];
    grid.extend(gates.iter().map(|gate| {
        vec![
            gate.situation.to_owned(),
            gate.permission.to_string(),
            gate.next.to_owned(),
            gate.reason.clone(),
        ]
    }));
    text.push_str(&aligned(&grid));
    text
}

/// Writes rows of cells, with each column as wide as its widest cell.
pub fn aligned(grid: &[Vec<String>]) -> String {
    let width = |column: usize| {
        grid.iter()
            .filter_map(|line| line.get(column))
            .map(String::len)
            .max()
    };
    let mut text = String::new();
    for line in grid {
        let mut written = String::new();
        for (column, cell) in line.iter().enumerate() {
            let _ = write!(written, "{cell:<0$}  ", width(column).unwrap_or_default());
        }
        let _ = writeln!(text, "{}", written.trim_end());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let grid = [
            vec!["a".to_owned(), "bb".to_owned()],
            vec!["ccc".to_owned(), "d".to_owned()],
        ];
        assert_eq!(aligned(&grid), "a    bb\nccc  d\n");
    }
}
