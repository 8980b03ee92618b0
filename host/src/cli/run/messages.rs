//! Sends, at the end of `greenlight run`, the messages that Slack has not accepted.

use crate::cli::Error;
use crate::cli::output::Output;
use crate::config::Config;
use crate::deployment::{log, outbox};
use crate::effects::shutdown::Shutdown;
use crate::journal::OutboxMessage;
use crate::text::escape::escape;

/// Whether `greenlight run` waits at its end for messages that Slack has not accepted.
#[derive(Debug, clap::Args)]
pub(super) struct MessageArguments {
    /// Do not wait for messages that Slack has not accepted when the deployment ends. `greenlight serve` or the next
    /// `greenlight run` sends these messages.
    #[arg(long, conflicts_with = "local")]
    leave_messages: bool,
}

impl MessageArguments {
    /// Sends the remaining messages, for at most `[slack] wait`. The result does not change the exit status.
    pub(super) fn send(&self, config: &Config, shutdown: &Shutdown, output: &mut Output) {
        let Some(slack) = config.slack.as_ref().filter(|_| !self.leave_messages) else {
            return;
        };
        let store = log::open(config).map_err(Error::from);
        let left = store.and_then(|(_, mut store)| {
            let mut waiting = |left: &[OutboxMessage]| {
                let left = outbox::not_taken(left).unwrap_or_default();
                output.note(&format!(
                    "note: {}; trying again for {} s at most\n",
                    escape(&left),
                    slack.wait.as_secs()
                ));
            };
            let store = store.as_mut();
            Ok(outbox::send_all(slack, store, shutdown, &mut waiting)?)
        });
        match left {
            Ok(left) => {
                if let Some(left) = outbox::not_taken(&left) {
                    output.note(&format!(
                        "note: {}; the next `greenlight run` or `greenlight serve` sends the remaining messages\n",
                        escape(&left)
                    ));
                }
            }
            Err(error) => output.note(&format!(
                "note: failed to send the remaining messages: {}\n",
                escape(&error.message)
            )),
        }
    }
}
