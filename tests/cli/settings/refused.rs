//! Settings that can't be used: every command refuses them, and says what sets them.

use super::{SHOP, commands, shop, tags, write};
use crate::harness::{SHA, Text, greenlight};

/// Settings that break a rule are refused before the policy is asked, by every command, with the place.
#[test]
fn unusable_settings_end_every_command() {
    let (shop, tag) = shop();
    let alone = SHOP.replace("[[environment]]\nname = \"prod\"\ndeploy = [\"false\"]\nnodes = [\"http://127.0.0.1:1\"]\n", "");
    for command in commands(&tag) {
        write(shop.path(), &alone);
        greenlight(&command).within(shop.path()).gives(
            2,
            Text::Nothing,
            Text::Has(&[
                "greenlight.toml`: line 7: `environment` names 1 of at least 2 environments\n",
                "help: ",
            ]),
        );
        write(shop.path(), SHOP);
        for (variable, value, said) in [
            (
                "GREENLIGHT_ENVIRONMENTS",
                "prod",
                "`environment` names 1 of at least 2 environments",
            ),
            (
                "GREENLIGHT_ENVIRONMENTS",
                "prod,stage,prod",
                "`environment.name` is used twice: `prod`",
            ),
            (
                "GREENLIGHT_REQUIRED_JOBS",
                "test,",
                "`release.required-jobs` has an empty name",
            ),
            (
                "GREENLIGHT_PUBLISH_BRANCH",
                " ",
                "`release.publish-branch` is empty",
            ),
        ] {
            let said = format!("error: variable {variable}: {said}\n");
            let call = greenlight(&command).within(shop.path());
            call.variable(variable, value)
                .gives(2, Text::Nothing, Text::Has(&[&said, "help: "]));
        }
    }
}

#[test]
fn a_flag_a_variable_and_a_key_have_the_same_rules() {
    let (shop, _) = shop();
    let tags = |flags: &[&str]| tags(flags).within(shop.path());
    for (flag, value, said) in [
        (
            "--environments",
            "stage",
            "`environment` names 1 of at least 2 environments",
        ),
        (
            "--environments",
            "stage,stage",
            "`environment.name` is used twice: `stage`",
        ),
        (
            "--environments",
            "stage,",
            "`environment.name` is not the name of an environment: ``",
        ),
        (
            "--require-job",
            "",
            "`release.required-jobs` has an empty name",
        ),
        ("--publish-branch", "", "`release.publish-branch` is empty"),
    ] {
        let said = format!("error: flag {flag}: {said}\n");
        tags(&[flag, value]).gives(2, Text::Nothing, Text::Has(&[&said, "help: "]));
    }
    for (from, to, said) in [
        (
            "[\"test\"]",
            "[\"test\", \"\"]",
            "line 5: `release.required-jobs` has an empty name",
        ),
        (
            "\"trunk\"",
            "\"\"",
            "line 4: `release.publish-branch` is empty",
        ),
        (
            "default-action",
            "poll-interval = \"0s\"\ndefault-action",
            "line 3: `release.poll-interval` must be greater than 0",
        ),
        (
            "[load-test]",
            "convergence-rounds = 0\n[load-test]",
            "line 17: `environment.convergence-rounds` must be greater than 0",
        ),
        (
            "\"k6\"",
            "\"jmeter\"",
            "line 19: `load-test.format`: unknown value `jmeter`",
        ),
        (
            "results = \"results.json\"",
            "results = \"r\"\nthresholds = { min-rate = inf }",
            "line 21: `load-test.thresholds.min-rate` must be a finite number",
        ),
    ] {
        write(shop.path(), &SHOP.replacen(from, to, 1));
        let said = format!("error: failed to read `greenlight.toml`: {said}");
        tags(&[]).gives(2, Text::Nothing, Text::Has(&[&said, "help: "]));
    }
}

#[test]
fn what_every_command_refuses_is_not_valid() {
    let (shop, tag) = shop();
    // The policy defines the form of its tags, so it refuses names that make a tag ambiguous.
    let said = "would read as load test tags";
    write(
        shop.path(),
        &SHOP.replace("\"prod\"", "\"stage-loadtest-warn\""),
    );
    let check = greenlight(["config", "check", "--offline"]).within(shop.path());
    let refused = ["the policy refuses the settings: ", said, "help: "];
    check.gives(2, Text::Nothing, Text::Has(&refused));
    let resolve = greenlight(["resolve", &tag]).within(shop.path());
    resolve.gives(1, Text::Nothing, Text::Has(&[said]));
    write(
        shop.path(),
        &format!(
            "{SHOP}[policy]\nfile = \"no.wasm\"\ndigest = \"sha256:{}\"\n",
            "0".repeat(64)
        ),
    );
    for command in [&["config", "check", "--offline"][..], &["resolve", &tag]] {
        greenlight(command)
            .within(shop.path())
            .gives(2, Text::Nothing, Text::Has(&["no.wasm"]));
    }
}

