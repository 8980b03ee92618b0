//! The load test that a reason is about.
//!
//! The policy names a load test only where several run in an environment. All reasons about one result rest on the same event.

use super::LoadTest;
use crate::contract::types::{Evidence, Reason};

/// The codes of the reasons that name the environment of a result.
const RESULTS: [&str; 4] = [
    "load-test-passed",
    "load-test-failed",
    "load-test-errored",
    "load-test-inconclusive",
];

/// The name of a load test, with its environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestName {
    /// The environment.
    pub environment: String,
    /// The name in the configuration.
    pub name: String,
}

/// The load test that each of the reasons of a decision is about, if it is about the result of one.
pub(super) fn subjects(reasons: &[Reason], tests: &[LoadTest]) -> Vec<Option<TestName>> {
    let results = reasons.iter().filter(|it| RESULTS.contains(&&*it.code));
    let results = results.filter_map(|it| Some((event(it)?, named(it, tests)?)));
    let results: Vec<_> = results.collect();
    let subject = |reason: &Reason| {
        let at = event(reason)?;
        let mut results = results.iter();
        results.find(|it| it.0 == at).map(|it| it.1.clone())
    };
    reasons.iter().map(subject).collect()
}

/// The place of the event that a reason rests on.
fn event(reason: &Reason) -> Option<u32> {
    reason.evidence.iter().find_map(|it| match it {
        Evidence::Event(place) => Some(*place),
        _ => None,
    })
}

/// The load test of a reason that has a result. Without its name, it is the only one that ran in the environment.
fn named(reason: &Reason, tests: &[LoadTest]) -> Option<TestName> {
    let mut evidence = reason.evidence.iter();
    let environment = evidence.find_map(|it| match it {
        Evidence::Environment(name) => Some(name),
        _ => None,
    })?;
    let name = reason.evidence.iter().find_map(|it| match it {
        Evidence::LoadTest(name) => Some(name),
        _ => None,
    });
    let mut here = tests.iter().filter(|it| it.environment == *environment);
    let name = match name {
        Some(name) => name,
        None => &here.next_back()?.name,
    };
    Some(TestName {
        environment: environment.clone(),
        name: name.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::types::Verdict;
    use crate::deployment::timeline::fixture_parts::load_test;

    fn reason(code: &str, evidence: Vec<Evidence>) -> Reason {
        Reason {
            code: code.to_owned(),
            message: code.to_owned(),
            help: None,
            evidence,
        }
    }

    #[test]
    fn reasons_about_one_result_have_its_load_test() {
        let stage = || Evidence::Environment("stage".to_owned());
        let named = |name: &str| Evidence::LoadTest(name.to_owned());
        let reasons = [
            reason(
                "load-test-failed",
                vec![Evidence::Event(4), stage(), named("smoke")],
            ),
            reason(
                "contains-stopped-commit",
                vec![Evidence::Commit("a".repeat(40))],
            ),
            reason("too-slow", vec![Evidence::Event(4)]),
            reason(
                "load-test-errored",
                vec![Evidence::Event(5), stage(), named("load")],
            ),
            reason("no-requests", vec![Evidence::Event(5)]),
            reason("deployed", vec![Evidence::Event(2), stage()]),
        ];
        let found = subjects(&reasons, &[]).into_iter();
        let found: Vec<_> = found.map(|it| it.map(|it| it.name)).collect();
        let expected = [
            Some("smoke"),
            None,
            Some("smoke"),
            Some("load"),
            Some("load"),
            None,
        ];
        assert_eq!(found, expected.map(|it| it.map(str::to_owned)));
    }

    #[test]
    fn a_load_test_that_is_alone_is_found_by_its_environment() {
        let mut test = load_test(Verdict::Failed, 1);
        "soak".clone_into(&mut test.name);
        let evidence = vec![
            Evidence::Event(4),
            Evidence::Environment("stage".to_owned()),
        ];
        let reasons = [
            reason("load-test-failed", evidence),
            reason("too-slow", vec![Evidence::Event(4)]),
        ];
        let soak = Some(TestName {
            environment: "stage".to_owned(),
            name: "soak".to_owned(),
        });
        assert_eq!(subjects(&reasons, &[test]), [soak.clone(), soak]);
        assert_eq!(subjects(&reasons, &[]), [None, None]);
    }
}
