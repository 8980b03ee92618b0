//! Deliveries, hints and starts.

use greenlight::journal::Error;
use greenlight::journal::inbox::{Counts, DeploymentRequestState, PushEvent, PushEventState};

use super::{LONG, delivery, due, hint, holder, ignored, pending, want, wanted, with_digest};
use crate::place::{Place, for_both};

for_both!(
    hints_are_kept_and_counted,
    a_hint_is_settled_until_it_comes_in_again,
    a_delivery_in_between_leaves_a_hint_pending,
    several_hints_are_settled_at_once,
    a_postponed_hint_waits,
    one_start_comes_of_many_hints,
    each_state_of_a_start_comes_back,
    what_has_never_been_heard_of,
    the_first_look_is_remembered,
    only_what_is_settled_is_pruned,
    nothing_of_what_can_not_be_stored_is,
    an_empty_inbox,
);

fn hints_are_kept_and_counted(place: &Place) {
    let mut inbox = place.inbox();
    let (a, b, digest) = (hint("a"), hint("b"), with_digest("a", "sha256:1"));
    inbox
        .accept(&[
            delivery(20, &[a.clone(), b.clone(), a.clone()]),
            delivery(10, &[a.clone(), digest.clone()]),
            delivery(30, &[]),
        ])
        .expect("accepted");
    inbox
        .accept(&[delivery(25, &[with_digest("b", "")])])
        .expect("accepted");

    let mut inbox = place.inbox();
    let rows = inbox.push_events(9).expect("read");
    let seen: Vec<_> = rows
        .iter()
        .map(|row| (&row.push_event, row.deliveries, row.first, row.last))
        .collect();
    assert_eq!(
        seen,
        [(&b, 2, 20, 25), (&a, 2, 10, 20), (&digest, 1, 10, 10)]
    );
    for row in &rows {
        let waits = PushEventState::Pending {
            why: None,
            again_at: 0,
        };
        assert_eq!(row.state, waits);
    }
    assert_eq!(inbox.push_events(1).expect("read").len(), 1);
    let counts = inbox.counts().expect("read");
    assert_eq!((counts.deliveries, counts.pending), (4, 3));
    let claimed: Vec<_> = pending(&mut *inbox)
        .into_iter()
        .map(|it| it.push_event)
        .collect();
    assert_eq!(claimed, [digest, a, b], "the oldest first");
}

fn several_hints_are_settled_at_once(place: &Place) {
    let mut inbox = place.inbox();
    inbox
        .accept(&[delivery(1, &[hint("a"), hint("b"), hint("c")])])
        .expect("accepted");
    let claimed = pending(&mut *inbox);
    // One of them comes in again meanwhile.
    inbox
        .accept(&[delivery(2, &[hint("b")])])
        .expect("accepted");
    let all: Vec<_> = claimed
        .into_iter()
        .map(|it| (it, ignored("no tag of ours")))
        .collect();
    assert_eq!(inbox.settle_all(&all), Ok(()));
    let left: Vec<_> = pending(&mut *inbox)
        .into_iter()
        .map(|it| it.push_event)
        .collect();
    assert_eq!(left, [hint("b")]);
    assert_eq!(inbox.settle_all(&[]), Ok(()));
}

fn a_hint_is_settled_until_it_comes_in_again(place: &Place) {
    let mut inbox = place.inbox();
    inbox
        .accept(&[delivery(1, &[hint("a")])])
        .expect("accepted");
    let first = pending(&mut *inbox).remove(0);
    assert_eq!((first.deliveries, first.attempts), (1, 0));
    assert_eq!(pending(&mut *inbox), []);
    assert_eq!(inbox.settle(&first, &ignored("no tag of ours")), Ok(true));
    assert_eq!(pending(&mut *inbox), []);
    let why = "no tag of ours".to_owned();
    let state = PushEventState::Ignored { why };
    assert_eq!(inbox.push_events(1).expect("read")[0].state, state);
    assert_eq!(inbox.counts().expect("read").pending, 0);

    inbox
        .accept(&[delivery(2, &[hint("a")])])
        .expect("accepted");
    let second = pending(&mut *inbox).remove(0);
    assert_eq!((second.id, second.deliveries), (first.id, 2));
    assert!(second.fence > first.fence);
    assert_eq!(inbox.settle(&second, &wanted(&second.push_event)), Ok(true));
    let start = inbox.deployment_requests(1).expect("read")[0].id;
    let state = PushEventState::Wanted { request: start };
    assert_eq!(inbox.push_events(1).expect("read")[0].state, state);
}

