//! What a component is, seen from outside.

use sha2::{Digest as _, Sha256};
use wasmtime::component::types::ComponentItem;

use super::policy::Policy;

/// What can be said of a component without asking it anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// `sha256:` and 64 hexadecimal digits, of the component file.
    pub digest: String,
    /// Size of the component file in bytes.
    pub size: usize,
    /// Names of what it imports; empty for every policy.
    pub imports: Vec<String>,
    /// Names of the interfaces it exports, and of their functions as `interface#function`.
    pub exports: Vec<String>,
}

/// Looks at a policy, and at the bytes that it was made from.
pub fn inspect(policy: &Policy, bytes: &[u8]) -> Inspection {
    let (engine, component) = policy.parts();
    let ty = component.component_type();
    let imports = ty
        .imports(engine)
        .map(|(name, _)| name.to_owned())
        .collect();
    let mut exports = Vec::new();
    for (interface, item) in ty.exports(engine) {
        exports.push(interface.to_owned());
        if let ComponentItem::ComponentInstance(instance) = item.ty {
            for (function, item) in instance.exports(engine) {
                if matches!(item.ty, ComponentItem::ComponentFunc(_)) {
                    exports.push(format!("{interface}#{function}"));
                }
            }
        }
    }
    Inspection {
        digest: digest(bytes),
        size: bytes.len(),
        imports,
        exports,
    }
}

/// Names what bytes are: `sha256:` and 64 lowercase hexadecimal digits.
pub fn digest(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = "sha256:".to_owned();
    for byte in Sha256::digest(bytes) {
        // Writing into a string can't fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
