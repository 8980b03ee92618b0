//! What the journal of a deployment says, entry by entry: one JSON object each, in the order in which
//! things happened. Together with the release and the settings, which stand in the first one, every
//! decision can be made again.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::record::{
    ActionRecord, DecisionRecord, EventRecord, FORMAT, PointRecord, SettingsRecord, SpanRecord,
};
use crate::contract::fields::ByName;
use crate::contract::promotion::{Conclusion, Instruction, Release, Urgency};
use crate::contract::types::{LoadTestAction, Settings};

/// One entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Entry {
    /// The deployment begins.
    Began(Began),
    /// Another process goes on with it.
    Resumed {
        /// The effect that was under way when the one before it ended, if there was one.
        interrupted: Option<ActionRecord>,
        /// Whether it is done again.
        repeated: bool,
    },
    /// The policy decided, from all events before this entry.
    Decided {
        /// The time it was told, in seconds since 1970.
        now: u64,
        /// What it answered.
        decision: DecisionRecord,
    },
    /// An effect is about to start.
    Started {
        /// Which one.
        effect: ActionRecord,
    },
    /// Something happened: from here on the policy knows it.
    Happened {
        /// What the policy is told.
        event: EventRecord,
        /// What people may want to know beside it.
        details: Details,
    },
    /// Something that people should know and that decides nothing.
    Noted {
        /// What.
        text: String,
    },
    /// The process was asked to end, and ends.
    Interrupted,
    /// The deployment has ended.
    Concluded {
        /// How it ended.
        conclusion: ByName<Conclusion>,
    },
}

/// How a deployment begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Began {
    /// The version of this program.
    pub greenlight: String,
    /// The digest of the policy: `sha256:` and 64 hexadecimal digits.
    pub policy: String,
    /// The tag.
    pub tag: String,
    /// What the tag pointed at, where known.
    pub digest: Option<String>,
    /// What the message of the commit says, where it could be read.
    pub instruction: Option<InstructionRecord>,
    /// The commit of the tag.
    pub commit: String,
    /// What the policy is told of the team's settings.
    pub settings: SettingsRecord,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstructionRecord {
    /// What a failed load test does.
    pub action: ByName<LoadTestAction>,
    /// The place of the label in the message.
    pub span: Option<SpanRecord>,
}

/// What is known of an event beside what the policy is told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Details {
    /// Nothing.
    #[default]
    Nothing,
    /// A command ran.
    Command(CommandDetails),
    /// Nodes were asked.
    Round {
        /// Their answers, in the order of the configuration.
        nodes: Vec<NodeDetails>,
    },
    /// A load test ran.
    LoadTest {
        /// Its command.
        command: CommandDetails,
        /// What reading its results showed.
        notes: Vec<String>,
        /// The files that were kept, in the folder of the deployment.
        kept: Vec<String>,
        /// Its curves.
        curve: Vec<PointRecord>,
    },
    /// People were told.
    Notice {
        /// How much it matters.
        urgency: ByName<Urgency>,
        /// What.
        text: String,
        /// Why it did not reach them.
        error: Option<String>,
    },
    /// Another deployment of the same commit recorded it.
    Borrowed {
        /// The number of that deployment.
        deployment: u64,
        /// The position of its record there.
        position: u64,
    },
    /// A person.
    Person {
        /// Who.
        name: String,
    },
    /// The effect was cut off, and not repeated.
    CutOff,
}

/// How a command ran.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandDetails {
    /// How it ended, in words.
    pub ended: String,
    /// Its exit status, unless a signal ended it.
    pub exit_status: Option<i32>,
    /// Milliseconds.
    pub took: u64,
    /// Its log, in the folder of the deployment.
    pub log: String,
}

/// What one node answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeDetails {
    /// Its base URL.
    pub name: String,
    /// The commit it serves.
    pub commit: Option<String>,
    /// The version it names.
    pub version: Option<String>,
    /// Why it gave no usable answer.
    pub unreachable: Option<String>,
    /// Milliseconds.
    pub took: u64,
}

impl Entry {
    /// Reads an entry from its JSON.
    ///
    /// # Errors
    ///
    /// If it is no entry, or has a format that this program does not read.
    pub fn read(body: &str) -> Result<Self, String> {
        let mut fields: Map<String, Value> =
            serde_json::from_str(body).map_err(|error| error.to_string())?;
        match fields.remove("format") {
            Some(format) if format != FORMAT => Err(format!(
                "the entry has format {format}, and this version of greenlight reads format {FORMAT}"
            )),
            _ => Self::deserialize(Value::Object(fields)).map_err(|error| error.to_string()),
        }
    }
}

impl Began {
    /// The settings that the deployment began with.
    pub fn agreed(&self) -> Settings {
        (&self.settings).into()
    }

    /// The release, as the policy is asked about it.
    pub fn release(&self) -> Release {
        Release {
            tag: self.tag.clone(),
            digest: self.digest.clone(),
            instruction: self.instruction.as_ref().map(|it| Instruction {
                action: it.action.0,
                source: it.span.clone().map(Into::into),
            }),
        }
    }
}

impl From<&Instruction> for InstructionRecord {
    fn from(instruction: &Instruction) -> Self {
        Self {
            action: ByName(instruction.action),
            span: instruction.source.map(Into::into),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_without_a_format_has_the_first_one() {
        let noted = Entry::Noted {
            text: "a".to_owned(),
        };
        let written = serde_json::to_string(&noted).expect("JSON");
        assert_eq!(Entry::read(&written).as_ref(), Ok(&noted));
        let named = r#"{"format": 1, "entry": "noted", "text": "a"}"#;
        assert_eq!(Entry::read(named), Ok(noted));
    }

    #[test]
    fn a_later_format_is_refused_by_name() {
        let later = r#"{"format": 3, "entry": "pondered", "text": "a"}"#;
        let why = Entry::read(later).expect_err("a later format");
        assert!(
            why.contains("format 3") && why.contains("format 1"),
            "{why}"
        );
        let misspelled = r#"{"entry": "noted", "texts": "a"}"#;
        Entry::read(misspelled).expect_err("an unknown key");
    }
}
