//! How to roll forward when production breaks: the last good commit, and what came after it.

use std::path::Path;
use std::process::Stdio;

use super::{Error, LISTED, READ, log};
use crate::config::Config;
use crate::contract::labels::Message;
use crate::contract::promotion::Conclusion;
use crate::facts::git;
use crate::journal::Store;
use crate::sandbox::Policy;

/// What to revert.
#[derive(Clone, Debug)]
pub struct Advice {
    /// The commit that broke production.
    pub bad: String,
    /// The last commit that was promoted before it.
    pub good: String,
    /// The commits in between, with the bad one, newest first.
    pub commits: Vec<Commit>,
}

/// A commit to revert.
#[derive(Clone, Debug)]
pub struct Commit {
    /// Its full hash.
    pub commit: String,
    /// The first line of its message.
    pub subject: String,
    /// Whether it has several parents.
    pub merge: bool,
    /// Whether the message that `git revert` writes would carry a label of the original.
    pub inherits_label: bool,
}

/// Finds the commits to revert. `bad` is the commit that broke production; the one that was deployed there
/// last if absent.
///
/// # Errors
///
/// If the journal has no promoted release before it, git does not know the commits, or the policy gives no
/// answer.
pub fn advise(
    config: &Config,
    policy: &Policy,
    repo: Option<&Path>,
    bad: Option<&str>,
) -> Result<Advice, Error> {
    let mut store = log::look(config)?.ok_or_else(nothing_deployed)?;
    let (bad, good) = ends(store.as_mut(), config, repo, bad)?;
    let mut commits = between(repo, &good, &bad)?;
    for commit in &mut commits {
        let message = Message {
            text: format!(
                "Revert \"{}\"\n\nThis reverts commit {}.\n",
                commit.subject, commit.commit
            ),
            truncated: false,
        };
        let labels = policy.parse(&message, config.settings.default_action)?;
        commit.inherits_label = labels.is_ok_and(|it| it.source.is_some());
    }
    Ok(Advice { bad, good, commits })
}

/// The commit that broke production, and the last one that was promoted before it.
fn ends(
    store: &mut dyn Store,
    config: &Config,
    repo: Option<&Path>,
    bad: Option<&str>,
) -> Result<(String, String), Error> {
    let bad = match bad {
        Some(rev) => Some(git::commit(repo, rev)?.id),
        None => None,
    };
    let production = config.environments.last().map_or("", |it| it.name.as_str());
    let mut found = bad.clone();
    let mut passed = bad.is_none();
    for (place, header) in store.deployments(LISTED)?.into_iter().enumerate() {
        if found.is_none() && place == READ {
            return Err(Error::host(
                format!("none of the latest {READ} deployments changed production"),
                "name the commit that broke it with `--bad`",
            ));
        }
        if found.is_none() && log::changed(store, header.number, production)? {
            found = Some(header.commit.clone());
        }
        let Some(bad) = &found else { continue };
        if header.commit == *bad {
            passed = true;
            continue;
        }
        let is_promoted = matches!(
            header.conclusion,
            Some(Conclusion::Promoted | Conclusion::PromotedWithWarning)
        );
        if passed && is_promoted {
            return Ok((bad.clone(), header.commit));
        }
    }
    Err(match found {
        None => nothing_deployed(),
        Some(bad) => Error::host(
            format!("the journal has no promoted release before {bad}"),
            "find the last good commit with `git log`, then `git revert` the commits after it",
        ),
    })
}

fn nothing_deployed() -> Error {
    Error::host(
        "nothing was deployed to production yet",
        "name the first bad commit with `--bad`",
    )
}

fn between(repo: Option<&Path>, good: &str, bad: &str) -> Result<Vec<Commit>, Error> {
    let listed = git::git(repo)
        .args(["log", "--first-parent", "--format=%H%x00%P%x00%s"])
        .arg("--end-of-options")
        .arg(format!("{good}..{bad}"))
        .arg("--")
        .stdin(Stdio::null())
        .output()
        .map_err(git::not_started)?;
    if !listed.status.success() {
        return Err(Error::host(
            format!("git can't list the commits from {good} to {bad}"),
            "fetch the whole history (`git fetch --unshallow`), or name the repository with `--repo`",
        ));
    }
    let text = String::from_utf8_lossy(&listed.stdout);
    let commits: Vec<_> = text
        .lines()
        .filter_map(|line| {
            let mut fields = line.splitn(3, '\0');
            Some(Commit {
                commit: fields.next()?.to_owned(),
                merge: fields.next()?.contains(' '),
                subject: fields.next()?.to_owned(),
                inherits_label: false,
            })
        })
        .collect();
    if commits.is_empty() {
        return Err(Error::host(
            format!("{bad} is not after {good}, so there is nothing to revert"),
            "name the commit that broke production with `--bad`",
        ));
    }
    Ok(commits)
}
