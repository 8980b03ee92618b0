//! The component of the bundled policy.

use crate::policy::{Policy, export_policy};

/// Each answer is the answer of this crate.
#[cfg_attr(
    not(target_family = "wasm"),
    expect(dead_code, reason = "only the component exports it")
)]
struct Bundled;

impl Policy for Bundled {}

export_policy!(Bundled);
