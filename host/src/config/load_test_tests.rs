//! The load tests of a configuration: what is read, and what is refused.

use std::path::Path;

use crate::config::Config;
use crate::contract::types::{Settings, Thresholds};
use crate::error::Error;

const SHOP: &str = r#"
[[environment]]
name = "stage"
deploy = ["./deploy"]
nodes = ["http://127.0.0.1:8001"]

[[environment]]
name = "prod"
deploy = ["./deploy"]
nodes = ["http://127.0.0.1:8002"]

[[load-test]]
command = ["./load"]
format = "locust"
results = "load.json"

[[load-test]]
name = "smoke"
environments = ["stage", "prod"]
command = ["./smoke", "--all"]
format = "k6"
results = "smoke.json"
time-limit = "90s"

[load-test.thresholds]
max-failure-share = 0.01
max-mean = 250
max-p50 = 200
max-p99 = 900
max-increase = 0.2

[[load-test.threshold]]
name = "GET /api"
max-p95 = 300

[[load-test.threshold]]
name = "POST /api"
min-rate = 0.5
"#;

fn parse(text: &str) -> Result<Config, Error> {
    Config::parse(text, Path::new("/srv"))
}

fn names(settings: &Settings) -> Vec<Vec<&str>> {
    let environments = settings.environments.iter();
    environments
        .map(|it| it.load_tests.iter().map(|it| it.name.as_str()).collect())
        .collect()
}

#[test]
fn each_environment_has_its_load_tests() {
    let config = parse(SHOP).expect("a configuration");
    let expected = [vec!["load-test", "smoke"], vec!["smoke"]];
    assert_eq!(names(&config.settings), expected);
    let smoke = config.load_test("prod", "smoke").expect("a load test");
    assert_eq!(smoke.command, ["./smoke", "--all"]);
    assert!(config.load_test("stage", "load-test").is_some());
    for (environment, name) in [("prod", "load-test"), ("stage", "other"), ("qa", "smoke")] {
        assert!(config.load_test(environment, name).is_none(), "{name}");
    }
}

#[test]
fn thresholds_are_read() {
    let config = parse(SHOP).expect("a configuration");
    let smoke = &config.settings.environments[1].load_tests[0];
    let expected = Thresholds {
        min_requests: 1,
        min_rate: None,
        max_failures: 0,
        max_exceptions: 0,
        max_p95: None,
        min_duration: None,
        max_failure_share: Some(0.01),
        max_mean: Some(250.0),
        max_p50: Some(200),
        max_p99: Some(900),
        max_increase: Some(0.2),
    };
    assert_eq!(smoke.thresholds, expected);
    let [get, post] = smoke.by_name.as_slice() else {
        panic!("two names: {:?}", smoke.by_name);
    };
    assert_eq!(
        (get.name.as_str(), get.thresholds.max_p95),
        ("GET /api", Some(300))
    );
    assert_eq!(
        (post.name.as_str(), post.thresholds.min_rate),
        ("POST /api", Some(0.5))
    );
    let unlimited = (get.thresholds.min_requests, get.thresholds.max_failures);
    assert_eq!(unlimited, (1, u64::MAX));
}

#[test]
fn one_table_is_a_load_test_of_the_first_environment() {
    let (environments, _) = SHOP.split_once("[[load-test]]").expect("a load test");
    let one = format!(
        "{environments}[load-test]\ncommand = [\"./load\"]\nformat = \"k6\"\nresults = \"r\"\n\
             [[load-test.threshold]]\nname = \"/\"\nmax-p50 = 7"
    );
    let config = parse(&one).expect("a configuration");
    assert_eq!(names(&config.settings), [vec!["load-test"], vec![]]);
    let test = &config.settings.environments[0].load_tests[0];
    assert_eq!(test.by_name[0].thresholds.max_p50, Some(7));
    let none = parse(environments).expect("a configuration");
    assert_eq!(names(&none.settings), [vec!["load-test"], vec![]]);
}

