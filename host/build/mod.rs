//! Guest to component to machine code.

mod apt;
mod component;
mod debian;
mod guest;
mod toolchain;

use anyhow::Context as _;
use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// The variable that names a component to embed instead of building the bundled policy: a path,
/// relative to the workspace.
const GIVEN: &str = "GREENLIGHT_POLICY_WASM";

/// Writes the policy that the host embeds.
pub fn run() -> anyhow::Result<()> {
    let out = PathBuf::from(variable("OUT_DIR")?);
    println!("cargo::rerun-if-env-changed={GIVEN}");
    // What holds of the bundled policy because tests hold it does not hold of another one in its place.
    println!("cargo::rustc-check-cfg=cfg(policy_given)");
    let host = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let workspace = host.parent().context("find the workspace of `host`")?;
    let component = match env::var_os(GIVEN).filter(|file| !file.is_empty()) {
        Some(file) => {
            println!("cargo::rustc-cfg=policy_given");
            given(&workspace.join(file))?
        }
        None => built(workspace, &out)?,
    };
    component::check(&component)?;
    let compiled = component::compile(&component, &variable("TARGET")?)?;
    write(&out.join("policy.wasm"), &component)?;
    write(&out.join("policy.cwasm"), &compiled)
}

fn given(file: &Path) -> anyhow::Result<Vec<u8>> {
    println!("cargo::rerun-if-changed={}", file.display());
    fs::read(file).with_context(|| format!("read `{}`, which {GIVEN} names", file.display()))
}

fn built(workspace: &Path, out: &Path) -> anyhow::Result<Vec<u8>> {
    // The build script's own sources need no mention: an edit builds it, and so runs it, anew.
    for source in ["guest", "wit", "Cargo.lock"] {
        println!(
            "cargo::rerun-if-changed={}",
            workspace.join(source).display()
        );
    }
    let toolchain = toolchain::find(workspace, out)?;
    component::encode(&guest::build(&toolchain, workspace, out)?)
}

fn write(file: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    fs::write(file, bytes).with_context(|| format!("write `{}`", file.display()))
}

fn variable(name: &str) -> anyhow::Result<String> {
    env::var(name).with_context(|| format!("read `{name}`, which cargo sets"))
}
