//! The entries of a deployment's journal: one JSON object each, in the order in which they were written. With the
//! release and the settings of the first entry, every decision can be repeated. `record` has the shapes of values.

use serde::{Deserialize, Serialize};

use super::history::Tail;
use super::record::action_form::ActionForm;
use super::record::forms::{
    ConclusionForm, DecisionForm, EventForm, FactForm, InstructionForm, UrgencyForm,
};
use super::record::load_test_forms::PointForm;
use super::record::settings_forms::SettingsForm;
use super::record::{Many, Maybe};
use crate::contract::promotion::{
    Action, Conclusion, Decision, Event, EventKind, Instruction, Intervention, InterventionKind,
    Release, Urgency,
};
use crate::contract::types::{Fact, Settings};
use crate::facts::load_test::Point;
use crate::journal::{self, Header};

/// One entry of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "kebab-case")]
pub enum Entry {
    /// The deployment begins.
    Began(Began),
    /// Another process resumes the deployment.
    Resumed {
        /// The effect that was running when the previous process ended, if any.
        #[serde(with = "Maybe::<ActionForm>")]
        interrupted: Option<Action>,
        /// Whether this effect is repeated.
        repeated: bool,
    },
    /// The policy made a decision from all events before this entry.
    Decided {
        /// The time that the policy received, in seconds since 1970.
        now: u64,
        /// The answer of the policy.
        #[serde(with = "DecisionForm")]
        decision: Decision,
    },
    /// An effect is about to start.
    Started {
        /// The effect.
        #[serde(with = "ActionForm")]
        effect: Action,
    },
    /// The process for the command of the effect exists. The process executes the command after this record is stored.
    Running {
        /// Its first process, which leads its process group, as a holder of a lock is written; `None` if it is unknown.
        process: Option<String>,
        /// The folder that this run has for itself.
        folder: String,
    },
    /// An event was recorded: later decisions take it into account.
    Happened {
        /// The event that the policy receives.
        #[serde(with = "EventForm")]
        event: Event,
        /// Details of the event for reports.
        details: Details,
    },
    /// Earlier events and decisions were repeated in the same order. This entry stands for all repetitions. The policy
    /// receives the changed history.
    Repeated {
        /// The changed end of the history.
        history: Tail,
        /// How often the policy repeated its decisions.
        decisions: Vec<RepeatedDecision>,
    },
    /// The nodes of an environment were asked what they serve, after the deployment had failed or was interrupted. The
    /// policy does not receive it.
    Served {
        /// The environment.
        environment: String,
        /// The answers of its nodes, in the order of the configuration.
        nodes: Vec<NodeDetails>,
    },
    /// A note for reports, which has no effect on decisions.
    Noted {
        /// The text of the note.
        text: String,
    },
    /// The process received a shutdown request, and ends.
    Interrupted,
    /// The deployment ended.
    Concluded {
        /// How the deployment ended.
        #[serde(with = "ConclusionForm")]
        conclusion: Conclusion,
    },
}

/// A decision that the policy repeated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepeatedDecision {
    /// The position of the entry with the decision.
    pub entry: u64,
    /// How often the policy repeated it.
    pub times: u64,
}

/// The first entry of a deployment: its release, its policy and its settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Began {
    /// The version of this program.
    pub greenlight: String,
    /// The digest of the policy: `sha256:` and 64 hexadecimal digits.
    pub policy: String,
    /// The tag of the release.
    pub tag: String,
    /// The digest of the image that the tag pointed at; `None` if it is unknown.
    pub digest: Option<String>,
    /// What the commit message asks for; `None` if the message could not be read.
    #[serde(with = "Maybe::<InstructionForm>")]
    pub instruction: Option<Instruction>,
    /// The commit that the tag names.
    pub commit: String,
    /// The first line of the commit's message; `None` if it could not be read, and in older journals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The name of the commit's author; `None` as for the subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// The names and addresses of the commit's author; empty if they could not be read, and in older journals.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<String>,
    /// What else is known about the release.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        with = "Many::<FactForm>"
    )]
    pub facts: Vec<Fact>,
    /// The settings that the policy receives.
    #[serde(with = "SettingsForm")]
    pub settings: Settings,
    /// The person who says that the release is urgent: it supersedes older ones before they are in production.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urgent: Option<Person>,
}

/// Details of an event that the policy does not receive.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "kebab-case")]
pub enum Details {
    /// No details.
    #[default]
    Nothing,
    /// A command ran.
    Command(CommandDetails),
    /// The nodes of an environment were asked for their version.
    Round {
        /// Their answers, in the order of the configuration.
        nodes: Vec<NodeDetails>,
    },
    /// A load test ran.
    LoadTest {
        /// Its command.
        command: CommandDetails,
        /// Notes about its results.
        notes: Vec<String>,
        /// The result files that were kept, in the folder of the deployment.
        kept: Vec<String>,
        /// Its curves over time.
        #[serde(with = "Many::<PointForm>")]
        curve: Vec<Point>,
    },
    /// A notification was sent, or failed to be sent.
    Notice {
        /// The urgency of the notification.
        #[serde(with = "UrgencyForm")]
        urgency: Urgency,
        /// The text of the notification.
        text: String,
        /// Why it was not sent; `None` if it was.
        error: Option<String>,
    },
    /// The event was imported: another deployment of the same commit recorded it.
    #[serde(rename = "borrowed")]
    Imported {
        /// The number of that deployment.
        deployment: u64,
        /// The position of its record there.
        position: u64,
    },
    /// A person caused the event.
    Person(Person),
    /// A message to the driver caused the event.
    Message {
        /// The id of the message. A process that resumes the deployment does not record it again.
        id: u64,
    },
    /// The effect was interrupted, and not repeated.
    #[serde(rename = "cut-off")]
    Interrupted,
}

