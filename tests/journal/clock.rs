//! A system clock that is set: in a file, the boot clock decides when claims end and when delays are over.
//!
//! The tests change the times that the rows have by the system clock. For the rows, that is the same as a change of the
//! clock in the other direction.

use std::time::{Duration, Instant};

use greenlight::clock;
use greenlight::journal::inbox::DeploymentRequestState;
use greenlight::journal::{Attempted, NewOutboxMessage, OutboxRequest, OutboxState, Replaces};

use crate::inbox::{LONG, delivery, event, want};
use crate::place::{Place, holder, new};

/// A claim or a delay that ends during a test.
const SHORT: Duration = Duration::from_millis(30);

/// Sets the clock, in milliseconds from now.
fn set_clock(place: &Place, by: i64) {
    place.tamper(&format!(
        "UPDATE hints SET again_at = again_at - {by}, expires = expires - {by};
         UPDATE starts SET again_at = again_at - {by}, expires = expires - {by}, updated = updated - {by};
         UPDATE outbox SET due = due - {by}, at = at - {by}"
    ));
}

const BACK: i64 = -3_600_000;
const FORWARDS: i64 = 3_600_000;

fn after(delay: Duration) -> u64 {
    clock::milliseconds() + u64::try_from(delay.as_millis()).expect("a short time")
}

/// Calls a function until it returns a value.
fn until<T>(mut found: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(Instant::now() < deadline, "it does not become due");
    }
}

/// An inbox with a push event that is claimed, one that is postponed, and three deployment requests: one is claimed and
/// being started, one is being started with a delay, one waits. Each claim and delay has the same length. Also a message
/// that a process is sending, and one that waits for the next attempt.
fn fill(place: &Place, delay: Duration) {
    let they = holder("they");
    let mut inbox = place.inbox();
    want(
        &mut *inbox,
        &[event("claimed"), event("starting"), event("waiting")],
    );
    for claimed in inbox.due(&they, delay, 9).expect("claimed") {
        let again_at = after(delay);
        let (state, keep) = match claimed.request.tag.as_str() {
            "claimed" => (starting(0), true),
            "starting" => (starting(again_at), false),
            _ => {
                let why = "a reason".to_owned();
                (DeploymentRequestState::Waiting { why, again_at }, false)
            }
        };
        assert_eq!(inbox.write(&claimed, &state, keep), Ok(true));
    }
    let events = [event("held"), event("postponed")];
    inbox.accept(&[delivery(1, &events)]).expect("accepted");
    for claimed in inbox.pending(&they, delay, 9).expect("claimed") {
        if claimed.push_event.tag == "postponed" {
            let postponed = inbox.postpone(&claimed, after(delay), "a reason");
            assert_eq!(postponed, Ok(true));
        }
    }

    let mut store = place.open();
    for name in ["sending", "waiting"] {
        let deployment = store.begin(&new("c0ffee")).expect("begun");
        let message = NewOutboxMessage {
            deployment,
            name: name.to_owned(),
            body: "{}".to_owned(),
            replaces: Replaces::Never,
        };
        store.hand_over(&message).expect("stored");
        let claimed = store.claim_message(&request(delay)).expect("read");
        let claimed = claimed.expect("it is due");
        if name == "waiting" {
            store.attempted(&claimed, &failed(delay)).expect("stored");
        }
    }
}

fn starting(again_at: u64) -> DeploymentRequestState {
    DeploymentRequestState::Starting {
        attempt: 1,
        why: None,
        again_at,
    }
}

fn failed(again_in: Duration) -> Attempted {
    Attempted::Failed {
        error: "a reason".to_owned(),
        again_in,
        is_away: false,
        forget_place: false,
    }
}

fn request(time_to_live: Duration) -> OutboxRequest {
    OutboxRequest {
        deployment: None,
        time_to_live,
        give_up_after: LONG,
    }
}

/// The tags of the push events and of the deployment requests that can be claimed now.
fn claimable(place: &Place) -> (Vec<String>, Vec<String>) {
    let (mut inbox, we) = (place.inbox(), holder("we"));
    let pending = inbox.pending(&we, LONG, 9).expect("claimed");
    let due = inbox.due(&we, LONG, 9).expect("claimed");
    let tags = due.into_iter().map(|it| it.request.tag);
    let events = pending.into_iter().map(|it| it.push_event.tag);
    (events.collect(), tags.collect())
}

