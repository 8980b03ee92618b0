//! Whole files: what is read, and what is refused.

use super::*;
use crate::contract::history::MOST_NODES;

const LEAST: &str = r#"
    [[environment]]
    name = "stage"
    deploy = ["./deploy", "stage"]
    nodes = ["http://127.0.0.1:8001"]

    [[environment]]
    name = "prod"
    deploy = ["./deploy", "prod"]
    nodes = ["http://127.0.0.1:8002"]
"#;

fn parse(text: &str) -> Result<Config, Error> {
    Config::parse(text, Path::new("/srv"))
}

fn refused(text: &str, said: &str) {
    let Error { message, help, .. } = parse(text).expect_err(said);
    assert!(message.contains(said) && !help.is_empty(), "{message}");
}

#[test]
fn missing_keys_have_defaults() {
    let config = parse(LEAST).expect("a configuration");
    assert_eq!(config.settings, settings::defaults());
    assert_eq!(config.records, Path::new("/srv/.greenlight"));
    assert_eq!(config.journal, "/srv/.greenlight/journal.db");
    assert_eq!(config.environments[0].time_limit, Duration::from_mins(15));
    assert!(!config.environments[0].repeatable);
    assert!(config.load_tests.is_empty() && config.slack.is_none());
}

#[test]
fn every_key_is_read() {
    let text = include_str!("../../../tests/cases/greenlight.toml");
    let config = parse(text).expect("a configuration");
    let settings = &config.settings;
    let stage = &settings.environments[0];
    assert!(stage.convergence_rounds == 3 && stage.convergence_deadline == 300);
    let prod = &settings.environments[1];
    assert_eq!((prod.approvals, prod.approval_lasts), (2, 8 * 60 * 60));
    assert!(prod.author_may_approve && stage.approvals == 0 && settings.poll_interval == 5);
    assert_eq!(settings.deadline, Some(24 * 60 * 60));
    let thresholds = &settings.environments[0].load_tests[0].thresholds;
    assert_eq!(thresholds.max_p95, Some(800));
    assert_eq!(thresholds.min_duration, Some(60));
    let load = config.load_test("stage", "load-test").expect("a load test");
    assert_eq!(load.time_limit.duration(), Duration::from_mins(30));
}

#[test]
fn a_misspelled_key_is_refused_with_the_nearest_key() {
    let error = parse(&LEAST.replace("nodes", "node")).expect_err("a typing error");
    let (why, help) = (error.message, error.help);
    assert!(why.contains("line 5") && why.contains("`node`"), "{why}");
    assert_eq!(help, "did you mean `nodes`?");
    let help = parse("[[enviroment]]").expect_err("a typing error").help;
    assert_eq!(help, "did you mean `environment`?");
}

#[test]
fn invalid_values_are_refused() {
    for (text, said) in [
        (
            LEAST.replace("stage\"\n", "Stage\"\n"),
            "line 3: `environment.name` is not the name of an environment: `Stage`",
        ),
        (
            LEAST.replace("\"prod\"\n", "\"stage\"\n"),
            "line 8: `environment.name` is used twice: `stage`",
        ),
        (
            format!("{LEAST}\nconvergence-rounds = 0"),
            "`environment.convergence-rounds` must be greater than 0",
        ),
        (
            format!("{LEAST}\napproval-lasts = \"0s\""),
            "line 12: `environment.approval-lasts` must be greater than 0",
        ),
        (
            format!("{LEAST}\n[release]\npoll-interval = \"0s\""),
            "`release.poll-interval` must be greater than 0",
        ),
        (
            format!("{LEAST}\n[release]\ndeadline = \"0s\""),
            "`release.deadline` must be greater than 0",
        ),
        (
            LEAST.replace(r#"["./deploy", "stage"]"#, "[]"),
            "line 4: `environment.deploy` is an empty command",
        ),
        (
            format!("{LEAST}\ndeploy-cleanup = []"),
            "`environment.deploy-cleanup` is an empty command",
        ),
        (
            LEAST.replace(r#"["./deploy", "stage"]"#, r#""./deploy stage""#),
            "`environment.deploy`: expected a list, not",
        ),
        (
            format!("{LEAST}\nnode-time-limit = \"0s\""),
            "`environment.node-time-limit` must be greater than 0",
        ),
        (
            format!(
                "{LEAST}\n[load-test]\ncommand = [\"x\"]\nformat = \"k6\"\nresults = \"x\"\n\
                 time-limit = \"0s\""
            ),
            "`load-test.time-limit` must be greater than 0",
        ),
        (
            format!(
                "{LEAST}\n[load-test]\ncommand = [\"x\"]\nformat = \"k6\"\nresults = \"x\"\n\
                 success-exit-status = [1]"
            ),
            "`load-test.success-exit-status` does not contain 0",
        ),
        (
            format!("{LEAST}\n[journal]\nlease = \"0s\""),
            "`journal.lease` must be greater than 0",
        ),
        (
            format!("{LEAST}\n[slack]"),
            "`slack` needs either `url-variable` or `url-file`",
        ),
        (
            format!("{LEAST}\n[policy]\nfile = \"p.wasm\"\ndigest = \"x\""),
            "64 lowercase",
        ),
        (
            format!("{LEAST}\n[journal]\nlease = \"soon\""),
            "`journal.lease`: `soon` is not a duration",
        ),
        (
            format!("{LEAST}\n[journal]\nlease = \"-3s\""),
            "`journal.lease`: `-3s` is not a duration",
        ),
    ] {
        refused(&text, said);
    }
}

#[test]
fn invalid_nodes_are_refused() {
    for (text, said) in [
        (
            LEAST.replace(r#"["http://127.0.0.1:8002"]"#, "[]"),
            "line 10: `environment.nodes` is missing or empty for `prod`",
        ),
        (
            LEAST.replace("http://127.0.0.1:8002", "www.example.org"),
            "line 10: `environment.nodes` has a node that is not a URL: `www.example.org`",
        ),
        (
            LEAST.replace("http://127.0.0.1:8002", "http://ada:hush@127.0.0.1:8002"),
            "line 10: `environment.nodes` has a node with a user or a password",
        ),
        (
            LEAST.replace(
                r#""http://127.0.0.1:8002""#,
                &r#""http://127.0.0.1:8002","#.repeat(MOST_NODES + 1),
            ),
            "more than 500 nodes for `prod`",
        ),
    ] {
        refused(&text, said);
    }
}
