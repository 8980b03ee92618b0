//! Damaged rows of the tables that change: messages to people and to drivers, leases, baselines and push events. A check
//! notices each damage. No message is sent twice, no lock has two holders, and no webhook is lost unnoticed.

use std::fmt::Debug;

use fastrand::Rng;
use greenlight::journal::inbox::Inbox;
use greenlight::journal::{
    Attempted, Baseline, Claim, ClaimRequest, Depth, Error, Holder, Lock, Message, NewFreeze,
    Store, Thaw,
};

use crate::inbox::{LONG, delivery, event, ignored};
use crate::outbox::{ANY, message, sent};
use crate::place::{Place, for_both, holder, new};

for_both!(
    randomly_damaged_rows_are_noticed,
    an_intact_journal_is_not_damaged,
    a_sent_message_that_waits_again_is_damage,
    rows_of_an_earlier_version_get_checksums,
);

/// The tables, in an order in which their rows can be deleted, with their columns and the damaged values.
const TABLES: [(&str, &[(&str, &str)]); 6] = [
    (
        "outbox",
        &[
            ("state", "'waiting'"),
            ("state", "'sent'"),
            ("state", "'given-up'"),
            ("state", "'sending'"),
            ("name", "name || 'x'"),
            ("body", "'{\"text\":\"other\"}'"),
            ("revision", "revision + 1"),
            ("place", "'C09 1.2'"),
            ("claimed", "9"),
            ("checksum", "NULL"),
        ],
    ),
    (
        "messages",
        &[("body", "'{}'"), ("at", "at + 1"), ("checksum", "NULL")],
    ),
    (
        "leases",
        &[
            ("holder", "NULL"),
            ("holder", "'another@elsewhere'"),
            ("expires", "0"),
            ("boot", "'another'"),
            ("boot_expires", "7"),
            ("fence", "fence + 1"),
            ("deployment", "deployment + 1"),
            ("commit_id", "'badc0de'"),
            ("environment", "environment || 'x'"),
            ("checksum", "NULL"),
        ],
    ),
    (
        "live_commits",
        &[
            ("commit_id", "'badc0de'"),
            ("at", "at - 5000"),
            ("person", "'Eve'"),
            ("environment", "'prod'"),
            ("checksum", "NULL"),
        ],
    ),
    (
        "freezes",
        &[
            ("environment", "'stage'"),
            ("ends", "7"),
            ("at", "at + 1"),
            ("person", "'Eve'"),
            ("thawed", "9, thawed_by = 'Eve', thaw_reason = 'x'"),
            ("checksum", "NULL"),
        ],
    ),
    (
        "hints",
        &[
            ("state", "'ignored', why = 'damaged'"),
            ("state", "'pending', why = NULL, start = NULL"),
            ("tag", "tag || 'x'"),
            ("repository", "repository || 'x'"),
            ("digest", "'sha256:0'"),
            ("deliveries", "deliveries + 1"),
            ("start", "NULL, state = 'pending'"),
            ("checksum", "NULL"),
        ],
    ),
];

/// How many rows of a table the test chooses from.
const ROWS: u32 = 3;

fn claim(store: &mut dyn Store, environment: &str, holder: &Holder) -> Result<Claim, Error> {
    store.claim(&ClaimRequest {
        lock: &Lock::environment(environment),
        deployment: 1,
        commit: "c0ffee",
        holder,
        time_to_live: LONG,
    })
}

