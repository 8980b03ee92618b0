//! Every accepted webhook leads to one start or a stated refusal.
//!
//! - The inbox has a push event for each webhook that was answered with 202. The event is ignored for a stated reason, or
//!   led to a deployment request.
//! - At rest, a deployment request has one deployment, or its release was live already, or the inbox states why no
//!   deployment began. The request of a production tag may wait for stage.
//! - At most one deployment with an idempotency key has records.

use std::collections::BTreeMap;

use greenlight::journal::inbox::{DeploymentRequestState, PushEventState};

use crate::effects::Effect;
use crate::history::{History, Violations};

const PROMISE: &str = "every accepted webhook leads to one start or a stated refusal";

pub fn check(history: &History) -> Violations {
    let mut found = Violations::of(PROMISE);
    for (at, effect) in history.effects.iter().enumerate() {
        let Effect::Webhook {
            tag,
            digest,
            status: Some(202),
            ..
        } = effect
        else {
            continue;
        };
        let mut events = history.push_events.iter();
        let event = events.find(|it| it.push_event.tag == *tag && it.push_event.digest == *digest);
        match event.map(|it| &it.state) {
            None => found.add(format!("the webhook of {tag} is lost"), &[], Some(at)),
            Some(PushEventState::Ignored { why }) if why.is_empty() => {
                found.add(format!("{tag} is ignored without a reason"), &[], Some(at));
            }
            Some(PushEventState::Wanted { request })
                if !history.requests.iter().any(|it| it.id == *request) =>
            {
                found.add(format!("the request of {tag} is lost"), &[], Some(at));
            }
            Some(_) => {}
        }
    }
    let mut begun: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for (number, recorded) in &history.deployments {
        if let Some(key) = recorded.header.request.as_deref()
            && !recorded.entries.is_empty()
        {
            begun.entry(key).or_default().push(*number);
        }
    }
    for (key, numbers) in &begun {
        if numbers.len() > 1 {
            found.add(
                format!("the key {key} began several deployments"),
                numbers,
                None,
            );
        }
    }
    for request in &history.requests {
        let numbers = begun.get(request.key.as_str()).cloned().unwrap_or_default();
        let why = match &request.state {
            DeploymentRequestState::Started { reference } => {
                let is_live = reference == "the release is live already";
                let named = numbers
                    .iter()
                    .any(|it| *reference == format!("deployment {it}"));
                (!is_live && !named).then(|| format!("started {reference}, but began {numbers:?}"))
            }
            DeploymentRequestState::Stopped { why } | DeploymentRequestState::Unknown { why } => {
                why.is_empty().then(|| "ended without a reason".to_owned())
            }
            DeploymentRequestState::Waiting { why, .. } => {
                why.is_empty().then(|| "waits without a reason".to_owned())
            }
            state => Some(format!("is {state:?}")),
        };
        if let Some(why) = why {
            found.add(
                format!("the request of {} {why}", request.tag),
                &numbers,
                None,
            );
        }
    }
    found
}
