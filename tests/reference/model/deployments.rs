//! Which deployments are of the release, and which ones replaced it.

use super::super::contract::promotion::{Deployment, EventKind};
use super::Question;
use super::release::Target;

/// The deployment at a place of the history, and the place of its environment in the settings.
pub fn at(question: Question<'_>, place: usize) -> Option<(usize, &Deployment)> {
    let EventKind::Deployed(deployment) = &question.history[place].kind else {
        return None;
    };
    let mut environments = question.settings.environments.iter();
    let environment = environments.position(|it| it.name == deployment.environment)?;
    Some((environment, deployment))
}

/// Whether the deployment at a place of the history is one of the release.
pub fn is_own(question: Question<'_>, target: &Target, place: usize) -> bool {
    let Some((environment, deployment)) = at(question, place) else {
        return false;
    };
    let contradicts = |other: &Option<String>| match (other, &deployment.digest) {
        (Some(one), Some(other)) => one != other,
        _ => false,
    };
    let other_image_before = (0..environment).any(|earlier| {
        let counts = counting(question, target, earlier, place);
        counts.is_some_and(|it| {
            at(question, it).is_some_and(|(_, before)| contradicts(&before.digest))
        })
    });
    deployment.commit == target.commit
        && !contradicts(&question.release.digest)
        && !other_image_before
}

/// The place of the deployment of the release that counts in an environment, as of a place of the history: the latest
/// one, unless a later one to an earlier environment voids it.
pub fn counting(
    question: Question<'_>,
    target: &Target,
    environment: usize,
    until: usize,
) -> Option<usize> {
    let latest = (0..until).rev().find(|place| {
        let here = at(question, *place).is_some_and(|(it, _)| it <= environment);
        here && is_own(question, target, *place)
    })?;
    let (to, _) = at(question, latest)?;
    (to == environment).then_some(latest)
}

/// The place of the first deployment after another place that replaces the release in an environment.
pub fn replaced(
    question: Question<'_>,
    target: &Target,
    environment: usize,
    since: usize,
) -> Option<usize> {
    let mut later = since + 1..question.history.len();
    later.find(|place| is_to(question, *place, environment) && !is_own(question, target, *place))
}

/// Whether the latest deployment to an environment is one of another image of the same commit.
pub fn is_other_image(question: Question<'_>, target: &Target, environment: usize) -> bool {
    let mut places = (0..question.history.len()).rev();
    let latest = places.find(|place| is_to(question, *place, environment));
    latest.is_some_and(|place| {
        let is_same_commit = at(question, place).is_some_and(|(_, it)| it.commit == target.commit);
        is_same_commit && !is_own(question, target, place)
    })
}

/// Whether another deployment replaced the release in an environment, and the release was not deployed there since.
///
/// After a deployment of the release to an earlier environment, other deployments no longer replace it there.
pub fn was_replaced(question: Question<'_>, target: &Target, environment: usize) -> bool {
    let mut replaced = false;
    for place in 0..question.history.len() {
        if is_to(question, place, environment) {
            let is_own = is_own(question, target, place);
            let was_there = counting(question, target, environment, place).is_some();
            replaced = !is_own && (replaced || was_there);
        }
    }
    replaced
}

fn is_to(question: Question<'_>, place: usize, environment: usize) -> bool {
    at(question, place).is_some_and(|(to, _)| to == environment)
}
