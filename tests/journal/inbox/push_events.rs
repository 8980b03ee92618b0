//! Push events: delivered, claimed, settled, postponed and pruned.

use greenlight::clock;
use greenlight::journal::inbox::{PushEvent, PushEventState};

use super::{delivery, event, ignored, pending, wanted, with_digest};
use crate::place::{Place, for_both};

for_both!(
    push_events_are_kept_and_counted,
    several_push_events_are_settled_at_once,
    a_push_event_is_settled_until_it_comes_in_again,
    a_delivery_in_between_leaves_a_push_event_pending,
    a_postponed_push_event_waits,
    push_events_that_were_never_delivered_are_unknown,
    the_baseline_of_a_repository_is_kept,
    only_settled_deliveries_are_pruned,
);

fn push_events_are_kept_and_counted(place: &Place) {
    let mut inbox = place.inbox();
    let (a, b, digest) = (event("a"), event("b"), with_digest("a", "sha256:1"));
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

fn several_push_events_are_settled_at_once(place: &Place) {
    let mut inbox = place.inbox();
    inbox
        .accept(&[delivery(1, &[event("a"), event("b"), event("c")])])
        .expect("accepted");
    let claimed = pending(&mut *inbox);
    // One of them comes in again meanwhile.
    inbox
        .accept(&[delivery(2, &[event("b")])])
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
    assert_eq!(left, [event("b")]);
    assert_eq!(inbox.settle_all(&[]), Ok(()));
}

fn a_push_event_is_settled_until_it_comes_in_again(place: &Place) {
    let mut inbox = place.inbox();
    inbox
        .accept(&[delivery(1, &[event("a")])])
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
        .accept(&[delivery(2, &[event("a")])])
        .expect("accepted");
    let second = pending(&mut *inbox).remove(0);
    assert_eq!((second.id, second.deliveries), (first.id, 2));
    assert!(second.fence > first.fence);
    assert_eq!(inbox.settle(&second, &wanted(&second.push_event)), Ok(true));
    let request = inbox.deployment_requests(1).expect("read")[0].id;
    let state = PushEventState::Wanted { request };
    assert_eq!(inbox.push_events(1).expect("read")[0].state, state);
}

fn a_delivery_in_between_leaves_a_push_event_pending(place: &Place) {
    let mut inbox = place.inbox();
    inbox
        .accept(&[delivery(1, &[event("a")])])
        .expect("accepted");
    let claimed = pending(&mut *inbox).remove(0);
    inbox
        .accept(&[delivery(2, &[event("a")])])
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

fn a_postponed_push_event_waits(place: &Place) {
    let mut inbox = place.inbox();
    inbox
        .accept(&[delivery(1, &[event("a")])])
        .expect("accepted");
    let claimed = pending(&mut *inbox).remove(0);
    let later = clock::milliseconds() + 60_000;
    assert_eq!(inbox.postpone(&claimed, later, "down"), Ok(true));
    assert_eq!(pending(&mut *inbox), []);
    let state = PushEventState::Pending {
        why: Some("down".to_owned()),
        again_at: later,
    };
    assert_eq!(inbox.push_events(1).expect("read")[0].state, state);

    // No other holder has claimed it in between.
    assert_eq!(inbox.postpone(&claimed, 1, "still down"), Ok(true));
    let again = pending(&mut *inbox).remove(0);
    assert_eq!(again.attempts, 1);
    assert_eq!(inbox.postpone(&claimed, later, "late"), Ok(false));
    assert_eq!(inbox.settle(&claimed, &ignored("late")), Ok(false));
    assert_eq!(inbox.postpone(&again, later, "down"), Ok(true));
    inbox
        .accept(&[delivery(2, &[event("a")])])
        .expect("accepted");
    let again = pending(&mut *inbox).remove(0);
    assert_eq!(again.attempts, 0, "it came in again");
    // A delay of an hour is longer than any delay: the clock was set back. The boot clock is unknown.
    let beyond = clock::milliseconds() + 3_600_000;
    assert_eq!(inbox.postpone(&again, beyond, "down"), Ok(true));
    place.tamper("UPDATE hints SET boot = NULL");
    assert_eq!(pending(&mut *inbox).len(), 1);
}

fn push_events_that_were_never_delivered_are_unknown(place: &Place) {
    let mut inbox = place.inbox();
    inbox
        .accept(&[delivery(1, &[with_digest("a", "1"), event("b")])])
        .expect("accepted");
    let claimed = pending(&mut *inbox).remove(1);
    assert_eq!(
        inbox.settle(&claimed, &wanted(&with_digest("b", "2"))),
        Ok(true)
    );
    let elsewhere = PushEvent {
        repository: "shop/other".to_owned(),
        ..event("a")
    };
    let new = [
        elsewhere,
        event("c"),
        with_digest("a", "2"),
        with_digest("b", "1"),
    ];
    let known = [
        event("a"),
        with_digest("a", "1"),
        event("b"),
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

fn the_baseline_of_a_repository_is_kept(place: &Place) {
    let mut inbox = place.inbox();
    inbox
        .accept(&[delivery(1, &[event("a")])])
        .expect("accepted");
    assert_eq!(inbox.baseline("shop/web"), Ok(None));
    let listed = [event("a"), event("b"), event("b")];
    assert_eq!(
        inbox.set_baseline("shop/web", 7, &listed, "before"),
        Ok(true)
    );
    assert_eq!(
        inbox.set_baseline("shop/web", 8, &[event("c")], "late"),
        Ok(false)
    );
    let mut inbox = place.inbox();
    assert_eq!(inbox.baseline("shop/web"), Ok(Some(7)));
    assert_eq!(inbox.baseline("shop/other"), Ok(None));
    assert_eq!(
        inbox.unknown(&[event("a"), event("b"), event("c")]),
        Ok(vec![event("c")])
    );
    let row = inbox.push_events(1).expect("read").remove(0);
    let why = "before".to_owned();
    assert_eq!(
        (row.push_event, row.deliveries, row.state),
        (event("b"), 0, PushEventState::Ignored { why })
    );
    let claimed: Vec<_> = pending(&mut *inbox)
        .into_iter()
        .map(|it| it.push_event)
        .collect();
    assert_eq!(claimed, [event("a")]);
    // It was pushed again after all.
    inbox
        .accept(&[delivery(9, &[event("b")])])
        .expect("accepted");
    assert_eq!(pending(&mut *inbox)[0].push_event, event("b"));
}

fn only_settled_deliveries_are_pruned(place: &Place) {
    let mut inbox = place.inbox();
    let deliveries = [
        delivery(1, &[event("a")]),
        delivery(2, &[event("a"), event("b")]),
        delivery(3, &[]),
        delivery(4, &[event("a")]),
    ];
    inbox.accept(&deliveries).expect("accepted");
    for claimed in pending(&mut *inbox) {
        if claimed.push_event == event("a") {
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
