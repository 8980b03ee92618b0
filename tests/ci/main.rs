//! Runs the plug-ins below `host/ci/` as their systems do: each step in the shell of the system, in a real repository,
//! with the real program; Groovy in a stand-in for Jenkins. Schemas and rules check the rest of each file.

#[path = "../cli/harness.rs"]
#[expect(
    dead_code,
    reason = "the rest of it is for the tests of the command line"
)]
mod harness;
#[path = "../e2e/programs.rs"]
#[expect(dead_code, reason = "the rest of it is for the end-to-end tests")]
mod programs;

#[path = "../cli/docs/snippets.rs"]
mod snippets;
#[path = "../../host/src/effects/stand_in.rs"]
#[expect(dead_code, reason = "the rest of it is for the tests of the host")]
mod stand_in;

mod child;
mod circleci;
mod deployment;
mod docs;
mod files;
mod github;
mod gitlab;
mod install;
mod jenkins;
mod messages;
mod rules;
mod schemas;
mod settings;
mod test_programs;
mod toolchain;
mod woodpecker;
mod workspace;
