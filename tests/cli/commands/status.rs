//! What `status` and the reports say about an environment and about a step that failed.

use std::fs;

use super::run::{UNREACHABLE, shop};
use crate::harness::{Text, greenlight};

/// The deploy command of the first environment prints two lines, and fails.
fn fails() -> String {
    UNREACHABLE.replacen(
        r#"["true"]"#,
        r#"["sh", "-c", "echo copying; echo 'no space left on <stage-1>' >&2; exit 3"]"#,
        1,
    )
}

#[test]
fn a_failed_step_is_reported_with_its_last_lines_and_what_to_do() {
    let (shop, tag) = shop(&fails());
    let advice = [
        "what to do now:\n",
        "  - find out why the deploy command of stage failed",
        "`greenlight run --tag stage-",
        "  - prod is unchanged\n",
    ];
    greenlight(["run", "--tag", &tag, "--report=junit=report.xml"])
        .within(shop.path())
        .gives(1, Text::Has(&advice), Text::Nothing);
    let report = fs::read_to_string(shop.path().join("report.xml")).expect("a report");
    assert!(
        report.contains("| no space left on &lt;stage-1&gt;"),
        "{report}"
    );
    let status = greenlight(["status", "1"]).within(shop.path()).gives(
        0,
        Text::Has(&[
            "\n  \"Change [load test: skip]\" by Ada\n",
            "      | copying\n      | no space left on <stage-1>\n",
        ]),
        Text::Nothing,
    );
    for part in advice {
        assert!(status.stdout.contains(part), "{part}: {}", status.stdout);
    }
    for (format, said) in [
        (
            "html",
            "data-tail>copying\nno space left on &#60;stage-1&#62;",
        ),
        (
            "markdown",
            "- <code>no space left on &lt;stage-1&gt;</code>",
        ),
    ] {
        let file = format!("{format}=report.{format}");
        greenlight(["status", "1", "--report", &file])
            .within(shop.path())
            .gives(0, Text::Has(&["deployment 1: stopped"]), Text::Nothing);
        let path = shop.path().join(format!("report.{format}"));
        let report = fs::read_to_string(path).expect("a report");
        assert!(report.contains(said), "{report}");
    }
}

#[test]
fn without_finished_deployments_their_number_is_said() {
    let (shop, tag) = shop(&fails());
    for _ in 0..2 {
        greenlight(["run", "--tag", &tag]).within(shop.path()).run();
    }
    greenlight(["status", "--ended", "0"])
        .within(shop.path())
        .gives(
            0,
            Text::Has(&["no deployment is unfinished; 2 ended: show them with `--ended 2`\n"]),
            Text::Nothing,
        );
    let ended = greenlight(["status", "--ended=1", "--format=json"])
        .within(shop.path())
        .run();
    assert_eq!(ended.json()["not-shown"], 1);
}

#[test]
fn nodes_without_an_answer_are_what_an_environment_serves() {
    let (shop, tag) = shop(UNREACHABLE);
    greenlight(["run", "--tag", &tag]).within(shop.path()).run();
    let ended = greenlight(["status"]).within(shop.path()).run();
    assert!(
        ended
            .stdout
            .starts_with("stage: no node gave a usable answer at "),
        "{}",
        ended.stdout
    );
}
