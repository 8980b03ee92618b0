//! Files that are no history.

use std::fs;

use super::{is_error, nowhere};
use crate::harness::{SHA, greenlight};

#[test]
fn histories() {
    let folder = nowhere();
    let file = folder.path().join("history.json");
    let path = file.to_str().expect("UTF-8");
    let tag = format!("prod-{SHA}");
    let event = |kind: &str| {
        format!(r#"{{"schema": "greenlight.history/3", "events": [{{"at": 0, "kind": {kind}}}]}}"#)
    };
    for (text, why) in [
        (String::new(), "EOF"),
        ("not JSON".to_owned(), "expected"),
        ("{}".to_owned(), "missing field `schema`"),
        (
            r#"{"schema": "greenlight.history/4", "events": []}"#.to_owned(),
            "greenlight.history/4",
        ),
        (
            r#"{"schema": "greenlight.history/3", "events": [], "extra": 1}"#.to_owned(),
            "`extra`",
        ),
        (event(r#"{"exploded": 1}"#), "unknown variant `exploded`"),
        (event(r#"{"waited": -1}"#), "invalid value"),
        (event(r#"{"waited": "long"}"#), "invalid type"),
        (
            event(
                r#"{"observed": {"environment": "stage", "convergence": {"judged": true}, "times": 0}}"#,
            ),
            "`times` is 0; set it to a number from 1 to 2678400",
        ),
        (
            event(r#"{"intervened": {"kind": "maybe", "by": "Ada", "why": ""}}"#),
            "`maybe` is not one of `approved`, `rejected`, `held`, `canceled`",
        ),
        (
            event(r#"{"notified": {"key": "k", "outcome": "succeeded", "to": "ops"}}"#),
            "unknown key `to`",
        ),
        (
            event(r#"{"waited": 1}, "kind": {"waited": 1}"#),
            "duplicate field `kind`",
        ),
    ] {
        fs::write(&file, text).expect("written");
        is_error(
            greenlight(["decide", "--tag", &tag, "--history", path]),
            &[
                "failed to read the history",
                why,
                "help: expected a `greenlight.history/3` document",
            ],
        );
    }
    for bytes in [b"\xff\xfe{\0".to_vec(), vec![b' '; (4 << 20) + 1]] {
        fs::write(&file, bytes).expect("written");
        is_error(
            greenlight(["decide", "--tag", &tag, "--history", path]),
            &["history"],
        );
    }
    let both = [
        "decide",
        "--tag",
        &tag,
        "--history",
        path,
        "--stage",
        "failed",
    ];
    is_error(greenlight(both), &["cannot be used with '--stage"]);
    let both = [
        "decide",
        "--tag",
        &tag,
        "--history",
        path,
        "--load-test",
        "passed",
    ];
    is_error(greenlight(both), &["cannot be used with '--load-test"]);
}
