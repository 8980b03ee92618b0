//! Usage errors that a variable causes. `clap` names the flag that the variable replaces, which was not given.

use std::env;
use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue};

use super::Error;

/// The error for a variable with an invalid value; `None` if the command line is at fault.
pub fn variable_at_fault(
    error: &clap::Error,
    command: &clap::Command,
    mut arguments: impl Iterator<Item = OsString>,
) -> Option<Error> {
    let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let flag = argument.split([' ', '=']).next()?.strip_prefix("--")?;
    let is_flag = |given: OsString| {
        let given = given.to_str().and_then(|it| it.strip_prefix("--"));
        given.is_some_and(|it| it.split('=').next() == Some(flag))
    };
    // A flag overrides its variable.
    if arguments.any(is_flag) {
        return None;
    }
    let variable = variable_of(command, flag)?;
    let value = env::var_os(&variable)?;
    let name = variable.display();
    if value.is_empty() {
        return Some(Error::new(
            format!("the variable `{name}` is empty"),
            "set it to a value, or unset it",
        ));
    }
    let known = match error.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(known)) => known.join("`, `"),
        _ => return None,
    };
    Some(Error::new(
        format!(
            "invalid value `{}` in the variable `{name}`",
            value.display()
        ),
        format!("set it to one of `{known}`, or unset it"),
    ))
}

/// The variable that replaces a flag of a command or of one of its subcommands.
fn variable_of(command: &clap::Command, flag: &str) -> Option<OsString> {
    let own = command
        .get_arguments()
        .find(|it| it.get_long() == Some(flag))
        .and_then(clap::Arg::get_env);
    own.map(ToOwned::to_owned).or_else(|| {
        command
            .get_subcommands()
            .find_map(|it| variable_of(it, flag))
    })
}