/// Fills each table. Only the message `waiting` may be sent, and only the push event `pending` is pending.
fn fill(place: &Place) -> (Vec<Message>, Baseline) {
    let mut store = place.open();
    let deployment = store.begin(&new("a")).expect("begun");
    for name in ["sent", "unknown", "waiting"] {
        let message = message(deployment, name, &format!("{{\"text\":\"{name}\"}}"));
        store.hand_over(&message).expect("stored");
        let result = match name {
            "sent" => sent(None),
            "unknown" => Attempted::Unknown {
                error: "no answer".to_owned(),
            },
            _ => continue,
        };
        let claimed = store.claim_message(&ANY).expect("read").expect("due");
        store.attempted(&claimed, &result).expect("stored");
    }
    store.send(deployment, 7, "{\"cancel\":1}").expect("sent");
    store.send(deployment, 8, "{\"cancel\":2}").expect("sent");
    for environment in ["stage", "prod"] {
        let claimed = claim(store.as_mut(), environment, &holder("we"));
        assert!(matches!(claimed, Ok(Claim::Held(_))), "{claimed:?}");
    }
    let baseline = |at, commit: &str| Baseline {
        environment: "stage".to_owned(),
        commit: commit.to_owned(),
        at,
        by: None,
    };
    store.add_baseline(&baseline(7000, "a")).expect("stored");
    store.add_baseline(&baseline(9000, "b")).expect("stored");
    for until in [None, Some(9)] {
        let number = store.add_freeze(&freeze(until)).expect("stored");
        let thaw = Thaw {
            at: 8,
            by: "Ada".to_owned(),
            why: "repaired".to_owned(),
        };
        if until.is_some() {
            store.thaw(number, &thaw).expect("stored");
        }
    }
    let mut inbox = place.inbox();
    for tag in ["ignored", "also-ignored"] {
        accept(inbox.as_mut(), tag);
        for claimed in inbox.pending(&holder("we"), LONG, 9).expect("claimed") {
            let settled = ignored("a tag of another kind");
            assert_eq!(inbox.settle(&claimed, &settled), Ok(true));
        }
    }
    accept(inbox.as_mut(), "pending");
    (
        store.messages(deployment, 0).expect("read"),
        baseline(9000, "b"),
    )
}

fn freeze(until: Option<u64>) -> NewFreeze {
    NewFreeze {
        at: 7,
        environment: Some("prod".to_owned()),
        until,
        by: "Ada".to_owned(),
        why: "incident".to_owned(),
    }
}

fn accept(inbox: &mut dyn Inbox, tag: &str) {
    let delivery = delivery(1, &[event(tag)]);
    inbox.accept(&[delivery]).expect("accepted");
}

/// The tables whose rows the test keeps and restores.
fn kept() -> impl Iterator<Item = &'static str> {
    TABLES.iter().map(|it| it.0).chain(["anchors"])
}

fn restore(place: &Place) {
    let given = if place.is_file() {
        ""
    } else {
        "OVERRIDING SYSTEM VALUE"
    };
    let statements = kept()
        .map(|it| format!("DELETE FROM {it}; INSERT INTO {it} {given} SELECT * FROM kept_{it};"));
    place.tamper(&statements.collect::<Vec<_>>().concat());
}

/// Damages one row, and returns the statement.
fn damage(place: &Place, random: &mut Rng) -> String {
    let (table, columns) = TABLES[random.usize(..TABLES.len())];
    let row = random.u32(..ROWS);
    let key = match table {
        "leases" => "environment",
        "live_commits" => "at",
        _ => "id",
    };
    let of_row = format!(
        "{key} = (SELECT {key} FROM {table} ORDER BY {key} LIMIT 1 OFFSET {row} % (SELECT count(*) FROM {table}))"
    );
    let choice = random.usize(..=columns.len());
    let statement = match columns.get(choice) {
        None => format!("DELETE FROM {table} WHERE {of_row}"),
        Some((column, value)) => {
            // A row that has the value already is not damaged.
            let value_only = value.split(',').next().expect("a value");
            let differs = if value_only == "NULL" {
                format!("{column} IS NOT NULL")
            } else {
                format!("({column} IS NULL OR {column} <> {value_only})")
            };
            format!("UPDATE {table} SET {column} = {value} WHERE {of_row} AND {differs}")
        }
    };
    place.tamper(&statement);
    statement
}

/// Whether a result is damage. Any other error is a fault of the test.
#[track_caller]
fn is_damage<T: Debug>(result: &Result<T, Error>, statement: &str) -> bool {
    match result {
        Ok(_) => false,
        Err(Error::Corrupt(_)) => true,
        Err(error) => panic!("{statement}: {error}"),
    }
}

