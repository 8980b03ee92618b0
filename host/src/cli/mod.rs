//! The command line. Each command reads facts, asks the policy, and renders the answer.

mod args;
mod cancel;
mod decide;
mod exit;
mod explain;
mod exports;
mod facts;
mod help;
mod journal;
mod label;
mod man;
mod output;
mod policy;
mod replay;
mod reports;
mod resolve;
mod rollback;
mod run;
mod schema;
mod serve;
mod status;
mod surroundings;
mod table;
mod tags;

use std::process::ExitCode;

use clap::{Args, CommandFactory as _, Parser as _, Subcommand};
use clap_complete::Shell;

pub use exit::{Exit, WarnExitCode};
use output::Output;

pub use crate::error::Error;
use crate::local;
use crate::sandbox::compile;
use crate::text::escape::escape;

/// Says whether a build may go on to the next environment, and why.
///
/// A release policy reads the label in the commit message, names the image tags to push, says what a
/// tag asks for, and decides about promotion. It runs as a WebAssembly component in a sandbox: it
/// reaches nothing, and what it can't decide is never a promotion.
#[derive(Debug, clap::Parser)]
#[command(
    name = "greenlight",
    version,
    after_help = exit_statuses(),
    disable_help_subcommand = true
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Label(label::Arguments),
    Tags(tags::Arguments),
    Resolve(resolve::Arguments),
    Decide(decide::Arguments),
    Explain(explain::Arguments),
    Facts(facts::Arguments),
    Replay(replay::Arguments),
    Run(Box<run::Arguments>),
    Status(status::Arguments),
    Cancel(cancel::Arguments),
    RollbackAdvice(rollback::Arguments),
    Serve(serve::Arguments),
    #[command(subcommand)]
    Policy(policy::Command),
    Schema(schema::Arguments),
    Help(help::Arguments),
    /// Print the completions for a shell.
    Completions {
        /// Which shell.
        shell: Shell,
    },
    /// Print the man page.
    Man,
}

/// The command line, for what is generated from it.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs the program.
pub fn main() -> ExitCode {
    // The child of a compilation has no business with anything else.
    if std::env::args_os()
        .nth(1)
        .is_some_and(|first| first == compile::COMMAND)
    {
        return compile::run_as_child();
    }
    if std::env::args_os()
        .nth(1)
        .is_some_and(|first| first == local::DEPLOY || first == local::LOAD)
    {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        return local::run_as_child(&arguments);
    }
    let command = match alone().map_or_else(|| Cli::try_parse().map(|it| it.command), Ok) {
        Ok(command) => command,
        Err(error) => return usage(&error),
    };
    let mut output = Output::from_environment();
    let exit = match run(command, &mut output) {
        Ok(exit) => exit,
        Err(error) => {
            output.discard();
            output.note(&error.text());
            Exit::from(error.kind)
        }
    };
    output.finish(exit).into()
}

/// Reads the arguments of a command that decides, without building all the others. Whatever is wrong with
/// them, and every wish for help, is said by the whole.
fn alone() -> Option<Command> {
    fn read<A: Args>(arguments: std::env::ArgsOs) -> Option<A> {
        let command = A::augment_args(clap::Command::new("greenlight").no_binary_name(true));
        let matches = command.try_get_matches_from(arguments).ok()?;
        A::from_arg_matches(&matches).ok()
    }
    let mut arguments = std::env::args_os();
    let name = arguments.nth(1)?;
    match name.to_str()? {
        "label" => read(arguments).map(Command::Label),
        "tags" => read(arguments).map(Command::Tags),
        "resolve" => read(arguments).map(Command::Resolve),
        "decide" => read(arguments).map(Command::Decide),
        _ => None,
    }
}

fn run(command: Command, output: &mut Output) -> Result<Exit, Error> {
    match command {
        Command::Label(arguments) => label::run(&arguments, output),
        Command::Tags(arguments) => tags::run(&arguments, output),
        Command::Resolve(arguments) => resolve::run(&arguments, output),
        Command::Decide(arguments) => decide::run(&arguments, output),
        Command::Explain(arguments) => explain::run(&arguments, output),
        Command::Facts(arguments) => facts::run(&arguments, output),
        Command::Replay(arguments) => replay::run(&arguments, output),
        Command::Run(arguments) => run::run(&arguments, output),
        Command::Status(arguments) => status::run(&arguments, output),
        Command::Cancel(arguments) => cancel::run(&arguments, output),
        Command::RollbackAdvice(arguments) => rollback::run(&arguments, output),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Policy(command) => policy::run(&command, output),
        Command::Schema(arguments) => schema::run(&arguments, output),
        Command::Help(arguments) => help::run(&arguments, Cli::command(), output),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "greenlight", &mut script);
            output.bytes(&script);
            Ok(Exit::Go)
        }
        Command::Man => {
            output.bytes(&man::page(Cli::command())?);
            Ok(Exit::Go)
        }
    }
}

/// Ends with what `clap` says: help and version are answers, everything else is a usage error.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        return error.print().map_or(Exit::Output, |()| Exit::Go).into();
    }
    let text = error.render().to_string();
    let lines: String = text.lines().map(harmless_line).collect();
    Output::from_environment().note(&lines);
    Exit::Usage.into()
}

/// Writes a line of clap's. It repeats arguments as they are, line breaks included, and a runner obeys
/// a line that begins with `::`.
fn harmless_line(line: &str) -> String {
    let line = escape(line);
    match line.trim_start() {
        "For more information, try '--help'." => "  help: see what it takes with `--help`\n".into(),
        _ => format!("{line}\n"),
    }
}

fn exit_statuses() -> String {
    let lines: Vec<_> = Exit::ALL
        .iter()
        .map(|(exit, meaning)| format!("  {:>2}  {meaning}", *exit as u8))
        .collect();
    format!("Exit status:\n{}", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
