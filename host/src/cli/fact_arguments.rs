//! `--fact`: facts about a release or a build that the command line gives.

use clap::Args;

use super::args::ReadingArguments;
use crate::config::resolved::Resolved;
use crate::contract::types::Fact;
use crate::deployment::release_facts::Sources;
use crate::facts::release;
use crate::sandbox::Policy;

/// Facts of the command line.
#[derive(Debug, Args)]
pub struct FactArguments {
    /// Tell the policy a fact, as text with `NAME=TEXT` or as JSON with `NAME:=JSON`; repeatable. The bundled policy uses
    /// no facts.
    #[arg(long = "fact", value_name = "NAME=TEXT", value_parser = release::given)]
    pub facts: Vec<Fact>,
}

impl FactArguments {
    /// The sources of facts for a command that decides once.
    pub fn sources<'a>(
        &'a self,
        resolved: &'a Resolved,
        policy: &'a Policy,
        reading: &'a ReadingArguments,
    ) -> Sources<'a> {
        Sources {
            config: resolved.config(),
            policy,
            repo: reading.repo.as_deref(),
            given: &self.facts,
        }
    }
}
