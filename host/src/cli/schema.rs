//! `greenlight schema`: the shapes of JSON output and input.

use clap::{Args, ValueEnum};

use super::output::Output;
use super::{Error, Exit};

/// Print the JSON Schema of a document.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Name the document.
    #[arg(value_enum)]
    name: Name,
}

/// A document that has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Name {
    /// What `label --format json` prints.
    Label,
    /// What `tags --format json` prints.
    Tags,
    /// What `resolve --format json` prints.
    Resolve,
    /// What `decide --format json` prints.
    Decision,
    /// What they print instead when the policy refuses.
    Refusal,
    /// What `explain --format json` prints.
    Explain,
    /// What `facts --format json` prints.
    Facts,
    /// A line of `replay --format jsonl`.
    Replay,
    /// What `policy inspect --format json` prints.
    Policy,
    /// What `policy table --format json` prints.
    Table,
    /// What `decide --history` reads.
    History,
    /// What `status --format json` prints.
    Status,
    /// What `rollback-advice --format json` prints.
    RollbackAdvice,
    /// The keys of `greenlight.toml`.
    Config,
    /// What `config show --format json` prints.
    Settings,
}

/// Embeds the schemas; a document without one does not compile.
macro_rules! schemas {
    ($($name:ident => $file:literal),* $(,)?) => {
        impl Name {
            /// The schema, as it stands in the repository.
            pub fn text(self) -> &'static str {
                match self {
                    $(Self::$name => include_str!(concat!("../../schemas/", $file, ".json"))),*
                }
            }
        }
    };
}

schemas! {
    Label => "label",
    Tags => "tags",
    Resolve => "resolve",
    Decision => "decision",
    Refusal => "refusal",
    Explain => "explain",
    Facts => "facts",
    Replay => "replay",
    Policy => "policy",
    Table => "table",
    History => "history",
    Status => "status",
    RollbackAdvice => "rollback-advice",
    Config => "config",
    Settings => "settings",
}

#[expect(clippy::unnecessary_wraps, reason = "every command has this shape")]
pub fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Error> {
    output.text(arguments.name.text());
    Ok(Exit::Go)
}
