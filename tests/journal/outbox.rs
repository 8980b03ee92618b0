//! The outbox: messages that stay in the journal until a channel has accepted them.

use std::time::Duration;

use greenlight::journal::{
    Attempted, NewOutboxMessage, OutboxMessage, OutboxRequest, OutboxState, Replaces, Store,
};

use crate::place::{Place, for_both, new};

for_both!(
    a_message_is_sent_once,
    a_failed_message_is_tried_again_in_its_turn,
    a_message_that_may_have_arrived_is_not_sent_again,
    an_update_may_be_sent_twice,
    a_message_is_replaced_while_it_is_sent,
    new_contents_are_sent_after_the_death_of_a_sender,
    a_message_that_waits_keeps_its_delay,
    a_message_that_is_refused_does_not_hold_up_others,
    an_old_message_is_given_up,
    two_processes_share_the_outbox,
);

const HOUR: Duration = Duration::from_hours(1);

/// Claims a message of any deployment.
pub const ANY: OutboxRequest = OutboxRequest {
    deployment: None,
    time_to_live: HOUR,
    give_up_after: HOUR,
};

/// A message that is stored once.
pub fn message(deployment: u64, name: &str, body: &str) -> NewOutboxMessage {
    NewOutboxMessage {
        deployment,
        name: name.to_owned(),
        body: body.to_owned(),
        replaces: Replaces::Never,
    }
}

fn hand_over(store: &mut dyn Store, deployment: u64, name: &str) {
    let message = message(deployment, name, "{}");
    store.hand_over(&message).expect("stored");
}

#[track_caller]
fn claim(store: &mut dyn Store) -> Option<OutboxMessage> {
    store.claim_message(&ANY).expect("an answer")
}

fn failed(again_in: Duration) -> Attempted {
    Attempted::Failed {
        error: "away".to_owned(),
        again_in,
        is_away: true,
        forget_place: false,
    }
}

/// The result of an attempt that Slack accepted.
pub fn sent(place: Option<&str>) -> Attempted {
    Attempted::Sent {
        place: place.map(str::to_owned),
    }
}

#[track_caller]
fn state(store: &mut dyn Store, deployment: u64) -> Vec<OutboxState> {
    let messages = store.outbox_of(deployment).expect("read");
    messages.iter().map(|it| it.state).collect()
}

fn a_message_is_sent_once(place: &Place) {
    let mut store = place.open();
    let store = store.as_mut();
    let deployment = store.begin(&new("a")).expect("begun");
    hand_over(store, deployment, "stopped");
    store
        .hand_over(&message(deployment, "stopped", "{\"other\":1}"))
        .expect("known already");
    assert_eq!(store.unsent(9).expect("read").len(), 1);
    let claimed = claim(store).expect("it is due");
    assert_eq!((claimed.body.as_str(), claimed.attempts), ("{}", 1));
    assert_eq!(claim(store), None, "it is being sent");
    store.attempted(&claimed, &sent(None)).expect("stored");
    assert_eq!(claim(store), None);
    assert_eq!(state(store, deployment), [OutboxState::Sent]);
    hand_over(store, deployment, "stopped");
    assert_eq!(claim(store), None, "it was sent");
    assert_eq!(store.unsent(9).expect("read"), []);
}

fn a_failed_message_is_tried_again_in_its_turn(place: &Place) {
    let mut store = place.open();
    let store = store.as_mut();
    let first = store.begin(&new("a")).expect("begun");
    let other = store.begin(&new("b")).expect("begun");
    hand_over(store, first, "warning");
    hand_over(store, first, "promoted");
    hand_over(store, other, "promoted");
    let claimed = claim(store).expect("it is due");
    assert_eq!(
        (claimed.deployment, claimed.name.as_str()),
        (first, "warning")
    );
    store.attempted(&claimed, &failed(HOUR)).expect("stored");
    assert_eq!(claim(store), None, "the channel is unreachable");
    // The second message of the first deployment waits for the first one.
    place.tamper(&format!(
        "UPDATE outbox SET due = 0, boot_due = 0 WHERE deployment = {other}"
    ));
    let claimed = claim(store).expect("another deployment is due");
    assert_eq!(claimed.deployment, other);
    store
        .attempted(&claimed, &failed(Duration::ZERO))
        .expect("stored");
    let again = claim(store).expect("it is due at once");
    assert_eq!((again.id, again.attempts), (claimed.id, 2));
    assert_eq!(again.error.as_deref(), Some("away"));
    store.attempted(&again, &sent(None)).expect("stored");
    assert_eq!(claim(store), None);
    assert_eq!(
        state(store, first),
        [OutboxState::Waiting, OutboxState::Waiting]
    );
    let only = OutboxRequest {
        deployment: Some(other),
        ..ANY
    };
    place.tamper("UPDATE outbox SET due = 0, boot_due = 0");
    assert_eq!(store.claim_message(&only).expect("an answer"), None);
    for name in ["warning", "promoted"] {
        let claimed = claim(store).expect("it is due");
        assert_eq!(claimed.name, name);
        store.attempted(&claimed, &sent(None)).expect("stored");
    }
}

