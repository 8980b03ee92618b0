//! Servers that share the work.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use greenlight::journal::inbox::{DeploymentRequestState, Inbox, PushEvent};

use super::{LONG, delivery, event, holder, wanted};
use crate::place::{Place, for_both};

for_both!(nothing_is_done_twice, deliveries_of_many_are_all_counted);

/// How many deployments there are to be.
const MANY: usize = 1000;

fn nothing_is_done_twice(place: &Place) {
    let tags: Vec<PushEvent> = (0..MANY).map(|number| event(&number.to_string())).collect();
    for some in tags.chunks(100) {
        place
            .inbox()
            .accept(&[delivery(1, some)])
            .expect("accepted");
    }
    let done = &AtomicUsize::new(0);
    let deadline = Instant::now() + Duration::from_mins(2);
    let receive = |(name, mut inbox): (&str, Box<dyn Inbox>)| {
        let own = holder(name);
        let mut made = Vec::new();
        while done.load(Ordering::SeqCst) < MANY {
            assert!(Instant::now() < deadline, "only {made:?}");
            for claimed in inbox.pending(&own, LONG, 32).expect("claimed") {
                let settled = wanted(&claimed.push_event);
                assert_eq!(inbox.settle(&claimed, &settled), Ok(true));
            }
            for claimed in inbox.due(&own, LONG, 16).expect("claimed") {
                let starting = DeploymentRequestState::Starting {
                    attempt: claimed.request.attempts + 1,
                    why: None,
                    again_at: 0,
                };
                assert_eq!(inbox.write(&claimed, &starting, true), Ok(true));
                let started = DeploymentRequestState::Started {
                    reference: name.to_owned(),
                };
                assert_eq!(inbox.write(&claimed, &started, false), Ok(true));
                made.push(claimed.request.tag);
                done.fetch_add(1, Ordering::SeqCst);
            }
        }
        made
    };
    let servers = ["one", "other"].map(|name| (name, place.inbox()));
    let made = thread::scope(|scope| {
        servers
            .map(|server| scope.spawn(move || receive(server)))
            .map(|server| server.join().expect("no panic"))
    });
    assert!(made.iter().all(|made| made.len() > MANY / 20), "shared");
    let all: Vec<_> = made.concat();
    assert_eq!(all.len(), MANY);
    assert_eq!(all.into_iter().collect::<BTreeSet<_>>().len(), MANY);
    for request in place.inbox().deployment_requests(usize::MAX).expect("read") {
        assert_eq!(request.attempts, 1, "{request:?}");
    }
    assert_eq!(place.inbox().counts().expect("read").started, MANY as u64);
}

fn deliveries_of_many_are_all_counted(place: &Place) {
    let together = &Barrier::new(3);
    let servers = [1, 2, 3].map(|number| (number, place.inbox()));
    thread::scope(|scope| {
        for (number, mut inbox) in servers {
            scope.spawn(move || {
                // The same events in another order each.
                let mut events: Vec<_> = (0..20).map(|tag| event(&tag.to_string())).collect();
                events.rotate_left(number * 5);
                let batch: Vec<_> = events
                    .iter()
                    .map(|event| delivery(1, std::slice::from_ref(event)))
                    .collect();
                together.wait();
                for _ in 0..20 {
                    inbox.accept(&batch).expect("accepted");
                }
            });
        }
    });
    let rows = place.inbox().push_events(99).expect("read");
    assert_eq!(rows.len(), 20);
    assert!(rows.iter().all(|row| row.deliveries == 60), "{rows:?}");
    assert_eq!(place.inbox().counts().expect("read").deliveries, 1200);
}
