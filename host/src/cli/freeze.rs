//! `greenlight freeze` and `greenlight thaw`: the button for an incident. A freeze is stored in the journal, and counts for
//! running deployments, too.

use clap::Args;

use super::configuration::{self, ConfigArguments};
use super::freeze_end::{self, FreezeEnd};
use super::output::Output;
use super::person::PersonName;
use super::{Error, Exit, args};
use crate::clock;
use crate::config::Config;
use crate::deployment::{calendar, log};
use crate::journal::{Freeze, NewFreeze, Thaw};
use crate::text::escape::escape;
use crate::window::local::local;

/// Freeze environments: no deployment begins until the freeze ends.
///
/// Use it during an incident. The freeze is a window in the journal with a name such as `freeze-1`. It also holds the next
/// step of running deployments. A deploy command that runs already is not interrupted.
#[derive(Debug, Args)]
pub struct FreezeArguments {
    /// Freeze this environment only [default: all environments].
    #[arg(long, value_name = "ENVIRONMENT")]
    environment: Option<String>,
    /// End the freeze at this time [default: when a person thaws it]: a duration from now, such as `4h`; a time with its
    /// offset from UTC, such as `2026-11-30T08:00:00+01:00`; or a local time in the zone of the configuration's windows,
    /// such as `2026-11-30 08:00`.
    #[arg(long, value_name = "TIME", value_parser = freeze_end::read)]
    until: Option<FreezeEnd>,
    #[command(flatten)]
    by: PersonName,
    /// Record why.
    #[arg(long, value_name = "TEXT", value_parser = args::reason)]
    reason: String,
    #[command(flatten)]
    config: ConfigArguments,
}

/// Thaw environments: end a freeze that `greenlight freeze` wrote.
#[derive(Debug, Args)]
pub struct ThawArguments {
    /// End the freeze with this name, such as `freeze-1` [default: the only freeze in force].
    #[arg(value_name = "FREEZE")]
    name: Option<String>,
    /// End the only freeze that names this environment.
    #[arg(long, value_name = "ENVIRONMENT", conflicts_with = "name")]
    environment: Option<String>,
    #[command(flatten)]
    by: PersonName,
    /// Record why.
    #[arg(long, value_name = "TEXT", value_parser = args::reason)]
    reason: String,
    #[command(flatten)]
    config: ConfigArguments,
}

/// Writes a freeze.
///
/// # Errors
///
/// If the environment is unknown, the end is not in the future, the person has no name, or the journal can't be written.
pub fn freeze(arguments: &FreezeArguments, output: &mut Output) -> Result<Exit, Error> {
    let config = config(&arguments.config, arguments.environment.as_ref(), output)?;
    let by = arguments.by.person()?.name_in_words();
    let at = clock::milliseconds();
    let until = arguments.until.as_ref();
    let until = until.map(|it| it.at(at, &config.windows)).transpose()?;
    let new = NewFreeze {
        at,
        environment: arguments.environment.clone(),
        until,
        by,
        why: arguments.reason.clone(),
    };
    let (_, mut store) = log::open(&config)?;
    let number = store.add_freeze(&new)?;
    let freeze = Freeze {
        number,
        new,
        thaw: None,
    };
    output.text(&format!("{}\n", in_words(&freeze, zone(&config))));
    output.note(&format!(
        "note: end it with `greenlight thaw {}`; let one release ignore it with `greenlight run --despite {}`\n",
        freeze.name(),
        freeze.name()
    ));
    Ok(Exit::Go)
}

/// Ends a freeze.
///
/// # Errors
///
/// If no freeze or more than one fits the arguments, the person has no name, or the journal can't be written.
pub fn thaw(arguments: &ThawArguments, output: &mut Output) -> Result<Exit, Error> {
    let config = config(&arguments.config, arguments.environment.as_ref(), output)?;
    let by = arguments.by.person()?.name_in_words();
    let at = clock::milliseconds();
    let mut freezes = calendar::freezes(&config)?;
    freezes.retain(|it| it.is_in_force(at));
    let known = freezes.clone();
    if let Some(name) = &arguments.name {
        freezes.retain(|it| it.name() == *name);
    }
    if let Some(name) = &arguments.environment {
        freezes.retain(|it| it.new.environment.as_ref() == Some(name));
    }
    let freeze = match &freezes[..] {
        [one] => one,
        [] => return Err(no_freeze(arguments, &known, zone(&config))),
        several => {
            return Err(Error::new(
                format!("{} freezes are in force", several.len()),
                format!(
                    "name one of them: {}",
                    list(several, zone(&config)).join("; ")
                ),
            ));
        }
    };
    let thaw = Thaw {
        at,
        by,
        why: arguments.reason.clone(),
    };
    log::open(&config)?.1.thaw(freeze.number, &thaw)?;
    output.text(&format!("{} has ended\n", freeze.name()));
    let others = known.iter().filter(|it| it.number != freeze.number);
    let others: Vec<_> = others.cloned().collect();
    if !others.is_empty() {
        let others = list(&others, zone(&config)).join("; ");
        output.note(&format!(
            "note: other freezes are still in force: {others}\n"
        ));
    }
    Ok(Exit::Go)
}

/// The configuration, which must have the environment that is named.
fn config(
    arguments: &ConfigArguments,
    environment: Option<&String>,
    output: &Output,
) -> Result<Config, Error> {
    let config =
        configuration::resolve_without_policy(&arguments.flags(None), output)?.required()?;
    environment.map_or(Ok(()), |it| config.check_name(it))?;
    Ok(config)
}

/// The zone in which the end of a freeze is shown.
pub(super) fn zone(config: &Config) -> &str {
    config.windows.first().map_or("UTC", |it| it.zone.name())
}

fn no_freeze(arguments: &ThawArguments, known: &[Freeze], zone: &str) -> Error {
    let message = match (&arguments.name, &arguments.environment) {
        (Some(name), _) => format!("no freeze in force has the name `{name}`"),
        (None, Some(name)) => format!("no freeze in force is for `{name}` alone"),
        (None, None) => "no freeze is in force".to_owned(),
    };
    let help = if known.is_empty() {
        "freezes of the configuration end by their dates; `greenlight window` lists what holds an environment"
            .to_owned()
    } else {
        format!("in force: {}", list(known, zone).join("; "))
    };
    Error::new(message, help)
}

fn list(freezes: &[Freeze], zone: &str) -> Vec<String> {
    freezes.iter().map(|it| in_words(it, zone)).collect()
}

/// A freeze in one line.
pub(super) fn in_words(freeze: &Freeze, zone: &str) -> String {
    let what = match &freeze.new.environment {
        Some(name) => format!("`{name}` is frozen"),
        None => "all environments are frozen".to_owned(),
    };
    let until = match freeze.new.until {
        Some(at) => format!("until {}", local(at.div_ceil(1000), zone)),
        None => "until a person thaws it".to_owned(),
    };
    let (by, why) = (escape(&freeze.new.by), escape(&freeze.new.why));
    format!("{}: {what} {until}: {why}, by {by}", freeze.name())
}