fn a_delivery_in_between_leaves_a_hint_pending(place: &Place) {
    let mut inbox = place.inbox();
    inbox
        .accept(&[delivery(1, &[hint("a")])])
        .expect("accepted");
    let claimed = pending(&mut *inbox).remove(0);
    inbox
        .accept(&[delivery(2, &[hint("a")])])
        .expect("accepted");
    assert_eq!(pending(&mut *inbox), [], "it is claimed");
    assert_eq!(
        inbox.settle(&claimed, &wanted(&claimed.push_event)),
        Ok(true)
    );
    assert_eq!(inbox.deployment_requests(9).expect("read").len(), 1);
    let again = pending(&mut *inbox).remove(0);
    assert_eq!(again.deliveries, 2);
    assert_eq!(inbox.settle(&again, &wanted(&again.push_event)), Ok(true));
    assert_eq!(inbox.deployment_requests(9).expect("read").len(), 1);
    assert_eq!(pending(&mut *inbox), []);
}

fn a_postponed_hint_waits(place: &Place) {
    let mut inbox = place.inbox();
    inbox
        .accept(&[delivery(1, &[hint("a")])])
        .expect("accepted");
    let claimed = pending(&mut *inbox).remove(0);
    let later = u64::MAX / 4;
    assert_eq!(inbox.postpone(&claimed, later, "down"), Ok(true));
    assert_eq!(pending(&mut *inbox), []);
    let state = PushEventState::Pending {
        why: Some("down".to_owned()),
        again_at: later,
    };
    assert_eq!(inbox.push_events(1).expect("read")[0].state, state);

    // Nobody has had it in between.
    assert_eq!(inbox.postpone(&claimed, 1, "still down"), Ok(true));
    let again = pending(&mut *inbox).remove(0);
    assert_eq!(again.attempts, 1);
    assert_eq!(inbox.postpone(&claimed, later, "late"), Ok(false));
    assert_eq!(inbox.settle(&claimed, &ignored("late")), Ok(false));
    assert_eq!(inbox.postpone(&again, later, "down"), Ok(true));
    inbox
        .accept(&[delivery(2, &[hint("a")])])
        .expect("accepted");
    assert_eq!(pending(&mut *inbox)[0].attempts, 0, "it came in again");
}

fn one_start_comes_of_many_hints(place: &Place) {
    let mut inbox = place.inbox();
    let said = [hint("a"), with_digest("a", "1"), with_digest("a", "2")];
    inbox.accept(&[delivery(1, &said)]).expect("accepted");
    for claimed in pending(&mut *inbox) {
        let settled = wanted(&with_digest("a", "1"));
        assert_eq!(inbox.settle(&claimed, &settled), Ok(true));
    }
    let start = inbox.deployment_requests(9).expect("read").remove(0);
    assert_eq!(inbox.deployment_requests(9).expect("read").len(), 1);
    assert_eq!(start.digest.as_deref(), Some("1"));
    assert_eq!((start.environment.as_str(), start.attempts), ("stage", 0));
    assert_eq!(
        (start.state.clone(), start.commit.as_str()),
        (DeploymentRequestState::Wanted, "c0ffee")
    );
    assert_eq!(start.key.len(), 32);
    assert!(start.created > 1_700_000_000_000 && start.created == start.updated);
    assert_eq!(inbox.deployment_request(start.id), Ok(Some(start.clone())));
    assert_eq!(inbox.deployment_request(start.id + 1), Ok(None));
    for row in inbox.push_events(9).expect("read") {
        assert_eq!(row.state, PushEventState::Wanted { request: start.id });
    }

    // Without a digest it is another one.
    want(&mut *inbox, &[hint("a")]);
    let starts = inbox.deployment_requests(9).expect("read");
    assert_eq!((starts.len(), starts[0].digest.as_ref()), (2, None));
    assert!(starts[0].id > starts[1].id);
    assert_ne!(starts[0].key, starts[1].key);
}

