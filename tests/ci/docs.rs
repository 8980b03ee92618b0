//! The snippets of `host/docs/ci` work with the plug-ins.

use std::fs;

use serde_json::{Map, Value, json};

use crate::harness::{Repository, fixture};
use crate::snippets;
use crate::{circleci, deployment, files, github, gitlab, jenkins, woodpecker};

/// The block that begins with a text, without comments.
#[track_caller]
fn block(begins: &str) -> String {
    let known = snippets::CI.iter().find(|(_, it)| *it == begins);
    let (page, _) = known.expect("it is one of the snippets");
    let page = fs::read_to_string(fixture("..").join(page)).expect("the page");
    let blocks = page.split("```").skip(1).step_by(2);
    let texts = blocks.map(|block| block.split_once('\n').expect("its language").1);
    let found: Vec<_> = texts.filter(|text| text.starts_with(begins)).collect();
    let [text] = found[..] else {
        panic!("{} blocks begin with {begins:?}", found.len());
    };
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    assert!(
        (1..=10).contains(&lines.clone().count()),
        "ten lines to paste: {text}"
    );
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

/// Each snippet has a test here.
#[test]
fn every_snippet_is_run() {
    let source = include_str!("docs.rs");
    for (_, begins) in snippets::CI {
        assert!(source.contains(&format!("block({begins:?})")), "{begins}");
    }
}

#[test]
fn circleci() {
    let mut configuration = files::yaml(&block("# .circleci/config.yml"));
    let job = json!({"docker": [{"image": "x"}], "steps": ["checkout"]});
    configuration["version"] = json!(2.1);
    configuration["jobs"] = json!({"test": job, "image": job});
    let text = configuration.to_string();
    assert_eq!(circleci::findings(&text), Vec::<String>::new());
}

#[test]
fn github() {
    let steps = files::yaml(&block("# .github/workflows/release.yml"));
    assert_eq!(github::uses(steps.as_array().expect("steps")), 1);
}

#[test]
fn github_pull_requests() {
    let steps = files::yaml(&block("# .github/workflows/label.yml"));
    assert_eq!(github::uses(steps.as_array().expect("steps")), 1);
}

#[test]
fn gitlab() {
    let mut pipeline = files::yaml(&block("# .gitlab-ci.yml"));
    let jobs = pipeline.as_object_mut().expect("jobs");
    jobs.insert("stages".to_owned(), json!(["test"]));
    jobs.insert("test".to_owned(), json!({"script": ["true"]}));
    let jobs: Map<String, Value> = jobs
        .iter()
        .map(|(name, job)| {
            let mut job = job.clone();
            // GitLab's default.
            if job.is_object() && name != "variables" {
                job["stage"] = json!("test");
            }
            (name.clone(), job)
        })
        .collect();
    assert_eq!(gitlab::findings(&jobs), Vec::<String>::new());
}

#[test]
fn jenkins() {
    let workspace = jenkins::machine(&deployment::message("abort"));
    let _nodes = deployment::prepare(&workspace, "passed");
    let tag = format!("stage-loadtest-abort-{}", workspace.commit);
    let (result, log) = jenkins::paste(&workspace, &block("library identifier"), &tag);
    assert_eq!(result, "SUCCESS", "{log}");
    assert_eq!(deployment::live(&workspace), workspace.commit);
}

#[test]
fn woodpecker() {
    let steps = files::yaml(&block("# .woodpecker/release.yml"));
    let workspace = woodpecker::machine("x\n", "main");
    woodpecker::run(&workspace, woodpecker::SHELLS[0], &steps[0]).is(0);
    let repository: &Repository = &workspace.repository;
    let tags = fs::read_to_string(repository.path().join(".tags")).expect("the tags");
    assert_eq!(tags.lines().count(), 3, "{tags}");
}