#[test]
fn a_clock_that_is_set_back_delays_nothing() {
    let place = Place::sqlite();
    fill(&place, SHORT);
    set_clock(&place, BACK);
    let (mut events, mut tags) = (Vec::new(), Vec::new());
    until(|| {
        let (more_events, more_tags) = claimable(&place);
        events.extend(more_events);
        tags.extend(more_tags);
        (events.len() >= 2 && tags.len() >= 3).then_some(())
    });
    events.sort();
    tags.sort();
    assert_eq!(events, ["held", "postponed"]);
    assert_eq!(tags, ["claimed", "starting", "waiting"]);

    let mut store = place.open();
    let claimed = until(|| store.claim_message(&request(LONG)).expect("read"));
    assert_eq!(claimed.name, "waiting");
    let sending = || {
        // A search ends the attempt whose process died.
        let _ = store.claim_message(&request(LONG)).expect("read");
        let message = store.outbox_of(1).expect("read").remove(0);
        (message.state != OutboxState::Sending).then_some(message.state)
    };
    assert_eq!(until(sending), OutboxState::Unknown);
}

#[test]
fn a_clock_that_is_set_forwards_ends_no_claim_and_no_delay() {
    let place = Place::sqlite();
    fill(&place, LONG);
    set_clock(&place, FORWARDS);
    assert_eq!(claimable(&place), (vec![], vec![]));
    let mut store = place.open();
    assert_eq!(store.claim_message(&request(LONG)), Ok(None));
    let unsent = store.unsent(9).expect("read");
    let states: Vec<_> = unsent.iter().map(|it| it.state).collect();
    // No message is given up.
    assert_eq!(states, [OutboxState::Sending, OutboxState::Waiting]);
    // The time of the next attempt is shown by the clock as it is set now.
    assert!(unsent[1].due > clock::milliseconds());
}

/// Makes the rows those of an earlier boot, whose clock had a much larger value.
fn restart(place: &Place) {
    let tables = [
        ("hints", "boot_again_at", "boot_expires"),
        ("starts", "boot_again_at", "boot_expires"),
        ("outbox", "boot_due", "boot_at"),
    ];
    let restarted = tables.map(|(table, one, other)| {
        format!("UPDATE {table} SET boot = 'earlier', {one} = {one} + 1000000000, {other} = {other} + 1000000000;")
    });
    place.tamper(&restarted.concat());
}

/// The process that wrote a row can run on another machine, or in another namespace.
#[test]
fn the_system_clock_decides_after_a_restart() {
    let place = Place::sqlite();
    fill(&place, LONG);
    restart(&place);
    assert_eq!(claimable(&place), (vec![], vec![]));
    let mut store = place.open();
    assert_eq!(store.claim_message(&request(LONG)), Ok(None));

    // The times have passed. The claims that follow last by the current boot.
    set_clock(&place, FORWARDS);
    let (events, tags) = claimable(&place);
    assert_eq!((events.len(), tags.len()), (2, 3));
    assert_eq!(claimable(&place), (vec![], vec![]));
    assert_eq!(store.claim_message(&request(LONG)), Ok(None));
    let states = [1, 2].map(|number| store.outbox_of(number).expect("read")[0].state);
    assert_eq!(states, [OutboxState::Unknown, OutboxState::GivenUp]);
}

/// A row that is written after a restart is due by the clock of the current boot.
#[test]
fn a_row_of_an_earlier_boot_is_due_by_the_current_one_after_it_is_claimed() {
    let place = Place::sqlite();
    fill(&place, SHORT);
    restart(&place);
    let (mut inbox, mut store) = (place.inbox(), place.open());
    let message = until(|| store.claim_message(&request(LONG)).expect("read"));
    store.attempted(&message, &failed(SHORT)).expect("stored");
    let mut claimed = Vec::new();
    until(|| {
        claimed.extend(inbox.due(&holder("we"), SHORT, 9).expect("claimed"));
        (claimed.len() >= 3).then_some(())
    });
    set_clock(&place, BACK);
    let mut again = 0;
    until(|| {
        again += inbox.due(&holder("we"), LONG, 9).expect("claimed").len();
        (again >= 3).then_some(())
    });
    let again = until(|| store.claim_message(&request(LONG)).expect("read"));
    assert_eq!(again.id, message.id);
}
