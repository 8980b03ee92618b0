//! What every policy may rely on in the settings: the rules that `wit/types.wit` names, and names that are not empty.
//!
//! They apply to the file and to the resolved settings, so that a flag, a variable and a key have the same rules.

use super::values::Wrong;
use crate::contract::types::Settings;
use crate::contract::validate::{ENVIRONMENT_FORM, is_environment};
use crate::window::Window;
use crate::window::table::{self, WindowTable};

/// The fewest environments: one for the load test, and production.
const LEAST_ENVIRONMENTS: usize = 2;

/// Checks settings. The keys of an error are those of the file, with the positions of environments and jobs in the
/// settings.
///
/// # Errors
///
/// The first rule that they break.
pub(super) fn check(settings: &Settings) -> Result<(), Wrong> {
    if settings.publish_branch.trim().is_empty() {
        return Err(Wrong::new(
            "release.publish-branch",
            "is empty",
            "name the branch whose builds are published, such as `main`",
        ));
    }
    let mut jobs = settings.required_jobs.iter();
    if let Some(place) = jobs.position(|job| job.trim().is_empty()) {
        return Err(Wrong::new(
            format!("release.required-jobs.{place}"),
            "has an empty name",
            "name each job as the CI system does, such as `test`",
        ));
    }
    if settings.poll_interval == 0 {
        return Err(Wrong::new(
            "release.poll-interval",
            "must be greater than 0",
            "write a duration like `90s`, or leave the key out for 10s",
        ));
    }
    environments(settings)
}

fn environments(settings: &Settings) -> Result<(), Wrong> {
    let all = &settings.environments;
    for (place, environment) in all.iter().enumerate() {
        let name = &environment.name;
        if !is_environment(name) {
            return Err(Wrong::new(
                format!("environment.{place}.name"),
                format!("is not the name of an environment: `{name}`"),
                format!("use {ENVIRONMENT_FORM}"),
            ));
        }
        if all[..place].iter().any(|other| other.name == *name) {
            return Err(Wrong::new(
                format!("environment.{place}.name"),
                format!("is used twice: `{name}`"),
                "give each environment a name of its own",
            ));
        }
        if environment.convergence_rounds == 0 {
            return Err(Wrong::new(
                format!("environment.{place}.convergence-rounds"),
                "must be greater than 0",
                "write a number of rounds, or leave the key out for 2",
            ));
        }
    }
    if all.len() < LEAST_ENVIRONMENTS {
        return Err(Wrong::new(
            "environment",
            format!(
                "names {} of at least {LEAST_ENVIRONMENTS} environments",
                all.len()
            ),
            "name an environment for the load test, then production, such as `stage` and `prod`",
        ));
    }
    Ok(())
}

/// Checks the windows. Only a file with windows needs the data of a time zone.
pub(super) fn windows(tables: Vec<WindowTable>, settings: &Settings) -> Result<Vec<Window>, Wrong> {
    let names: Vec<_> = settings
        .environments
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    table::windows(tables, &names).map_err(|it| {
        Wrong::new(
            format!("window.{}.{}", it.table, it.key),
            format!("can't be used: {}", it.error.message),
            it.error.help,
        )
    })
}
