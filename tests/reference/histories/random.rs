//! Long random histories. Many of their events are results of the action that the last decision asked for, so that the
//! histories reach production.

use super::super::compare::Comparison;
use super::super::contract::promotion::{
    Action, Decision, Event, EventKind, InterventionKind, Measurement, Outcome, Progress, Release,
};
use super::super::contract::types::{LoadTestAction, Settings, Verdict};
use super::super::model::Question;
use super::events::{
    OTHER, THIRD, accompanied, competing, contains, deployed, deployments, elsewhere, intervened,
    judged, load_tested, measured, named, notified, observed, rounds, times, waived,
};
use super::gates::performed;
use super::random_gates;
use super::releases::{DIGESTS, LOAD_TEST, OWN, SMOKE_TEST, releases, settings, usable};

/// The most events in a history.
const LONGEST: usize = 40;

/// Compares at least `least` random histories. Each beginning of a history is a history, too. Returns a summary.
pub fn compare(comparison: &mut Comparison<'_>, seed: u64, least: u64) -> String {
    let mut random = Random(seed);
    let mut sequences = 0_u64;
    let mut events = 0_u64;
    let end = comparison.count + least;
    while comparison.count < end {
        sequences += 1;
        events += history(comparison, &mut random);
    }
    format!(
        "{sequences} sequences of up to {LONGEST} events, {} on average",
        events / sequences.max(1)
    )
}

/// Compares a history after each of its events, and returns the number of events.
fn history(comparison: &mut Comparison<'_>, random: &mut Random) -> u64 {
    let settings = any_settings(random);
    let release = any_release(random, &settings);
    let length = random.below(LONGEST as u64 + 1);
    // How often of 100 times the host carries out the next action.
    let obedience = *random.one_of(&[0, 60, 90, 97]);
    let mut history: Vec<Event> = Vec::new();
    let mut now = 1_000_000;
    loop {
        let decision = comparison.compare(Question {
            release: &release,
            history: &history,
            now: moment(random, now),
            settings: &settings,
        });
        let has_ended = matches!(decision.next, Action::Finish(_));
        if history.len() as u64 >= length || (has_ended && random.below(4) > 0) {
            return history.len() as u64;
        }
        let asked = if random.below(100) < obedience {
            obey(random, &decision, &mut now)
        } else {
            None
        };
        let kind = asked.unwrap_or_else(|| anything(random, &settings, now));
        now += random.below(12);
        if random.below(40) == 0 {
            now = jump(random, now, &settings);
        }
        history.push(Event { at: now, kind });
    }
}

/// A release. A few of them are refused.
fn any_release(random: &mut Random, settings: &Settings) -> Release {
    let names = settings.environments.iter();
    let names: Vec<_> = names
        .map(|it| (it.name.as_str(), it.convergence_rounds))
        .collect();
    let releases = if random.below(20) == 0 {
        releases(&names)
    } else {
        usable(&names)
    };
    random.one_of(&releases).clone()
}

/// The time of a question: at once or later. Sometimes the clock was set back.
fn moment(random: &mut Random, now: u64) -> u64 {
    match random.below(20) {
        0 => now + 700,
        1 => now - 700,
        2 => 0,
        _ => now + random.below(3),
    }
}

fn jump(random: &mut Random, now: u64, settings: &Settings) -> u64 {
    let deadline = u64::from(settings.environments[0].convergence_deadline);
    match random.below(4) {
        0 => now - random.below(500),
        1 => now + deadline,
        _ => now + deadline + 1,
    }
}

