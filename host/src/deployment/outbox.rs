//! Sending the messages of the outbox: the messages of a deployment while it runs, and all unsent messages at its end.
//!
//! A process tries to send a message with growing delays until Slack has accepted it or `[slack] give-up-after` has
//! passed. The driver, `greenlight serve` and the next `greenlight run` can each make the next attempt.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use super::{Connection, Keeper};
use crate::clock;
use crate::config::{self, Config};
use crate::effects::shutdown::Shutdown;
use crate::effects::slack::{Delivery, Message, Remedy, Slack};
use crate::journal::{self, Attempted, Location, OutboxMessage, OutboxRequest, OutboxState, Store};
use crate::limits;
use crate::retry::Backoff;

/// The delays between the attempts to send a message.
const BACKOFF: Backoff = Backoff {
    first: Duration::from_secs(1),
    factor: 2.0,
    longest: Duration::from_mins(5),
    spread: (0.5, 1.0),
};

/// How long a claim is valid: longer than an attempt and the writes to the journal before and after it. An attempt has
/// two requests, and each request has the time limit of a response from Slack.
fn time_to_live() -> Duration {
    3 * (limits::SLACK.time() + limits::SLACK_API.time())
}

/// The maximum number of unsent messages that are counted.
const LISTED: usize = 1000;

/// The interval at which the outbox is read while it has unsent messages.
const POLL: Duration = Duration::from_millis(500);

/// The minimum time for sending due messages at the end of a deployment, even if `[slack] wait` is shorter.
const AT_LEAST: Duration = Duration::from_secs(5);

/// Sends the due messages of one deployment, or of all deployments, and passes the result of each attempt to `tell`.
/// The function returns after an attempt that shows that Slack is unreachable, and after the second failed attempt of one
/// message. A message that Slack refuses does not delay the messages of other deployments. The function calls `goes_on`
/// before each attempt.
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
        time_to_live: time_to_live(),
        give_up_after: slack.give_up_after,
    };
    let mut tried = HashSet::new();
    while goes_on() {
        let Some(claimed) = store.claim_message(&request)? else {
            break;
        };
        let attempted = attempt(slack, &claimed);
        store.attempted(&claimed, &attempted)?;
        tell(&claimed, &attempted);
        let ends = match attempted {
            Attempted::Sent { .. } => false,
            Attempted::Failed { is_away, .. } => is_away || !tried.insert(claimed.id),
            Attempted::Unknown { .. } => true,
        };
        if ends {
            break;
        }
    }
    Ok(())
}

/// Sends due messages until none is waiting, a shutdown is requested, or the next attempt is due after `[slack] wait`
/// has passed. Returns the waiting messages. The function calls `waiting` once if it waits.
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

/// Selects the waiting messages and the earlier unsent messages of the same deployments. A message that another process
/// is sending is left out, unless a later message of its deployment waits.
fn awaited(unsent: Vec<OutboxMessage>) -> Vec<OutboxMessage> {
    let waiting = unsent.iter().filter(|it| it.state == OutboxState::Waiting);
    let last: HashMap<_, _> = waiting.map(|it| (it.deployment, it.id)).collect();
    let is_awaited = |it: &OutboxMessage| last.get(&it.deployment).is_some_and(|id| it.id <= *id);
    unsent.into_iter().filter(is_awaited).collect()
}

/// When the next attempt is due. Only the first unsent message of each deployment counts.
fn next_attempt(left: &[OutboxMessage]) -> Option<u64> {
    let firsts = left.iter().enumerate().filter(|(index, message)| {
        let mut before = left[..*index].iter();
        !before.any(|it| it.deployment == message.deployment)
    });
    firsts.map(|(_, it)| it.due).min()
}

/// Starts a thread that sends the messages of a deployment. Dropping the return value ends the thread.
pub(super) fn sender(config: &Config, deployment: u64) -> Option<Keeper> {
    let slack = config.slack.clone()?;
    let location: Location = config.journal.parse().ok()?;
    let mut store = Connection::new(move || journal::open(&location));
    let sends = move || {
        // If sending fails, the message stays in the outbox.
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

/// Says how many messages Slack has not accepted, and why; `None` if there are no such messages.
pub fn not_taken(left: &[OutboxMessage]) -> Option<String> {
    let plural = match left.len() {
        0 => return None,
        1 => "",
        _ => "s",
    };
    let why = left.iter().find_map(|it| it.error.as_deref());
    let why = why.map_or_else(String::new, |why| format!(" ({why})"));
    Some(format!(
        "Slack has not accepted {} message{plural}{why}",
        left.len()
    ))
}

fn attempt(slack: &config::Slack, claimed: &OutboxMessage) -> Attempted {
    let message: Message = match serde_json::from_str(&claimed.body) {
        Ok(message) => message,
        // Another version of greenlight may be able to read the message.
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
    match Slack::new(&slack.trust).deliver(&slack.destination, &message, place) {
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
