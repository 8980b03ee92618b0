//! Properties that hold for every history.

use crate::bindings::promotion::{
    Action, Conclusion, Convergence, Deployment, Event, EventKind, Instruction, InterventionKind,
    LoadTest, LoadTestResult, Measurement, Notification, Outcome, Permission, Release,
    RequestStatistics, Round, StopCause, StoppedCommit,
};
use crate::bindings::types::{Evidence, LoadTestAction, Settings, Verdict};
use crate::fixtures::{
    History, LOAD_TEST, OTHER, THIRD, competing_release, intervention, lock_holder, measurement,
    nodes, waiver,
};
use crate::fixtures::{SHA, settings};
use crate::promotion::decide;
use proptest::prelude::*;
use proptest::sample::select;

fn environment() -> impl Strategy<Value = String> {
    prop_oneof![
        20 => select(vec!["stage", "prod"]).prop_map(str::to_owned),
        1 => select(vec!["qa", ""]).prop_map(str::to_owned),
    ]
}

fn outcome() -> impl Strategy<Value = Outcome> {
    use Outcome::{Canceled, Failed, Succeeded, TimedOut, Unknown};
    select(vec![
        Succeeded, Succeeded, Failed, TimedOut, Canceled, Unknown,
    ])
}

fn commit() -> impl Strategy<Value = String> {
    select(vec![SHA, SHA, SHA, OTHER, THIRD, ""]).prop_map(str::to_owned)
}

fn digest() -> impl Strategy<Value = Option<String>> {
    select(vec![None, Some("sha256:a"), Some("sha256:b")])
        .prop_map(|digest| digest.map(str::to_owned))
}

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![select(vec![0, 1, u64::MAX]), 0_u64..2000]
}

fn verdict() -> impl Strategy<Value = Verdict> {
    use Verdict::{Errored, Failed, Inconclusive, Passed};
    select(vec![Passed, Passed, Failed, Errored, Inconclusive])
}

fn load_test_result() -> impl Strategy<Value = LoadTestResult> {
    let measured = (number(), number(), number(), commit()).prop_map(
        |(requests, failures, duration, version)| {
            LoadTestResult::Measured(Measurement {
                total: RequestStatistics {
                    requests,
                    failures,
                    ..measurement().total
                },
                duration,
                versions: vec![version],
                ..measurement()
            })
        },
    );
    prop_oneof![measured, verdict().prop_map(LoadTestResult::Judged)]
}

fn kind() -> impl Strategy<Value = EventKind> {
    use InterventionKind::{Approved, Canceled, Held, Rejected};

    let deployed = (environment(), commit(), digest(), outcome()).prop_map(
        |(environment, commit, digest, outcome)| {
            EventKind::Deployed(Deployment {
                environment,
                commit,
                digest,
                outcome,
            })
        },
    );
    let convergence = prop_oneof![
        any::<bool>().prop_map(Convergence::Judged),
        proptest::collection::vec(commit(), 0..3).prop_map(|commits| {
            let names = ["a", "b", "c"];
            let given: Vec<_> = names
                .into_iter()
                .zip(commits.iter().map(String::as_str))
                .collect();
            Convergence::Observed(nodes(&given))
        }),
    ];
    let times = prop_oneof![4 => Just(1_u32), 1 => 1_u32..5, 1 => any::<u32>()];
    let observed =
        (environment(), convergence, times).prop_map(|(environment, convergence, times)| {
            EventKind::Observed(Round {
                environment,
                convergence,
                times,
            })
        });
    let load_tested = (environment(), load_test_result()).prop_map(|(environment, result)| {
        EventKind::LoadTested(LoadTest {
            environment,
            name: LOAD_TEST.to_owned(),
            result,
        })
    });
    let notified = select(vec!["load-test-warning", "promoted", "stopped"]).prop_map(|key| {
        EventKind::Notified(Notification {
            key: key.to_owned(),
            outcome: Outcome::Succeeded,
        })
    });
    let words = select(vec![Approved, Approved, Held, Rejected, Canceled]);
    let contains = (commit(), any::<bool>()).prop_map(|(commit, certain)| {
        EventKind::Contains(StoppedCommit {
            commit,
            deployment: 7,
            cause: StopCause::LoadTest,
            certain,
        })
    });
    prop_oneof![
        6 => deployed,
        6 => observed,
        4 => load_tested,
        1 => notified,
        1 => any::<u32>().prop_map(EventKind::Waited),
        1 => environment().prop_map(|it| EventKind::Superseded(competing_release(&it))),
        1 => environment().prop_map(|it| EventKind::Locked(lock_holder(&it))),
        1 => words.prop_map(|it| EventKind::Intervened(intervention(it))),
        1 => contains,
        1 => commit().prop_map(|it| EventKind::Waived(waiver(&it))),
    ]
}

