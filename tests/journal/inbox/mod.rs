//! The inbox: the same promises of a file and of a database.

mod claims;
mod contract;
mod gone;
mod killed;
mod shared;

use std::time::Duration;

use greenlight::journal::Holder;
use greenlight::journal::inbox::{
    ClaimedDeploymentRequest, ClaimedPushEvent, Delivery, Inbox, NewDeploymentRequest, PushEvent,
    Settled,
};

const LONG: Duration = Duration::from_mins(10);

/// A process on another machine: nobody here knows whether it lives.
fn holder(name: &str) -> Holder {
    Holder::from_name(format!("{name}@elsewhere"))
}

fn hint(tag: &str) -> PushEvent {
    PushEvent {
        repository: "shop/web".to_owned(),
        tag: tag.to_owned(),
        digest: None,
    }
}

fn with_digest(tag: &str, digest: &str) -> PushEvent {
    PushEvent {
        digest: Some(digest.to_owned()),
        ..hint(tag)
    }
}

fn delivery(at: u64, hints: &[PushEvent]) -> Delivery {
    Delivery {
        at,
        source: "distribution".to_owned(),
        body: b"{\"t\xc3\xbcr\":\0\xff}".to_vec(),
        push_events: hints.to_vec(),
    }
}

fn ignored(why: &str) -> Settled {
    Settled::Ignored {
        why: why.to_owned(),
    }
}

/// What a hint comes to whose tag is for stage.
fn wanted(hint: &PushEvent) -> Settled {
    Settled::Wanted(NewDeploymentRequest {
        repository: hint.repository.clone(),
        tag: hint.tag.clone(),
        digest: hint.digest.clone(),
        environment: "stage".to_owned(),
        commit: "c0ffee".to_owned(),
    })
}

fn pending(inbox: &mut dyn Inbox) -> Vec<ClaimedPushEvent> {
    inbox.pending(&holder("we"), LONG, 100).expect("claimed")
}

fn due(inbox: &mut dyn Inbox) -> Vec<ClaimedDeploymentRequest> {
    inbox.due(&holder("we"), LONG, 100).expect("claimed")
}

/// Stores starts of these tags, settled and free to be claimed.
fn want(inbox: &mut dyn Inbox, hints: &[PushEvent]) {
    inbox.accept(&[delivery(1, hints)]).expect("accepted");
    for claimed in pending(inbox) {
        let settled = wanted(&claimed.push_event);
        assert_eq!(inbox.settle(&claimed, &settled), Ok(true));
    }
}
