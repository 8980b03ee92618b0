//! What the journal of a deployment says, entry by entry: one JSON object each, in the order in which
//! things happened. Together with the release and the settings of the first one, every decision can be made
//! again. The shapes are those of `record`.

use serde::{Deserialize, Serialize};

use super::record::forms::{
    ActionForm, ConclusionForm, DecisionForm, EventForm, InstructionForm, PointForm, SettingsForm,
    UrgencyForm,
};
use super::record::{Many, Maybe};
use crate::contract::promotion::{
    Action, Conclusion, Decision, Event, Instruction, Release, Urgency,
};
use crate::contract::types::Settings;
use crate::facts::load_test::Point;

/// One entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "kebab-case")]
pub enum Entry {
    /// The deployment begins.
    Began(Began),
    /// Another process goes on with it.
    Resumed {
        /// The effect that was under way when the one before it ended, if there was one.
        #[serde(with = "Maybe::<ActionForm>")]
        interrupted: Option<Action>,
        /// Whether it is done again.
        repeated: bool,
    },
    /// The policy decided, from all events before this entry.
    Decided {
        /// The time it was told, in seconds since 1970.
        now: u64,
        /// What it answered.
        #[serde(with = "DecisionForm")]
        decision: Decision,
    },
    /// An effect is about to start.
    Started {
        /// Which one.
        #[serde(with = "ActionForm")]
        effect: Action,
    },
    /// Something happened: from here on the policy knows it.
    Happened {
        /// What the policy is told.
        #[serde(with = "EventForm")]
        event: Event,
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
        /// How.
        #[serde(with = "ConclusionForm")]
        conclusion: Conclusion,
    },
}

/// How a deployment begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    #[serde(with = "Maybe::<InstructionForm>")]
    pub instruction: Option<Instruction>,
    /// The commit of the tag.
    pub commit: String,
    /// What the policy is told of the team's settings.
    #[serde(with = "SettingsForm")]
    pub settings: Settings,
}

/// What is known of an event beside what the policy is told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "kebab-case")]
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
        #[serde(with = "Many::<PointForm>")]
        curve: Vec<Point>,
    },
    /// People were told.
    Notice {
        /// How urgent it was.
        #[serde(with = "UrgencyForm")]
        urgency: Urgency,
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

impl Began {
    /// The release, as the policy is asked about it.
    pub fn release(&self) -> Release {
        Release {
            tag: self.tag.clone(),
            digest: self.digest.clone(),
            instruction: self.instruction,
        }
    }
}
