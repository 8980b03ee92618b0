//! `greenlight status`: what each environment serves, and what the journal says about deployments.

mod human;
mod messages;

use std::collections::BTreeMap;

use clap::Args;
use messages::UndeliveredDocument;
use serde::{Serialize, Serializer};

use super::args::{Format, FormatArguments};
use super::configuration::{self, ConfigArguments};
use super::output::Output;
use super::reports::ReportArguments;
use super::{Error, Exit};
use crate::clock;
use crate::contract::names::Named as _;
use crate::contract::promotion::Conclusion;
use crate::deployment::damaged::{self, Damaged};
use crate::deployment::served::{self, Served};
use crate::deployment::timeline::{self, Timeline};
use crate::deployment::{Drivers, LISTED, log, stored};
use crate::journal::{Header, Lock, Store};
use crate::text::json;

/// Show what each environment serves, the deployments, their progress, and what they wait for.
///
/// Without a number: what each environment serves as far as the journal shows, every unfinished deployment, the latest
/// finished ones, and which deployment holds each environment. Nothing is changed. If the records of a deployment are
/// damaged, the others are shown, and the exit status is 74.
#[derive(Debug, Args)]
pub struct StatusArguments {
    /// Show this deployment, with its steps.
    #[arg(value_name = "NUMBER", value_parser = crate::cli::args::deployment)]
    number: Option<u64>,
    /// Show this many finished deployments.
    #[arg(
        long,
        value_name = "COUNT",
        default_value_t = 5,
        value_parser = crate::cli::args::count,
        conflicts_with = "number"
    )]
    ended: usize,
    #[command(flatten)]
    config: ConfigArguments,
    #[command(flatten)]
    reports: ReportArguments,
    #[command(flatten)]
    format: FormatArguments,
}

/// What `greenlight status --format json` prints: the deployments, and which one holds each environment.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(super) struct StatusDocument {
    /// The name and version of this document.
    #[cfg_attr(test, schemars(extend("const" = Self::SCHEMA)))]
    schema: &'static str,
    /// Every deployment that has not ended, and the latest that have; newest first.
    deployments: Vec<DeploymentDocument>,
    /// How many more deployments have ended.
    not_shown: usize,
    /// The environments of the configuration, in order.
    environments: Vec<HeldDocument>,
    /// The messages to Slack that are not known to be sent, the oldest first.
    messages: Vec<UndeliveredDocument>,
    /// The deployments whose records can't be read, the newest first. They are not in the list of deployments, and what
    /// the environments serve does not include them. The exit status is 74 unless this list is empty.
    damaged: Vec<Damaged>,
}

/// One deployment.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
struct DeploymentDocument {
    /// `running`, `interrupted` if no process drives it, or its conclusion.
    #[cfg_attr(test, schemars(with = "shapes::DeploymentState"))]
    state: State,
    /// Its steps, decisions, load tests and nodes.
    timeline: Timeline,
}

/// One environment: what it serves, and the deployment that holds it.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
struct HeldDocument {
    /// The name of the environment.
    environment: String,
    /// What its nodes answered last; null if the journal has no answer.
    serves: Option<Served>,
    /// The number of the deployment that holds it; null if it is free.
    #[cfg_attr(test, schemars(range(min = 1)))]
    deployment: Option<u64>,
    /// The process that drives this deployment; null if the environment is free.
    holder: Option<String>,
}

impl StatusDocument {
    const SCHEMA: &'static str = "greenlight.status/3";
}

