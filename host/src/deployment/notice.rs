//! Telling people.

use std::time::Instant;

use super::entry::Details;
use super::{Driver, Error};
use crate::contract::names::Named as _;
use crate::contract::promotion::{Action, Decision, Happening, Notice, Notification, Outcome};
use crate::effects::slack::{self, Message, Slack};

impl Driver<'_> {
    pub(super) fn notify(&mut self, notice: &Notice, decision: &Decision) -> Result<(), Error> {
        let effect = Action::Notify(notice.clone());
        self.start(&effect)?;
        let began = Instant::now();
        let error = self.send(notice, decision).err();
        let outcome = match error {
            None => Outcome::Succeeded,
            Some(_) => Outcome::Failed,
        };
        let told = if self.means.config.slack.is_some() {
            "told"
        } else {
            "here, since no `[slack]` is configured"
        };
        let said = error.clone().unwrap_or_else(|| told.to_owned());
        let notification = Notification {
            key: notice.key.clone(),
            outcome,
        };
        let details = Details::Notice {
            urgency: notice.urgency,
            text: notice.text.clone(),
            error,
        };
        self.happened(Happening::Notified(notification), details)?;
        let well = outcome == Outcome::Succeeded;
        self.means
            .screen
            .ended(&effect, well, &said, began.elapsed());
        Ok(())
    }

    /// Without a channel the screen is where people are told.
    fn send(&self, notice: &Notice, decision: &Decision) -> Result<(), String> {
        let Some(source) = &self.means.config.slack else {
            return Ok(());
        };
        let url = slack::url(source)?;
        let standings = decision.standings.iter();
        let mut facts = vec![
            ("tag".to_owned(), self.release.tag.clone()),
            ("deployment".to_owned(), self.log.deployment.to_string()),
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
}