fn a_message_that_may_have_arrived_is_not_sent_again(place: &Place) {
    let mut store = place.open();
    let store = store.as_mut();
    let deployment = store.begin(&new("a")).expect("begun");
    hand_over(store, deployment, "warning");
    hand_over(store, deployment, "promoted");
    let claimed = claim(store).expect("it is due");
    let unknown = Attempted::Unknown {
        error: "no answer".to_owned(),
    };
    store.attempted(&claimed, &unknown).expect("stored");
    let claimed = claim(store).expect("the next one is due");
    assert_eq!(claimed.name, "promoted");
    // The process dies now, and its claim ends.
    place.tamper("UPDATE outbox SET due = 0, boot_due = 0");
    assert_eq!(claim(place.open().as_mut()), None);
    store.attempted(&claimed, &failed(HOUR)).expect("too late");
    assert_eq!(
        state(store, deployment),
        [OutboxState::Unknown, OutboxState::Unknown]
    );
    let messages = store.outbox_of(deployment).expect("read");
    let errors: Vec<_> = messages.iter().map(|it| it.error.as_deref()).collect();
    let died = "the process that sent it ended before the answer";
    assert_eq!(errors, [Some("no answer"), Some(died)]);
}

fn an_update_may_be_sent_twice(place: &Place) {
    let mut store = place.open();
    let store = store.as_mut();
    let deployment = store.begin(&new("a")).expect("begun");
    let mut updated = message(deployment, "deployment", "{}");
    updated.replaces = Replaces::Always;
    store.hand_over(&updated).expect("stored");
    let claimed = claim(store).expect("it is due");
    store
        .attempted(&claimed, &sent(Some("C01 1.2")))
        .expect("stored");
    store.hand_over(&updated).expect("the same");
    assert_eq!(claim(store), None, "nothing is new");
    "{\"more\":1}".clone_into(&mut updated.body);
    store.hand_over(&updated).expect("stored");
    let claimed = claim(store).expect("it is due");
    assert_eq!(claimed.place.as_deref(), Some("C01 1.2"));
    assert_eq!((claimed.revision, claimed.attempts), (2, 1));
    // The process dies now, and its claim ends: the update is sent again.
    place.tamper("UPDATE outbox SET due = 0, boot_due = 0");
    let again = claim(place.open().as_mut()).expect("it is due");
    assert_eq!(again.place.as_deref(), Some("C01 1.2"));
    let gone = Attempted::Failed {
        error: "gone".to_owned(),
        again_in: Duration::ZERO,
        is_away: false,
        forget_place: true,
    };
    store.attempted(&again, &gone).expect("stored");
    assert_eq!(claim(store).expect("it is due").place, None);
}

fn a_message_is_replaced_while_it_is_sent(place: &Place) {
    let mut store = place.open();
    let store = store.as_mut();
    let deployment = store.begin(&new("a")).expect("begun");
    let mut updated = message(deployment, "deployment", "1");
    updated.replaces = Replaces::Always;
    store.hand_over(&updated).expect("stored");
    let claimed = claim(store).expect("it is due");
    "2".clone_into(&mut updated.body);
    store.hand_over(&updated).expect("stored");
    assert_eq!(claim(store), None, "one at a time");
    store
        .attempted(&claimed, &sent(Some("C01 1.2")))
        .expect("stored");
    let claimed = claim(store).expect("the new contents are due");
    assert_eq!(claimed.body, "2");
    assert_eq!(claimed.place.as_deref(), Some("C01 1.2"));
    store
        .attempted(&claimed, &sent(Some("C01 1.2")))
        .expect("stored");
    assert_eq!(state(store, deployment), [OutboxState::Sent]);
}

