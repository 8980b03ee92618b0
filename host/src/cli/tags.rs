//! `greenlight tags`: what to push for a build.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::args::{Format, FormatArguments, MessageArguments, PolicyArguments, ReadingArguments};
use super::exports::ExportArguments;
use super::output::Output;
use super::surroundings::here;
use super::{Error, Exit, args};
use crate::contract::documents::TagsDocument;
use crate::contract::environments::{Build, Job, JobStatus};
use crate::contract::names::Named;
use crate::facts::checkout::Checkout;
use crate::facts::ci::Surroundings;
use crate::facts::git;
use crate::report::export::{Findings, Name};
use crate::sandbox::Use;
use crate::text::json;

/// Name the tags to push for a build, one a line.
///
/// Only builds of the publish branch have tags, and only when every job that is named has passed;
/// otherwise it is refused, with every reason at once. In a CI system what is not given is read from its
/// variables.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The commit that was built [default: the one of --rev, or the one that the CI system builds].
    #[arg(long, value_name = "SHA", value_parser = args::commit)]
    commit: Option<String>,
    #[command(flatten)]
    message: MessageArguments,
    #[command(flatten)]
    reading: ReadingArguments,
    /// The branch that was built [default: what the CI system says, or the checked-out one, if --rev is its
    /// tip].
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    branch: Option<String>,
    /// A job that publishing requires, and how it ended: passed, failed, canceled, skipped or running.
    #[arg(long = "job", value_name = "NAME=STATUS", value_parser = job)]
    jobs: Vec<(String, JobStatus)>,
    /// A job that has to be among those named with --job.
    #[arg(
        long = "require-job",
        value_name = "NAME",
        value_delimiter = ',',
        value_parser = NonEmptyStringValueParser::new(),
        env = "GREENLIGHT_REQUIRED_JOBS",
        hide_env_values = true
    )]
    required: Vec<String>,
    #[command(flatten)]
    exports: ExportArguments,
    #[command(flatten)]
    format: FormatArguments,
    #[command(flatten)]
    policy: PolicyArguments,
}

/// What it exports.
const NAMES: [Name; 5] = [
    Name::Action,
    Name::Label,
    Name::Tags,
    Name::Commit,
    Name::Reason,
];

pub fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Error> {
    let exports = arguments.exports.open(output)?;
    let mut found = Findings::new("tags", &NAMES);
    let ended = answer(arguments, &mut found, output);
    exports.write(found, ended, output)
}

fn answer(arguments: &Arguments, found: &mut Findings, output: &mut Output) -> Result<Exit, Error> {
    let ci = if arguments.says_everything() {
        None
    } else {
        here()?
    };
    let pending = arguments.begin(ci.as_ref())?;
    let policy = arguments.policy.policy(Use::Once)?;
    let source = pending.finish()?;
    let commit = arguments.commit(&source, ci.as_ref())?;
    let branch = arguments.branch(&source, &commit, ci.as_ref());
    let jobs = arguments.jobs(ci.as_ref())?;
    found.set(Name::Commit, &commit);
    let mut settings = arguments.policy.settings();
    settings.required_jobs.clone_from(&arguments.required);
    let message = &source.reading.message;
    let labels = match policy.parse(message, settings.default_action)? {
        Ok(labels) => args::with_reading(labels, &source.reading),
        Err(reasons) => {
            found.refused(&reasons);
            return super::resolve::refuse(arguments.format.format, reasons, output);
        }
    };
    found.labelled(&labels);
    args::tell(output, &message.text, &labels);
    let build = Build {
        commit,
        branch,
        action: labels.action,
        jobs,
    };
    let tags = match policy.tags(&build, &settings)? {
        Ok(tags) => tags,
        Err(reasons) => {
            found.refused(&reasons);
            return super::resolve::refuse(arguments.format.format, reasons, output);
        }
    };
    found.set(Name::Tags, tags.join(" "));
    match arguments.format.format {
        // The sandbox has checked that each is a tag that a registry takes.
        Format::Human => tags.iter().for_each(|tag| output.text(&format!("{tag}\n"))),
        Format::Json => output.text(&json::pretty(&TagsDocument::new(
            build.commit,
            labels,
            tags,
        ))?),
    }
    Ok(Exit::Go)
}

