//! The start decision: asks the policy whether a deployment is started now.

use super::Shared;
use super::display::reasons_text;
use crate::clock;
use crate::contract::promotion::{Action, Conclusion, Instruction, Release};
use crate::deployment::release_facts::{self, Sources};
use crate::deployment::release_history::{self, OfRelease};
use crate::error::Error;
use crate::facts::{git, message};
use crate::journal::Store;
use crate::journal::inbox::DeploymentRequest;

/// What is done with a deployment request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartDecision {
    /// The deployment is started.
    Start,
    /// The policy is asked again later, for this reason.
    Wait(String),
    /// The deployment is not started, for this reason.
    Close(String),
}

/// Asks the policy, with the history of the release.
///
/// # Errors
///
/// If the journal can't be read. A failure of the policy, or of the command of `[facts]`, is a reason to wait.
pub fn decide(
    shared: &Shared,
    store: &mut dyn Store,
    request: &DeploymentRequest,
) -> Result<StartDecision, Error> {
    let context = &shared.context;
    let settings = &context.config.settings;
    let now = clock::seconds();
    let of = OfRelease {
        commit: &request.commit,
        digest: request.digest.as_deref(),
    };
    let history = release_history::history(store, of, now, settings)?;
    let sources = Sources {
        config: Some(&context.config),
        policy: &context.policy,
        repo: context.repo.as_deref(),
        given: &[],
    };
    let facts = match sources.read(release_facts::Subject {
        commit: &request.commit,
        read: None,
        tag: Some(&request.tag),
        digest: request.digest.as_deref(),
        ci: None,
    }) {
        Ok(facts) => facts,
        Err(error) => return Ok(StartDecision::Wait(Error::from(error).line())),
    };
    let release = Release {
        tag: request.tag.clone(),
        digest: request.digest.clone(),
        instruction: instruction(shared, &request.commit),
        authors: Vec::new(),
        facts,
    };
    let decision = match context.policy.decide(&release, &history, now, settings) {
        Ok(decision) => decision,
        Err(failure) => return Ok(StartDecision::Wait(failure.to_string())),
    };
    let reasons = reasons_text(&decision.reasons);
    Ok(match decision.next {
        Action::Deploy(_) | Action::Perform(_) | Action::Ask(_) => StartDecision::Start,
        Action::Finish(Conclusion::Promoted | Conclusion::PromotedWithWarning) => {
            StartDecision::Close(format!("the release is live: {reasons}"))
        }
        Action::Finish(_) => StartDecision::Close(reasons),
        Action::Observe(_)
        | Action::LoadTest(_)
        | Action::Measure(_)
        | Action::RollBack(_)
        | Action::Notify(_)
        | Action::Wait(_) => StartDecision::Wait(reasons),
    })
}

/// The label in the message of the commit, if git has it here. Without it the policy permits only what it would
/// permit for every message.
fn instruction(shared: &Shared, commit: &str) -> Option<Instruction> {
    let context = &shared.context;
    let read = git::commit(context.repo.as_deref(), commit).ok()?;
    let reading = message::from_commit(&read).ok()?;
    let action = context.config.settings.default_action;
    let labels = context.policy.parse(&reading.message, action).ok()?.ok()?;
    Some(Instruction {
        action: labels.action,
        source: labels.source,
        extra: labels.extra,
    })
}
