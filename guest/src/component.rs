//! The exported functions of the component: each one passes its arguments to the module that answers it.

#![cfg_attr(
    target_family = "wasm",
    allow(
        unsafe_code,
        reason = "the generated exports read their arguments from memory"
    )
)]

use crate::bindings::environments::{self, Build, Target};
use crate::bindings::labels::{self, Labels, Message};
use crate::bindings::promotion::{self, Decision, Event, Release};
use crate::bindings::types::{LoadTestAction, Reason, Settings, Timestamp};
use crate::{label, publish, tag};

struct Component;

#[cfg(target_family = "wasm")]
crate::bindings::export!(Component with_types_in crate::bindings);

impl labels::Guest for Component {
    fn parse(message: Message, default: LoadTestAction) -> Result<Labels, Vec<Reason>> {
        label::parse(&message, default)
    }
}

impl environments::Guest for Component {
    fn tags(build: Build, settings: Settings) -> Result<Vec<String>, Vec<Reason>> {
        publish::tags(&build, &settings)
    }

    fn resolve(tag: String, settings: Settings) -> Result<Target, Vec<Reason>> {
        tag::resolve(&tag, &settings)
    }
}

impl promotion::Guest for Component {
    fn decide(
        release: Release,
        history: Vec<Event>,
        now: Timestamp,
        settings: Settings,
    ) -> Decision {
        crate::promotion::decide(&release, &history, now, &settings)
    }
}
