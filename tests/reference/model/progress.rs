//! How far the release has come in an environment.

use std::ops::Range;

use super::super::contract::promotion::{
    Convergence, EventKind, LoadTestResult, Outcome, Progress,
};
use super::super::contract::types::LoadTestAction;
use super::convergence::{self, Rounds};
use super::release::Target;
use super::{Question, deployments, load_test, people, steps};

/// How far the release has come in the environment.
pub fn progress(question: Question<'_>, target: &Target, environment: usize) -> Progress {
    let end = question.history.len();
    let Some(since) = deployments::counting(question, target, environment, end) else {
        return Progress::Pending;
    };
    if has_failed(question, since) {
        return Progress::Failed;
    }
    let replaced = deployments::replaced(question, target, environment, since);
    let places = since..counts_until(question, target, environment, since);
    let rounds = rounds(question, target, environment, places.clone());
    if replaced.is_some() && !was_settled(question, target, environment, places) {
        return Progress::Pending;
    }
    if rounds.converged() {
        return Progress::Converged;
    }
    if is_late(question, target, environment) {
        return Progress::Failed;
    }
    if outcome(question, since) == Outcome::Unknown && !rounds.ever_converged() {
        return Progress::Unknown;
    }
    Progress::Deployed
}

/// Whether an environment that has not converged had the time to do so.
pub fn is_late(question: Question<'_>, target: &Target, environment: usize) -> bool {
    let end = question.history.len();
    let Some(since) = deployments::counting(question, target, environment, end) else {
        return false;
    };
    let settings = &question.settings.environments[environment];
    let begin = question.history[since]
        .at
        .max(people::hold_ended(question, environment))
        .max(asked_again(question, environment, since));
    let deadline = u64::from(settings.convergence_deadline);
    let is_overdue = |at: u64| at > begin && at - begin > deadline;
    let is_held = people::held(question, environment);
    if has_failed(question, since) || is_held || !is_overdue(question.now) {
        return false;
    }
    let overdue: Vec<_> = question.history[since..]
        .iter()
        .filter(|event| is_overdue(event.at))
        .filter_map(|event| match &event.kind {
            EventKind::Observed(it) if it.environment == settings.name => Some(&it.convergence),
            _ => None,
        })
        .collect();
    let rounds = u64::try_from(overdue.len()).expect("few");
    rounds >= u64::from(settings.convergence_rounds)
        || overdue
            .iter()
            .any(|round| !convergence::agrees(round, &target.commit))
}

/// Whether the result in an environment is final.
pub fn is_settled(question: Question<'_>, target: &Target, environment: usize) -> bool {
    let end = question.history.len();
    let Some(since) = deployments::counting(question, target, environment, end) else {
        return false;
    };
    progress(question, target, environment) == Progress::Converged
        && was_settled(
            question,
            target,
            environment,
            since..counts_until(question, target, environment, since),
        )
}

/// The places of the history where steps behind the deployment count. Absent if no deployment counts, or it failed.
pub fn counting_places(
    question: Question<'_>,
    target: &Target,
    environment: usize,
) -> Option<Range<usize>> {
    let end = question.history.len();
    let since = deployments::counting(question, target, environment, end)?;
    let until = counts_until(question, target, environment, since);
    (!has_failed(question, since)).then_some(since..until)
}

/// Whether the release has waited for a long time since something was found out about the environment.
pub fn is_stale(question: Question<'_>, target: &Target, environment: usize) -> bool {
    let name = &question.settings.environments[environment].name;
    let rounds = question.history.iter().rev();
    let mut rounds = rounds.filter_map(|event| match &event.kind {
        EventKind::Observed(it) if it.environment == *name => Some(&it.convergence),
        _ => None,
    });
    let is_observed = matches!(rounds.next(), Some(Convergence::Observed(_)));
    let end = question.history.len();
    let deployed = (0..end).rev().find(|place| {
        let to = deployments::at(question, *place).map(|(to, _)| to);
        to.is_some_and(|it| it <= environment) && deployments::is_own(question, target, *place)
    });
    is_observed && waited(question, environment, deployed.unwrap_or(0), end) >= 600
}

/// When the nodes were asked again after a long wait, after a place of the history.
fn asked_again(question: Question<'_>, environment: usize, since: usize) -> u64 {
    let name = &question.settings.environments[environment].name;
    let again = (since + 1..question.history.len()).rev().find(|place| {
        let event = &question.history[*place].kind;
        matches!(event, EventKind::Observed(it) if it.environment == *name)
            && waited(question, environment, since, *place) >= 600
    });
    again.map_or(0, |it| question.history[it].at)
}

