//! The command line. Each command reads facts, asks the policy, and renders the answer.

#[cfg(test)]
mod agreement;
mod args;
mod cancel;
mod config;
mod configuration;
mod decide;
mod exit;
mod explain;
mod exports;
#[cfg(test)]
pub(crate) use exports::merge;
mod fact_arguments;
mod facts;
mod facts_document;
mod freeze;
mod freeze_end;
mod help;
mod hours;
mod intervene;
mod journal;
mod label;
mod live;
mod output;
mod output_flags;
mod person;
mod policy;
mod progress;
mod replace;
mod replay;
mod reports;
mod rollback;
mod run;
mod schema;
mod serve;
mod status;
mod table;
mod tags;
mod usage;
mod window;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Subcommand};
use clap_complete::Shell;

pub use exit::{Exit, WarnExitCode};
use output::Output;
use output_flags::OutputFlags;

use crate::contract::promotion::InterventionKind::{Approved, Held, Rejected};
use crate::effects::process::gate;
pub use crate::error::Error;
use crate::local;
use crate::sandbox::compile;
use crate::text::escape::escape;

/// Decide whether a build may go on to the next environment, and say why.
///
/// A release policy reads the label in the commit message, names the image tags to push, reads what a tag
/// asks for, and decides about promotion. It runs as a WebAssembly component in a sandbox without access to
/// files, network or time. Without a decision nothing is promoted.
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
    Tags(tags::TagsArguments),
    Resolve(tags::ResolveArguments),
    Decide(decide::Arguments),
    Explain(explain::Arguments),
    Facts(facts::Arguments),
    Replay(replay::Arguments),
    Hours(hours::HoursArguments),
    Run(Box<run::Arguments>),
    Status(status::StatusArguments),
    /// Approve a release.
    ///
    /// Approvals of different people add up. An approval is about the image of the deployment, lifts a hold, and
    /// expires after `approval-lasts`. The process that drives the deployment, on any machine that shares the journal,
    /// records it and continues.
    Approve(intervene::InterventionArguments),
    /// Reject a release.
    ///
    /// It enters no further environment, and its deployment ends with status 1. Nothing is rolled back.
    Reject(intervene::InterventionArguments),
    /// Hold a release until a person approves it.
    ///
    /// It enters no further environment meanwhile. A hold voids the approvals before it.
    Hold(intervene::InterventionArguments),
    Cancel(cancel::CancelArguments),
    Freeze(freeze::FreezeArguments),
    Thaw(freeze::ThawArguments),
    Window(window::WindowArguments),
    Live(live::Arguments),
    RollbackAdvice(rollback::Arguments),
    Serve(serve::Arguments),
    #[command(subcommand)]
    Journal(journal::Command),
    #[command(subcommand)]
    Config(config::Command),
    #[command(subcommand)]
    Policy(policy::Command),
    Schema(schema::Arguments),
    Help(help::Arguments),
    /// Print the completions for a shell.
    Completions {
        /// Name the shell.
        shell: Shell,
    },
    /// Print the man page.
    Man,
}

/// The parser of the whole command line, from which documentation and completions are generated.
pub fn command() -> clap::Command {
    output_flags::add_to_all(Cli::command())
}

/// Runs the program.
pub fn main() -> ExitCode {
    heed_file_size_limit();
    // A process that was started to execute a command does nothing else.
    if let Some(exit) = gate::enter() {
        return exit;
    }
    // A process that was started to compile a component does nothing else.
    if std::env::args_os()
        .nth(1)
        .is_some_and(|first| first == compile::COMMAND)
    {
        return compile::run_as_child();
    }
    if std::env::args_os().nth(1).is_some_and(|first| {
        [local::DEPLOY, local::LOAD, local::STEP]
            .iter()
            .any(|it| first == *it)
    }) {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        return local::run_as_child(&arguments);
    }
    let parsed = parse_fast().map_or_else(|| parse(std::env::args_os()), |parsed| Ok(Ok(parsed)));
    let (flags, command) = match parsed {
        Ok(Ok(parsed)) => parsed,
        Ok(Err(error)) => return unusable(&error),
        Err(error) => return usage(&error),
    };
    let mut output = Output::new(flags);
    let exit = match run(command, &mut output) {
        Ok(exit) => exit,
        Err(error) => {
            output.discard();
            output.error(&error.text());
            Exit::from(error.kind)
        }
    };
    output.finish(exit).into()
}

/// Makes a write beyond the file size limit (`ulimit -f`) fail with an error, as on a full disk. Without a handler,
/// `SIGXFSZ` would end the process without an error message. Child processes keep the default action of the signal.
fn heed_file_size_limit() {
    let unread = Arc::new(AtomicBool::new(false));
    // If the handler can't be registered, `SIGXFSZ` keeps its default action: it ends the process.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, unread);
}

