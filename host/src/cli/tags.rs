//! `greenlight tags` and `greenlight resolve`: the image tags to push for a build, and what a tag asks for.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::args::{self, Format, FormatArguments, MessageArguments, ReadingArguments};
use super::configuration::{
    self, DefaultActionArgument, EnvironmentsArgument, PolicyArguments, PublishingArguments,
};
use super::exports::ExportArguments;
use super::fact_arguments::FactArguments;
use super::output::{Output, refuse};
use super::{Error, Exit};
use crate::config::resolved::Flags;
use crate::contract::documents::{TagsDocument, TargetDocument};
use crate::contract::environments::{Build, Job, JobStatus};
use crate::contract::fields::{ByName, Commit};
use crate::contract::names::Named;
use crate::contract::types::Reason;
use crate::deployment::release_facts;
use crate::facts::checkout::Checkout;
use crate::facts::ci::{self, CiEnvironment};
use crate::facts::git;
use crate::report::export::{Findings, Name};
use crate::sandbox::Use;
use crate::text::escape::escape;
use crate::text::json;

/// Print the image tags to push for a build, one per line.
///
/// Tags are printed only for a build of the publish branch in which every named job has passed. Otherwise the
/// build is refused, with all reasons. In a CI system, missing options are read from its variables.
#[derive(Debug, Args)]
pub struct TagsArguments {
    /// Set the commit that was built [default: the commit of --rev, else the commit that the CI system builds].
    #[arg(long, value_name = "SHA", value_parser = args::commit)]
    commit: Option<String>,
    #[command(flatten)]
    message: MessageArguments,
    #[command(flatten)]
    reading: ReadingArguments,
    /// Set the branch that was built [default: the branch that the CI system names, else the checked-out branch if
    /// --rev is its tip].
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    branch: Option<String>,
    /// Add a job that publishing requires, with its status: passed, failed, canceled, skipped or running.
    #[arg(long = "job", value_name = "NAME=STATUS", value_parser = job)]
    jobs: Vec<(String, JobStatus)>,
    #[command(flatten)]
    facts: FactArguments,
    #[command(flatten)]
    exports: ExportArguments,
    #[command(flatten)]
    format: FormatArguments,
    #[command(flatten)]
    policy: PolicyArguments,
    #[command(flatten)]
    publishing: PublishingArguments,
    #[command(flatten)]
    environments: EnvironmentsArgument,
    #[command(flatten)]
    default_action: DefaultActionArgument,
}

/// What it exports.
const TAGS_EXPORTS: [Name; 5] = [
    Name::Action,
    Name::Label,
    Name::Tags,
    Name::Commit,
    Name::Reason,
];

pub fn tags(arguments: &TagsArguments, output: &mut Output) -> Result<Exit, Error> {
    let exports = &arguments.exports;
    exports.around("tags", &TAGS_EXPORTS, output, |found, output| {
        find_tags(arguments, found, output)
    })
}

fn find_tags(
    arguments: &TagsArguments,
    found: &mut Findings,
    output: &mut Output,
) -> Result<Exit, Error> {
    let ci = if arguments.says_everything() {
        None
    } else {
        ci::here()?
    };
    let pending = arguments.begin(ci.as_ref())?;
    let resolved = configuration::resolve(&arguments.flags(), output)?;
    let policy = configuration::policy(&resolved, Use::Once)?;
    let source = pending.finish()?;
    let commit = arguments.commit(&source, ci.as_ref())?;
    let branch = arguments.branch(&source, &commit, ci.as_ref());
    let jobs = arguments.jobs(ci.as_ref())?;
    found.set(Name::Commit, &commit);
    let settings = &resolved.settings;
    let message = &source.reading.message;
    let end = |reasons: Vec<Reason>, found: &mut Findings, output: &mut Output| {
        found.refused(&reasons);
        refuse(arguments.format.format, reasons, output)
    };
    let labels = match policy.parse(message, settings.default_action)? {
        Ok(labels) => args::with_reading(labels, &source.reading),
        Err(reasons) => return end(reasons, found, output),
    };
    found.labeled(&labels);
    args::tell(output, &message.text, &labels);
    let facts = arguments
        .facts
        .sources(&resolved, &policy, &arguments.reading);
    let facts = facts.read(release_facts::Subject {
        commit: &commit,
        read: None,
        tag: None,
        digest: None,
        ci: ci.as_ref(),
    })?;
    let build = Build {
        commit,
        branch,
        action: labels.action,
        jobs,
        extra: labels.extra.clone(),
        facts,
    };
    let tags = match policy.tags(&build, settings)? {
        Ok(tags) => tags,
        Err(reasons) => return end(reasons, found, output),
    };
    found.set(Name::Tags, tags.join(" "));
    match arguments.format.format {
        // The sandbox has checked that each is a valid tag of an image.
        Format::Human => tags.iter().for_each(|tag| output.text(&format!("{tag}\n"))),
        Format::Json => output.text(&json::pretty(&TagsDocument::new(
            build.commit,
            labels,
            tags,
        ))?),
    }
    Ok(Exit::Go)
}

