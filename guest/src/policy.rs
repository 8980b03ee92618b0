//! A policy on top of the bundled one: a crate of its own that replaces some of the answers.
//!
//! ```ignore
//! use greenlight_policy::bindings::labels::{Labels, Message};
//! use greenlight_policy::bindings::types::{LoadTestAction, Reason};
//! use greenlight_policy::export_policy;
//! use greenlight_policy::policy::Policy;
//!
//! /// A message without a label means abort.
//! pub struct Strict;
//!
//! impl Policy for Strict {
//!     fn parse(message: &Message, _: LoadTestAction) -> Result<Labels, Vec<Reason>> {
//!         greenlight_policy::label::parse(message, LoadTestAction::Abort)
//!     }
//! }
//!
//! export_policy!(Strict);
//! ```

use crate::bindings::environments::{self, Build, Target};
use crate::bindings::labels::{self, Labels, Message};
use crate::bindings::promotion::{self, Decision, Event, Release};
use crate::bindings::types::{Attribute, LoadTestAction, Reason, Settings, Timestamp};
use crate::{label, publish, tag};

/// The answers of a policy. Each one is that of the bundled policy unless it is replaced.
pub trait Policy {
    /// Reads the labels of a commit message.
    ///
    /// # Errors
    ///
    /// The reasons why the message has no answer.
    fn parse(message: &Message, default: LoadTestAction) -> Result<Labels, Vec<Reason>> {
        label::parse(message, default)
    }

    /// Names the tags to push for a build.
    ///
    /// # Errors
    ///
    /// The reasons against publishing.
    fn tags(build: &Build, settings: &Settings) -> Result<Vec<String>, Vec<Reason>> {
        publish::tags(build, settings)
    }

    /// Reads what a tag asks for.
    ///
    /// # Errors
    ///
    /// The reasons why the settings or the tag are refused.
    fn resolve(tag: &str, settings: &Settings) -> Result<Target, Vec<Reason>> {
        tag::resolve(tag, settings)
    }

    /// Decides what happens next with a release.
    fn decide(
        release: &Release,
        history: &[Event],
        now: Timestamp,
        settings: &Settings,
    ) -> Decision {
        crate::promotion::decide(release, history, now, settings)
    }
}

/// The value of an attribute by its name, as JSON.
pub fn value<'a>(
    attributes: impl IntoIterator<Item = &'a Attribute>,
    name: &str,
) -> Option<&'a str> {
    let mut attributes = attributes.into_iter();
    let found = attributes.find(|it| it.name == name)?;
    Some(&found.value)
}

/// The value of a fact about a release by its name, as JSON.
pub fn fact<'a>(release: &'a Release, name: &str) -> Option<&'a str> {
    value(release.facts.iter().map(|it| &it.attribute), name)
}

/// Exports a [`Policy`] from a crate that is compiled to a component. Natively it does nothing.
#[macro_export]
macro_rules! export_policy {
    ($policy:ident) => {
        #[cfg(target_family = "wasm")]
        #[allow(
            unsafe_code,
            unused_qualifications,
            clippy::pedantic,
            reason = "the generated exports read their arguments from memory"
        )]
        const _: () = {
    $crate::bindings::export!($policy with_types_in $crate::bindings);
        };
    };
}

#[cfg(feature = "component")]
pub(crate) use export_policy;

impl<P: Policy> labels::Guest for P {
    fn parse(message: Message, default: LoadTestAction) -> Result<Labels, Vec<Reason>> {
        <P as Policy>::parse(&message, default)
    }
}

impl<P: Policy> environments::Guest for P {
    fn tags(build: Build, settings: Settings) -> Result<Vec<String>, Vec<Reason>> {
        <P as Policy>::tags(&build, &settings)
    }

    fn resolve(tag: String, settings: Settings) -> Result<Target, Vec<Reason>> {
        <P as Policy>::resolve(&tag, &settings)
    }
}

impl<P: Policy> promotion::Guest for P {
    fn decide(
        release: Release,
        history: Vec<Event>,
        now: Timestamp,
        settings: Settings,
    ) -> Decision {
        <P as Policy>::decide(&release, &history, now, &settings)
    }
}