impl Arguments {
    /// Whether nothing is left for a CI system to say.
    fn says_everything(&self) -> bool {
        let commit =
            self.message.rev.is_some() || (self.message.is_given() && self.commit.is_some());
        commit && self.branch.is_some() && !self.jobs.is_empty()
    }

    /// Begins to read the message: of the commit that was named, or of the one that is built.
    fn begin(&self, ci: Option<&Surroundings>) -> Result<args::Pending<'_>, Error> {
        let built = ci.and_then(|ci| Some(&ci.commit.as_ref()?.value));
        match &self.commit {
            Some(named) if ci.is_some() && built != Some(named) && !self.message.is_given() => {
                MessageArguments::of_commit(named).begin(&self.reading, || Ok(None))
            }
            _ => self.message.begin(&self.reading, || Ok(ci.cloned())),
        }
    }

    /// The commit that was built.
    fn commit(
        &self,
        source: &args::Source<'_>,
        ci: Option<&Surroundings>,
    ) -> Result<String, Error> {
        match (&self.commit, &source.commit, ci) {
            (Some(given), Some(read), _) if given != read => Err(Error::new(
                format!("`--rev` names {read}, and `--commit` another one"),
                "leave `--commit` out, or name the commit that was built with both",
            )),
            (Some(given), ..) => Ok(given.clone()),
            (None, Some(read), _) => {
                if let Some((ci, checkout)) = &source.system {
                    checkout.is_what_is_built(ci)?;
                }
                Ok(read.clone())
            }
            (None, None, Some(ci)) => {
                let repo = self.reading.repo.as_deref();
                let checkout = Checkout::look(repo, ci);
                checkout.is_what_is_built(ci)?;
                Ok(checkout.built(ci)?)
            }
            (None, None, None) => Err(Error::new(
                "no commit",
                "name the commit that was built with `--commit SHA`, or both it and its message with `--rev REV`",
            )),
        }
    }

    /// The branch that was built: as it was given, as the CI system says of this commit, or as the
    /// checkout shows. Whatever is checked out, a build of a pull request or a tag is no build of a branch.
    fn branch(
        &self,
        source: &args::Source<'_>,
        commit: &str,
        ci: Option<&Surroundings>,
    ) -> Option<String> {
        if let Some(given) = &self.branch {
            return Some(given.clone());
        }
        if let Some(ci) = ci {
            let built = ci.commit.as_ref().map(|it| it.value.as_str());
            let same = built == Some(commit) || source.system.is_some();
            if ci.change.is_some() || (same && ci.branch.is_some()) {
                return ci.built_branch();
            }
            if ci.tag.is_some() || !ci.problems.is_empty() {
                return None;
            }
        }
        source.commit.as_ref()?;
        git::branch_at(self.reading.repo.as_deref(), commit)
    }

    /// The jobs: those that were given, and others of which the CI system knows.
    fn jobs(&self, ci: Option<&Surroundings>) -> Result<Vec<Job>, Error> {
        let mut jobs: Vec<Job> = Vec::new();
        for (name, status) in &self.jobs {
            jobs.push(Job {
                name: name.clone(),
                status: *status,
            });
        }
        if let Some(ci) = ci {
            for job in ci.jobs.clone()? {
                if !jobs.iter().any(|given| given.name == job.value.name) {
                    jobs.push(job.value);
                }
            }
        }
        Ok(jobs)
    }
}

fn job(text: &str) -> Result<(String, JobStatus), String> {
    let expected = || {
        let known: Vec<_> = JobStatus::ALL.iter().map(|(_, word)| *word).collect();
        format!(
            "expected NAME=STATUS, with a status of {}",
            known.join(", ")
        )
    };
    let (name, status) = text.rsplit_once('=').ok_or_else(expected)?;
    let status = JobStatus::from_name(status).ok_or_else(expected)?;
    if name.is_empty() {
        return Err(expected());
    }
    Ok((name.to_owned(), status))
}