/// The path to production, in which each step can be missing and other events can come in between.
/// Arbitrary events alone hardly ever get that far.
fn history() -> impl Strategy<Value = Vec<Event>> {
    let path = History::new()
        .through("stage")
        .load_tested("stage", Verdict::Passed)
        .through("prod");
    let steps: Vec<_> = path
        .events()
        .iter()
        .map(|event| {
            let step = proptest::option::weighted(0.8, Just(event.kind.clone()));
            (step, proptest::collection::vec(kind(), 0..2), time())
        })
        .collect();
    steps.prop_map(|steps| {
        let mut events = Vec::new();
        for (step, others, at) in steps {
            let happenings = step.into_iter().chain(others);
            events.extend(happenings.map(|kind| Event { at, kind }));
        }
        events
    })
}

fn time() -> impl Strategy<Value = u64> {
    prop_oneof![9 => 0_u64..1000, 1 => any::<u64>()]
}

fn release() -> impl Strategy<Value = Release> {
    use LoadTestAction::{Abort, Skip, Warn};
    let instruction = select(vec![None, None, Some(Abort), Some(Skip), Some(Warn)]);
    let start = select(vec![
        "stage",
        "stage-loadtest-abort",
        "stage-loadtest-warn",
        "prod",
        "latest",
    ]);
    (start, digest(), instruction).prop_map(|(start, digest, action)| Release {
        tag: format!("{start}-{SHA}"),
        digest,
        instruction: action.map(|action| Instruction {
            action,
            source: None,
            extra: Vec::new(),
        }),
        authors: Vec::new(),
        facts: Vec::new(),
    })
}

fn any_settings() -> impl Strategy<Value = Settings> {
    let rate = select(vec![
        None,
        None,
        None,
        Some(0.5),
        Some(f64::MAX),
        Some(f64::NAN),
    ]);
    (1_u32..3, any::<u32>(), rate).prop_map(|(rounds, deadline, min_rate)| {
        let mut settings = settings();
        for environment in &mut settings.environments {
            environment.convergence_rounds = rounds;
            environment.convergence_deadline = deadline;
        }
        let thresholds = &mut settings.environments[0].load_tests[0].thresholds;
        thresholds.min_rate = min_rate;
        thresholds.max_failures = 10;
        settings
    })
}

fn goes_on(permission: Permission) -> bool {
    matches!(
        permission,
        Permission::Promote | Permission::PromoteWithWarning
    )
}

/// A stage deployment of the release's commit that succeeded, or that the nodes may have confirmed.
fn stage_was_deployed(history: &[Event]) -> bool {
    history.iter().any(|event| {
        matches!(&event.kind, EventKind::Deployed(it)
            if it.environment == "stage"
                && it.commit == SHA
                && matches!(it.outcome, Outcome::Succeeded | Outcome::Unknown))
    })
}

/// Whether the release contains a stopped commit without a waiver.
fn contains_a_stopped_commit(history: &[Event]) -> bool {
    let waived = |commit: &String| {
        let mut events = history.iter();
        events.any(|it| matches!(&it.kind, EventKind::Waived(it) if it.commit == *commit))
    };
    history
        .iter()
        .any(|event| matches!(&event.kind, EventKind::Contains(it) if !waived(&it.commit)))
}

