//! The help of an error can be followed with the command that printed it.

use std::fs::{self, File};
use std::process::{Command, Stdio};

use super::is_error;
use crate::harness::{PROGRAM, Repository, SHOP, Text, greenlight};

/// A repository with a configuration, and the tag of its commit.
fn shop(text: &str) -> (Repository, String) {
    let shop = Repository::new();
    let commit = shop.commit("Change\n");
    fs::write(shop.path().join("greenlight.toml"), text).expect("written");
    (shop, format!("stage-{commit}"))
}

#[test]
fn a_policy_that_can_not_be_used_names_its_source() {
    let digest = "0".repeat(64);
    let written = format!("[policy]\nfile = \"no.wasm\"\ndigest = \"sha256:{digest}\"\n");
    let (shop, tag) = shop(&format!("{written}{SHOP}"));
    let call = |arguments: &[&str]| greenlight(arguments).within(shop.path());
    let table = || call(&["policy", "table"]);
    let key = |line: usize, key: &str| {
        format!("failed to use `greenlight.toml`: line {line}: `policy.{key}`: ")
    };
    let check = call(&["config", "check", "--offline"]);
    for call in [table(), check] {
        is_error(call, &[&key(2, "file"), "no.wasm", "\n  help: "]);
    }
    is_error(
        table().variable("GREENLIGHT_POLICY", "other.wasm"),
        &[
            "`other.wasm`",
            "(source of the path: variable GREENLIGHT_POLICY)\n",
        ],
    );
    is_error(
        greenlight(["run", "--tag", &tag, "--policy", "flag.wasm"]).within(shop.path()),
        &["`flag.wasm`", "(source of the path: flag --policy)\n"],
    );
    fs::write(shop.path().join("no.wasm"), "other").expect("written");
    is_error(table(), &[&key(3, "digest"), "the digest of the policy"]);
    fs::remove_file(shop.path().join("no.wasm")).expect("removed");
    for command in ["check", "inspect"] {
        is_error(
            greenlight(["policy", command, "no.wasm"]).within(shop.path()),
            &["help: name a component file that can be read\n"],
        );
    }
}

#[test]
fn a_folder_without_a_repository_suggests_only_flags_of_the_command() {
    let folder = super::nowhere();
    for command in ["explain", "replay"] {
        is_error(
            greenlight([command]).within(folder.path()),
            &["help: name a repository with `--repo`\n"],
        );
    }
}

#[test]
fn a_journal_that_does_not_answer_suggests_no_other_command() {
    let journal = "[journal]\nlocation = \"postgres://greenlight@127.0.0.1:1/greenlight\"\n";
    let (shop, _) = shop(&format!("{SHOP}{journal}"));
    let ended = greenlight(["status"]).within(shop.path()).gives(
        74,
        Text::Nothing,
        Text::Has(&["help: check that the database answers"]),
    );
    assert!(!ended.stderr.contains("--resume"), "{}", ended.stderr);
}

/// Running it again would deploy again.
#[test]
fn a_deployment_whose_answer_is_lost_is_not_run_again() {
    let (shop, tag) = shop(SHOP);
    let full = File::options().write(true).open("/dev/full");
    let mut command = Command::new(PROGRAM);
    command
        .args(["run", "--tag", &tag])
        .current_dir(shop.path())
        .env_clear()
        .stdin(Stdio::null())
        .stdout(full.expect("it is there"));
    command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    let output = command.output().expect("the program starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(74), "{stderr}");
    assert!(stderr.contains("see `greenlight status`"), "{stderr}");
    assert!(!stderr.contains("again"), "{stderr}");
}

#[test]
fn a_url_is_explained_for_every_service() {
    let registry = "[serve]\ntoken-variable = \"T\"\nrepositories = [\"a/b\"]\n[serve.registry]\n\
                    url = \"registry\"\n";
    let (shop, _) = shop(&format!("{SHOP}{registry}"));
    is_error(
        greenlight(["config", "check", "--offline"]).within(shop.path()),
        &[
            "`serve.registry.url`",
            "help: write a URL like `https://host.example.org`",
        ],
    );
}
