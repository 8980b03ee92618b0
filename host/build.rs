//! Leaves the policy in `OUT_DIR`: `policy.wasm`, the component, and `policy.cwasm`, the same
//! compiled ahead of time for a baseline processor of the target.

use std::process::ExitCode;

#[path = "build/mod.rs"]
mod build;
#[path = "src/sandbox/profile.rs"]
#[allow(
    dead_code,
    reason = "the build needs the settings, not the run-time limits"
)]
mod profile;

fn main() -> ExitCode {
    match build::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: failed to {error:#}");
            ExitCode::FAILURE
        }
    }
}
