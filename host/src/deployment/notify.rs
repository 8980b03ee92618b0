//! Telling people.

use crate::config::Config;
use crate::contract::names::Named as _;
use crate::contract::promotion::{Decision, Notice, Release};
use crate::effects::slack::{self, Message, Slack};

/// How a notice was delivered, in words.
pub(super) fn channel(config: &Config) -> &'static str {
    if config.slack.is_some() {
        "sent"
    } else {
        "shown here, since no `[slack]` is configured"
    }
}

/// Sends a notice to the channel that is configured. Without one the screen is the channel.
///
/// # Errors
///
/// Why it did not arrive, without a secret.
pub(super) fn send(
    config: &Config,
    deployment: u64,
    release: &Release,
    notice: &Notice,
    decision: &Decision,
) -> Result<(), String> {
    let Some(source) = &config.slack else {
        return Ok(());
    };
    let url = slack::url(source)?;
    let standings = decision.standings.iter();
    let mut facts = vec![
        ("tag".to_owned(), release.tag.clone()),
        ("deployment".to_owned(), deployment.to_string()),
    ];
    facts.extend(standings.map(|it| (it.environment.clone(), it.progress.name().to_owned())));
    let message = Message {
        urgency: notice.urgency.name(),
        text: notice.text.clone(),
        facts,
        link: None,
    };
    Slack::new().send(&url, &message)
}
