//! How to roll forward when production breaks: the last good commit, and what came after it.

use std::path::Path;

use super::releases::{self, Evidence, Release};
use super::served::{self, Served};
use super::{Error, LISTED, READ, log};
use crate::config::Config;
use crate::contract::labels::Message;
use crate::facts::{git, reverts};
use crate::journal::{Header, Store};
use crate::sandbox::Policy;

/// How to roll forward.
#[derive(Clone, Debug)]
pub struct Advice {
    /// The commit that broke production.
    pub bad: String,
    /// Set if the bad commit is a revert.
    pub again: Option<Again>,
    /// The last release before it that was promoted after a load test that passed, and that was not reverted since.
    pub good: Option<Release>,
    /// What production served before the first deployment, if no release was promoted before the bad commit.
    pub baseline: Option<String>,
    /// The releases that were promoted before it, newest first, down to the good one.
    pub releases: Vec<Release>,
    /// The commits since the good one, or else since the latest release, with the bad one, newest first.
    pub commits: Vec<Commit>,
    /// The commits that each environment serves, in order; `None` if its nodes were never asked.
    pub environments: Vec<(String, Option<Served>)>,
}

/// A revert that has to be deployed again.
#[derive(Clone, Debug)]
pub struct Again {
    /// The commit that it reverts.
    pub reverts: String,
    /// Its tag.
    pub tag: String,
    /// The digest of its image, where known.
    pub digest: Option<String>,
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

/// Finds how to roll forward. `bad` is the commit that broke production; the one that was deployed there last if
/// absent.
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
    let store = store.as_mut();
    let (bad, earlier) = ends(store, config, repo, bad)?;
    let releases = releases::before(store, repo, &bad, &earlier)?;
    let good = releases.iter().find(|it| it.evidence == Evidence::Passed);
    // Without a good one, the newest that nothing speaks against is the best guess.
    let untested = |it: &&Release| matches!(it.evidence, Evidence::Warned | Evidence::Untested);
    let base = good.or_else(|| releases.iter().find(untested));
    let base = base.or(releases.last()).map(|it| it.commit.clone());
    let baseline = match &base {
        Some(_) => None,
        None => baseline(store, config, &bad)?,
    };
    let Some(base) = base.or_else(|| baseline.clone()) else {
        return Err(Error::host(
            format!("the journal has no promoted release before {bad}"),
            "find the last good commit with `git log`, then `git revert` the commits after it",
        ));
    };
    let mut commits = between(repo, &base, &bad)?;
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
    let (latest, _) = served::latest(store)?;
    let mut environments = Vec::new();
    for environment in &config.environments {
        let name = &environment.name;
        let baseline = store.baseline(name)?;
        let served = served::served(name, &latest.iter(), baseline.as_ref());
        environments.push((name.clone(), served));
    }
    Ok(Advice {
        again: again(store, repo, &bad)?,
        good: good.cloned(),
        baseline,
        commits,
        environments,
        bad,
        releases,
    })
}

/// What production served before the first deployment, unless it is the bad commit.
fn baseline(store: &mut dyn Store, config: &Config, bad: &str) -> Result<Option<String>, Error> {
    let production = config.environments.last().map_or("", |it| it.name.as_str());
    let baseline = store.baseline(production)?.map(|it| it.commit);
    Ok(baseline.filter(|it| it != bad))
}

/// How to deploy the bad commit again, if it is a revert: reverting it would bring back what it reverts.
fn again(store: &mut dyn Store, repo: Option<&Path>, bad: &str) -> Result<Option<Again>, Error> {
    let Some(reverts) = reverts::reverted_by(repo, bad) else {
        return Ok(None);
    };
    let deployed = store.of_commit(bad)?.into_iter().max_by_key(|it| it.number);
    Ok(deployed.map(|header| Again {
        reverts,
        tag: header.tag,
        digest: header.digest,
    }))
}

/// The commit that broke production, and the deployments before its own, the newest first.
fn ends(
    store: &mut dyn Store,
    config: &Config,
    repo: Option<&Path>,
    bad: Option<&str>,
) -> Result<(String, Vec<Header>), Error> {
    let headers = store.deployments(LISTED)?;
    let bad = match bad {
        Some(rev) => git::commit(repo, rev)?.id,
        None => latest(store, config, &headers)?,
    };
    let own = headers.iter().position(|it| it.commit == bad);
    let behind = headers.iter().skip(own.map_or(headers.len(), |it| it + 1));
    let earlier = behind.filter(|it| it.commit != bad).cloned().collect();
    Ok((bad, earlier))
}

/// The commit that was deployed to production last.
fn latest(store: &mut dyn Store, config: &Config, headers: &[Header]) -> Result<String, Error> {
    let production = config.environments.last().map_or("", |it| it.name.as_str());
    for header in headers.iter().take(READ) {
        if log::changed(store, header.number, production)? {
            return Ok(header.commit.clone());
        }
    }
    if headers.len() <= READ {
        return Err(nothing_deployed());
    }
    Err(Error::host(
        format!("none of the latest {READ} deployments changed production"),
        "name the commit that broke it with `--bad`",
    ))
}

fn nothing_deployed() -> Error {
    Error::host(
        "nothing was deployed to production yet",
        "no deployment in the journal changed it: check where `[journal]` is, and deploy with `greenlight run --tag TAG`",
    )
}

fn between(repo: Option<&Path>, good: &str, bad: &str) -> Result<Vec<Commit>, Error> {
    let mut command = git::git(repo);
    command
        .args(["log", "--first-parent", "--format=%H%x00%P%x00%s"])
        .arg("--end-of-options")
        .arg(format!("{good}..{bad}"))
        .arg("--");
    let listed = git::output(&mut command).map_err(git::failed)?;
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