/// What a command that deploys, or one that reads the journal, refuses.
#[test]
fn settings_for_deployments_are_checked_too() {
    let (shop, _) = shop();
    let check = || greenlight(["config", "check", "--offline"]).within(shop.path());
    check().variable("GREENLIGHT_ENVIRONMENTS", "x,y").gives(
        2,
        Text::Nothing,
        Text::Has(&[
            "`greenlight.toml` has no `[[environment]]` named `x`",
            "variable GREENLIGHT_ENVIRONMENTS",
            "help: ",
        ]),
    );
    for (location, said) in [
        ("mysql://a", "not `mysql://…`"),
        ("", "the path of the journal is empty"),
    ] {
        let text = format!("[journal]\nlocation = \"{location}\"\n{SHOP}");
        write(shop.path(), &text);
        let said = [
            "error: failed to read `greenlight.toml`: line 2: `journal.location` can't be used: ",
            said,
            "help: ",
        ];
        check().gives(2, Text::Nothing, Text::Has(&said));
        let status = greenlight(["status"]).within(shop.path());
        status.gives(2, Text::Nothing, Text::Has(&said));
    }
    let serve = "[serve]\ntoken-variable = \"TOKEN\"\nrepositories = [\"demo/app\"]\n";
    write(shop.path(), serve);
    for command in [&["config", "check", "--offline"][..], &["serve"]] {
        greenlight(command).within(shop.path()).gives(
            2,
            Text::Nothing,
            Text::Has(&["`greenlight.toml` has no `[[environment]]` named `stage`"]),
        );
    }
    // A file for commands that do not deploy needs no environments.
    write(shop.path(), "[release]\npublish-branch = \"trunk\"\n");
    check().gives(
        0,
        Text::Is(
            "greenlight.toml is valid; `greenlight run` also needs `[[environment]]` tables\n",
        ),
        Text::Nothing,
    );
    let run = greenlight(["run", "--tag", &format!("stage-{SHA}")]).within(shop.path());
    run.gives(
        2,
        Text::Nothing,
        Text::Has(&["has no `[[environment]]` named `stage`"]),
    );
}

/// A window that can't be used ends every command, so that no deployment begins at a wrong time.
#[test]
fn unusable_windows_end_every_command() {
    let (shop, tag) = shop();
    let lines = SHOP.lines().count();
    for (table, line, said) in [
        (
            "name = \"a\"\nfreeze = [\"12-24\"]\nzone = \"Berlin\"",
            4,
            "`window.zone` can't be used: unknown time zone `Berlin`",
        ),
        (
            "name = \"a\"\nzone = \"UTC\"\nallow = [\n\"Mon 09:00-10:00\",\n\"Fri-Mon 09:00-10:00\"]",
            6,
            "`window.allow` can't be used: the weekdays `Fri-Mon` are reversed",
        ),
        (
            "name = \"a\"\nzone = \"UTC\"\nfreeze = [\"12-24\"]\nenvironments = [\"test\"]",
            5,
            "`window.environments` can't be used: unknown environment `test`",
        ),
        (
            "name = \"a\"\nzone = \"UTC\"\nfreeze = [\"12-24\"]\nallow = [\"Mon 09:00-10:00\"]",
            4,
            "`window.freeze` can't be used: a window has `allow` or `freeze`, not both",
        ),
        (
            "name = \"a\"\nzone = \"UTC\"\nallow = [\n\"Mon 16:00-09:00\"]",
            5,
            "`window.allow` can't be used: the hours `16:00-09:00` are reversed",
        ),
        (
            "name = \"a\"\nzone = \"UTC\"\nfreeze = [\"12-24\"]\n[[window]]\nname = \"a\"\nzone = \"UTC\"\nfreeze = [\"12-24\"]",
            6,
            "`window.name` can't be used: another window has the name `a`",
        ),
    ] {
        write(
            shop.path(),
            &format!("{}\n[[window]]\n{table}\n", SHOP.trim_end()),
        );
        let said = format!("line {}: {said}", lines + line);
        for command in commands(&tag) {
            let call = greenlight(&command).within(shop.path());
            call.gives(2, Text::Nothing, Text::Has(&[&said, "help: "]));
        }
    }
}

/// A parameter that the policy does not know has no effect, so every command that asks the policy refuses it.
#[test]
fn the_bundled_policy_has_no_parameters() {
    let (shop, tag) = shop();
    let text = format!("{SHOP}[policy.parameters]\nshare = 10\n");
    write(shop.path(), &text);
    let line = text.lines().count();
    let said = format!(
        "failed to use `greenlight.toml`: line {line}: `policy.parameters.share`: the bundled policy has no parameters"
    );
    for command in [
        &["config", "check"][..],
        &["label", "--rev", "HEAD"],
        &["resolve", &tag],
        &["decide", "--tag", &tag],
        &["run", "--tag", &tag],
        &["run", "--local"],
    ] {
        greenlight(command).within(shop.path()).gives(
            2,
            Text::Nothing,
            Text::Has(&[&said, "help: name a policy that has this parameter"]),
        );
    }
    // The same component in a file is the same policy.
    greenlight(["policy", "export", "p.wasm"])
        .within(shop.path())
        .run();
    greenlight(["resolve", "--policy", "p.wasm", &tag])
        .within(shop.path())
        .gives(2, Text::Nothing, Text::Has(&[&said]));
    let shown = greenlight(["config", "show"]).within(shop.path());
    shown.gives(0, Text::Has(&["policy.parameters.share"]), Text::Nothing);
}