/// Parses the command line. The inner error is about the flags of the output.
fn parse<T: Into<std::ffi::OsString> + Clone>(
    arguments: impl IntoIterator<Item = T>,
) -> Result<Result<(OutputFlags, Command), Error>, clap::Error> {
    let matches = command().try_get_matches_from(arguments)?;
    let command = Cli::from_arg_matches(&matches)?.command;
    Ok(output_flags::read(&matches).map(|flags| (flags, command)))
}

/// Parses the arguments of a command that decides, without building the parsers of all the others. If they are
/// wrong or ask for help, the parser of the whole command line runs and says so.
fn parse_fast() -> Option<(OutputFlags, Command)> {
    fn read<A: Args>(
        name: &str,
        arguments: std::env::ArgsOs,
        command: impl FnOnce(A) -> Command,
    ) -> Option<(OutputFlags, Command)> {
        let parser = clap::Command::new("greenlight").no_binary_name(true);
        let parser = output_flags::add(A::augment_args(parser), name);
        let matches = parser.try_get_matches_from(arguments).ok()?;
        let flags = output_flags::read_alone(&matches).ok()?;
        Some((flags, command(A::from_arg_matches(&matches).ok()?)))
    }
    let mut arguments = std::env::args_os();
    let name = arguments.nth(1)?;
    let name = name.to_str()?;
    match name {
        "label" => read(name, arguments, Command::Label),
        "tags" => read(name, arguments, Command::Tags),
        "resolve" => read(name, arguments, Command::Resolve),
        "decide" => read(name, arguments, Command::Decide),
        _ => None,
    }
}

fn run(command: Command, output: &mut Output) -> Result<Exit, Error> {
    match command {
        Command::Label(arguments) => label::run(&arguments, output),
        Command::Tags(arguments) => tags::tags(&arguments, output),
        Command::Resolve(arguments) => tags::resolve(&arguments, output),
        Command::Decide(arguments) => decide::run(&arguments, output),
        Command::Explain(arguments) => explain::run(&arguments, output),
        Command::Facts(arguments) => facts::run(&arguments, output),
        Command::Replay(arguments) => replay::run(&arguments, output),
        Command::Hours(arguments) => hours::run(&arguments, output),
        Command::Run(arguments) => run::run(&arguments, output),
        Command::Status(arguments) => status::status(&arguments, output),
        Command::Approve(it) => intervene::intervene(Approved, &it, output),
        Command::Reject(it) => intervene::intervene(Rejected, &it, output),
        Command::Hold(it) => intervene::intervene(Held, &it, output),
        Command::Cancel(arguments) => cancel::cancel(&arguments, output),
        Command::Freeze(arguments) => freeze::freeze(&arguments, output),
        Command::Thaw(arguments) => freeze::thaw(&arguments, output),
        Command::Window(arguments) => window::window(&arguments, output),
        Command::Live(arguments) => live::run(&arguments, output),
        Command::RollbackAdvice(arguments) => rollback::run(&arguments, output),
        Command::Serve(arguments) => serve::run(&arguments, output),
        Command::Journal(command) => journal::run(&command, output),
        Command::Config(command) => config::run(&command, output),
        Command::Policy(command) => policy::run(&command, output),
        Command::Schema(arguments) => schema::run(&arguments, output),
        Command::Help(arguments) => help::run(&arguments, self::command(), output),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut self::command(), "greenlight", &mut script);
            output.bytes(&script);
            Ok(Exit::Go)
        }
        Command::Man => {
            output.bytes(&help::man_page(self::command())?);
            Ok(Exit::Go)
        }
    }
}

/// Ends with the text of `clap`: help and version are answers, everything else is a usage error.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        return error.print().map_or(Exit::Output, |()| Exit::Go).into();
    }
    if let Some(fault) = usage::variable_at_fault(error, &command(), std::env::args_os().skip(1)) {
        return unusable(&fault);
    }
    let text = error.render().to_string();
    let lines: String = text.lines().map(escaped_line).collect();
    Output::new(OutputFlags::default()).error(&lines);
    Exit::Usage.into()
}

/// Ends with an error about the command line.
fn unusable(error: &Error) -> ExitCode {
    Output::new(OutputFlags::default()).error(&error.text());
    Exit::from(error.kind).into()
}

/// Escapes a line of `clap`, which repeats arguments unchanged, line breaks included: a CI runner would carry
/// out one that begins with `::`.
fn escaped_line(line: &str) -> String {
    let line = escape(line);
    match line.trim_start() {
        "For more information, try '--help'." => "  help: list the options with `--help`\n".into(),
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
        command().debug_assert();
    }
}
