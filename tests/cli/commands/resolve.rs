//! `greenlight resolve`.

use crate::harness::{SHA, Text, greenlight};

const EXPECTED: &str = "expected `stage-<commit>` or `stage-loadtest-<abort|skip|warn>-<commit>` or \
                        `prod-<commit>`, with all 40 (or 64) lowercase hexadecimal digits of the commit";

#[test]
fn every_form() {
    let sha256 = "0123456789abcdef".repeat(4);
    for commit in [SHA, &sha256] {
        for (form, environment, load_test) in [
            ("stage", "stage", "skip"),
            ("stage-loadtest-abort", "stage", "abort"),
            ("stage-loadtest-skip", "stage", "skip"),
            ("stage-loadtest-warn", "stage", "warn"),
            ("prod", "prod", "the tag does not say"),
        ] {
            let shown =
                format!("environment: {environment}\nload test: {load_test}\ncommit: {commit}\n");
            greenlight(["resolve", &format!("{form}-{commit}")]).gives(
                0,
                Text::Is(&shown),
                Text::Nothing,
            );
        }
    }
}

#[test]
fn json() {
    for (form, environment, load_test) in [
        ("prod", "prod", "null"),
        ("stage-loadtest-abort", "stage", "\"abort\""),
    ] {
        let json = format!(
            r#"{{
  "schema": "greenlight.resolve/2",
  "environment": "{environment}",
  "load-test": {load_test},
  "commit": "{SHA}"
}}
"#
        );
        greenlight(["resolve", &format!("{form}-{SHA}"), "--format", "json"]).gives(
            0,
            Text::Is(&json),
            Text::Nothing,
        );
    }
}

#[test]
fn other_environments() {
    let shown = format!("environment: live\nload test: the tag does not say\ncommit: {SHA}\n");
    greenlight([
        "resolve",
        &format!("live-{SHA}"),
        "--environments",
        "qa,live",
    ])
    .gives(0, Text::Is(&shown), Text::Nothing);
    greenlight([
        "resolve",
        &format!("prod-{SHA}"),
        "--environments",
        "qa,live",
    ])
    .gives(
        1,
        Text::Nothing,
        Text::Has(&["tag-environment", "help: expected `qa-<commit>`"]),
    );
}

#[test]
fn what_the_loose_pattern_took_is_refused() {
    for (tag, code) in [
        ("latest".to_owned(), "tag-moves"),
        ("prod-latest".to_owned(), "tag-commit"),
        ("stage-loadtest".to_owned(), "tag-commit"),
        (format!("prod-{SHA}\n"), "tag-character"),
        (format!("prod-{}", &SHA[..7]), "tag-commit"),
        (format!("prod-{}", SHA.to_uppercase()), "tag-character"),
        (format!("prod-loadtest-abort-{SHA}"), "tag-task"),
        (format!("stage-soaktest-abort-{SHA}"), "tag-commit"),
        (format!("stage-loadtest-maybe-{SHA}"), "tag-task"),
        (format!(" prod-{SHA}"), "tag-character"),
        (format!("qa-{SHA}"), "tag-environment"),
        (String::new(), "tag-environment"),
    ] {
        let said = Text::Has(&["refused:\n", code, "    help: ", EXPECTED]);
        greenlight(["resolve", &tag]).gives(1, Text::Nothing, said);
    }
}
