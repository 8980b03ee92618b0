//! `greenlight tags`: what to push for a build.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::args::{Format, FormatArguments, MessageArguments, PolicyArguments, ReadingArguments};
use super::output::Output;
use super::{Error, Exit, args};
use crate::facts::git;
use crate::report::json;
use crate::report::schema::TagsDocument;
use crate::report::words::Word;
use crate::sandbox::Use;
use crate::sandbox::contract::environments::{Build, Job, JobStatus};

/// Name the tags to push for a build, one a line.
///
/// Only builds of the publish branch have tags, and only when every job that is named has passed;
/// otherwise it is refused, with every reason at once.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The commit that was built [default: the one of --rev].
    #[arg(long, value_name = "SHA", value_parser = args::commit)]
    commit: Option<String>,
    #[command(flatten)]
    message: MessageArguments,
    #[command(flatten)]
    reading: ReadingArguments,
    /// The branch that was built [default: the checked-out one, if --rev is its tip].
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
    format: FormatArguments,
    #[command(flatten)]
    policy: PolicyArguments,
}

pub fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Error> {
    let pending = arguments.message.begin(&arguments.reading)?;
    let policy = arguments.policy.policy(Use::Once)?;
    let source = pending.finish()?;
    let commit = match (&arguments.commit, &source.commit) {
        (Some(given), Some(read)) if given != read => {
            return Err(Error::usage(
                format!("`--rev` names {read}, and `--commit` another one"),
                "leave `--commit` out, or name the commit that was built with both",
            ));
        }
        (Some(commit), _) | (None, Some(commit)) => commit.clone(),
        (None, None) => {
            return Err(Error::usage(
                "no commit",
                "name the commit that was built with `--commit SHA`, or both it and its message with `--rev REV`",
            ));
        }
    };
    let branch = arguments.branch.clone().or_else(|| {
        source.commit.as_ref()?;
        git::branch_at(arguments.reading.repo.as_deref(), &commit)
    });
    let mut settings = arguments.policy.settings();
    settings.required_jobs.clone_from(&arguments.required);
    let message = &source.reading.message;
    let labels = match policy.parse(message, settings.default_action)? {
        Ok(labels) => args::with_reading(labels, &source.reading),
        Err(reasons) => return super::resolve::refuse(arguments.format.format, reasons, output),
    };
    args::tell(output, &message.text, &labels);
    let jobs = arguments
        .jobs
        .iter()
        .map(|(name, status)| Job {
            name: name.clone(),
            status: *status,
        })
        .collect();
    let build = Build {
        commit,
        branch,
        action: labels.action,
        jobs,
    };
    let tags = match policy.tags(&build, &settings)? {
        Ok(tags) => tags,
        Err(reasons) => return super::resolve::refuse(arguments.format.format, reasons, output),
    };
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

fn job(text: &str) -> Result<(String, JobStatus), String> {
    let expected = || {
        let known: Vec<_> = JobStatus::ALL.iter().map(|(_, word)| *word).collect();
        format!(
            "expected NAME=STATUS, with a status of {}",
            known.join(", ")
        )
    };
    let (name, status) = text.rsplit_once('=').ok_or_else(expected)?;
    let status = JobStatus::read(status).ok_or_else(expected)?;
    if name.is_empty() {
        return Err(expected());
    }
    Ok((name.to_owned(), status))
}