impl TagsArguments {
    fn flags(&self) -> Flags<'_> {
        Flags {
            publish_branch: self.publishing.publish_branch.as_deref(),
            environments: &self.environments.environments,
            default_action: self.default_action.default_action,
            required_jobs: &self.publishing.required_jobs,
            ..self.policy.flags(self.reading.repo.as_deref())
        }
    }

    /// Whether the command line says everything, so that no CI system has to be read.
    fn says_everything(&self) -> bool {
        let commit =
            self.message.rev.is_some() || (self.message.is_given() && self.commit.is_some());
        commit && self.branch.is_some() && !self.jobs.is_empty()
    }

    /// Starts to read the message: of the named commit, or of the built one.
    fn begin(&self, ci: Option<&CiEnvironment>) -> Result<args::Pending<'_>, Error> {
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
        ci: Option<&CiEnvironment>,
    ) -> Result<String, Error> {
        match (&self.commit, &source.commit, ci) {
            (Some(given), Some(read), _) if given != read => Err(Error::new(
                format!("`--rev` names commit {read}, but `--commit` names {given}"),
                "leave `--commit` out, or name the built commit with both",
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
                "the built commit is unknown",
                "name the built commit with `--commit SHA`, or the commit and its message with `--rev REV`",
            )),
        }
    }

    /// The branch that was built: the given one, the one that the CI system names for this commit, or the
    /// checked-out one. A build of a pull request or a tag is never a build of the checked-out branch.
    fn branch(
        &self,
        source: &args::Source<'_>,
        commit: &str,
        ci: Option<&CiEnvironment>,
    ) -> Option<String> {
        if let Some(given) = &self.branch {
            return Some(given.clone());
        }
        if let Some(ci) = ci {
            let built = ci.commit.as_ref().map(|it| it.value.as_str());
            let same = built == Some(commit) || source.system.is_some();
            if ci.change.is_some() || (same && (ci.branch.is_some() || ci.tag.is_some())) {
                return ci.built_branch();
            }
            if ci.tag.is_some() || !ci.problems.is_empty() {
                return None;
            }
        }
        source.commit.as_ref()?;
        git::branch_at(self.reading.repo.as_deref(), commit)
    }

    /// The jobs: the given ones, and others that the CI system knows.
    fn jobs(&self, ci: Option<&CiEnvironment>) -> Result<Vec<Job>, Error> {
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

/// Read what an image tag asks for.
///
/// A tag that does not have exactly one of the documented forms is refused, with the expected forms.
#[derive(Debug, Args)]
pub struct ResolveArguments {
    /// The tag, without the name of the image.
    tag: String,
    #[command(flatten)]
    exports: ExportArguments,
    #[command(flatten)]
    format: FormatArguments,
    #[command(flatten)]
    policy: PolicyArguments,
    #[command(flatten)]
    environments: EnvironmentsArgument,
}

/// What it exports.
const RESOLVE_EXPORTS: [Name; 4] = [
    Name::Environment,
    Name::LoadTest,
    Name::Commit,
    Name::Reason,
];

pub fn resolve(arguments: &ResolveArguments, output: &mut Output) -> Result<Exit, Error> {
    let exports = &arguments.exports;
    exports.around("resolve", &RESOLVE_EXPORTS, output, |found, output| {
        find_target(arguments, found, output)
    })
}

fn find_target(
    arguments: &ResolveArguments,
    found: &mut Findings,
    output: &mut Output,
) -> Result<Exit, Error> {
    let flags = Flags {
        environments: &arguments.environments.environments,
        ..arguments.policy.flags(None)
    };
    let resolved = configuration::resolve(&flags, output)?;
    let policy = configuration::policy(&resolved, Use::Once)?;
    let target = match policy.resolve(&arguments.tag, &resolved.settings)? {
        Ok(target) => target,
        Err(reasons) => {
            found.refused(&reasons);
            return refuse(arguments.format.format, reasons, output);
        }
    };
    found.resolved(&target);
    match arguments.format.format {
        Format::Human => output.text(&format!(
            "environment: {}\nload test: {}\ncommit: {}\n",
            escape(&target.environment),
            target.action.map_or("the tag does not say", Named::name),
            escape(&target.commit)
        )),
        Format::Json => output.text(&json::pretty(&TargetDocument {
            schema: TargetDocument::SCHEMA,
            environment: target.environment,
            load_test: target.action.map(ByName),
            commit: Commit(target.commit),
        })?),
    }
    Ok(Exit::Go)
}