/// A person who intervened in a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The name.
    pub name: String,
    /// Why the person intervened, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether a CI system or a token proves the name.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub proven: bool,
}

/// Details of a command that ran.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CommandDetails {
    /// How it ended, as text.
    pub ended: String,
    /// Its exit status, unless a signal ended it.
    pub exit_status: Option<i32>,
    /// How long it ran, in milliseconds.
    pub took: u64,
    /// Its log, in the folder of the deployment.
    pub log: String,
    /// The last lines of its output, unless it succeeded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tail: Vec<String>,
}

/// The answer of one node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeDetails {
    /// Its base URL.
    pub name: String,
    /// The commit that it serves; `None` without a usable answer.
    pub commit: Option<String>,
    /// The version that it answered; `None` without a usable answer.
    pub version: Option<String>,
    /// Why there is no usable answer; `None` if there is one.
    pub unreachable: Option<String>,
    /// How long the request took, in milliseconds.
    pub took: u64,
}

impl Entry {
    /// Whether a person canceled the deployment.
    pub fn is_cancellation(&self) -> bool {
        matches!(
            self,
            Self::Happened { event, .. }
                if matches!(event.kind, EventKind::Intervened(Intervention { kind: InterventionKind::Canceled, .. }))
        )
    }
}

impl Entry {
    /// Whether the driver wrote the entry because of the message with this id.
    pub(super) fn is_of_message(&self, id: u64) -> bool {
        matches!(self, Self::Happened { details: Details::Message { id: of }, .. } if *of == id)
    }
}

impl Details {
    /// Whether another deployment recorded the event.
    pub fn is_imported(&self) -> bool {
        matches!(self, Self::Imported { .. })
    }
}

/// Whether a CI system or a token proves a name, in one word.
pub const fn proof(proven: bool) -> &'static str {
    if proven { "proven" } else { "claimed" }
}

impl Person {
    /// What the person wants, about all environments and any image.
    pub fn intervention(&self, kind: InterventionKind) -> Intervention {
        Intervention {
            kind,
            by: self.name.clone(),
            proven: self.proven,
            why: self.reason.clone().unwrap_or_default(),
            environment: None,
            digest: None,
            question: None,
        }
    }

    /// The name, and whether it is proven: `Ada (claimed)`.
    pub fn name_in_words(&self) -> String {
        format!("{} ({})", self.name, proof(self.proven))
    }

    /// The name and the reason in one line.
    pub fn in_words(&self) -> String {
        let name = self.name_in_words();
        match &self.reason {
            Some(reason) => format!("{name}: {reason}"),
            None => name,
        }
    }
}

impl Began {
    /// Checks that the list of deployments names the same release as this entry. The list has no checksums.
    ///
    /// # Errors
    ///
    /// [`Corrupt`](journal::Error::Corrupt) if the releases differ.
    pub fn check(&self, header: &Header) -> journal::Result<()> {
        if (&self.tag, &self.digest, &self.commit) == (&header.tag, &header.digest, &header.commit)
        {
            return Ok(());
        }
        Err(journal::Error::Corrupt(format!(
            "the list of deployments and the first record of deployment {} name different releases",
            header.number
        )))
    }

    /// The release that the policy decides about.
    pub fn release(&self) -> Release {
        Release {
            tag: self.tag.clone(),
            digest: self.digest.clone(),
            instruction: self.instruction.clone(),
            authors: self.authors.clone(),
            facts: self.facts.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn journals_keep_the_names_of_their_first_format() {
        let imported = Details::Imported {
            deployment: 4,
            position: 7,
        };
        let ada = |reason: Option<&str>| {
            Details::Person(Person {
                name: "Ada".to_owned(),
                reason: reason.map(str::to_owned),
                proven: false,
            })
        };
        for (details, stored) in [
            (ada(None), r#"{"of":"person","name":"Ada"}"#),
            (
                ada(Some("late")),
                r#"{"of":"person","name":"Ada","reason":"late"}"#,
            ),
            (Details::Message { id: 3 }, r#"{"of":"message","id":3}"#),
            (imported, r#"{"of":"borrowed","deployment":4,"position":7}"#),
            (Details::Interrupted, r#"{"of":"cut-off"}"#),
        ] {
            assert_eq!(serde_json::to_string(&details).expect("written"), stored);
            let read: Details = serde_json::from_str(stored).expect("read");
            assert_eq!(read, details);
        }
    }
}
