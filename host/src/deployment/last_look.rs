//! The last look at the nodes of a deployment that does not succeed: a deploy command that failed may have replaced
//! some of them.

use std::thread;
use std::time::Duration;

use super::entry::{Details, Entry};
use super::log::{self, Log};
use super::{Context, Error, last_change, nodes, sentence};
use crate::config::Config;
use crate::contract::promotion::{Action, Decision, Notice, Permission};
use crate::effects::shutdown::Shutdown;

/// How long the look may take in total. Many CI systems kill a job ten seconds after they have asked it to end.
const LIMIT: Duration = Duration::from_secs(5);

/// What the last look found, in sentences; nothing before it.
#[derive(Default)]
pub(super) struct LastLook(Option<Vec<String>>);

impl LastLook {
    /// Looks once, when a decision ends the deployment without success. The notice of the end is sent after the look,
    /// so that it can say what the nodes serve.
    pub(super) fn if_due(
        &mut self,
        decision: &Decision,
        context: &mut Context<'_>,
        log: &mut Log,
    ) -> Result<(), Error> {
        let is_end = matches!(decision.next, Action::Notify(_) | Action::Finish(_));
        if self.0.is_some() || !is_end || decision.permission != Permission::Stop {
            return Ok(());
        }
        self.take(context, log)
    }

    /// Looks, and shows what is found.
    pub(super) fn take(&mut self, context: &mut Context<'_>, log: &mut Log) -> Result<(), Error> {
        let sentences = record(context.config, log)?;
        for sentence in &sentences {
            context.screen.note(&format!("at the end, {sentence}"));
        }
        self.0 = Some(sentences);
        Ok(())
    }

    /// The notice with what the nodes serve.
    pub(super) fn added_to(&self, notice: &Notice) -> Notice {
        let mut notice = notice.clone();
        if let Some(sentences) = self.0.as_ref().filter(|it| !it.is_empty()) {
            notice.text = format!("{}; now {}", notice.text, sentences.join("; "));
        }
        notice
    }
}

/// Asks the nodes of each environment that the deployment began to change once more, and records what they serve.
/// Returns it in sentences, one for each environment.
pub(super) fn record(config: &Config, log: &mut Log) -> Result<Vec<String>, Error> {
    let entries = log::read(log.store.as_mut(), log.deployment)?;
    let commit = entries.iter().find_map(|it| match &it.entry {
        Entry::Began(began) => Some(began.commit.as_str()),
        _ => None,
    });
    let mut touched: Vec<&String> = Vec::new();
    for environment in entries
        .iter()
        .filter_map(|it| last_change::environment_of(&it.entry))
    {
        if !touched.contains(&environment) {
            touched.push(environment);
        }
    }
    let limit = Shutdown::never();
    let over = limit.clone();
    // Without the thread, each request still has its own time limit.
    let _ = thread::Builder::new()
        .name("last-look".to_owned())
        .spawn(move || {
            if !over.wait(LIMIT) {
                over.request();
            }
        });
    let mut sentences = Vec::new();
    for environment in touched {
        let answers = nodes::ask(config, environment, &limit);
        let (_, details) = nodes::observed(environment, &answers);
        let Details::Round { nodes } = details else {
            continue;
        };
        let served = nodes.iter().map(|it| it.commit.as_deref());
        let release = commit.unwrap_or_default();
        sentences.push(sentence::of_nodes(environment, served, release));
        log.write(&Entry::Served {
            environment: environment.clone(),
            nodes,
        })?;
    }
    limit.request();
    Ok(sentences)
}
