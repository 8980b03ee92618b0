//! Deployment requests: made from push events, and written in each state.

use greenlight::journal::Error;
use greenlight::journal::inbox::{Counts, DeploymentRequestState, PushEventState};

use super::{LONG, delivery, due, event, holder, ignored, pending, want, wanted, with_digest};
use crate::place::{Place, for_both};

for_both!(
    many_push_events_make_one_request,
    each_state_of_a_request_is_read_as_it_was_written,
    a_conclusion_of_an_earlier_version_is_ignored,
    a_text_that_can_not_be_stored_stores_nothing,
    an_empty_inbox,
);

fn many_push_events_make_one_request(place: &Place) {
    let mut inbox = place.inbox();
    let said = [event("a"), with_digest("a", "1"), with_digest("a", "2")];
    inbox.accept(&[delivery(1, &said)]).expect("accepted");
    for claimed in pending(&mut *inbox) {
        let settled = wanted(&with_digest("a", "1"));
        assert_eq!(inbox.settle(&claimed, &settled), Ok(true));
    }
    let request = inbox.deployment_requests(9).expect("read").remove(0);
    assert_eq!(inbox.deployment_requests(9).expect("read").len(), 1);
    assert_eq!(request.digest.as_deref(), Some("1"));
    assert_eq!(
        (request.environment.as_str(), request.attempts),
        ("stage", 0)
    );
    assert_eq!(
        (request.state.clone(), request.commit.as_str()),
        (DeploymentRequestState::Wanted, "c0ffee")
    );
    assert_eq!(request.key.len(), 32);
    assert!(request.created > 1_700_000_000_000 && request.created <= request.updated);
    assert_eq!(
        inbox.deployment_request(request.id),
        Ok(Some(request.clone()))
    );
    assert_eq!(inbox.deployment_request(request.id + 1), Ok(None));
    for row in inbox.push_events(9).expect("read") {
        assert_eq!(
            row.state,
            PushEventState::Wanted {
                request: request.id
            }
        );
    }

    // Without a digest it is another one.
    want(&mut *inbox, &[event("a")]);
    let requests = inbox.deployment_requests(9).expect("read");
    assert_eq!((requests.len(), requests[0].digest.as_ref()), (2, None));
    assert!(requests[0].id > requests[1].id);
    assert_ne!(requests[0].key, requests[1].key);
}

fn each_state_of_a_request_is_read_as_it_was_written(place: &Place) {
    let mut inbox = place.inbox();
    want(&mut *inbox, &[event("a")]);
    let mut claimed = due(&mut *inbox).remove(0);
    let why = || "a reason".to_owned();
    let attempts = |attempt, why| DeploymentRequestState::Starting {
        attempt,
        why,
        again_at: 0,
    };
    for (state, count, again) in [
        (
            DeploymentRequestState::Waiting {
                why: why(),
                again_at: 5,
            },
            0,
            true,
        ),
        (attempts(1, None), 1, true),
        (attempts(1, Some(why())), 1, true),
        (
            DeploymentRequestState::Retrying {
                why: why(),
                again_at: 6,
            },
            1,
            true,
        ),
        (DeploymentRequestState::Wanted, 1, true),
        (attempts(2, None), 2, true),
        (
            DeploymentRequestState::Started {
                reference: "7".to_owned(),
            },
            2,
            false,
        ),
        (DeploymentRequestState::Stopped { why: why() }, 2, false),
        (DeploymentRequestState::Unknown { why: why() }, 2, false),
    ] {
        assert_eq!(inbox.write(&claimed, &state, true), Ok(true));
        assert_eq!(due(&mut *inbox), [], "it is kept");
        assert_eq!(inbox.write(&claimed, &state, false), Ok(true));
        let request = inbox
            .deployment_request(claimed.request.id)
            .expect("read")
            .expect("there");
        assert_eq!((&request.state, request.attempts), (&state, count));
        let found = due(&mut *inbox);
        assert_eq!(found.len(), usize::from(again), "{state:?}");
        for it in found {
            assert!(it.fence > claimed.fence);
            claimed = it;
        }
    }
    let later = DeploymentRequestState::Waiting {
        why: why(),
        again_at: u64::MAX / 4,
    };
    assert_eq!(inbox.write(&claimed, &later, false), Ok(true));
    assert_eq!(due(&mut *inbox), []);
    let counts = Counts {
        deliveries: 1,
        waiting: 1,
        ..Counts::default()
    };
    assert_eq!(inbox.counts(), Ok(counts));
}

/// The column `finished` was for conclusions.
fn a_conclusion_of_an_earlier_version_is_ignored(place: &Place) {
    let mut inbox = place.inbox();
    want(&mut *inbox, &[event("a")]);
    let claimed = due(&mut *inbox).remove(0);
    let started = DeploymentRequestState::Started {
        reference: "7".to_owned(),
    };
    assert_eq!(inbox.write(&claimed, &started, false), Ok(true));
    place.tamper("UPDATE starts SET finished = 'promoted'");
    let request = inbox.deployment_requests(9).expect("read").remove(0);
    assert_eq!(request.state, started);
}

fn a_text_that_can_not_be_stored_stores_nothing(place: &Place) {
    let mut inbox = place.inbox();
    let batch = [delivery(1, &[event("a")]), delivery(2, &[event("b\0")])];
    let error = inbox.accept(&batch).expect_err("a NUL");
    assert!(matches!(error, Error::Wrong(_)), "{error}");
    assert_eq!(inbox.counts(), Ok(Counts::default()));
    inbox.accept(&batch[..1]).expect("accepted");
    let claimed = pending(&mut *inbox).remove(0);
    for result in [
        inbox.settle(&claimed, &ignored("\0")),
        inbox.settle(&claimed, &wanted(&with_digest("a", "\0"))),
        inbox.postpone(&claimed, 1, "\0"),
        inbox.set_baseline("shop/web", 1, &[event("\0")], "before"),
    ] {
        assert!(matches!(result, Err(Error::Wrong(_))), "{result:?}");
    }
    assert_eq!(inbox.baseline("shop/web"), Ok(None));
    assert_eq!(inbox.deployment_requests(9), Ok(Vec::new()));
    assert_eq!(
        inbox.settle(&claimed, &wanted(&claimed.push_event)),
        Ok(true)
    );
}

fn an_empty_inbox(place: &Place) {
    let mut inbox = place.inbox();
    inbox.accept(&[]).expect("nothing to do");
    assert_eq!(pending(&mut *inbox), []);
    assert_eq!(due(&mut *inbox), []);
    assert_eq!(inbox.counts(), Ok(Counts::default()));
    assert_eq!(
        (inbox.push_events(9), inbox.deployment_requests(9)),
        (Ok(Vec::new()), Ok(Vec::new()))
    );
    assert_eq!(inbox.prune(u64::MAX / 4), Ok(0));
    inbox
        .accept(&[delivery(1, &[event("a"), event("b")])])
        .expect("accepted");
    let we = holder("we");
    assert_eq!(inbox.pending(&we, LONG, 0), Ok(Vec::new()));
    assert_eq!(inbox.pending(&we, LONG, 1).expect("claimed").len(), 1);
    assert_eq!(
        inbox.pending(&we, LONG, usize::MAX).expect("claimed").len(),
        1
    );
}
