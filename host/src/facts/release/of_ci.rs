//! Facts that the CI system knows about the commit that it builds: the pull request, and the results of jobs.

use serde_json::{Map, Value};

use super::Origin;
use crate::contract::environments::Job;
use crate::contract::names::Named as _;
use crate::contract::types::Fact;
use crate::facts::ci::{self, CiEnvironment};

/// The name of the fact with the number of the pull request.
pub(super) const PULL_REQUEST: &str = "pull-request";
/// The name of the fact with the results of jobs: an object with the status of each job.
pub(super) const JOBS: &str = "jobs";

/// The facts about a commit. A build of another commit says nothing about it.
pub fn of_ci(ci: &CiEnvironment, commit: &str) -> Vec<Fact> {
    if ci.commit.as_ref().is_none_or(|it| it.value != commit) {
        return Vec::new();
    }
    let number = ci.change.as_ref().and_then(|it| it.number.as_ref());
    // A system may have other numbers than whole ones.
    let number = number.map(|it| match it.value.parse::<u64>() {
        Ok(number) => Value::from(number),
        Err(_) => Value::from(it.value.as_str()),
    });
    let mut facts = Vec::new();
    facts.extend(number.map(|it| Origin::Ci.fact(PULL_REQUEST, &it)));
    // Results that can't be read are unknown. `greenlight tags` refuses them.
    let jobs = ci.jobs.as_ref().ok().filter(|it| !it.is_empty());
    facts.extend(jobs.map(|jobs| {
        let status = |it: &ci::Fact<Job>| (it.value.name.clone(), it.value.status.name().into());
        let jobs: Map<String, Value> = jobs.iter().map(status).collect();
        Origin::Ci.fact(JOBS, &Value::Object(jobs))
    }));
    facts
}
