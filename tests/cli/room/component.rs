//! Compiles the example policies to components, with the compiler and the settings of the bundled policy.

#[path = "../../../host/build/apt.rs"]
mod apt;
#[path = "../../../host/build/debian.rs"]
mod debian;
#[path = "../../../host/build/guest.rs"]
#[allow(
    dead_code,
    reason = "the build of the host compiles the bundled policy"
)]
mod guest;
#[path = "../../../host/build/toolchain.rs"]
mod toolchain;

use std::path::Path;

use guest::Module;
use wit_component::ComponentEncoder;

/// The component of an example. What the build of the host has compiled is used again.
pub fn example(name: &str) -> Vec<u8> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let workspace = workspace.canonicalize().expect("the workspace");
    let out = Path::new(env!("OUT_DIR"));
    let toolchain = toolchain::find(&workspace, out).expect("a compiler for WebAssembly");
    let module = Module {
        package: "greenlight-example-policies",
        target: &["--example", name],
        file: &format!("examples/{}.wasm", name.replace('-', "_")),
    };
    let module = guest::build(&toolchain, &workspace, out, &module).expect("a core module");
    let component = ComponentEncoder::default()
        .module(&module)
        .and_then(|it| it.validate(true).encode());
    component.expect("the contract in the module")
}