#[test]
fn invalid_load_tests_are_refused() {
    for (from, to, said) in [
        (
            "name = \"smoke\"",
            "",
            "line 17: `load-test.name` is used twice: `load-test`",
        ),
        (
            "name = \"smoke\"",
            "name = \"-\"",
            "line 18: `load-test.name` is not the name of a load test: `-`",
        ),
        (
            "[\"stage\", \"prod\"]",
            "[\"stage\", \"qa\"]",
            "line 19: `load-test.environments` names an environment that is not configured: `qa`",
        ),
        (
            "[\"stage\", \"prod\"]",
            "[\"stage\", \"stage\"]",
            "line 19: `load-test.environments` names an environment twice: `stage`",
        ),
        (
            "[\"stage\", \"prod\"]",
            "[]",
            "line 19: `load-test.environments` is empty",
        ),
        (
            "[\"./smoke\", \"--all\"]",
            "[]",
            "line 20: `load-test.command` is an empty command",
        ),
        (
            "share = 0.01",
            "share = 1.5",
            "line 26: `load-test.thresholds.max-failure-share` must be a number from 0 to 1",
        ),
        (
            "max-mean = 250",
            "max-mean = -1",
            "line 27: `load-test.thresholds.max-mean` must be a finite number, not less than 0",
        ),
        (
            "max-mean = 250",
            "max-failures = 5",
            "line 27: `load-test.thresholds.max-failures` has no effect beside `max-failure-share`",
        ),
        (
            "max-increase = 0.2",
            "max-increase = nan",
            "line 30: `load-test.thresholds.max-increase` must be a finite number",
        ),
    ] {
        refused(from, to, said);
    }
}

#[test]
fn invalid_thresholds_of_one_name_are_refused() {
    for (from, to, said) in [
        (
            "max-p95 = 300",
            "",
            "line 32: `load-test.threshold` has no limit for `GET /api`",
        ),
        (
            "max-p95 = 300",
            "max-p95 = \"fast\"",
            "line 34: `load-test.threshold.max-p95`: expected a whole number from 0, not the string",
        ),
        (
            "max-p95 = 300",
            "max-exceptions = 3",
            "unknown key `max-exceptions`",
        ),
        (
            "POST /api",
            "GET /api",
            "line 37: `load-test.threshold.name` is used twice: `GET /api`",
        ),
        (
            "POST /api",
            "",
            "line 37: `load-test.threshold.name` must have 1 to 256 bytes",
        ),
        (
            "min-rate = 0.5",
            "min-rate = -0.5",
            "line 38: `load-test.threshold.min-rate` must be a finite number",
        ),
        (
            "results = \"smoke.json\"\n",
            "",
            "line 17: missing key `results`",
        ),
    ] {
        refused(from, to, said);
    }
}

fn refused(from: &str, to: &str, said: &str) {
    assert!(SHOP.contains(from), "{from}");
    let error = parse(&SHOP.replacen(from, to, 1)).expect_err(said);
    assert!(error.message.contains(said), "{error}");
    assert!(!error.help.is_empty());
}

#[test]
fn a_load_test_is_a_table() {
    for other in ["load-test = 7", "load-test = [7]", "load-test = [[]]"] {
        let error = parse(other).expect_err("not a table").message;
        assert!(
            error.starts_with("line 1: `load-test`: expected a table"),
            "{error}"
        );
    }
}

#[test]
fn named_environments_keep_a_load_test() {
    use crate::config::resolved::{Flags, resolve};

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("greenlight.toml");
    let environments = ["qa".to_owned(), "live".to_owned()];
    for (text, expected) in [
        ("", [vec!["load-test"], vec![]]),
        (SHOP, [vec!["load-test"], vec![]]),
    ] {
        std::fs::write(&file, text).expect("written");
        let flags = Flags {
            config: Some(&file),
            environments: &environments,
            ..Flags::default()
        };
        let resolved = resolve(&flags, &|_| None).expect("settings");
        assert_eq!(names(&resolved.settings), expected);
    }
}
