//! Commits, as git stores them. A repository is only read, with plumbing commands that use no hooks, aliases, pager,
//! replacements or network.

use std::path::Path;

pub use super::git_commit::Commit;
use super::git_objects::too_long;
pub use super::git_objects::{Answer, Objects};
use super::git_process::unknown;
pub use super::git_process::{NoRepository, Running, failed, git, output};
use crate::error::Error;

/// Reads the commit that a revision names.
///
/// # Errors
///
/// If git is missing, `repo` is not a repository, or the revision names no commit.
pub fn commit(repo: Option<&Path>, rev: &str) -> Result<Commit, Error> {
    ask(repo, rev)?.finish()
}

/// Requests the commit that a revision names from git, without waiting for the answer.
///
/// # Errors
///
/// If git can't be started.
pub fn ask(repo: Option<&Path>, rev: &str) -> Result<Pending, Error> {
    if rev.contains('\n') {
        return Err(unknown(rev));
    }
    let mut objects = Objects::open(repo)?;
    objects.ask(rev)?;
    objects.close_input();
    Ok(Pending {
        objects,
        rev: rev.to_owned(),
    })
}

/// A commit that was requested from git.
pub struct Pending {
    objects: Objects,
    rev: String,
}

impl Pending {
    /// Waits for git's answer.
    ///
    /// # Errors
    ///
    /// If `repo` is not a repository, or the revision names no commit.
    pub fn finish(mut self) -> Result<Commit, Error> {
        match self.objects.read() {
            Ok(Some(commit)) => Ok(commit),
            Ok(None) | Err(Answer::Missing(_)) => {
                self.objects.is_readable(&self.rev)?;
                let error = self.objects.end().err();
                Err(error.unwrap_or_else(|| unknown(&self.rev)))
            }
            Err(Answer::TooLong(id)) => Err(too_long(&id)),
            Err(Answer::Broken(error)) => Err(self.objects.failed(error)),
        }
    }
}

/// Requests a commit and the checked-out commit from git, without waiting for the answers.
///
/// # Errors
///
/// If git can't be started.
pub fn ask_beside_head(repo: Option<&Path>, rev: &str) -> Result<PendingPair, Error> {
    if rev.contains('\n') {
        return Err(unknown(rev));
    }
    let mut objects = Objects::open(repo)?;
    objects.ask(rev)?;
    objects.ask("HEAD")?;
    objects.close_input();
    Ok(PendingPair {
        objects,
        rev: rev.to_owned(),
    })
}

/// Two commits that were requested from git.
pub struct PendingPair {
    objects: Objects,
    rev: String,
}

/// The requested commits of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// The commit, if the repository has it.
    pub commit: Option<Commit>,
    /// The checked-out commit, if any.
    pub head: Option<Commit>,
}

impl PendingPair {
    /// Waits for git's answers.
    ///
    /// # Errors
    ///
    /// If `repo` is not a repository, or can't be read.
    pub fn finish(mut self) -> Result<Looked, Error> {
        let mut next = |rev: &str| match self.objects.read() {
            Ok(Some(commit)) => Ok(Some(commit)),
            Ok(None) | Err(Answer::Missing(_)) => {
                self.objects.is_readable(rev)?;
                Ok(None)
            }
            Err(Answer::TooLong(id)) => Err(too_long(&id)),
            Err(Answer::Broken(error)) => Err(error),
        };
        let looked = next(&self.rev).and_then(|commit| {
            let head = next("HEAD")?;
            Ok(Looked { commit, head })
        });
        self.objects.end()?;
        looked
    }
}

/// Whether a repository is a shallow clone; `None` if git does not say.
pub fn is_shallow(repo: Option<&Path>) -> Option<bool> {
    let mut command = git(repo);
    command.args(["rev-parse", "--is-shallow-repository"]);
    match output(&mut command).ok()?.stdout.trim_ascii() {
        b"true" => Some(true),
        b"false" => Some(false),
        _ => None,
    }
}

/// Names the branch that is checked out, if the commit is its tip.
///
/// Git does not know the branch of a build, and this is the closest to it.
pub fn branch_at(repo: Option<&Path>, commit: &str) -> Option<String> {
    let line = |arguments: &[&str]| {
        let output = output(git(repo).args(arguments)).ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output
            .status
            .success()
            .then(|| text.trim_end_matches('\n').to_owned())
    };
    let branch = line(&["symbolic-ref", "--quiet", "--short", "HEAD"])?;
    let tip = line(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])?;
    (tip == commit).then_some(branch)
}
