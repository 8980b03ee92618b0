//! The reference of commands, from the command line itself.

use std::fmt::Write as _;

use clap::{Arg, Command};
use greenlight::cli;

use super::{cell, is_current};

#[test]
fn commands() {
    let mut program = cli::command();
    program.build();
    let mut text = "# Commands\n\nThe answer of a command goes to standard output, everything else to standard \
                    error. Flags override variables, variables override `greenlight.toml`, and the file overrides \
                    the default. See [Exit status](exit-status.md) for how commands end and \
                    [Outputs](outputs.md) for JSON and exported variables.\n\n| command | does |\n| --- | --- |\n"
        .to_owned();
    let leaves = leaves(&program, "greenlight");
    for (name, command) in &leaves {
        let about = command
            .get_about()
            .map(ToString::to_string)
            .unwrap_or_default();
        let anchor = name.replace(' ', "-");
        let _ = writeln!(text, "| [`{name}`](#{anchor}) | {} |", cell(&about));
    }
    for (name, command) in &leaves {
        text += &section(name, command);
    }
    is_current("commands.md", &text);
}

/// A text as a sentence, so that another one may follow.
fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() || text.ends_with(['.', ']']) {
        return text.to_owned();
    }
    format!("{text}.")
}

/// The commands that do something, by their whole name.
fn leaves<'a>(command: &'a Command, name: &str) -> Vec<(String, &'a Command)> {
    let mut found = Vec::new();
    for sub in command.get_subcommands() {
        let name = format!("{name} {}", sub.get_name());
        if sub.has_subcommands() {
            found.extend(leaves(sub, &name));
        } else {
            found.push((name, sub));
        }
    }
    found
}

fn section(name: &str, command: &Command) -> String {
    let about = command.get_long_about().or(command.get_about());
    let about = about.map(ToString::to_string).unwrap_or_default();
    let usage = command.clone().render_usage().to_string();
    let usage = usage
        .trim_start_matches("Usage: ")
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned();
    let mut text = format!("\n## {name}\n\n{}\n\nUsage: `{usage}`\n", about.trim());
    let mut arguments: Vec<_> = command
        .get_arguments()
        .filter(|it| it.get_id() != "help" && !it.is_hide_set())
        .collect();
    if arguments.is_empty() {
        return text;
    }
    arguments.sort_by_key(|it| !it.is_positional());
    text += "\n| argument | does | variable |\n| --- | --- | --- |\n";
    for argument in arguments {
        text += &row(argument);
    }
    text
}

fn row(argument: &Arg) -> String {
    let values = argument.get_value_names().unwrap_or_default();
    let takes = argument.get_action().takes_values();
    let values: Vec<_> = values.iter().map(ToString::to_string).collect();
    let values = if takes {
        values.join(" ")
    } else {
        String::new()
    };
    let name = match argument.get_long() {
        Some(long) => format!("--{long} {values}"),
        None => values,
    };
    let about = argument.get_long_help().or(argument.get_help());
    let mut about = about.map(ToString::to_string).unwrap_or_default();
    let possible = argument.get_possible_values();
    if takes && !possible.is_empty() && argument.get_long().is_some() {
        let names: Vec<_> = possible
            .iter()
            .map(|it| format!("`{}`", it.get_name()))
            .collect();
        about = sentence(&about) + &format!(" One of {}.", names.join(", "));
    }
    let defaults = argument.get_default_values();
    if takes && !defaults.is_empty() {
        let names: Vec<_> = defaults.iter().map(|it| it.to_string_lossy()).collect();
        let _ = write!(about, " [default: {}]", names.join(", "));
    }
    let described = variable(&mut about);
    let own = argument
        .get_env()
        .map(|it| it.to_string_lossy().into_owned());
    let variable = own.or(described).map(|it| format!("`{it}`"));
    format!(
        "| `{}` | {} | {} |\n",
        cell(&name),
        cell(&sentence(&about)),
        variable.unwrap_or_default()
    )
}

/// Takes the variable out of the text of a flag whose variable is read after the flag and before the file.
fn variable(about: &mut String) -> Option<String> {
    let start = about.find("[env: ")?;
    let end = start + about[start..].find(']')?;
    let name = about[start + "[env: ".len()..end]
        .trim_matches('`')
        .to_owned();
    about.replace_range(start..=end, "");
    *about = about.trim().to_owned();
    Some(name)
}
