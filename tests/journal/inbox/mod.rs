//! The inbox: the same promises of a file and of a database.

mod claims;
mod damaged;
mod deployment_requests;
mod gone;
mod killed;
mod push_events;
mod shared;

use std::time::Duration;

use greenlight::journal::inbox::{
    ClaimedDeploymentRequest, ClaimedPushEvent, Delivery, Inbox, NewDeploymentRequest, PushEvent,
    Settled,
};

use crate::place::holder;

/// A time to live that does not end during a test.
pub const LONG: Duration = Duration::from_mins(10);

/// A push event without a digest.
pub fn event(tag: &str) -> PushEvent {
    PushEvent {
        repository: "shop/web".to_owned(),
        tag: tag.to_owned(),
        digest: None,
    }
}

fn with_digest(tag: &str, digest: &str) -> PushEvent {
    PushEvent {
        digest: Some(digest.to_owned()),
        ..event(tag)
    }
}

/// A delivery of push events.
pub fn delivery(at: u64, events: &[PushEvent]) -> Delivery {
    Delivery {
        at,
        source: "distribution".to_owned(),
        body: b"{\"t\xc3\xbcr\":\0\xff}".to_vec(),
        push_events: events.to_vec(),
    }
}

/// Settles a push event as ignored.
pub fn ignored(why: &str) -> Settled {
    Settled::Ignored {
        why: why.to_owned(),
    }
}

/// Settles a push event whose tag is for stage.
fn wanted(event: &PushEvent) -> Settled {
    Settled::Wanted(NewDeploymentRequest {
        repository: event.repository.clone(),
        tag: event.tag.clone(),
        digest: event.digest.clone(),
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

/// Stores a request for each of these tags, which any holder may claim.
pub fn want(inbox: &mut dyn Inbox, events: &[PushEvent]) {
    inbox.accept(&[delivery(1, events)]).expect("accepted");
    for claimed in pending(inbox) {
        let settled = wanted(&claimed.push_event);
        assert_eq!(inbox.settle(&claimed, &settled), Ok(true));
    }
}

/// The version of the schema, which is the number of migrations.
fn versions() -> i32 {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/journal/migrations/postgres"
    );
    let files = std::fs::read_dir(folder).expect("a folder").count();
    i32::try_from(files).expect("a small number")
}
