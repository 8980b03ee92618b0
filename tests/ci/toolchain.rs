//! The oldest compiler that the policy's manifest names builds all crates of the policy.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::child;

#[path = "../../host/build/debian.rs"]
mod debian;

/// The crates of the policy, with the oldest compiler that each of them names.
fn crates() -> Vec<(String, Option<(u32, u32)>)> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guest/Cargo.toml");
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .args(["--filter-platform", "wasm32-unknown-unknown"])
        .arg("--manifest-path")
        .arg(manifest)
        .output()
        .expect("cargo");
    child::succeeded("cargo metadata", &output);
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("metadata");
    let list = |value: &Value, name: &str| value[name].as_array().expect(name).clone();
    let text = |value: &Value| value.as_str().map(str::to_owned);

    let mut needs: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for node in list(&metadata["resolve"], "nodes") {
        let built = list(&node, "deps").into_iter().filter(|it| {
            // Dependencies of tests are not built into the policy.
            list(it, "dep_kinds").iter().any(|it| it["kind"] != "dev")
        });
        let built = built.filter_map(|it| text(&it["pkg"])).collect();
        needs.insert(text(&node["id"]).expect("an id"), built);
    }
    let packages = list(&metadata, "packages");
    let policy = packages.iter().find(|it| it["name"] == "greenlight-policy");
    let mut open = vec![text(&policy.expect("the policy")["id"]).expect("an id")];
    let mut found = BTreeSet::new();
    while let Some(id) = open.pop() {
        if found.insert(id.clone()) {
            open.extend(needs[&id].iter().cloned());
        }
    }
    packages
        .iter()
        .filter(|it| text(&it["id"]).is_some_and(|id| found.contains(&id)))
        .map(|it| {
            let version = it["rust_version"].as_str().and_then(debian::numbers);
            (text(&it["name"]).expect("a name"), version)
        })
        .collect()
}

#[test]
fn the_policy_asks_for_a_compiler_that_builds_all_its_crates() {
    let crates = crates();
    assert!(crates.len() > 10, "{crates:?}");
    for (name, version) in crates {
        assert!(version <= debian::oldest(), "{name} needs {version:?}");
    }
}
