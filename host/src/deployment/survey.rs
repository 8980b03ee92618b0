//! Facts that are collected before an environment is deployed to: what is live in it, and whether that is
//! newer. The policy draws the conclusions.

use std::path::Path;

use super::entry::Details;
use super::log::Record;
use super::nodes::Answers;
use super::stopped_commits::StoppedCommits;
use super::{Context, Error, live, nodes, unreleased};
use crate::config::Labels;
use crate::contract::promotion::{CompetingRelease, EventKind};
use crate::facts::ancestry::{is_ancestor, is_whole};
use crate::text::number::short;

/// Looks at environments for one deployment, and records what it finds.
pub(super) struct Survey<'a, 'b> {
    /// The nodes, the repository and the screen.
    pub(super) context: &'b mut Context<'a>,
    /// Where findings are recorded.
    pub(super) record: &'b mut Record,
    /// The commit of the release.
    pub(super) commit: &'b str,
}

impl Survey<'_, '_> {
    /// Looks at an environment that is about to be deployed to. A newer release in a later environment makes this one
    /// pointless, so all of its environments are looked at before the first deployment.
    pub(super) fn look_before(&mut self, environment: &str, own: &[String]) -> Result<(), Error> {
        self.look_at_all_of(environment)?;
        let mut events = self.record.events().iter();
        if events.any(|it| matches!(it.kind, EventKind::Deployed(_))) {
            return Ok(());
        }
        for other in own.iter().filter(|it| *it != environment) {
            self.look_at_all_of(other)?;
        }
        Ok(())
    }

    /// Looks at what an environment serves, and at what was deployed to it last: nodes that give no answer,
    /// or not yet, hide what was deployed to them.
    pub(super) fn look_at_all_of(&mut self, environment: &str) -> Result<(), Error> {
        let answers = self.ask(environment)?;
        let store = self.record.log.store.as_mut();
        if let Some(baseline) = live::record_first(store, environment, &answers)? {
            let commit = short(&baseline.commit);
            self.context.screen.note(&format!(
                "{environment} serves {commit} before the first deployment; it is recorded as the baseline"
            ));
        }
        let own = Some(self.record.log.deployment);
        match live::recorded(self.record.log.store.as_mut(), environment, own)? {
            Some(other) => self.place(environment, other.commit()),
            None => Ok(()),
        }
    }

    /// Asks the nodes what they serve, and git how that relates to the release.
    pub(super) fn look_at(&mut self, environment: &str) -> Result<(), Error> {
        self.ask(environment).map(drop)
    }

    fn ask(&mut self, environment: &str) -> Result<Answers, Error> {
        let answers = nodes::ask(self.context.config, environment, &self.context.shutdown);
        self.context.check_shutdown()?;
        self.context
            .screen
            .answered(nodes::round(environment, &answers));
        let (kind, details) = nodes::observed(environment, &answers);
        self.record.happened(kind, details)?;
        for live in nodes::commits(&answers) {
            self.place(environment, &live)?;
        }
        Ok(answers)
    }

    /// Records how another commit in an environment relates to the release, unless it is older.
    pub(super) fn place(&mut self, environment: &str, other: &str) -> Result<(), Error> {
        if other == self.commit {
            return Ok(());
        }
        let competing_release = competing_release(environment, other);
        let relation = relation(self.context.repo, self.commit, other);
        // A signal to the whole job ends git, too; then its answer means nothing.
        self.context.check_shutdown()?;
        let kind = match relation {
            Relation::Ancestor => return Ok(()),
            Relation::Descendant => EventKind::Superseded(competing_release),
            Relation::Diverged | Relation::Unknown => EventKind::Diverged(competing_release),
        };
        let mut known = self.record.events().iter().map(|it| &it.kind);
        if known.any(|it| is_same(it, &kind)) {
            return Ok(());
        }
        Ok(self.record.happened(kind, Details::Nothing)?)
    }

    /// Records which stopped commits the release contains, and the labels of other commits that count.
    pub(super) fn look_at_commits(&mut self) -> Result<(), Error> {
        let look = StoppedCommits {
            policy: self.context.policy,
            repo: self.context.repo,
            commit: self.commit,
        };
        let found = look.find(self.record.log.store.as_mut())?;
        let labels = match self.context.config.labels {
            Labels::DeployedCommit => Ok(Vec::new()),
            Labels::SinceLive => unreleased::labels(self),
        };
        // A signal to the whole job ends git, too; then its answers mean nothing.
        self.context.check_shutdown()?;
        let labels = labels?.into_iter().map(EventKind::Accompanied);
        for kind in found.into_iter().map(EventKind::Contains).chain(labels) {
            let mut known = self.record.events().iter();
            if !known.any(|it| it.kind == kind) {
                self.record.happened(kind, Details::Nothing)?;
            }
        }
        Ok(())
    }
}

/// Whether two events say the same about a competing release.
fn is_same(one: &EventKind, other: &EventKind) -> bool {
    match (one, other) {
        (EventKind::Superseded(one), EventKind::Superseded(other))
        | (EventKind::Diverged(one), EventKind::Diverged(other)) => {
            one.environment == other.environment && one.commit == other.commit
        }
        _ => false,
    }
}

/// Another release in an environment.
pub(super) fn competing_release(environment: &str, commit: &str) -> CompetingRelease {
    CompetingRelease {
        environment: environment.to_owned(),
        commit: commit.to_owned(),
    }
}

/// How another commit relates to the release's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    /// It descends from the release: it is newer.
    Descendant,
    /// The release descends from it: it is older.
    Ancestor,
    /// Neither, in a history that is known as a whole.
    Diverged,
    /// Git does not know the commit, or has only a part of the history.
    Unknown,
}

/// Compares another commit with the release's.
fn relation(repo: Option<&Path>, release: &str, other: &str) -> Relation {
    match is_ancestor(repo, release, other) {
        Some(true) => return Relation::Descendant,
        None => return Relation::Unknown,
        Some(false) => {}
    }
    match is_ancestor(repo, other, release) {
        Some(true) => Relation::Ancestor,
        // In a shallow clone, "no" only means that this part of the history does not show it.
        Some(false) if is_whole(repo) => Relation::Diverged,
        _ => Relation::Unknown,
    }
}