fn any_settings(random: &mut Random) -> Settings {
    let rounds = |random: &mut Random| *random.one_of(&[1, 1, 2, 2, 3]);
    let mut environments = vec![("stage", rounds(random))];
    if random.below(3) == 0 {
        environments.push(("canary", rounds(random)));
    }
    environments.push(("prod", rounds(random)));
    let deadline = *random.one_of(&[0, 30, 60, 200, 600]);
    let mut settings = settings(&environments, deadline);
    settings.poll_interval = *random.one_of(&[1, 5, 10, 10, 10, 60]);
    let thresholds = &mut settings.environments[0].load_tests[0].thresholds;
    if random.below(2) == 0 {
        thresholds.min_requests = *random.one_of(&[0, 1, 600, 1000]);
        thresholds.min_rate = *random.one_of(&[None, Some(0.0), Some(10.0), Some(0.001)]);
        thresholds.max_failures = random.below(3);
        thresholds.max_exceptions = random.below(3);
        thresholds.max_p95 = *random.one_of(&[None, Some(120)]);
        thresholds.min_duration = *random.one_of(&[None, Some(0), Some(60)]);
    }
    if random.below(3) == 0 {
        let smoke = super::releases::load_test(SMOKE_TEST);
        settings.environments[0].load_tests.push(smoke);
    }
    if random.below(4) == 0 {
        let last = settings.environments.last_mut().expect("an environment");
        last.load_tests.push(super::releases::load_test(LOAD_TEST));
    }
    if random.below(10) == 0 {
        settings.environments[0].load_tests.clear();
    }
    if random.below(2) == 0 {
        random_gates::gates(random, &mut settings);
    }
    if random.below(50) == 0 {
        match random.below(4) {
            0 => settings.poll_interval = 0,
            1 => settings.environments[0].convergence_rounds = 0,
            2 => settings.environments.truncate(1),
            _ => "stage".clone_into(&mut settings.environments[1].name),
        }
    }
    settings
}

/// The event after the host carried out the next action.
fn obey(random: &mut Random, decision: &Decision, now: &mut u64) -> Option<EventKind> {
    use Outcome::{Canceled, Failed, Succeeded, TimedOut, Unknown};
    Some(match &decision.next {
        Action::Deploy(to) => {
            let outcomes = [
                Succeeded, Succeeded, Succeeded, Succeeded, Succeeded, Succeeded, Unknown, Unknown,
                Failed, TimedOut, Canceled,
            ];
            let digest = *random.one_of(&[None, None, Some(DIGESTS[0])]);
            deployed(to, OWN, digest, *random.one_of(&outcomes))
        }
        Action::Observe(environment) => round(random, environment),
        Action::LoadTest(run) => named(load_test(random, &run.environment), &run.name),
        Action::Notify(notice) => notified(&notice.key),
        Action::Wait(_) if random.below(3) == 0 => {
            let code = decision.reasons[0].code.as_str();
            return random_gates::lifted(random, code).or_else(|| elsewhere_deployed(decision));
        }
        Action::Wait(seconds) => {
            *now += u64::from(*seconds);
            EventKind::Waited(*seconds)
        }
        Action::Ask(question) => EventKind::Asked(question.clone()),
        Action::Perform(step) => {
            let outcome = *random.one_of(&[Succeeded, Succeeded, Succeeded, Succeeded, Failed]);
            performed(&step.name, &step.environment, outcome)
        }
        // The settings of these histories have no watch.
        Action::Measure(_) | Action::RollBack(_) | Action::Finish(_) => return None,
    })
}

/// The event that a release with a tag of a later environment waits for: a step of another pipeline.
fn elsewhere_deployed(decision: &Decision) -> Option<EventKind> {
    let statuses = decision.environments.iter();
    for (place, status) in statuses.enumerate() {
        let environment = status.environment.as_str();
        match status.progress {
            Progress::Pending => {
                return Some(deployed(environment, OWN, None, Outcome::Succeeded));
            }
            Progress::Converged if place == 0 && status.load_tests.is_empty() => {
                return Some(load_tested(environment, Verdict::Passed));
            }
            Progress::Converged => {}
            Progress::Unknown | Progress::Deployed => return Some(judged(environment, true)),
            Progress::Failed | Progress::RolledBack => return None,
        }
    }
    None
}

fn round(random: &mut Random, environment: &str) -> EventKind {
    let count = *random.one_of(&[1, 1, 1, 1, 1, 1, 2, 2, 3, 5, 0]);
    times(single_round(random, environment), count)
}

