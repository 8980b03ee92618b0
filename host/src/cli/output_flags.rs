//! The flags `--color`, `--quiet` and `--verbose`. A command offers those that change what it prints.

use clap::builder::EnumValueParser;
use clap::{Arg, ArgAction, ArgMatches, Command, ValueEnum};

use super::Error;

/// The values of the flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutputFlags {
    /// When the output is colored.
    pub color: Color,
    /// Whether notes are left out.
    pub quiet: bool,
    /// Whether the sources of settings are printed.
    pub verbose: bool,
}

/// When the output is colored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set; anywhere if `FORCE_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// One of the flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flag {
    /// For progress, labels and diagnostics, which have colors.
    Color,
    /// For notes and progress on standard error.
    Quiet,
    /// For settings.
    Verbose,
}

use Flag::{Color as C, Quiet as Q, Verbose as V};

/// The flags that each command offers. A command without a row offers none.
const OFFERED: [(&str, &[Flag]); 27] = [
    ("label", &[C, Q, V]),
    ("tags", &[C, Q, V]),
    ("resolve", &[Q, V]),
    ("decide", &[C, Q, V]),
    ("explain", &[C, V]),
    ("replay", &[Q, V]),
    ("hours", &[C, Q]),
    ("run", &[C, Q, V]),
    ("status", &[V]),
    ("approve", &[Q, V]),
    ("reject", &[Q, V]),
    ("hold", &[Q, V]),
    ("cancel", &[Q, V]),
    ("freeze", &[Q, V]),
    ("thaw", &[Q, V]),
    ("window", &[V]),
    ("live", &[V]),
    ("rollback-advice", &[V]),
    ("serve", &[Q, V]),
    ("journal verify", &[Q, V]),
    ("journal export", &[Q, V]),
    ("config show", &[V]),
    ("config check", &[V]),
    ("policy inspect", &[V]),
    ("policy check", &[V]),
    ("policy table", &[V]),
    ("policy export", &[Q]),
];

impl Flag {
    const ALL: [Self; 3] = [C, Q, V];

    /// Its name on the command line, without dashes.
    const fn name(self) -> &'static str {
        match self {
            C => "color",
            Q => "quiet",
            V => "verbose",
        }
    }

    /// What a command does not do that refuses it.
    const fn reason(self) -> &'static str {
        match self {
            C => "has no colors in its output",
            Q => "prints neither notes nor progress",
            V => "reads no settings",
        }
    }

    /// The flag for the parser of a command, which is empty for the program itself.
    fn argument(self, command: &str) -> Arg {
        let argument = Arg::new(self.name())
            .long(self.name())
            .help_heading("Output");
        match self {
            C => argument
                .value_name("WHEN")
                .value_parser(EnumValueParser::<Color>::new())
                .default_value("auto")
                .help("Color the output: on a terminal, always or never"),
            Q => argument
                .short('q')
                .action(ArgAction::SetTrue)
                .help(if command == "serve" {
                    "Log errors only, as with `--log-level error`"
                } else {
                    "Print neither notes nor progress on standard error, only answers and errors"
                }),
            V => argument
                .short('v')
                .action(ArgAction::SetTrue)
                .help(if command == "serve" {
                    "Log every event, as with `--log-level debug`"
                } else {
                    "Print each setting that is not a default, with its source"
                }),
        }
    }
}

/// The flags of a command, which is named by its words.
fn offered(command: &str) -> &'static [Flag] {
    OFFERED
        .iter()
        .find(|(name, _)| *name == command)
        .map_or(&[], |(_, flags)| *flags)
}

/// Adds its flags to the parser of a command, which is named by its words.
pub fn add(parser: Command, command: &str) -> Command {
    parser.args(offered(command).iter().map(|flag| flag.argument(command)))
}

/// Adds the flags to the parser of the program and of all its commands.
pub fn add_to_all(program: Command) -> Command {
    let arguments = Flag::ALL.map(|flag| {
        let argument = flag.argument("");
        let help = argument.get_help().map(ToString::to_string);
        argument.help(format!(
            "{} (only for commands that offer this option)",
            help.unwrap_or_default()
        ))
    });
    add_below(program, "").args(arguments)
}

fn add_below(above: Command, name: &str) -> Command {
    above.mut_subcommands(|below| {
        let name = format!("{name} {}", below.get_name());
        let name = name.trim_start();
        add_below(add(below, name), name)
    })
}

/// Reads the flags from the arguments of the program.
///
/// # Errors
///
/// If a flag stands before a command that does not offer it, or if both `--quiet` and `--verbose` are given.
pub fn read(program: &ArgMatches) -> Result<OutputFlags, Error> {
    let mut words = Vec::new();
    let mut matches = program;
    while let Some((word, below)) = matches.subcommand() {
        words.push(word);
        matches = below;
    }
    let command = words.join(" ");
    for flag in Flag::ALL {
        if is_given(program, flag) && !offered(&command).contains(&flag) {
            return Err(Error::new(
                format!(
                    "`--{}` can't be used with `greenlight {command}`",
                    flag.name()
                ),
                format!("leave it out: the command {}", flag.reason()),
            ));
        }
    }
    combine(&[program, matches])
}

/// Reads the flags from the arguments of a command alone.
///
/// # Errors
///
/// If both `--quiet` and `--verbose` are given.
pub fn read_alone(command: &ArgMatches) -> Result<OutputFlags, Error> {
    combine(&[command])
}

fn combine(levels: &[&ArgMatches]) -> Result<OutputFlags, Error> {
    let is_set = |flag| levels.iter().any(|it| is_given(it, flag));
    let color = levels.iter().rev().find(|it| is_given(it, C));
    let flags = OutputFlags {
        color: color
            .and_then(|it| it.get_one(C.name()).copied())
            .unwrap_or_default(),
        quiet: is_set(Q),
        verbose: is_set(V),
    };
    if flags.quiet && flags.verbose {
        return Err(Error::new(
            "`--quiet` can't be used with `--verbose`",
            "leave out one of them",
        ));
    }
    Ok(flags)
}

/// Whether a flag stands on the command line, at this level.
fn is_given(matches: &ArgMatches, flag: Flag) -> bool {
    use clap::parser::ValueSource::CommandLine;
    matches.try_contains_id(flag.name()).is_ok()
        && matches.value_source(flag.name()) == Some(CommandLine)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each command without subcommands, by its words.
    fn leaves(above: &Command, name: &str, found: &mut Vec<(String, Command)>) {
        for below in above.get_subcommands() {
            let name = format!("{name} {}", below.get_name());
            leaves(below, name.trim_start(), found);
        }
        if !above.has_subcommands() {
            found.push((name.to_owned(), above.clone()));
        }
    }

    fn has(command: &Command, id: &str) -> bool {
        command.get_arguments().any(|it| it.get_id() == id)
    }

    #[test]
    fn commands_that_read_settings_offer_verbose_and_those_with_exports_quiet() {
        let mut found = Vec::new();
        leaves(&crate::cli::command(), "", &mut found);
        for (name, command) in &found {
            assert_eq!(has(command, "verbose"), has(command, "config"), "{name}");
            assert!(has(command, "quiet") || !has(command, "exports"), "{name}");
        }
        for (name, flags) in OFFERED {
            let (_, command) = found
                .iter()
                .find(|(found, _)| found == name)
                .unwrap_or_else(|| panic!("no command `{name}`"));
            for flag in Flag::ALL {
                assert_eq!(has(command, flag.name()), flags.contains(&flag), "{name}");
            }
        }
    }
}
