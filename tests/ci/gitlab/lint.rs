//! Rules for a pipeline that GitLab's schema does not express: names must be defined, and jobs that are reported as
//! passed must be waited for.

use serde_json::{Map, Value};

use super::{configuration, job};
use crate::files;

/// The findings in a pipeline that includes the template.
pub fn findings(pipeline: &Map<String, Value>) -> Vec<String> {
    let mut all = files::yaml(&files::text("gitlab/greenlight.yml"));
    let all = all.as_object_mut().expect("jobs");
    all.extend(pipeline.clone());
    lint(all)
}

/// The findings in a pipeline with all its jobs.
fn lint(configuration: &Map<String, Value>) -> Vec<String> {
    let mut findings = Vec::new();
    let stages = configuration["stages"].as_array().expect("stages");
    let jobs = configuration
        .iter()
        .filter(|(_, it)| it.get("script").is_some() || it.get("extends").is_some());
    for (name, own) in jobs {
        let parents = own["extends"]
            .as_array()
            .cloned()
            .unwrap_or_else(|| vec![own["extends"].clone()]);
        let missing: Vec<_> = parents
            .iter()
            .filter_map(Value::as_str)
            .filter(|it| !configuration.contains_key(*it))
            .collect();
        if !missing.is_empty() {
            findings.push(format!("{name} extends {missing:?}"));
            continue;
        }
        let job = job(configuration, name);
        if name.starts_with('.') {
            continue;
        }
        if !stages.contains(&job["stage"]) {
            findings.push(format!("{name} is in no stage"));
        }
        let needs: Vec<_> = job["needs"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        for needed in &needs {
            if !configuration.contains_key(*needed) {
                findings.push(format!("{name} needs {needed}"));
            }
        }
        // Each job that it reports as passed must have ended.
        let reports = job["script"].to_string().contains("$GREENLIGHT_JOBS");
        let reported = job["variables"]["GREENLIGHT_JOBS"].as_str();
        let reported: Vec<_> = reported.unwrap_or_default().split(' ').collect();
        if reports && reported != needs {
            findings.push(format!("{name} reports other jobs than it needs"));
        }
        let allowed = needs.iter().filter(|it| {
            reports
                && configuration.contains_key(**it)
                && !self::job(configuration, it)["allow_failure"].is_null()
        });
        findings.extend(allowed.map(|it| format!("{name} needs {it}, which is allowed to fail")));
    }
    findings
}

#[test]
fn each_mistake_is_found() {
    assert_eq!(lint(&configuration()), Vec::<String>::new());
    let wrong = [
        (
            "label",
            "extends",
            serde_json::json!([".every-push", ".greenlight-lable"]),
            vec!["label extends [\".greenlight-lable\"]"],
        ),
        (
            "checks",
            "stage",
            serde_json::json!("tset"),
            vec!["checks is in no stage"],
        ),
        (
            "publish",
            "needs",
            serde_json::json!(["tag"]),
            vec!["publish needs tag"],
        ),
        (
            "tags",
            "needs",
            serde_json::json!(["checks", "test"]),
            vec!["tags reports other jobs than it needs"],
        ),
        (
            "tags",
            "needs",
            serde_json::json!(["checks", {"job": "test", "optional": true}, "build"]),
            vec!["tags reports other jobs than it needs"],
        ),
        (
            "tags",
            "variables",
            serde_json::json!({}),
            vec!["tags reports other jobs than it needs"],
        ),
        (
            ".every-push",
            "allow_failure",
            serde_json::json!(true),
            vec![
                "tags needs checks, which is allowed to fail",
                "tags needs test, which is allowed to fail",
                "tags needs build, which is allowed to fail",
            ],
        ),
        (
            "test",
            "allow_failure",
            serde_json::json!(true),
            vec!["tags needs test, which is allowed to fail"],
        ),
    ];
    for (name, key, value, findings) in wrong {
        let mut broken = configuration();
        broken[name][key] = value;
        assert_eq!(lint(&broken), findings);
    }
}
