//! Sending the notifications that the policy asks for.

use super::entry::{Details, Entry};
use super::log::Dated;
use crate::config::Config;
use crate::contract::names::Named as _;
use crate::contract::promotion::{Decision, Happening, Notice, Notification, Outcome, Release};
use crate::effects::slack::{self, Message, Slack};

/// How a notification was delivered, or why it was not, in words.
pub(super) fn said(config: &Config, sent: &Result<(), String>) -> String {
    match sent {
        Err(why) => why.clone(),
        Ok(()) if config.slack.is_some() => "sent".to_owned(),
        Ok(()) => "shown here, not sent to Slack".to_owned(),
    }
}

/// The event that the policy receives about a notification, and the details that the journal keeps.
pub(super) fn notified(notice: &Notice, sent: Result<(), String>) -> (Happening, Details) {
    let outcome = match sent {
        Ok(()) => Outcome::Succeeded,
        Err(_) => Outcome::Failed,
    };
    let notification = Notification {
        key: notice.key.clone(),
        outcome,
    };
    let details = Details::Notice {
        urgency: notice.urgency,
        text: notice.text.clone(),
        error: sent.err(),
    };
    (Happening::Notified(notification), details)
}

/// The facts about a deployment that a notification names: tag, number, and how far it is in each environment.
pub(super) fn facts(
    deployment: u64,
    release: &Release,
    decision: &Decision,
) -> Vec<(String, String)> {
    let standings = decision.standings.iter();
    let mut facts = vec![
        ("tag".to_owned(), release.tag.clone()),
        ("deployment".to_owned(), deployment.to_string()),
    ];
    facts.extend(standings.map(|it| (it.environment.clone(), it.progress.name().to_owned())));
    facts
}

/// What was noted about the results of the latest load test of each environment, as facts of a notification.
pub(super) fn load_test_notes(entries: &[Dated]) -> Vec<(String, String)> {
    let mut facts: Vec<(String, String)> = Vec::new();
    for dated in entries {
        if let Entry::Happened { event, details } = &dated.entry
            && let (Happening::LoadTested(test), Details::LoadTest { notes, .. }) =
                (&event.happening, details)
        {
            let name = format!("load test of {}", test.environment);
            facts.retain(|(known, _)| *known != name);
            facts.push((name, notes.join("; ")));
        }
    }
    facts.retain(|(_, notes)| !notes.is_empty());
    facts
}

/// Sends a notification to the channel that is configured. Without one the screen is the channel.
///
/// # Errors
///
/// Why it did not arrive, without a secret.
pub(super) fn send(
    config: &Config,
    notice: &Notice,
    facts: Vec<(String, String)>,
) -> Result<(), String> {
    let Some(source) = &config.slack else {
        return Ok(());
    };
    let url = slack::url(source)?;
    let message = Message {
        urgency: notice.urgency.name(),
        text: notice.text.clone(),
        facts,
        link: None,
    };
    Slack::new().send(&url, &message)
}
