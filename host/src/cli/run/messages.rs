//! The messages that Slack has not taken at the end of `greenlight run`.

use crate::cli::Error;
use crate::cli::output::Output;
use crate::config::Config;
use crate::deployment::{log, outbox};
use crate::effects::shutdown::Shutdown;
use crate::journal::OutboxMessage;
use crate::text::escape::escape;

/// What becomes of messages that Slack has not taken at the end.
#[derive(Debug, clap::Args)]
pub(super) struct MessageArguments {
    /// Do not wait at the end for messages that Slack has not taken. `greenlight serve` or the next `greenlight run`
    /// sends them.
    #[arg(long, conflicts_with = "local")]
    leave_messages: bool,
}

impl MessageArguments {
    /// Sends them, for `[slack] wait` at most. A deployment ends as it does, whatever becomes of them.
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
                        "note: {}; the next `greenlight run` or `greenlight serve` sends what is left\n",
                        escape(&left)
                    ));
                }
            }
            Err(error) => output.note(&format!(
                "note: failed to send the messages that are left: {}\n",
                escape(&error.message)
            )),
        }
    }
}
