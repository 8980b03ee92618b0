//! Cases as data, run twice: natively and through the component. Both must say what the case says, and
//! the same to the letter.

use greenlight::contract::environments::Build;
use greenlight::contract::labels::Message;
use greenlight::contract::names::Named;
use greenlight::contract::settings;
use greenlight::contract::types::LoadTestAction;
use greenlight::sandbox::{Policy, Use};
use serde::Deserialize;

use crate::harness::{SHA, fixture};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LabelCase {
    name: String,
    message: String,
    #[serde(default)]
    truncated: bool,
    action: Option<String>,
    span: Option<(u32, u32)>,
    #[serde(default)]
    diagnostics: Vec<ExpectedDiagnostic>,
    refused: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedDiagnostic {
    code: String,
    span: (u32, u32),
    help: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TagCase {
    name: String,
    tag: String,
    environment: Option<String>,
    load_test: Option<String>,
    refused: Option<String>,
}

/// What both sides' answers are compared as: the two bindings generate two families of the same types.
#[derive(Debug, PartialEq)]
struct Labels {
    action: String,
    span: Option<(u32, u32)>,
    diagnostics: Vec<Diagnostic>,
}

#[derive(Debug, PartialEq)]
struct Diagnostic {
    severity: String,
    code: String,
    message: String,
    span: Option<(u32, u32)>,
    help: Option<String>,
}

type Refused = Vec<(String, String, Option<String>)>;

/// Reads either family into what is compared.
macro_rules! compared {
    (labels $answer:expr) => {
        match $answer {
            Ok(labels) => Ok(Labels {
                action: format!("{:?}", labels.action),
                span: labels.source.map(|span| (span.start, span.end)),
                diagnostics: labels
                    .diagnostics
                    .into_iter()
                    .map(|it| Diagnostic {
                        severity: format!("{:?}", it.severity),
                        code: it.code,
                        message: it.message,
                        span: it.span.map(|span| (span.start, span.end)),
                        help: it.help,
                    })
                    .collect(),
            }),
            Err(reasons) => Err(compared!(reasons reasons)),
        }
    };
    (reasons $reasons:expr) => {
        $reasons.into_iter().map(|it| (it.code, it.message, it.help)).collect::<Refused>()
    };
}

/// The default settings for the native policy. Field by field, so that a setting that is added to one
/// family and not here does not compile.
fn native_settings() -> greenlight_policy::bindings::types::Settings {
    use greenlight_policy::bindings::types::{
        EnvironmentSettings, LoadTestAction, LoadTestSettings, Settings, Thresholds,
    };
    let load_test = |it: &greenlight::contract::types::LoadTestSettings| LoadTestSettings {
        name: it.name.clone(),
        thresholds: Thresholds {
            min_requests: it.thresholds.min_requests,
            min_rate: it.thresholds.min_rate,
            max_failures: it.thresholds.max_failures,
            max_exceptions: it.thresholds.max_exceptions,
            max_p95: it.thresholds.max_p95,
            min_duration: it.thresholds.min_duration,
            max_failure_share: it.thresholds.max_failure_share,
            max_mean: it.thresholds.max_mean,
            max_p50: it.thresholds.max_p50,
            max_p99: it.thresholds.max_p99,
            max_increase: it.thresholds.max_increase,
        },
        by_name: Vec::new(),
    };
    let host = settings::defaults();
    Settings {
        publish_branch: host.publish_branch,
        required_jobs: host.required_jobs,
        environments: host
            .environments
            .into_iter()
            .map(|it| EnvironmentSettings {
                name: it.name,
                convergence_rounds: it.convergence_rounds,
                convergence_deadline: it.convergence_deadline,
                approvals: it.approvals,
                author_may_approve: it.author_may_approve,
                approval_lasts: it.approval_lasts,
                before: it.before,
                min_nodes: it.min_nodes,
                after: it.after,
                load_tests: it.load_tests.iter().map(load_test).collect(),
                watch: None,
            })
            .collect(),
        default_action: match host.default_action.name() {
            "abort" => LoadTestAction::Abort,
            "skip" => LoadTestAction::Skip,
            _ => LoadTestAction::Warn,
        },
        parameters: Vec::new(),
        deadline: host.deadline,
        poll_interval: host.poll_interval,
    }
}

fn cases<T: serde::de::DeserializeOwned>(file: &str) -> Vec<T> {
    let text = std::fs::read_to_string(fixture(file)).expect("the cases");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn native_labels(case: &LabelCase) -> Result<Labels, Refused> {
    let message = greenlight_policy::bindings::labels::Message {
        text: case.message.clone(),
        truncated: case.truncated,
    };
    compared!(labels greenlight_policy::label::parse(&message, native_settings().default_action))
}

fn component_labels(policy: &Policy, case: &LabelCase) -> Result<Labels, Refused> {
    let message = Message {
        text: case.message.clone(),
        truncated: case.truncated,
    };
    let answer = policy
        .parse(&message, settings::defaults().default_action)
        .expect("an answer");
    compared!(labels answer)
}

#[test]
fn labels() {
    let policy = Policy::bundled(Use::Often).expect("the bundled policy");
    let cases: Vec<LabelCase> = cases("cases/labels.json");
    assert!(cases.len() >= 90, "{} cases", cases.len());
    for case in &cases {
        let native = native_labels(case);
        let component = component_labels(&policy, case);
        assert_eq!(
            native, component,
            "{}: natively and through the component",
            case.name
        );
        match (&case.refused, native) {
            (Some(codes), Err(reasons)) => {
                let said: Vec<_> = reasons.iter().map(|(code, ..)| code.as_str()).collect();
                assert_eq!(&said, codes, "{}", case.name);
            }
            (None, Ok(labels)) => check(case, &labels),
            (_, other) => panic!("{}: {other:?}", case.name),
        }
    }
}

/// `replay` keeps the sandbox of the bundled policy over all commits. That is right only because the
/// policy remembers nothing: whatever it was asked before, it answers as in a fresh sandbox.
#[test]
fn a_kept_sandbox_answers_like_a_fresh_one() {
    let policy = Policy::bundled(Use::Often).expect("the bundled policy");
    let mut kept = policy.sandbox().expect("a sandbox");
    let settings = settings::defaults();
    let cases: Vec<LabelCase> = cases("cases/labels.json");
    for case in cases.iter().chain(cases.iter().rev()) {
        let message = Message {
            text: case.message.clone(),
            truncated: case.truncated,
        };
        let answer = kept
            .parse(&message, settings.default_action)
            .expect("an answer");
        let fresh = policy
            .parse(&message, settings.default_action)
            .expect("an answer");
        assert_eq!(format!("{answer:?}"), format!("{fresh:?}"), "{}", case.name);
        let build = Build {
            commit: SHA.to_owned(),
            branch: Some("main".to_owned()),
            action: answer.map_or(LoadTestAction::Warn, |labels| labels.action),
            jobs: Vec::new(),
            extra: Vec::new(),
            facts: Vec::new(),
        };
        let tags = kept.tags(&build, &settings).expect("an answer");
        assert_eq!(
            format!("{tags:?}"),
            format!("{:?}", policy.tags(&build, &settings).expect("an answer"))
        );
    }
}

fn check(case: &LabelCase, labels: &Labels) {
    let action = case.action.as_deref().expect("the case has an action");
    let said = labels
        .action
        .rsplit(':')
        .next()
        .unwrap_or_default()
        .to_lowercase();
    assert_eq!(said, action, "{}", case.name);
    assert_eq!(labels.span, case.span, "{}", case.name);
    let said: Vec<_> = labels
        .diagnostics
        .iter()
        .map(|it| (it.code.as_str(), it.span))
        .collect();
    let expected: Vec<_> = case
        .diagnostics
        .iter()
        .map(|it| (it.code.as_str(), Some(it.span)))
        .collect();
    assert_eq!(said, expected, "{}", case.name);
    for (said, expected) in labels.diagnostics.iter().zip(&case.diagnostics) {
        if expected.help.is_some() {
            assert_eq!(said.help, expected.help, "{}", case.name);
        }
    }
}

#[test]
fn tags() {
    let policy = Policy::bundled(Use::Often).expect("the bundled policy");
    for case in cases::<TagCase>("cases/tags.json") {
        let native = greenlight_policy::tag::resolve(&case.tag, &native_settings())
            .map(|it| {
                (
                    it.environment,
                    it.commit,
                    it.action.map(greenlight_policy::action::word),
                )
            })
            .map_err(|reasons| compared!(reasons reasons));
        let component = policy
            .resolve(&case.tag, &settings::defaults())
            .expect("an answer")
            .map(|it| (it.environment, it.commit, it.action.map(Named::name)))
            .map_err(|reasons| compared!(reasons reasons));
        assert_eq!(
            native, component,
            "{}: natively and through the component",
            case.name
        );
        match (&case.refused, native) {
            (Some(code), Err(reasons)) => {
                assert_eq!(&reasons[0].0, code, "{}", case.name);
                assert!(reasons[0].2.is_some(), "{}: what was expected", case.name);
            }
            (None, Ok((environment, commit, action))) => {
                assert_eq!(Some(environment), case.environment, "{}", case.name);
                assert_eq!(action, case.load_test.as_deref(), "{}", case.name);
                assert!(case.tag.ends_with(&commit), "{}", case.name);
            }
            (_, other) => panic!("{}: {other:?}", case.name),
        }
    }
}
