//! `greenlight status`: what the journal says about deployments.

use std::fmt::Write as _;

use clap::Args;
use serde::{Serialize, Serializer};

use super::args::{Format, FormatArguments};
use super::configuration::{self, ConfigArguments};
use super::output::Output;
use super::reports::ReportArguments;
use super::{Error, Exit};
use crate::contract::names::Named as _;
use crate::contract::promotion::Conclusion;
use crate::deployment::timeline::{self, Timeline};
use crate::deployment::{Drivers, LISTED, log};
use crate::journal::{Header, Lock, Store};
use crate::report::headline::{self, Headline};
use crate::text::escape::escape;
use crate::text::{json, time};

/// Show deployments, their progress, and what they wait for.
///
/// Without a number: every unfinished deployment, the latest finished ones, and which deployment holds each
/// environment. Nothing is changed.
#[derive(Debug, Args)]
pub struct StatusArguments {
    /// Show this deployment, with its steps.
    #[arg(value_name = "NUMBER", value_parser = super::args::deployment)]
    number: Option<u64>,
    /// Show this many finished deployments.
    #[arg(
        long,
        value_name = "COUNT",
        default_value_t = 5,
        value_parser = super::args::count,
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
    /// The environments of the configuration, in order.
    environments: Vec<HeldDocument>,
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

/// One environment, and the deployment that holds it.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
struct HeldDocument {
    /// The name of the environment.
    environment: String,
    /// The number of the deployment that holds it; null if it is free.
    #[cfg_attr(test, schemars(range(min = 1)))]
    deployment: Option<u64>,
    /// The process that drives this deployment; null if the environment is free.
    holder: Option<String>,
}

impl StatusDocument {
    const SCHEMA: &'static str = "greenlight.status/2";
}

pub fn status(arguments: &StatusArguments, output: &mut Output) -> Result<Exit, Error> {
    let config =
        configuration::resolve_without_policy(&arguments.config.flags(None), output)?.required()?;
    let mut deployments = Vec::new();
    let mut drivers = None;
    let mut store = log::look(&config)?;
    if let Some(store) = store.as_deref_mut() {
        let drivers = drivers.insert(Drivers::read(store)?);
        let headers = match arguments.number {
            None => chosen(store, arguments.ended)?,
            Some(number) => store.deployment(number)?.into_iter().collect(),
        };
        for header in &headers {
            let (entries, _) = log::read(store, header.number)?;
            let state = State::of(header, drivers);
            let mut timeline = timeline::project(header, &entries);
            if state == State::Interrupted {
                timeline.interrupt();
            }
            deployments.push(DeploymentDocument { state, timeline });
        }
    }
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
            deployment: held.map(|it| it.deployment),
            holder: held.map(|it| it.holder.clone()),
        }
    });
    let document = StatusDocument {
        schema: StatusDocument::SCHEMA,
        deployments,
        environments: environments.collect(),
    };
    match arguments.format.format {
        Format::Human => output.text(&human(&document, arguments.number.is_some())),
        Format::Json => output.text(&json::pretty(&document)?),
    }
    Ok(Exit::Go)
}

/// All unfinished deployments and the latest finished ones, the newest first.
fn chosen(store: &mut dyn Store, ended: usize) -> Result<Vec<Header>, Error> {
    let mut left = ended;
    let all = store.deployments(LISTED)?;
    Ok(all
        .into_iter()
        .filter(|it| {
            it.conclusion.is_none() || {
                let shown = left > 0;
                left = left.saturating_sub(1);
                shown
            }
        })
        .collect())
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

fn human(document: &StatusDocument, steps: bool) -> String {
    let mut text = String::new();
    if document.deployments.is_empty() {
        text.push_str("no deployment yet: start one with `greenlight run --tag TAG`\n");
    }
    // Writing into a string can't fail.
    for deployment in &document.deployments {
        let timeline = &deployment.timeline;
        let _ = writeln!(
            text,
            "deployment {}: {} ({})\n  began {}, last record after {}",
            timeline.number,
            deployment.state.name(),
            escape(&timeline.tag),
            time::instant(timeline.began),
            time::span(timeline.last.saturating_sub(timeline.began))
        );
        for place in &timeline.environments {
            let status = headline::place(place);
            let _ = writeln!(text, "  {}: {}", escape(&place.name), escape(&status));
        }
        let headline = Headline::of(timeline);
        for sentence in &headline.served {
            let _ = writeln!(text, "  at the end, {}", escape(sentence));
        }
        if let Some(reason) = headline.because {
            let _ = writeln!(text, "  because: {}", escape(&reason.message));
            if let Some(help) = &reason.help {
                let _ = writeln!(text, "    help: {}", escape(help));
            }
        }
        if let Some(waits) = &headline.waits {
            let lead = match headline.advice {
                None => "now",
                Some(_) => headline.lead(),
            };
            let _ = writeln!(text, "  {lead}: {}", escape(waits));
        }
        if let Some(advice) = &headline.advice {
            let _ = writeln!(text, "  {}", escape(advice));
        }
        if steps {
            text.push_str(&self::steps(timeline));
        }
    }
    for held in &document.environments {
        let _ = match held.deployment {
            Some(number) => writeln!(text, "{}: held by deployment {number}", held.environment),
            None => writeln!(text, "{}: free", held.environment),
        };
    }
    text
}

fn steps(timeline: &Timeline) -> String {
    let mut text = String::from("  steps:\n");
    for step in &timeline.steps {
        let took = step
            .ended
            .unwrap_or(timeline.last)
            .saturating_sub(step.began);
        let place = step.environment.as_deref();
        let place = place.map_or_else(String::new, |it| format!(" {}", escape(it)));
        let _ = writeln!(
            text,
            "    {}  {:>7}  {}{place}: {}",
            time::clock(step.began),
            time::span(took),
            step.kind,
            escape(&step.outcome)
        );
    }
    for note in &timeline.notes {
        let _ = writeln!(text, "    note: {}", escape(&note.text));
    }
    text
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
