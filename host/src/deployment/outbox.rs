//! Sending the messages of the outbox: those of a deployment while it runs, and at its end those that are left.
//!
//! A message is tried with growing delays until Slack has taken it or `[slack] give-up-after` has passed, by whichever
//! process comes first: this one, `greenlight serve`, or the next `greenlight run`.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::{Connection, Keeper};
use crate::clock;
use crate::config::{self, Config};
use crate::effects::shutdown::Shutdown;
use crate::effects::slack::{Delivery, Message, Remedy, Slack};
use crate::journal::{self, Attempted, Location, OutboxMessage, OutboxRequest, OutboxState, Store};
use crate::retry::Backoff;

/// The delays between the attempts to send a message.
const BACKOFF: Backoff = Backoff {
    first: Duration::from_secs(1),
    factor: 2.0,
    longest: Duration::from_mins(5),
    spread: (0.5, 1.0),
};

/// How long a claim lasts: longer than an attempt, which ends after two times 3 s, and the writes around it.
const TIME_TO_LIVE: Duration = Duration::from_secs(15);

/// How many messages that are left are counted.
const LISTED: usize = 1000;

/// How often the outbox is looked at while messages are left.
const POLL: Duration = Duration::from_millis(500);

/// How long messages that are due are sent at the end of a deployment, also without `[slack] wait`.
const AT_LEAST: Duration = Duration::from_secs(5);

/// Sends what is due, of one deployment or of all of them, and tells the result of each attempt. It ends after the first
/// one that fails: Slack is away then. `goes_on` is asked before each attempt.
///
/// # Errors
///
/// Those of the store.
pub fn send_due(
    slack: &config::Slack,
    store: &mut dyn Store,
    deployment: Option<u64>,
    goes_on: &dyn Fn() -> bool,
    tell: &mut dyn FnMut(&OutboxMessage, &Attempted),
) -> journal::Result<()> {
    let request = OutboxRequest {
        deployment,
        time_to_live: TIME_TO_LIVE,
        give_up_after: slack.give_up_after,
    };
    while goes_on() {
        let Some(claimed) = store.claim_message(&request)? else {
            break;
        };
        let attempted = attempt(slack, &claimed);
        store.attempted(&claimed, &attempted)?;
        tell(&claimed, &attempted);
        if !matches!(attempted, Attempted::Sent { .. }) {
            break;
        }
    }
    Ok(())
}

/// Sends what is due until nothing is left, a shutdown is requested, or no attempt is due within `[slack] wait`. Returns
/// the messages that are left. `waiting` is called once, if it waits.
///
/// # Errors
///
/// Those of the store.
pub fn send_all(
    slack: &config::Slack,
    store: &mut dyn Store,
    shutdown: &Shutdown,
    waiting: &mut dyn FnMut(&[OutboxMessage]),
) -> journal::Result<Vec<OutboxMessage>> {
    let began = Instant::now();
    let end = began + slack.wait;
    let goes_on = || !shutdown.is_requested() && began.elapsed() < slack.wait.max(AT_LEAST);
    let mut has_told = false;
    loop {
        send_due(slack, store, None, &goes_on, &mut |_, _| {})?;
        let left = awaited(store.unsent(LISTED)?);
        let Some(next) = next_attempt(&left) else {
            return Ok(left);
        };
        let next = Duration::from_millis(next.saturating_sub(clock::milliseconds()));
        if next > end.saturating_duration_since(Instant::now()) {
            return Ok(left);
        }
        if !std::mem::replace(&mut has_told, true) {
            waiting(&left);
        }
        if shutdown.wait(next.min(POLL)) || Instant::now() >= end {
            return Ok(left);
        }
    }
}

/// The messages that wait, with those before them. Nothing is to be done about one that another process sends, unless one
/// waits behind it.
fn awaited(unsent: Vec<OutboxMessage>) -> Vec<OutboxMessage> {
    let waiting = unsent.iter().filter(|it| it.state == OutboxState::Waiting);
    let last: HashMap<_, _> = waiting.map(|it| (it.deployment, it.id)).collect();
    let is_awaited = |it: &OutboxMessage| last.get(&it.deployment).is_some_and(|id| it.id <= *id);
    unsent.into_iter().filter(is_awaited).collect()
}

/// When the next attempt is due: the first message of each deployment comes before the others.
fn next_attempt(left: &[OutboxMessage]) -> Option<u64> {
    let firsts = left.iter().enumerate().filter(|(index, message)| {
        let mut before = left[..*index].iter();
        !before.any(|it| it.deployment == message.deployment)
    });
    firsts.map(|(_, it)| it.due).min()
}

/// Starts a thread that sends the messages of a deployment until it is dropped.
pub(super) fn sender(config: &Config, deployment: u64) -> Option<Keeper> {
    let slack = config.slack.clone()?;
    let location: Location = config.journal.parse().ok()?;
    let mut store = Connection::new(move || journal::open(&location));
    let sends = move || {
        // A message that is not sent stays in the outbox.
        let _ = store.with(|store| {
            let once = || true;
            send_due(
                &slack,
                store.as_mut(),
                Some(deployment),
                &once,
                &mut |_, _| {},
            )
        });
    };
    Keeper::every(POLL, "messages", sends).ok()
}

/// Says how many messages Slack has not taken, and why; nothing if none is left.
pub fn not_taken(left: &[OutboxMessage]) -> Option<String> {
    let plural = match left.len() {
        0 => return None,
        1 => "",
        _ => "s",
    };
    let why = left.iter().find_map(|it| it.error.as_deref());
    let why = why.map_or_else(String::new, |why| format!(" ({why})"));
    Some(format!(
        "Slack has not taken {} message{plural}{why}",
        left.len()
    ))
}

fn attempt(slack: &config::Slack, claimed: &OutboxMessage) -> Attempted {
    let message: Message = match serde_json::from_str(&claimed.body) {
        Ok(message) => message,
        // Another version of this program may read it.
        Err(error) => {
            return Attempted::Failed {
                error: format!("failed to read the message: {error}"),
                again_in: BACKOFF.longest,
                is_away: false,
                forget_place: false,
            };
        }
    };
    let place = claimed.place.as_deref();
    match Slack::new().deliver(&slack.destination, &message, place) {
        Delivery::Arrived { place } => Attempted::Sent { place },
        Delivery::Unknown { why } => Attempted::Unknown { error: why },
        Delivery::Failed {
            why,
            again_in,
            remedy,
        } => {
            let failed = claimed.attempts.saturating_sub(1);
            let delay = match remedy {
                Remedy::Later => BACKOFF.delay(failed, fastrand::f64()),
                Remedy::Person => BACKOFF.longest,
                Remedy::New => Duration::ZERO,
            };
            Attempted::Failed {
                error: why,
                again_in: delay.max(again_in.unwrap_or_default()),
                is_away: remedy == Remedy::Later,
                forget_place: remedy == Remedy::New,
            }
        }
    }
}
