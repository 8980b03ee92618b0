//! The parts of random histories that are about windows, people, steps, and thresholds for names.

use super::super::contract::promotion::{
    Baseline, EventKind, InterventionKind, Measurement, NamedStatistics, Outcome, Outside,
};
use super::super::contract::types::{NamedThresholds, Settings};
use super::events::OTHER;
use super::gates::{asked, excused, freeze, one_of_each, performed, said, scheduled, window};
use super::random::Random;
use super::releases::{DIGESTS, no_thresholds};

const PEOPLE: [&str; 3] = ["Ada", "Grace", "ada"];
const STEPS: [&str; 3] = ["migrate", "smoke", "other"];
const NAME: &str = "GET /api";

/// Settings with approvals, steps, a deadline, and thresholds of each kind.
pub fn gates(random: &mut Random, settings: &mut Settings) {
    settings.deadline = *random.one_of(&[None, Some(100), Some(1000)]);
    for environment in &mut settings.environments {
        environment.approvals = *random.one_of(&[0, 0, 1, 2]);
        environment.approval_lasts = *random.one_of(&[10, 60, 86_400]);
        if random.below(2) == 0 {
            environment.before = vec!["migrate".to_owned()];
        }
        if random.below(2) == 0 {
            environment.after = vec!["smoke".to_owned()];
        }
        for test in &mut environment.load_tests {
            let named = named(random);
            test.by_name.extend(named);
            let limits = &mut test.thresholds;
            limits.max_failure_share = *random.one_of(&[None, None, Some(0.0), Some(0.005)]);
            limits.max_mean = *random.one_of(&[None, None, Some(80.0), Some(79.5)]);
            limits.max_p50 = *random.one_of(&[None, None, Some(70), Some(69)]);
            limits.max_p99 = *random.one_of(&[None, None, Some(200), Some(199)]);
            limits.max_increase = *random.one_of(&[None, None, Some(0.0), Some(0.2)]);
        }
    }
}

fn named(random: &mut Random) -> Option<NamedThresholds> {
    let mut thresholds = no_thresholds();
    thresholds.min_requests = random.below(2);
    thresholds.min_rate = *random.one_of(&[None, Some(0.1)]);
    thresholds.max_p95 = *random.one_of(&[None, Some(100)]);
    thresholds.max_increase = *random.one_of(&[None, Some(0.2)]);
    let is_named = random.below(3) == 0;
    is_named.then(|| NamedThresholds {
        name: NAME.to_owned(),
        thresholds,
    })
}

/// Changes a measurement in the parts that only some settings judge.
pub fn change(random: &mut Random, it: &mut Measurement) {
    match random.below(4) {
        0 => it.total.mean = *random.one_of(&[None, Some(79.6), Some(81.0)]),
        1 => it.total.p99 = *random.one_of(&[None, Some(201)]),
        2 => {
            let mut statistics = it.total;
            statistics.requests = *random.one_of(&[0, 6, 60]);
            statistics.failures = *random.one_of(&[0, 0, 1]);
            statistics.p95 = *random.one_of(&[None, Some(100), Some(101)]);
            it.by_name = vec![NamedStatistics {
                name: NAME.to_owned(),
                statistics,
            }];
        }
        _ => {
            let mut total = it.total;
            total.p95 = *random.one_of(&[None, Some(0), Some(84), Some(100), Some(120)]);
            let named = NamedStatistics {
                name: NAME.to_owned(),
                statistics: total,
            };
            it.baseline = Some(Baseline {
                commit: OTHER.to_owned(),
                total,
                by_name: vec![named],
            });
        }
    }
}

/// The event that ends a hold with this code.
pub fn lifted(random: &mut Random, code: &str) -> Option<EventKind> {
    use InterventionKind::Approved;
    let by = random.one_of::<&str>(&PEOPLE);
    match code {
        "approval-missing" | "held" => Some(said(Approved, by, None, None)),
        "frozen" => Some(excused("freeze-1")),
        "outside-hours" => Some(excused("hours")),
        _ => None,
    }
}

/// Any event about windows, people and steps.
pub fn anything(random: &mut Random, environment: &str, now: u64) -> EventKind {
    use InterventionKind::{Approved, Held, Rejected};
    use Outcome::{Failed, Succeeded, Unknown};
    match random.below(6) {
        0 => {
            let known_until = now + *random.one_of(&[0, 50, 5000]);
            let outside = *random.one_of(&[Outside::Hold, Outside::Warn, Outside::Note]);
            let begin = now + *random.one_of(&[0, 20, 400]);
            let hours = window("hours", environment, outside, &[(begin, begin + 60)]);
            let freeze = freeze("freeze-1", environment, &[(now, begin)]);
            match random.below(3) {
                0 => scheduled(&[hours], known_until),
                1 => scheduled(&[freeze], known_until),
                _ => scheduled(&[hours, freeze], known_until),
            }
        }
        1 => excused(random.one_of::<&str>(&["hours", "freeze-1"])),
        2 => {
            let kind = *random.one_of(&[Approved, Approved, Approved, Held, Rejected]);
            let by = random.one_of::<&str>(&PEOPLE);
            let environment = *random.one_of(&[None, Some(environment)]);
            let digest = random.one_of(&[None, Some(DIGESTS[0]), Some(DIGESTS[1])]);
            said(kind, by, environment, *digest)
        }
        3 => asked(environment),
        4 => {
            let name = random.one_of::<&str>(&STEPS);
            performed(
                name,
                environment,
                *random.one_of(&[Succeeded, Succeeded, Failed, Unknown]),
            )
        }
        _ => random.one_of(&one_of_each(environment)).clone(),
    }
}
