//! From the guest's source to a core module, a component and machine code; and how the program is linked.

mod apt;
mod debian;
mod guest;
mod link;
mod toolchain;

use crate::profile;
use anyhow::{Context as _, anyhow, bail};
use std::{
    env, fs,
    path::{Path, PathBuf},
};
use wasmtime::Engine;
use wit_component::{ComponentEncoder, DecodedWasm};

/// The variable that names a component to embed instead of building the bundled policy: a path,
/// relative to the workspace.
const GIVEN: &str = "GREENLIGHT_POLICY_WASM";

/// How a component begins; a core module has another version.
/// Source: the component model's `Binary.md`.
const PREAMBLE: &[u8] = b"\0asm\x0d\0\x01\0";

/// Writes the policy that the host embeds.
pub fn run() -> anyhow::Result<()> {
    link::pack_relocations();
    let out = PathBuf::from(variable("OUT_DIR")?);
    println!("cargo::rerun-if-env-changed={GIVEN}");
    // Promises that tests check for the bundled policy do not hold for a given one.
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
    check(&component)?;
    let compiled = precompile(&component, &variable("TARGET")?)?;
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
    encode(&guest::build(&toolchain, workspace, out, &guest::POLICY)?)
}

fn write(file: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    fs::write(file, bytes).with_context(|| format!("write `{}`", file.display()))
}

fn variable(name: &str) -> anyhow::Result<String> {
    env::var(name).with_context(|| format!("read `{name}`, which cargo sets"))
}

/// Encodes a core module, with the contract that its custom sections describe, as a component.
fn encode(module: &[u8]) -> anyhow::Result<Vec<u8>> {
    ComponentEncoder::default()
        .module(module)
        .and_then(|encoder| encoder.validate(true).encode())
        .context("encode the policy as a component")
}

/// Checks that this is a component without imports, which makes the policy a pure function.
fn check(component: &[u8]) -> anyhow::Result<()> {
    if !component.starts_with(PREAMBLE) {
        bail!("accept the policy: it is not a component in the binary format");
    }
    let (resolve, world) = match wit_component::decode(component) {
        Ok(DecodedWasm::Component(resolve, world)) => (resolve, world),
        Ok(DecodedWasm::WitPackage(..)) => {
            bail!("read the policy: it is a package of interfaces, not a component")
        }
        Err(error) => return Err(error.context("read the policy as a component")),
    };
    let imports: Vec<_> = resolve.worlds[world]
        .imports
        .keys()
        .map(|import| format!("`{}`", resolve.name_world_key(import)))
        .collect();
    if !imports.is_empty() {
        bail!(
            "accept the policy: it imports {}, and a policy imports nothing",
            imports.join(", ")
        );
    }
    Ok(())
}

/// Compiles the component for every processor of the target, not only for the one of this machine.
fn precompile(component: &[u8], target: &str) -> anyhow::Result<Vec<u8>> {
    let mut config = profile::config();
    config
        .target(target)
        .and_then(|config| Engine::new(config))
        .and_then(|engine| engine.precompile_component(component))
        .map_err(|error| anyhow!("compile the policy for `{target}`: {error:#}"))
}
