//! Variables: colors, and what flags override.

use crate::harness::{Call, SHA, Text, greenlight};

const ESCAPE: &str = "\u{1b}[";

fn near_miss(arguments: &[&str]) -> Call {
    let message = ["label", "--message", "x [load test:skip]"];
    greenlight(message.iter().chain(arguments))
}

#[track_caller]
fn is_coloured(call: Call, coloured: bool) {
    let ended = call.gives(0, Text::Has(&["near-miss"]), Text::Nothing);
    assert_eq!(ended.stdout.contains(ESCAPE), coloured, "{}", ended.stdout);
}

#[test]
fn colours_are_forced_or_not_there() {
    is_coloured(near_miss(&[]), false);
    is_coloured(near_miss(&[]).variable("FORCE_COLOR", "1"), true);
    is_coloured(near_miss(&[]).variable("FORCE_COLOR", ""), false);
    is_coloured(
        near_miss(&[])
            .variable("FORCE_COLOR", "1")
            .variable("NO_COLOR", ""),
        true,
    );
    is_coloured(
        near_miss(&[])
            .variable("FORCE_COLOR", "1")
            .variable("NO_COLOR", "1"),
        false,
    );
    is_coloured(
        near_miss(&[]).variable("JENKINS_URL", "https://ci.example.org"),
        false,
    );
    // Who forces colors has a console for them.
    let jenkins = near_miss(&[]).variable("JENKINS_URL", "https://ci.example.org");
    is_coloured(jenkins.variable("FORCE_COLOR", "1"), true);
}

#[test]
fn colours_never_reach_json() {
    let ended = near_miss(&["--format", "json"])
        .variable("FORCE_COLOR", "1")
        .gives(
            0,
            Text::Has(&["near-miss"]),
            Text::Has(&[ESCAPE, "near-miss"]),
        );
    assert!(!ended.stdout.contains('\u{1b}'));
}

#[test]
fn errors_are_never_coloured_by_what_they_repeat() {
    let ended = greenlight(["label", "\u{1b}[31mred"])
        .variable("FORCE_COLOR", "1")
        .variable("CLICOLOR_FORCE", "1")
        .gives(2, Text::Nothing, Text::Has(&["error: ", "help: "]));
    assert!(!ended.stderr.contains('\u{1b}'), "{:?}", ended.stderr);
}

#[test]
fn flags_override_variables() {
    let json = ["label", "--message", "x"];
    let format = |value| greenlight(json).variable("GREENLIGHT_FORMAT", value);
    format("json").gives(0, Text::Has(&["greenlight.label/3"]), Text::Nothing);
    greenlight(json.iter().chain(&["--format", "human"]))
        .variable("GREENLIGHT_FORMAT", "json")
        .gives(0, Text::Has(&["warn: "]), Text::Nothing);
    format("yaml").gives(
        2,
        Text::Nothing,
        Text::Is(
            "error: invalid value `yaml` in the variable `GREENLIGHT_FORMAT`\n  \
             help: set it to one of `human`, `json`, or unset it\n",
        ),
    );

    let default = |arguments: &[&str]| {
        greenlight(json.iter().chain(arguments)).variable("GREENLIGHT_DEFAULT_ACTION", "abort")
    };
    default(&[]).gives(0, Text::Has(&["abort: ", "default"]), Text::Nothing);
    default(&["--default-action", "skip"]).gives(
        0,
        Text::Has(&["skip: ", "default"]),
        Text::Nothing,
    );

    let tag = format!("qa-{SHA}");
    let resolve = |arguments: &[&str]| {
        greenlight(["resolve", &tag].iter().chain(arguments))
            .variable("GREENLIGHT_ENVIRONMENTS", "qa,live")
    };
    resolve(&[]).gives(0, Text::Has(&["environment: qa\n"]), Text::Nothing);
    resolve(&["--environments", "stage,prod"]).gives(
        1,
        Text::Nothing,
        Text::Has(&["tag-environment"]),
    );
}

#[test]
fn the_publish_branch_is_set_by_a_variable_or_a_flag() {
    let build = [
        "tags",
        "--commit",
        SHA,
        "--message",
        "x",
        "--branch",
        "trunk",
    ];
    let published = Text::Has(&["latest\n"]);
    greenlight(build).gives(
        1,
        Text::Nothing,
        Text::Has(&["only builds of `main` are published"]),
    );
    greenlight(build)
        .variable("GREENLIGHT_PUBLISH_BRANCH", "trunk")
        .gives(0, published, Text::Nothing);
    greenlight(build.iter().chain(&["--publish-branch", "trunk"])).gives(
        0,
        published,
        Text::Nothing,
    );
    greenlight(build.iter().chain(&["--publish-branch", "release"]))
        .variable("GREENLIGHT_PUBLISH_BRANCH", "trunk")
        .gives(
            1,
            Text::Nothing,
            Text::Has(&["only builds of `release` are published"]),
        );
}

#[test]
fn a_policy_is_named_by_a_variable_or_a_flag() {
    let missing =
        greenlight(["label", "--message", "x"]).variable("GREENLIGHT_POLICY", "/no/policy");
    missing.gives(2, Text::Nothing, Text::Has(&["`/no/policy`", "help: "]));
    greenlight(["label", "--message", "x", "--policy", "/no/flag"])
        .variable("GREENLIGHT_POLICY", "/no/policy")
        .gives(2, Text::Nothing, Text::Has(&["`/no/flag`", "help: "]));
}

#[test]
fn an_empty_variable_is_an_error_and_no_setting() {
    // A CI variable that is not set often arrives as an empty one.
    for variable in [
        "GREENLIGHT_PUBLISH_BRANCH",
        "GREENLIGHT_ENVIRONMENTS",
        "GREENLIGHT_REQUIRED_JOBS",
        "GREENLIGHT_DEFAULT_ACTION",
        "GREENLIGHT_POLICY",
        "GREENLIGHT_FORMAT",
    ] {
        greenlight([
            "tags",
            "--commit",
            SHA,
            "--message",
            "x",
            "--branch",
            "main",
        ])
        .variable(variable, "")
        .gives(2, Text::Nothing, Text::Has(&["error: ", "help: "]));
    }
}

#[test]
fn an_invalid_variable_is_named_and_not_its_flag() {
    let invalid = |variable: &str, value: &str| match value {
        "" => format!("error: the variable `{variable}` is empty\n  help: "),
        _ => format!("error: invalid value `{value}` in the variable `{variable}`\n  help: "),
    };
    for (command, flag, variable) in [
        (
            &["label", "--message", "x"][..],
            "--format",
            "GREENLIGHT_FORMAT",
        ),
        (&["policy", "table"], "--format", "GREENLIGHT_FORMAT"),
        (&["serve"], "--log-level", "GREENLIGHT_LOG_LEVEL"),
        (&["serve"], "--log-format", "GREENLIGHT_LOG_FORMAT"),
    ] {
        for value in ["xml", ""] {
            let said = invalid(variable, value);
            let ended = greenlight(command).variable(variable, value).gives(
                2,
                Text::Nothing,
                Text::Has(&[&said]),
            );
            assert!(!ended.stderr.contains(flag), "{}", ended.stderr);
        }
        // The flag is at fault, whatever the variable is.
        let said = format!("invalid value 'xml' for '{flag} ");
        greenlight(command.iter().chain(&[flag, "xml"]))
            .variable(variable, "xml")
            .gives(2, Text::Nothing, Text::Has(&[&said]));
    }
}