/// Seconds of waiting between two places, since the last round, load test or step of an environment.
fn waited(question: Question<'_>, environment: usize, since: usize, until: usize) -> u64 {
    let name = &question.settings.environments[environment].name;
    let history = &question.history[since..until];
    let found = history.iter().rposition(|event| match &event.kind {
        EventKind::Observed(it) => it.environment == *name,
        EventKind::LoadTested(it) => it.environment == *name,
        EventKind::Performed(it) => it.step.environment == *name,
        _ => false,
    });
    let waits = history[found.unwrap_or(0)..].iter();
    waits
        .map(|event| match event.kind {
            EventKind::Waited(seconds) => u64::from(seconds),
            _ => 0,
        })
        .sum()
}

/// The load test of this name that counts in an environment.
pub fn load_tested<'a>(
    question: Question<'a>,
    target: &Target,
    environment: usize,
    name: &str,
) -> Option<&'a LoadTestResult> {
    let end = question.history.len();
    let since = deployments::counting(question, target, environment, end)?;
    let places = since..counts_until(question, target, environment, since);
    let replaced = deployments::replaced(question, target, environment, since);
    let is_settled = was_settled(question, target, environment, places.clone());
    if has_failed(question, since) || (replaced.is_some() && !is_settled) {
        return None;
    }
    last_load_test(question, environment, Some(name), places)
}

/// Whether a load test of the environment exists, and none counts.
pub fn has_early_load_test(question: Question<'_>, target: &Target, environment: usize) -> bool {
    let exists = last_load_test(question, environment, None, 0..question.history.len()).is_some();
    exists && !any_load_test_counts(question, target, environment)
}

fn any_load_test_counts(question: Question<'_>, target: &Target, environment: usize) -> bool {
    let place = &question.settings.environments[environment].name;
    question.history.iter().any(|event| match &event.kind {
        EventKind::LoadTested(it) if it.environment == *place => {
            load_tested(question, target, environment, &it.name).is_some()
        }
        _ => false,
    })
}

fn outcome(question: Question<'_>, deployment: usize) -> Outcome {
    deployments::at(question, deployment)
        .expect("a deployment")
        .1
        .outcome
}

/// Whether the deployment failed.
fn has_failed(question: Question<'_>, deployment: usize) -> bool {
    matches!(
        outcome(question, deployment),
        Outcome::Failed | Outcome::TimedOut | Outcome::Canceled
    )
}

/// The place from which rounds and load tests no longer count: where the environment was replaced, or the release was
/// deployed to a later one while this one was settled.
fn counts_until(
    question: Question<'_>,
    target: &Target,
    environment: usize,
    since: usize,
) -> usize {
    (since + 1..question.history.len())
        .find(|place| {
            let Some((to, _)) = deployments::at(question, *place) else {
                return false;
            };
            let is_own = deployments::is_own(question, target, *place);
            (to == environment && !is_own)
                || (to > environment
                    && is_own
                    && was_settled(question, target, environment, since..*place))
        })
        .unwrap_or(question.history.len())
}

/// Whether the events at these places settle the environment. The first one is the deployment of the release.
fn was_settled(
    question: Question<'_>,
    target: &Target,
    environment: usize,
    places: Range<usize>,
) -> bool {
    !has_failed(question, places.start)
        && rounds(question, target, environment, places.clone()).converged()
        && steps::succeeded(question, environment, places.clone())
        && (load_test::meaning(question, target).action == Some(LoadTestAction::Skip)
            || question.settings.environments[environment]
                .load_tests
                .iter()
                .all(|test| {
                    last_load_test(question, environment, Some(&test.name), places.clone())
                        .is_some()
                }))
}

/// The rounds of an environment at these places.
fn rounds<'a>(
    question: Question<'a>,
    target: &'a Target,
    environment: usize,
    places: Range<usize>,
) -> Rounds<'a> {
    let settings = &question.settings.environments[environment];
    Rounds {
        all: question.history[places]
            .iter()
            .filter_map(|event| match &event.kind {
                EventKind::Observed(it) if it.environment == settings.name => Some(&it.convergence),
                _ => None,
            })
            .collect(),
        commit: &target.commit,
        environment: settings,
        settings: question.settings,
        is_last: environment + 1 == question.settings.environments.len(),
    }
}

/// The result of the last load test of an environment at these places; of any load test if no name is given.
fn last_load_test<'a>(
    question: Question<'a>,
    environment: usize,
    test: Option<&str>,
    places: Range<usize>,
) -> Option<&'a LoadTestResult> {
    let name = &question.settings.environments[environment].name;
    let mut latest = question.history[places].iter().rev();
    latest.find_map(|event| match &event.kind {
        EventKind::LoadTested(it)
            if it.environment == *name && test.is_none_or(|test| it.name == test) =>
        {
            Some(&it.result)
        }
        _ => None,
    })
}
