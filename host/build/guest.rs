//! The nested cargo that compiles `guest/` to a core module.

use super::toolchain::{TARGET, Toolchain};
use anyhow::{Context as _, bail};
use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The guest's profile: small, and without the host's settings.
const PROFILE: [&str; 6] = [
    "opt-level='s'",
    "lto=true",
    "codegen-units=1",
    "panic='abort'",
    "strip=true",
    // A number that wraps could become a wrong decision; a trap cannot.
    "overflow-checks=true",
];

/// What is compiled.
pub struct Module<'a> {
    /// The package.
    pub package: &'a str,
    /// The arguments that select one of its targets.
    pub target: &'a [&'a str],
    /// The file of the core module, from the folder of the profile.
    pub file: &'a str,
}

/// The bundled policy.
pub const POLICY: Module<'_> = Module {
    package: "greenlight-policy",
    target: &["--lib"],
    file: "greenlight_policy.wasm",
};

/// Compiles a policy and returns the bytes of the core module.
pub fn build(
    toolchain: &Toolchain,
    workspace: &Path,
    out: &Path,
    module: &Module<'_>,
) -> anyhow::Result<Vec<u8>> {
    // The outer cargo holds the lock of its own target directory until this program ends.
    let target_dir = out.join("guest");
    let status = command(toolchain, workspace, &target_dir, module)
        .status()
        .context("run cargo for the policy")?;
    if !status.success() {
        bail!("compile the policy: cargo ended with {status}");
    }
    let file = target_dir.join(TARGET).join("release").join(module.file);
    fs::read(&file).with_context(|| format!("read `{}`", file.display()))
}

fn command(
    toolchain: &Toolchain,
    workspace: &Path,
    target_dir: &Path,
    module: &Module<'_>,
) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    scrub(&mut command);
    command
        .current_dir(workspace)
        // The outer cargo reads the standard output of a build script.
        .stdout(Stdio::null())
        .args(["rustc", "--package", module.package])
        .args(module.target)
        .arg("--crate-type=cdylib")
        .args(["--release", "--locked", "--target", TARGET])
        .arg("--manifest-path")
        .arg(workspace.join("guest/Cargo.toml"))
        .arg("--target-dir")
        .arg(target_dir);
    if let Some(jobs) = env::var_os("NUM_JOBS") {
        command.arg("--jobs").arg(jobs);
    }
    for setting in PROFILE {
        command
            .arg("--config")
            .arg(format!("profile.release.{setting}"));
    }
    toolchain.apply(&mut command);
    command.env("CARGO_ENCODED_RUSTFLAGS", flags(toolchain, workspace));
    command
}

/// Removes the variables of the outer cargo, and of tools that wrap it, that concern the host's build.
///
/// The variables for the source of crates and for the toolchain stay.
fn scrub(command: &mut Command) {
    const KEPT: [&str; 6] = [
        "CARGO_HOME",
        "CARGO_NET_",
        "CARGO_HTTP_",
        "CARGO_REGISTR",
        "CARGO_SOURCE_",
        "RUSTUP_",
    ];
    const REMOVED: [&str; 5] = ["CARGO_", "RUST", "MAKEFLAGS", "MFLAGS", "__CARGO"];
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| text.starts_with(prefix));
        if starts(&REMOVED) && !starts(&KEPT) {
            command.env_remove(&name);
        }
    }
}

/// Returns the compiler flags in cargo's encoding.
///
/// Setting them also disables those of cargo's configuration files.
fn flags(toolchain: &Toolchain, workspace: &Path) -> OsString {
    let mut flags = OsString::from("-Clink-arg=-zstack-size=65536");
    let sysroot = toolchain.sysroot();
    // The last match counts, and what follows the workspace may be inside it, where the compiler
    // is given relative paths.
    let remapped = [
        (Some(workspace.to_path_buf()), "/greenlight"),
        (cargo_home(), "/cargo"),
        (Some(sysroot.to_path_buf()), "/rust"),
        (
            sysroot.strip_prefix(workspace).ok().map(Path::to_path_buf),
            "/rust",
        ),
    ];
    for (from, to) in remapped {
        let Some(from) = from else { continue };
        flags.push("\x1f--remap-path-prefix=");
        flags.push(from);
        flags.push("=");
        flags.push(to);
    }
    flags
}

fn cargo_home() -> Option<PathBuf> {
    env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(env::home_dir()?.join(".cargo")))
}
