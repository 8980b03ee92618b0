//! What `greenlight approve`, `reject`, `hold` and `cancel` print with `--format json`, and what `greenlight serve` answers.

use serde::Serialize;

use super::cancel::Cancellation;
use super::entry::Person;
use super::intervene::{Delivery, Sent};
use crate::contract::fields::ByName;
use crate::contract::promotion::InterventionKind;

/// An intervention of a person, and how far it has come.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct InterventionDocument {
    /// The name and version of this document.
    #[cfg_attr(test, schemars(extend("const" = Self::SCHEMA)))]
    schema: &'static str,
    /// The number of the deployment.
    #[cfg_attr(test, schemars(range(min = 1)))]
    deployment: u64,
    /// What the person did.
    kind: ByName<InterventionKind>,
    /// The name of the person.
    by: String,
    /// Whether a CI system or a token proves the name.
    proven: bool,
    /// Why; null if the person gave no reason.
    reason: Option<String>,
    /// The environment; null if it is about all environments.
    environment: Option<String>,
    /// The digest of the image that it is about; null if the deployment has none.
    #[cfg_attr(test, schemars(with = "Option<crate::contract::fields::Digest>"))]
    digest: Option<String>,
    /// How far it has come.
    state: DeliveryState,
}

/// How far an intervention has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryState {
    /// The deployment has recorded it.
    Recorded,
    /// The process that drives the deployment has not recorded it yet.
    Sent,
    /// No process drives the deployment. It counts when the deployment is resumed.
    Stored,
}

impl InterventionDocument {
    const SCHEMA: &'static str = "greenlight.intervention/1";

    /// An approval, a rejection or a hold.
    pub fn new(deployment: u64, sent: &Sent) -> Self {
        let it = &sent.intervention;
        Self {
            schema: Self::SCHEMA,
            deployment,
            kind: ByName(it.kind),
            by: it.by.clone(),
            proven: it.proven,
            reason: Some(it.why.clone()).filter(|it| !it.is_empty()),
            environment: it.environment.clone(),
            digest: it.digest.clone(),
            state: match sent.delivery {
                Delivery::Recorded => DeliveryState::Recorded,
                Delivery::Sent { .. } => DeliveryState::Sent,
                Delivery::Stored => DeliveryState::Stored,
            },
        }
    }

    /// A cancellation, which is about the whole deployment.
    pub fn canceled(deployment: u64, person: &Person, end: &Cancellation) -> Self {
        Self {
            schema: Self::SCHEMA,
            deployment,
            kind: ByName(InterventionKind::Canceled),
            by: person.name.clone(),
            proven: person.proven,
            reason: person.reason.clone(),
            environment: None,
            digest: None,
            state: match end {
                Cancellation::Done => DeliveryState::Recorded,
                Cancellation::Asked { .. } => DeliveryState::Sent,
            },
        }
    }

    /// How far it has come.
    pub const fn state(&self) -> DeliveryState {
        self.state
    }
}
