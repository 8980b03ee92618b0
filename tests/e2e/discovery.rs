//! Nodes whose addresses change during a deployment.

use std::fs;

use greenlight::contract::promotion::{Convergence, EventKind, Node};
use greenlight::deployment::entry::Entry;

use crate::pipeline::Pipeline;
use crate::service::Service;

/// The answers of production's nodes, round by round.
fn rounds(pipeline: &Pipeline) -> Vec<Vec<Node>> {
    let entries = pipeline.entries(1).into_iter();
    let rounds = entries.filter_map(|it| match it.entry {
        Entry::Happened { event, .. } => match event.kind {
            EventKind::Observed(round) if round.environment == "prod" => Some(round.convergence),
            _ => None,
        },
        _ => None,
    });
    rounds
        .map(|it| match it {
            Convergence::Observed(nodes) => nodes,
            Convergence::Judged(_) => panic!("no step judges"),
        })
        .collect()
}

/// A pipeline whose production has its nodes in a file, and whose deploy command starts new nodes, and then writes
/// `after` into the file.
fn replaced(after: impl FnOnce(&[String], &[String]) -> Vec<String>) -> (Pipeline, Service) {
    let mut pipeline = Pipeline::recorded();
    let next = Service::start(2, &pipeline.before);
    let list = pipeline.folder().join("nodes");
    fs::write(&list, pipeline.prod.nodes().join("\n")).expect("a list");
    let after = after(pipeline.prod.nodes(), next.nodes()).join("\n");
    let script = "\"$@\" && printf '%s\\n' \"$AFTER\" > nodes";
    let script = format!("AFTER='{after}'; {script}");
    let deploy = ["/bin/sh", "-c", &script, "sh"].map(str::to_owned);
    pipeline.setting.deploy_prod = Some(deploy.into_iter().chain(next.deploy_command()).collect());
    pipeline.setting.discover =
        Some("command = [\"cat\", \"nodes\"]\nformat = \"lines\"\nmin-nodes = 2\n".to_owned());
    (pipeline, next)
}

#[test]
fn new_nodes_replace_the_old_ones() {
    let (pipeline, next) = replaced(|_, new| new.to_vec());
    let commit = pipeline.commit("Add a cart");
    pipeline.run().is(0, &["promoted"]);
    let rounds = rounds(&pipeline);
    let names = |nodes: &[Node]| nodes.iter().map(|it| it.name.clone()).collect::<Vec<_>>();
    let sorted = |nodes: &[String]| {
        let mut nodes = nodes.to_vec();
        nodes.sort();
        nodes
    };
    let (first, last) = (&rounds[0], &rounds[rounds.len() - 1]);
    assert_eq!(names(first), sorted(pipeline.prod.nodes()));
    assert_eq!(names(last), sorted(next.nodes()));
    // The old nodes never served the release.
    let old = pipeline.prod.state();
    assert!(old.nodes.iter().all(|it| it.commit == pipeline.before));
    assert!(next.state().nodes.iter().all(|it| it.commit == commit));
}

#[test]
fn an_old_node_that_stays_in_the_list_prevents_convergence() {
    let (mut pipeline, _next) = replaced(|old, new| [new, &old[..1]].concat());
    pipeline.setting.deadline = 4;
    pipeline.commit("Add a cart");
    let old = pipeline.prod.nodes()[0].clone();
    pipeline.run().is(1, &["stopped", &old]);
    assert_eq!(pipeline.conclusion(1).as_deref(), Some("stopped"));
}

#[test]
fn too_few_nodes_prevent_convergence() {
    let (mut pipeline, _next) = replaced(|_, new| new[..1].to_vec());
    pipeline.setting.deadline = 4;
    pipeline.commit("Add a cart");
    let says = "found 1 node, and `min-nodes` is 2";
    pipeline.run().is(1, &["stopped", says]);
}

/// `config check` finds the nodes, too, and asks each of them.
#[test]
fn a_check_finds_the_nodes() {
    let (pipeline, _next) = replaced(|_, new| new.to_vec());
    let check = pipeline.greenlight(&["config", "check"]);
    check.is(0, &["finds 2 nodes, and each answers with its version"]);
    fs::write(pipeline.folder().join("nodes"), "").expect("a list");
    let check = pipeline.greenlight(&["config", "check"]);
    check.is(1, &["found 0 nodes, and `min-nodes` is 2"]);
}
