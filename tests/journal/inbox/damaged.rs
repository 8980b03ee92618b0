//! A damaged inbox: no deployment is started again.

use greenlight::journal::Error;
use greenlight::journal::inbox::{DeploymentRequestState, Inbox};

use super::{LONG, due, event, want};
use crate::place::{Place, for_both, holder};

for_both!(
    a_damaged_request_is_not_claimed,
    a_missing_request_is_noticed,
    requests_of_an_earlier_version_have_checksums,
);

/// An inbox with a request that was started, and one that is due.
fn with_requests(place: &Place) -> Box<dyn Inbox> {
    let mut inbox = place.inbox();
    want(inbox.as_mut(), &[event("started"), event("due")]);
    for claimed in due(inbox.as_mut()) {
        let starting = DeploymentRequestState::Starting {
            attempt: 1,
            why: None,
            again_at: 0,
        };
        let state = match claimed.request.tag.as_str() {
            "started" => DeploymentRequestState::Started {
                reference: "7".to_owned(),
            },
            _ => DeploymentRequestState::Wanted,
        };
        assert_eq!(inbox.write(&claimed, &starting, true), Ok(true));
        assert_eq!(inbox.write(&claimed, &state, false), Ok(true));
    }
    assert_eq!(inbox.check(), Ok(()));
    inbox
}

#[track_caller]
fn damaged<T: std::fmt::Debug>(found: &Result<T, Error>, what: &str) {
    assert!(
        matches!(found, Err(Error::Corrupt(why)) if why.contains(what)),
        "{what}: {found:?}"
    );
}

fn a_damaged_request_is_not_claimed(place: &Place) {
    let mut inbox = with_requests(place);
    for damage in [
        "state = 'wanted', reference = NULL",
        "state = 'retrying', why = 'busy'",
        "state = 'unheard-of'",
        "request = 'another key', state = 'wanted'",
        "tag = 'prod-1', state = 'wanted'",
        "commit_id = 'badc0de', state = 'wanted'",
        "created = created + 1, state = 'wanted'",
        "checksum = NULL, state = 'wanted'",
    ] {
        place.tamper(&format!(
            "CREATE TABLE kept AS SELECT * FROM starts;
             UPDATE starts SET {damage}, expires = 0, boot_expires = 0 WHERE tag = 'started'"
        ));
        damaged(&inbox.check(), "of the inbox is damaged");
        // A request whose state is an unknown word is not due.
        if !damage.contains("unheard-of") {
            damaged(
                &inbox.due(&holder("we"), LONG, 9),
                "of the inbox is damaged",
            );
        }
        place.tamper(
            "UPDATE starts SET (request, tag, commit_id, state, why, reference, created, checksum) =
                 (SELECT request, tag, commit_id, state, why, reference, created, checksum FROM kept
                  WHERE kept.id = starts.id);
             DROP TABLE kept",
        );
        assert_eq!(inbox.check(), Ok(()), "{damage}");
    }
    let claimed = due(inbox.as_mut());
    let tags: Vec<_> = claimed.iter().map(|it| it.request.tag.as_str()).collect();
    assert_eq!(tags, ["due"]);
}

fn a_missing_request_is_noticed(place: &Place) {
    let mut inbox = with_requests(place);
    place.tamper(
        "DELETE FROM hints; UPDATE anchors SET row_count = 0 WHERE name = 'hints';
         DELETE FROM starts WHERE tag = 'started'",
    );
    let missing = "1 deployment requests, and 2 were";
    damaged(&inbox.check(), missing);
    damaged(&inbox.due(&holder("we"), LONG, 9), missing);
    // If the same image is pushed again, its new request is not claimed either.
    let mut inbox = place.inbox();
    want(inbox.as_mut(), &[event("started")]);
    place.tamper(
        "DELETE FROM hints; UPDATE anchors SET row_count = 0 WHERE name = 'hints';
         DELETE FROM starts WHERE tag = 'due'",
    );
    damaged(&inbox.due(&holder("we"), LONG, 9), "3 were");
}

fn requests_of_an_earlier_version_have_checksums(place: &Place) {
    drop(with_requests(place));
    // Set the state of the database before the checksums.
    place.downgrade_to_6();
    place.tamper(
        "ALTER TABLE starts DROP COLUMN checksum; DROP TABLE anchors;
         ALTER TABLE deployments DROP COLUMN record_count;
         ALTER TABLE deployments DROP COLUMN last_checksum;",
    );
    place.set_version(5);
    let mut inbox = place.inbox();
    assert_eq!(inbox.check(), Ok(()));
    assert_eq!(due(inbox.as_mut()).len(), 1);
}
