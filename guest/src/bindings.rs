//! The only file that touches the generated bindings.
//!
//! The types that `wit/` generates are the policy's own types; `Component` hands each exported
//! function on to the pure module that answers it.

#![allow(
    missing_docs,
    unsafe_code,
    clippy::pedantic,
    reason = "generated: documented in wit/, and unsafe only where it is compiled to WebAssembly"
)]

wit_bindgen::generate!({
    path: "../wit",
    world: "policy",
    additional_derives: [PartialEq],
});

pub use exports::greenlight::policy::{environments, labels, promotion, types};

use environments::{Build, Target};
use labels::{Labels, Message};
use promotion::{Decision, Event, Release};
use types::{LoadTestAction, Reason, Settings, Timestamp};

struct Component;

impl labels::Guest for Component {
    fn parse(message: Message, default: LoadTestAction) -> Result<Labels, Vec<Reason>> {
        crate::label::parse(&message, default)
    }
}

impl environments::Guest for Component {
    fn tags(build: Build, settings: Settings) -> Result<Vec<String>, Vec<Reason>> {
        crate::publish::tags(&build, &settings)
    }

    fn resolve(tag: String, settings: Settings) -> Result<Target, Vec<Reason>> {
        crate::tag::resolve(&tag, &settings)
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

#[cfg(target_family = "wasm")]
export!(Component);
