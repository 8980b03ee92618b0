//! `config show`: every setting with its value and its source.

use std::fs;

use serde_json::Value;

use super::{SHOP, shop, write};
use crate::harness::{Call, Text, greenlight};
use crate::schemas::Schema;

#[test]
fn every_setting_has_a_source() {
    let (shop, _) = shop();
    let config_show = |more: &[&str]| {
        let call = greenlight(["config", "show"].iter().chain(more));
        let call = call.within(shop.path());
        call.variable("GREENLIGHT_PUBLISH_BRANCH", "release")
    };
    config_show(&["--default-action", "skip"]).gives(
        0,
        Text::Has(&[
            "configuration: greenlight.toml\n",
            "release.publish-branch",
            "variable GREENLIGHT_PUBLISH_BRANCH\n",
            "flag --default-action\n",
            "greenlight.toml:5\n",
            "environment.stage.deploy",
            "policy.file",
            "default\n",
        ]),
        Text::Nothing,
    );
    let document = config_show(&["--format", "json"]).run().json();
    Schema::of("settings").holds(&document);
    let settings = document["settings"].as_array().expect("settings");
    let setting = |name: &str| -> &Value {
        let found = settings.iter().find(|it| it["name"] == name);
        found.unwrap_or_else(|| panic!("no {name}"))
    };
    assert_eq!(setting("release.default-action")["value"], "abort");
    assert_eq!(setting("release.default-action")["source"]["line"], 3);
    assert_eq!(setting("release.publish-branch")["value"], "release");
    assert_eq!(
        setting("load-test.thresholds.min-rate")["source"]["kind"],
        "default"
    );
    let nothing = tempfile::tempdir().expect("a folder");
    let document = greenlight(["config", "show", "--format", "json"])
        .within(nothing.path())
        .gives(0, Text::Has(&["\"file\": null"]), Text::Nothing)
        .json();
    Schema::of("settings").holds(&document);
}

/// The settings that `config show` lists, by name.
#[track_caller]
fn shown(call: Call) -> impl Fn(&str) -> Option<Value> {
    let document = call
        .gives(0, Text::Has(&["greenlight.settings/2"]), Text::Nothing)
        .json();
    Schema::of("settings").holds(&document);
    let settings = document["settings"].as_array().expect("settings").clone();
    move |name| settings.iter().find(|it| it["name"] == name).cloned()
}

const SHOW: [&str; 4] = ["config", "show", "--format", "json"];

#[test]
fn defaults_of_every_table_are_shown() {
    let (shop, _) = shop();
    let serve = "[serve]\ntoken-variable = \"TOKEN\"\nrepositories = [\"demo/app\"]\n";
    write(shop.path(), &format!("{SHOP}{serve}"));
    let setting = shown(greenlight(SHOW).within(shop.path()));
    for (name, value) in [
        ("environment.stage.deploy-time-limit", "15m".into()),
        ("environment.prod.deploy-repeatable", false.into()),
        ("environment.stage.node-time-limit", "5s".into()),
        ("load-test.time-limit", "1h".into()),
        ("load-test.repeatable", true.into()),
        ("serve.listen", "127.0.0.1:8930".into()),
        ("serve.at-most", 4.into()),
        ("serve.reconcile-every", Value::from("5m")),
    ] {
        let setting = setting(name).expect(name);
        assert_eq!(setting["value"], value, "{name}");
        assert_eq!(setting["source"]["kind"], "default", "{name}");
    }
    let names = setting("environment").expect("the names");
    assert_eq!(names["value"], serde_json::json!(["stage", "prod"]));
    assert_eq!(names["source"]["line"], 7);
    assert!(setting("environments").is_none(), "not a key of the file");
}

#[test]
fn what_flags_and_variables_override_is_shown() {
    let (shop, _) = shop();
    let flags = ["--publish-branch", "release", "--require-job", "lint"];
    let call = greenlight(SHOW.iter().chain(&flags)).within(shop.path());
    let setting = shown(call.variable("GREENLIGHT_ENVIRONMENTS", "prod,x"));
    for (name, value, flag) in [
        (
            "release.publish-branch",
            Value::from("release"),
            "--publish-branch",
        ),
        (
            "release.required-jobs",
            vec!["lint"].into(),
            "--require-job",
        ),
    ] {
        let setting = setting(name).expect(name);
        assert_eq!(setting["value"], value);
        assert_eq!(setting["source"]["name"], flag);
    }
    assert!(setting("environment.prod.deploy").is_some());
    for name in ["environment.stage.deploy", "environment.stage.nodes"] {
        assert!(setting(name).is_none(), "{name} has no effect");
    }
}

#[test]
fn the_journal_is_shown_in_the_folder_of_the_file() {
    let (shop, _) = shop();
    let deep = shop.path().join("a/b");
    fs::create_dir_all(&deep).expect("a folder");
    let setting = shown(greenlight(SHOW).within(&deep));
    let root = shop.path().canonicalize().expect("a path");
    let records = root.join(".greenlight");
    let journal = records.join("journal.db");
    for (name, path) in [("journal.location", journal), ("journal.folder", records)] {
        let shown = setting(name).expect(name)["value"].clone();
        assert_eq!(shown, path.to_str().expect("UTF-8"), "{name}");
    }
    write(&shop.path().join("sub"), SHOP);
    let call = greenlight(SHOW.iter().chain(&["--config", "sub/greenlight.toml"]));
    let setting = shown(call.within(shop.path()));
    let location = setting("journal.location").expect("a location");
    assert_eq!(location["value"], "sub/.greenlight/journal.db");
}

/// A relative path in the file starts in the folder of the file, for every command and from every folder.
#[test]
fn the_journal_is_where_it_is_shown() {
    for (table, path) in [
        ("folder = \"records\"", "records/journal.db"),
        ("location = \"records.db\"", "records.db"),
    ] {
        let (shop, tag) = shop();
        let sub = shop.path().join("sub");
        write(&sub, &format!("{SHOP}[journal]\n{table}\n"));
        let deep = sub.join("deep");
        fs::create_dir(&deep).expect("a folder");
        let run = greenlight(["run", "--tag", &tag, "--config", "../greenlight.toml"]);
        run.within(&deep)
            .gives(1, Text::Has(&["stop[deployment-failed]"]), Text::Nothing);
        assert!(sub.join(path).exists(), "{table}");
        for (folder, config) in [
            (shop.path(), &["--config", "sub/greenlight.toml"][..]),
            (&sub, &[]),
            (&deep, &[]),
        ] {
            let setting = shown(greenlight(SHOW.iter().chain(config)).within(folder));
            let location = setting("journal.location").expect("a location")["value"].clone();
            let location = folder.join(location.as_str().expect("a path"));
            let location = location.canonicalize().expect("it exists");
            assert_eq!(location, sub.join(path).canonicalize().expect("it exists"));
            let status = greenlight(["status", "--ended", "1"].iter().chain(config));
            status
                .within(folder)
                .gives(0, Text::Has(&[&tag[..9]]), Text::Nothing);
        }
    }
}
