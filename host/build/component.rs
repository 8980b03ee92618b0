//! Module to component to machine code.

use crate::profile;
use anyhow::{Context as _, anyhow, bail};
use wasmtime::Engine;
use wit_component::{ComponentEncoder, DecodedWasm};

/// How a component begins; a core module has another version.
/// Source: the component model's `Binary.md`.
const PREAMBLE: &[u8] = b"\0asm\x0d\0\x01\0";

/// Encodes a core module, with the contract that its custom sections describe, as a component.
pub fn encode(module: &[u8]) -> anyhow::Result<Vec<u8>> {
    ComponentEncoder::default()
        .module(module)
        .and_then(|encoder| encoder.validate(true).encode())
        .context("encode the policy as a component")
}

/// Checks that this is a component and imports nothing: that is what keeps a policy pure.
pub fn check(component: &[u8]) -> anyhow::Result<()> {
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

/// Compiles the component for any processor of the target, not just for the one that builds.
pub fn compile(component: &[u8], target: &str) -> anyhow::Result<Vec<u8>> {
    let mut config = profile::config();
    config
        .target(target)
        .and_then(|config| Engine::new(config))
        .and_then(|engine| engine.precompile_component(component))
        .map_err(|error| anyhow!("compile the policy for `{target}`: {error:#}"))
}