fn single_round(random: &mut Random, environment: &str) -> EventKind {
    let answer = |random: &mut Random| *random.one_of(&[OWN, OWN, OWN, OWN, OWN, OTHER, THIRD, ""]);
    match random.below(20) {
        0..8 => observed(environment, &[("a", OWN), ("b", OWN)]),
        8..14 => observed(environment, &[("lb", answer(random))]),
        14..18 => observed(environment, &[("a", answer(random)), ("b", answer(random))]),
        18 => observed(environment, &[("a", answer(random)), ("a", answer(random))]),
        _ => random.one_of(&rounds(environment)).clone(),
    }
}

fn load_test(random: &mut Random, environment: &str) -> EventKind {
    use Verdict::{Errored, Failed, Inconclusive, Passed};
    match random.below(10) {
        0..5 => {
            let verdict = *random.one_of(&[Passed, Passed, Failed, Errored, Inconclusive]);
            load_tested(environment, verdict)
        }
        5..7 => measured(environment, |_| {}),
        changes => measured(environment, |it| {
            for _ in 0..changes - 6 {
                change(random, it);
            }
        }),
    }
}

fn change(random: &mut Random, it: &mut Measurement) {
    match random.below(12) {
        9.. => random_gates::change(random, it),
        0 => it.total.requests = *random.one_of(&[0, 1, 2, 99, 100, 599, 1000, u64::MAX]),
        1 => it.total.failures = *random.one_of(&[0, 1, 2, 3, 4, 601]),
        2 => it.exceptions = *random.one_of(&[1, 2, 3]),
        3 => it.duration = *random.one_of(&[0, 1, 59_999, 60_001, 120_000, 120_001]),
        4 => it.total.p95 = *random.one_of(&[None, Some(119), Some(121), Some(800), Some(801)]),
        5 => it.broken_thresholds = vec!["checks".to_owned()],
        6 => it.exit_status = *random.one_of(&[None, Some(1), Some(-1), Some(99)]),
        7 => it.complete = false,
        _ => {
            let versions: [&[&str]; 4] = [&[], &[OTHER], &[OWN, OTHER], &[OWN, OWN]];
            let versions = random.one_of(&versions);
            it.versions = versions.iter().map(|it| (*it).to_owned()).collect();
        }
    }
}

fn anything(random: &mut Random, settings: &Settings, now: u64) -> EventKind {
    use LoadTestAction::{Abort, Skip, Warn};
    let environment = random.one_of(&settings.environments).name.clone();
    match random.below(115) {
        100.. => random_gates::anything(random, &environment, now),
        0..25 => random.one_of(&deployments(&environment)).clone(),
        25..50 => round(random, &environment),
        50..60 => {
            let name = *random.one_of(&[LOAD_TEST, LOAD_TEST, SMOKE_TEST, "unknown"]);
            named(load_test(random, &environment), name)
        }
        60..66 => random.one_of(&competing(&environment)).clone(),
        66..74 => EventKind::Waited(10),
        74..80 => {
            use InterventionKind::{Approved, Held, Rejected};
            intervened(*random.one_of(&[Held, Rejected, Approved, Approved]))
        }
        80..84 => contains(random.commit()),
        84..88 => waived(random.commit()),
        88..92 => accompanied(*random.one_of(&[Abort, Warn, Skip])),
        92..98 => {
            let keys = ["load-test-warning", "promoted", "stopped"];
            notified(random.one_of::<&str>(&keys))
        }
        _ => random.one_of(&elsewhere()).clone(),
    }
}

/// A generator of random numbers: the same seed gives the same numbers.
pub struct Random(u64);

impl Random {
    // Source: Steele, Lea and Flood, Fast splittable pseudorandom number generators, 2014.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// A commit that is not the release's.
    fn commit(&mut self) -> &'static str {
        self.one_of::<&str>(&[OTHER, THIRD])
    }

    pub fn one_of<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let count = u64::try_from(from.len()).expect("few");
        let place = usize::try_from(self.below(count)).expect("few");
        &from[place]
    }
}