fn stage_was_seen(history: &[Event]) -> bool {
    history.iter().any(|event| {
        matches!(&event.kind, EventKind::Observed(it)
            if it.environment == "stage"
                && it.convergence != Convergence::Judged(false)
                && it.convergence != Convergence::Observed(Vec::new()))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn there_is_always_one_answer_with_a_reason(
        release in release(),
        history in history(),
        now in time(),
        settings in any_settings(),
    ) {
        let decision = decide(&release, &history, now, &settings);
        prop_assert!(!decision.reasons.is_empty());
        prop_assert!(decision.reasons.iter().all(|it| !it.message.is_empty()));
        let again = decide(&release, &history, now, &settings);
        prop_assert_eq!(&decision, &again);

        // Permission and next action never contradict each other.
        match (&decision.next, decision.permission) {
            (Action::Finish(Conclusion::Promoted), it) => {
                prop_assert_eq!(it, Permission::Promote);
            }
            (Action::Finish(Conclusion::PromotedWithWarning), it) => {
                prop_assert_eq!(it, Permission::PromoteWithWarning);
            }
            (Action::Finish(_), it) => prop_assert_eq!(it, Permission::Stop),
            (Action::Notify(_), it) => prop_assert_ne!(it, Permission::Hold),
            (Action::Deploy(it), permission) if it == "prod" => {
                prop_assert!(goes_on(permission));
            }
            (_, it) => prop_assert_ne!(it, Permission::Stop),
        }
        if release.tag.starts_with("prod") {
            // It may ask the nodes of stage, after a long wait.
            let changes_stage = match &decision.next {
                Action::Deploy(it) | Action::RollBack(it) => it == "stage",
                Action::LoadTest(it) => it.environment == "stage",
                _ => false,
            };
            prop_assert!(!changes_stage);
        }
    }

    #[test]
    fn nothing_is_promoted_that_was_not_seen_in_stage(
        release in release(),
        history in history(),
        now in time(),
        settings in any_settings(),
    ) {
        let decision = decide(&release, &history, now, &settings);
        if goes_on(decision.permission) {
            prop_assert!(stage_was_deployed(&history));
            prop_assert!(stage_was_seen(&history));
            if contains_a_stopped_commit(&history) {
                let stage = &decision.environments[0].load_tests;
                prop_assert_eq!(stage[0].verdict, Verdict::Passed);
            }
        }
    }
}

/// Splits each event with several rounds into events with one round each, with a wait between two. Also returns the
/// place of the last round of each event in the result.
fn single_rounds(history: &[Event]) -> (Vec<Event>, Vec<usize>) {
    let (mut events, mut places) = (Vec::new(), Vec::new());
    for event in history {
        let mut event = event.clone();
        if let EventKind::Observed(round) = &mut event.kind {
            let earlier = std::mem::replace(&mut round.times, 1) - 1;
            let wait = Event {
                at: event.at,
                kind: EventKind::Waited(10),
            };
            for _ in 0..earlier {
                events.extend([event.clone(), wait.clone()]);
            }
        }
        places.push(events.len());
        events.push(event);
    }
    (events, places)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    /// An event with several rounds has the same effect as that many events with one round each.
    #[test]
    fn rounds_of_one_event_decide_like_single_ones(
        release in release(),
        history in history(),
        now in time(),
        settings in any_settings(),
    ) {
        let mut history = history;
        for event in &mut history {
            if let EventKind::Observed(round) = &mut event.kind {
                round.times = 1 + round.times % 5;
            }
        }
        let (single, places) = single_rounds(&history);
        let mut decision = decide(&release, &history, now, &settings);
        let place_of = |evidence: &mut Evidence| {
            if let Evidence::Event(place) = evidence {
                let index = usize::try_from(*place).expect("a place");
                *place = u32::try_from(places[index]).expect("a place");
            }
        };
        let reasons = decision.reasons.iter_mut();
        reasons.flat_map(|it| &mut it.evidence).for_each(place_of);
        let mut expected = decide(&release, &single, now, &settings);
        // The evidence of an unknown environment is its first round, and `places` has the last ones.
        if expected.reasons[0].code == "environment-unknown" {
            expected.reasons[0].evidence[0] = decision.reasons[0].evidence[0].clone();
        }
        prop_assert_eq!(decision, expected);
    }
}

#[test]
fn the_same_holds_for_text_that_is_no_commit() {
    for commit in [
        "",
        "ü",
        "../../etc/passwd\0\u{1b}[31m",
        &"x".repeat(100_000),
    ] {
        let history = [Event {
            at: u64::MAX,
            kind: EventKind::Deployed(Deployment {
                environment: "stage".to_owned(),
                commit: commit.to_owned(),
                digest: None,
                outcome: Outcome::Succeeded,
            }),
        }];
        let release = crate::fixtures::release("stage");
        let decision = decide(&release, &history, 0, &settings());
        assert_eq!(decision.next, Action::Deploy("stage".to_owned()));
    }
}
