//! Messages to the driver of a deployment, as they are stored in the journal.

use serde::{Deserialize, Serialize};

use super::entry::Person;
use super::record::people_forms::InterventionForm;
use crate::clock;
use crate::contract::promotion::Intervention;
use crate::journal::{self, Store};

/// What the driver of a deployment is asked to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "message", rename_all = "kebab-case")]
pub enum Message {
    /// End the deployment, in the name of a person.
    Cancel {
        /// The name of the person.
        by: String,
        /// Why, if the person says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// Whether the name is proven.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        proven: bool,
    },
    /// Give way to a newer release, unless the deployment has begun to change the last environment.
    Supersede {
        /// The commit of the newer release.
        commit: String,
        /// The person who says that it is urgent; `None` if it needs no load test.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        person: Option<Person>,
    },
    /// Record a person's intervention: an approval, a rejection or a hold.
    Intervene {
        /// The intervention.
        #[serde(with = "InterventionForm")]
        intervention: Intervention,
    },
    /// A message of a later version of this program. A driver ignores it.
    #[serde(other)]
    Unknown,
}

impl Message {
    /// Sends it to the driver of a deployment.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub fn send(&self, store: &mut dyn Store, deployment: u64) -> journal::Result<()> {
        let body = serde_json::to_string(self)
            .map_err(|error| journal::Error::Wrong(format!("failed to write JSON: {error}")))?;
        store.send(deployment, clock::milliseconds(), &body)
    }

    /// Whether it ends what the driver does, apart from a deploy command. Every message ends a wait.
    pub(super) const fn ends_action(&self) -> bool {
        match self {
            Self::Cancel { .. } | Self::Supersede { .. } => true,
            Self::Intervene { .. } | Self::Unknown => false,
        }
    }

    /// Whether it ends a deploy command, too.
    pub(super) const fn ends_deploy_command(&self) -> bool {
        match self {
            Self::Cancel { .. } => true,
            // Half a deployment is worse than a whole one.
            Self::Supersede { .. } | Self::Intervene { .. } | Self::Unknown => false,
        }
    }

    /// Reads what is stored. A text that is no message is ignored like an unknown message.
    pub(super) fn read(body: &str) -> Self {
        serde_json::from_str(body).unwrap_or(Self::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_as_it_was_written() {
        for (reason, stored) in [
            (None, r#"{"message":"cancel","by":"Ada"}"#),
            (
                Some("wrong day".to_owned()),
                r#"{"message":"cancel","by":"Ada","reason":"wrong day"}"#,
            ),
        ] {
            let by = "Ada".to_owned();
            let message = Message::Cancel {
                by,
                reason,
                proven: false,
            };
            assert_eq!(serde_json::to_string(&message).expect("written"), stored);
            assert_eq!(Message::read(stored), message);
        }
    }

    #[test]
    fn an_intervention_is_read_as_it_was_written() {
        let stored = concat!(
            r#"{"message":"intervene","intervention":{"kind":"approved","by":"Ada","proven":true,"#,
            r#""why":"tested","environment":"prod","digest":null,"question":null}}"#
        );
        let message = Message::read(stored);
        assert!(matches!(&message, Message::Intervene { intervention } if intervention.proven));
        assert_eq!(serde_json::to_string(&message).expect("written"), stored);
    }

    #[test]
    fn what_a_later_version_sends_is_ignored() {
        for body in [
            r#"{"message":"later","x":1}"#,
            r#"{"message":"cancel"}"#,
            "x",
        ] {
            assert_eq!(Message::read(body), Message::Unknown, "{body}");
        }
    }
}