pub fn status(arguments: &StatusArguments, output: &mut Output) -> Result<Exit, Error> {
    let config =
        configuration::resolve_without_policy(&arguments.config.flags(None), output)?.required()?;
    let mut deployments = Vec::new();
    let mut drivers = None;
    let mut not_shown = 0;
    let (mut latest, mut damaged) = (Vec::new(), Vec::new());
    let mut messages = Vec::new();
    let mut baselines = BTreeMap::new();
    let mut store = log::look(&config)?;
    if let Some(store) = store.as_deref_mut() {
        let drivers = drivers.insert(Drivers::read(store)?);
        (latest, damaged) = served::latest(store)?;
        for environment in &config.settings.environments {
            let baseline = store.baseline(&environment.name)?;
            baselines.extend(baseline.map(|it| (it.environment.clone(), it)));
        }
        let headers = match arguments.number {
            None => {
                let (chosen, left_out) = chosen(store, arguments.ended)?;
                not_shown = left_out;
                chosen
            }
            Some(number) => store.deployment(number)?.into_iter().collect(),
        };
        // A report is about the newest deployment, and must not be about another one.
        let must_be_read = arguments.number.is_some() || !arguments.reports.is_empty();
        let numbers: Vec<_> = headers.iter().map(|it| it.number).collect();
        messages = messages::not_arrived(store, &numbers, arguments.number.is_some())?;
        for header in &headers {
            let entries = if must_be_read && deployments.is_empty() {
                log::read(store, header.number)?
            } else {
                match damaged::read(store, header.number)? {
                    Ok(entries) => entries,
                    Err(found) => {
                        damaged.push(found);
                        continue;
                    }
                }
            };
            let state = State::of(header, drivers);
            let mut timeline = timeline::project(header, &entries);
            timeline.add_messages(store.outbox_of(header.number)?);
            timeline.expire(clock::milliseconds());
            if state == State::Interrupted {
                stored::interrupt(&mut timeline, store, &entries)?;
            }
            deployments.push(DeploymentDocument { state, timeline });
        }
    }
    if arguments.number.is_some() {
        damaged.clear();
    }
    damaged.sort_by_key(|it| std::cmp::Reverse(it.deployment));
    damaged.dedup();
    let exit = if damaged.is_empty() {
        Exit::Go
    } else {
        Exit::Output
    };
    match deployments.first() {
        Some(newest) => arguments.reports.write_timeline(&newest.timeline)?,
        None if arguments.number.is_some() || !arguments.reports.is_empty() => {
            return Err(match arguments.number {
                Some(number) => Error::new(
                    format!("deployment {number} does not exist"),
                    "list deployments with `greenlight status`",
                ),
                None => Error::new(
                    "the journal has no deployment to report",
                    "start one with `greenlight run --tag TAG`",
                ),
            });
        }
        None => {}
    }
    let environments = config.settings.environments.iter().map(|it| {
        let lock = Lock::environment(&it.name);
        let held = drivers.as_ref().and_then(|drivers| drivers.of(&lock));
        HeldDocument {
            environment: it.name.clone(),
            serves: served::served(&it.name, &latest.iter(), baselines.get(&it.name)),
            deployment: held.map(|it| it.deployment),
            holder: held.map(|it| it.holder.clone()),
        }
    });
    let document = StatusDocument {
        schema: StatusDocument::SCHEMA,
        deployments,
        not_shown,
        environments: environments.collect(),
        messages,
        damaged,
    };
    match arguments.format.format {
        Format::Human => output.text(&human::text(&document, arguments.number.is_some())),
        Format::Json => output.text(&json::pretty(&document)?),
    }
    Ok(exit)
}

/// All unfinished deployments and the latest finished ones, the newest first; and how many more have ended.
fn chosen(store: &mut dyn Store, ended: usize) -> Result<(Vec<Header>, usize), Error> {
    let all = store.deployments(LISTED)?;
    let has_ended = |it: &Header| it.conclusion.is_some();
    let not_shown = all.iter().filter(|it| has_ended(it)).count();
    let not_shown = not_shown.saturating_sub(ended);
    let mut left = ended;
    let chosen = all.into_iter().filter(|it| {
        !has_ended(it) || {
            let shown = left > 0;
            left = left.saturating_sub(1);
            shown
        }
    });
    Ok((chosen.collect(), not_shown))
}

/// Whether a process drives a deployment, or how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Running,
    /// No process drives it.
    Interrupted,
    Ended(Conclusion),
}

impl State {
    fn of(header: &Header, drivers: &Drivers) -> Self {
        match header.conclusion {
            Some(conclusion) => Self::Ended(conclusion),
            None if drivers.drive(header) => Self::Running,
            None => Self::Interrupted,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Interrupted => "interrupted",
            Self::Ended(conclusion) => conclusion.name(),
        }
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.name().serialize(serializer)
    }
}

#[cfg(test)]
mod shapes {
    use std::borrow::Cow;

    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

    use super::State;
    use crate::contract::names::Named as _;
    use crate::contract::promotion::Conclusion;

    /// The state of a deployment.
    pub struct DeploymentState;

    impl JsonSchema for DeploymentState {
        fn schema_name() -> Cow<'static, str> {
            "DeploymentState".into()
        }

        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            let ended = Conclusion::ALL.iter().map(|(_, name)| *name);
            let states: Vec<_> = [State::Running, State::Interrupted]
                .map(State::name)
                .into_iter()
                .chain(ended)
                .collect();
            json_schema!({ "type": "string", "enum": states })
        }
    }
}
