//! The plug-ins below `host/ci/`, run as their systems run them: each step under the shell that the system uses,
//! in a real repository, against the real program; the Groovy in a stand-in for Jenkins; what is left of each
//! file against its schema and our own rules.

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
