//! The environments: progress, verdict and nodes of each environment.

use super::super::contract::promotion::{
    Convergence, EnvironmentStatus, Event, EventKind, LoadTestStatus, NodeState, NodeStatus,
    NodeVersion,
};
use super::release::Target;
use super::{Question, deployments, load_test, people, progress};

/// Every environment of the settings, in order.
pub fn statuses(question: Question<'_>, target: &Target) -> Vec<EnvironmentStatus> {
    let environments = question.settings.environments.iter().enumerate();
    environments
        .map(|(place, environment)| {
            let load_tests = environment.load_tests.iter().filter_map(|test| {
                let result = progress::load_tested(question, target, place, &test.name)?;
                let (verdict, _) = load_test::verdict(result, &target.commit, test);
                let name = test.name.clone();
                Some(LoadTestStatus { name, verdict })
            });
            EnvironmentStatus {
                environment: environment.name.clone(),
                progress: progress::progress(question, target, place),
                approved_by: people::approvals(question, place, question.now),
                load_tests: load_tests.collect(),
                watch: None,
                nodes: nodes(question, target, place),
            }
        })
        .collect()
}

/// What each node serves in the latest round.
fn nodes(question: Question<'_>, target: &Target, environment: usize) -> Vec<NodeStatus> {
    let name = &question.settings.environments[environment].name;
    let latest = question
        .history
        .iter()
        .rev()
        .find_map(|event| match &event.kind {
            EventKind::Observed(it) if it.environment == *name => Some(&it.convergence),
            _ => None,
        });
    let Some(Convergence::Observed(nodes)) = latest else {
        return Vec::new();
    };
    let end = question.history.len();
    let deployed = deployments::counting(question, target, environment, end);
    let before = &question.history[..deployed.unwrap_or(end)];
    nodes
        .iter()
        .map(|node| NodeStatus {
            name: node.name.clone(),
            state: match &node.version {
                NodeVersion::Unreachable(_) => NodeState::Unreachable,
                NodeVersion::Serves(it) if *it == target.commit => NodeState::Current,
                NodeVersion::Serves(it) if was_there(it, name, before) => NodeState::Old,
                NodeVersion::Serves(_) => NodeState::Foreign,
            },
        })
        .collect()
}

fn was_there(commit: &str, environment: &str, before: &[Event]) -> bool {
    before.iter().any(|event| match &event.kind {
        EventKind::Deployed(it) => it.environment == environment && it.commit == commit,
        EventKind::Observed(it) => match &it.convergence {
            Convergence::Observed(nodes) if it.environment == environment => nodes
                .iter()
                .any(|node| matches!(&node.version, NodeVersion::Serves(it) if it == commit)),
            _ => false,
        },
        _ => false,
    })
}