/// The process dies while it sends the first contents. The second contents were certainly not sent.
fn new_contents_are_sent_after_the_death_of_a_sender(place: &Place) {
    let mut store = place.open();
    let store = store.as_mut();
    let deployment = store.begin(&new("a")).expect("begun");
    let mut updated = message(deployment, "deployment", "1");
    updated.replaces = Replaces::Known;
    store.hand_over(&updated).expect("stored");
    claim(store).expect("it is due");
    "2".clone_into(&mut updated.body);
    store.hand_over(&updated).expect("stored");
    place.tamper("UPDATE outbox SET due = 0, boot_due = 0");
    let claimed = claim(store).expect("the new contents are due");
    assert_eq!(claimed.body, "2");
    // Now the process that sends the second contents dies. Only `Replaces::Always` replaces a message that may have
    // arrived.
    place.tamper("UPDATE outbox SET due = 0, boot_due = 0");
    assert_eq!(claim(store), None);
    assert_eq!(state(store, deployment), [OutboxState::Unknown]);
    "3".clone_into(&mut updated.body);
    store.hand_over(&updated).expect("stored");
    assert_eq!(claim(store), None);
    updated.replaces = Replaces::Always;
    store.hand_over(&updated).expect("stored");
    assert_eq!(claim(store).expect("it is due").body, "3");
}

/// New contents and other messages are not sent before the delay has passed.
fn a_message_that_waits_keeps_its_delay(place: &Place) {
    let mut store = place.open();
    let store = store.as_mut();
    let deployment = store.begin(&new("a")).expect("begun");
    let other = store.begin(&new("b")).expect("begun");
    let mut updated = message(deployment, "deployment", "1");
    updated.replaces = Replaces::Always;
    store.hand_over(&updated).expect("stored");
    hand_over(store, other, "promoted");
    let claimed = claim(store).expect("it is due");
    store.attempted(&claimed, &failed(HOUR)).expect("stored");
    "2".clone_into(&mut updated.body);
    store.hand_over(&updated).expect("stored");
    assert_eq!(claim(store), None);
    place.tamper("UPDATE outbox SET due = 0, boot_due = 0");
    assert_eq!(claim(store).expect("it is due").deployment, other);
    let again = claim(store).expect("it is due");
    assert_eq!((again.body.as_str(), again.attempts), ("2", 2));
}

fn a_message_that_is_refused_does_not_hold_up_others(place: &Place) {
    let mut store = place.open();
    let store = store.as_mut();
    let refused = store.begin(&new("a")).expect("begun");
    let others = [(); 2].map(|()| store.begin(&new("b")).expect("begun"));
    hand_over(store, refused, "stopped");
    for other in others {
        hand_over(store, other, "promoted");
    }
    let claimed = claim(store).expect("it is due");
    assert_eq!(claimed.deployment, refused);
    let for_a_person = Attempted::Failed {
        error: "invalid_blocks".to_owned(),
        again_in: HOUR,
        is_away: false,
        forget_place: false,
    };
    store.attempted(&claimed, &for_a_person).expect("stored");
    let claimed = claim(store).expect("another one is due");
    assert_eq!(claimed.deployment, others[0]);
    store.attempted(&claimed, &sent(None)).expect("stored");
    // Both messages are due. The message with fewer attempts is first.
    place.tamper("UPDATE outbox SET due = 0, boot_due = 0");
    assert_eq!(claim(store).expect("it is due").deployment, others[1]);
}

fn an_old_message_is_given_up(place: &Place) {
    let mut store = place.open();
    let store = store.as_mut();
    let deployment = store.begin(&new("a")).expect("begun");
    hand_over(store, deployment, "stopped");
    let claimed = claim(store).expect("it is due");
    store
        .attempted(&claimed, &failed(Duration::ZERO))
        .expect("stored");
    let day = 24 * 60 * 60 * 1000;
    place.tamper(&format!(
        "UPDATE outbox SET at = at - {day}, boot_at = boot_at - {day}"
    ));
    assert_eq!(claim(store), None);
    assert_eq!(state(store, deployment), [OutboxState::GivenUp]);
    let message = store.outbox_of(deployment).expect("read").remove(0);
    assert_eq!(
        message.error.as_deref(),
        Some("away"),
        "why it did not arrive"
    );
    assert_eq!(store.unsent(9).expect("read"), []);
}

fn two_processes_share_the_outbox(place: &Place) {
    let mut store = place.open();
    let numbers: Vec<_> = (0..40)
        .map(|_| store.begin(&new("a")).expect("begun"))
        .collect();
    for number in &numbers {
        hand_over(store.as_mut(), *number, "promoted");
    }
    let take = || {
        let mut store = place.open();
        let mut taken = Vec::new();
        while let Some(claimed) = claim(store.as_mut()) {
            store.attempted(&claimed, &sent(None)).expect("stored");
            taken.push(claimed.deployment);
        }
        taken
    };
    let mut taken: Vec<u64> = std::thread::scope(|scope| {
        let threads = [scope.spawn(take), scope.spawn(take)];
        threads
            .into_iter()
            .flat_map(|it| it.join().expect("no panic"))
            .collect()
    });
    // In PostgreSQL, a process that waited for the same message ends early.
    taken.extend(take());
    taken.sort_unstable();
    assert_eq!(taken, numbers, "each once");
}
