//! Asking the policy whether a deployment should be started now.

use crate::clock;
use crate::contract::promotion::{Action, Conclusion, Instruction, Release};
use crate::deployment::release_history::{self, OfRelease};
use crate::facts::{Error, git, message};
use crate::journal::Store;
use crate::journal::inbox::DeploymentRequest;
use crate::serve::Shared;
use crate::serve::words::sentences;

/// What the policy's decision comes to for one who starts deployments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// Start it.
    Go,
    /// Not yet.
    Wait(String),
    /// Nothing is left to be started.
    Over(String),
}

/// Asks the policy, with everything that is known of the release.
///
/// # Errors
///
/// If the journal can't be read. What keeps the policy from deciding is a reason to wait.
pub fn ask(
    shared: &Shared,
    store: &mut dyn Store,
    start: &DeploymentRequest,
) -> Result<Word, Error> {
    let context = &shared.context;
    let settings = &context.config.settings;
    let now = clock::seconds();
    let of = OfRelease {
        commit: &start.commit,
        digest: start.digest.as_deref(),
    };
    let history = release_history::history(store, of, now, settings)?;
    let release = Release {
        tag: start.tag.clone(),
        digest: start.digest.clone(),
        instruction: instruction(shared, &start.commit),
    };
    Ok(
        match context.policy.decide(&release, &history, now, settings) {
            Err(failure) => Word::Wait(failure.to_string()),
            Ok(decision) => match decision.next {
                Action::Deploy(_) => Word::Go,
                Action::Finish(Conclusion::Promoted | Conclusion::PromotedWithWarning) => {
                    Word::Over(format!("it is live: {}", sentences(&decision.reasons)))
                }
                Action::Finish(_) => Word::Over(sentences(&decision.reasons)),
                Action::Observe(_) | Action::LoadTest(_) | Action::Notify(_) | Action::Wait(_) => {
                    Word::Wait(sentences(&decision.reasons))
                }
            },
        },
    )
}

/// What the message of the commit says, where this machine has it. Without it the policy lets only go what
/// every message would let go.
fn instruction(shared: &Shared, commit: &str) -> Option<Instruction> {
    let context = &shared.context;
    let read = git::commit(context.repo.as_deref(), commit).ok()?;
    let reading = message::from_commit(&read).ok()?;
    let action = context.config.settings.default_action;
    let labels = context.policy.parse(&reading.message, action).ok()?.ok()?;
    Some(Instruction {
        action: labels.action,
        source: labels.source,
    })
}