fn each_state_of_a_start_comes_back(place: &Place) {
    let mut inbox = place.inbox();
    want(&mut *inbox, &[hint("a")]);
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
                finished: None,
            },
            2,
            false,
        ),
        (
            DeploymentRequestState::Started {
                reference: "7".to_owned(),
                finished: Some("promoted".to_owned()),
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
        let start = inbox
            .deployment_request(claimed.request.id)
            .expect("read")
            .expect("there");
        assert_eq!((&start.state, start.attempts), (&state, count));
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

fn what_has_never_been_heard_of(place: &Place) {
    let mut inbox = place.inbox();
    inbox
        .accept(&[delivery(1, &[with_digest("a", "1"), hint("b")])])
        .expect("accepted");
    let claimed = pending(&mut *inbox).remove(1);
    assert_eq!(
        inbox.settle(&claimed, &wanted(&with_digest("b", "2"))),
        Ok(true)
    );
    let elsewhere = PushEvent {
        repository: "shop/other".to_owned(),
        ..hint("a")
    };
    let new = [
        elsewhere,
        hint("c"),
        with_digest("a", "2"),
        with_digest("b", "1"),
    ];
    let known = [
        hint("a"),
        with_digest("a", "1"),
        hint("b"),
        with_digest("b", "2"),
    ];
    let listed: Vec<_> = new
        .iter()
        .zip(&known)
        .flat_map(|(new, known)| [new.clone(), known.clone()])
        .collect();
    assert_eq!(inbox.unknown(&listed), Ok(new.to_vec()));
    assert_eq!(inbox.unknown(&[]), Ok(Vec::new()));
}

fn the_first_look_is_remembered(place: &Place) {
    let mut inbox = place.inbox();
    inbox
        .accept(&[delivery(1, &[hint("a")])])
        .expect("accepted");
    assert_eq!(inbox.baseline("shop/web"), Ok(None));
    let listed = [hint("a"), hint("b"), hint("b")];
    assert_eq!(
        inbox.set_baseline("shop/web", 7, &listed, "before"),
        Ok(true)
    );
    assert_eq!(
        inbox.set_baseline("shop/web", 8, &[hint("c")], "late"),
        Ok(false)
    );
    let mut inbox = place.inbox();
    assert_eq!(inbox.baseline("shop/web"), Ok(Some(7)));
    assert_eq!(inbox.baseline("shop/other"), Ok(None));
    assert_eq!(
        inbox.unknown(&[hint("a"), hint("b"), hint("c")]),
        Ok(vec![hint("c")])
    );
    let row = inbox.push_events(1).expect("read").remove(0);
    let why = "before".to_owned();
    assert_eq!(
        (row.push_event, row.deliveries, row.state),
        (hint("b"), 0, PushEventState::Ignored { why })
    );
    let claimed: Vec<_> = pending(&mut *inbox)
        .into_iter()
        .map(|it| it.push_event)
        .collect();
    assert_eq!(claimed, [hint("a")]);
    // It was pushed again after all.
    inbox
        .accept(&[delivery(9, &[hint("b")])])
        .expect("accepted");
    assert_eq!(pending(&mut *inbox)[0].push_event, hint("b"));
}

fn only_what_is_settled_is_pruned(place: &Place) {
    let mut inbox = place.inbox();
    let deliveries = [
        delivery(1, &[hint("a")]),
        delivery(2, &[hint("a"), hint("b")]),
        delivery(3, &[]),
        delivery(4, &[hint("a")]),
    ];
    inbox.accept(&deliveries).expect("accepted");
    for claimed in pending(&mut *inbox) {
        if claimed.push_event == hint("a") {
            assert_eq!(
                inbox.settle(&claimed, &wanted(&claimed.push_event)),
                Ok(true)
            );
        }
    }
    assert_eq!(inbox.prune(4), Ok(2));
    assert_eq!(inbox.prune(4), Ok(0));
    let counts = inbox.counts().expect("read");
    assert_eq!(
        (counts.deliveries, counts.pending, counts.wanted),
        (2, 1, 1)
    );
    assert_eq!(inbox.push_events(9).expect("read").len(), 2);

    let many: Vec<_> = (0..1100).map(|_| delivery(5, &[])).collect();
    inbox.accept(&many).expect("accepted");
    assert_eq!(inbox.prune(9), Ok(1000));
    assert_eq!(inbox.prune(9), Ok(101));
}

fn nothing_of_what_can_not_be_stored_is(place: &Place) {
    let mut inbox = place.inbox();
    let batch = [delivery(1, &[hint("a")]), delivery(2, &[hint("b\0")])];
    let error = inbox.accept(&batch).expect_err("a NUL");
    assert!(matches!(error, Error::Wrong(_)), "{error}");
    assert_eq!(inbox.counts(), Ok(Counts::default()));
    inbox.accept(&batch[..1]).expect("accepted");
    let claimed = pending(&mut *inbox).remove(0);
    for result in [
        inbox.settle(&claimed, &ignored("\0")),
        inbox.settle(&claimed, &wanted(&with_digest("a", "\0"))),
        inbox.postpone(&claimed, 1, "\0"),
        inbox.set_baseline("shop/web", 1, &[hint("\0")], "before"),
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
        .accept(&[delivery(1, &[hint("a"), hint("b")])])
        .expect("accepted");
    let we = holder("we");
    assert_eq!(inbox.pending(&we, LONG, 0), Ok(Vec::new()));
    assert_eq!(inbox.pending(&we, LONG, 1).expect("claimed").len(), 1);
    assert_eq!(
        inbox.pending(&we, LONG, usize::MAX).expect("claimed").len(),
        1
    );
}