fn randomly_damaged_rows_are_noticed(place: &Place) {
    let damages = if place.is_file() { 400 } else { 100 };
    let (messages, baseline) = fill(place);
    let copies = kept().map(|it| format!("CREATE TABLE kept_{it} AS SELECT * FROM {it};"));
    place.tamper(&copies.collect::<Vec<_>>().concat());
    let mut noticed = 0;
    let mut random = Rng::with_seed(7);
    let (mut store, mut inbox) = (place.open(), place.inbox());
    for _ in 0..damages {
        let statement = damage(place, &mut random);
        let checked = store.check(Depth::Quick).and_then(|()| inbox.check());
        let is_noticed = is_damage(&checked, &statement);
        noticed += u32::from(is_noticed);
        // If nothing is noticed, the statement changed nothing.
        loop {
            let claimed = store.claim_message(&ANY);
            if is_damage(&claimed, &statement) {
                break;
            }
            let Ok(Some(claimed)) = claimed else { break };
            assert_eq!(claimed.body, "{\"text\":\"waiting\"}", "{statement}");
            is_damage(&store.attempted(&claimed, &sent(None)), &statement);
        }
        let found = store.messages(1, 0);
        assert!(is_damage(&found, &statement) || found == Ok(messages.clone()));
        let found = store.baseline("stage");
        assert!(is_damage(&found, &statement) || found == Ok(Some(baseline.clone())));
        let found = store.freezes();
        if !is_damage(&found, &statement) {
            let found = found.expect("no damage");
            assert!(
                found[0].new == freeze(None) && found[0].thaw.is_none(),
                "{statement}"
            );
        }
        for environment in ["stage", "prod"] {
            let claimed = claim(store.as_mut(), environment, &holder("another"));
            assert!(
                is_damage(&claimed, &statement) || matches!(claimed, Ok(Claim::Busy(_))),
                "{statement}: {claimed:?}"
            );
        }
        let pending = inbox.pending(&holder("we"), LONG, 9);
        if !is_damage(&pending, &statement) {
            let pending = pending.expect("no damage");
            let tags: Vec<_> = pending.iter().map(|it| &it.push_event.tag).collect();
            assert!(tags == ["pending"] || is_noticed, "{statement}: {tags:?}");
        }
        restore(place);
    }
    assert!(noticed > damages * 3 / 4, "{noticed} of {damages}");
    assert_eq!(store.check(Depth::Full), Ok(()));
}

fn an_intact_journal_is_not_damaged(place: &Place) {
    fill(place);
    let (mut store, mut inbox) = (place.open(), place.inbox());
    assert_eq!(store.check(Depth::Full), Ok(()));
    assert_eq!(inbox.check(), Ok(()));
    let lease = match claim(store.as_mut(), "stage", &holder("we")) {
        Ok(Claim::Held(lease)) => lease,
        other => panic!("{other:?}"),
    };
    assert_eq!(store.renew(&lease, &holder("we"), LONG), Ok(true));
    store.release(&lease, &holder("we")).expect("released");
    accept(inbox.as_mut(), "ignored");
    accept(inbox.as_mut(), "new");
    for claimed in inbox.pending(&holder("we"), LONG, 9).expect("claimed") {
        let postponed = inbox.postpone(&claimed, 0, "the registry is away");
        assert_eq!(postponed, Ok(true));
    }
    let listed = [event("listed"), event("ignored")];
    let first = inbox.set_baseline("shop/web", 9, &listed, "it was there");
    assert_eq!(first, Ok(true));
    assert_eq!(store.check(Depth::Full), Ok(()));
    assert_eq!(inbox.check(), Ok(()));
}

fn a_sent_message_that_waits_again_is_damage(place: &Place) {
    fill(place);
    place.tamper("UPDATE outbox SET state = 'waiting' WHERE name = 'sent'");
    let mut store = place.open();
    let error = store.claim_message(&ANY).expect_err("damage");
    let text = error.to_string();
    assert!(text.contains("outbox message 1 is damaged"), "{text}");
    assert!(text.contains("check in Slack"), "{text}");
    assert_eq!(store.check(Depth::Quick), Err(error));
}

fn rows_of_an_earlier_version_get_checksums(place: &Place) {
    fill(place);
    place.downgrade_to_6();
    let (mut store, mut inbox) = (place.open(), place.inbox());
    assert_eq!(store.check(Depth::Full), Ok(()));
    assert_eq!(inbox.check(), Ok(()));
    let claimed = store.claim_message(&ANY).expect("read").expect("due");
    assert_eq!(claimed.name, "waiting");
}
