//! The commands of the built-in pipeline: this program, started by itself.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use super::load;

/// The first argument of a built-in deployment.
pub const DEPLOY: &str = "__local-deploy";

/// The first argument of the built-in load.
pub const LOAD: &str = "__local-load";

/// Runs as one of them.
pub fn run_as_child(arguments: &[String]) -> ExitCode {
    let outcome = match arguments {
        [what, control] if what == DEPLOY => deploy(control),
        [what, results, history] if what == LOAD => load::run(
            &variable("GREENLIGHT_NODES"),
            Path::new(results),
            Path::new(history),
        ),
        _ => Err("this command is internal to `greenlight run --local`".to_owned()),
    };
    match outcome {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn deploy(control: &str) -> Result<String, String> {
    let (commit, environment) = (
        variable("GREENLIGHT_COMMIT"),
        variable("GREENLIGHT_ENVIRONMENT"),
    );
    agent()
        .post(format!("{control}{commit}"))
        .send_empty()
        .map_err(|error| format!("failed to deploy: {error}"))?;
    Ok(format!(
        "the nodes of {environment} change to {commit}, one by one"
    ))
}

pub(super) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(5)))
        .proxy(None)
        .build()
        .into()
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}
