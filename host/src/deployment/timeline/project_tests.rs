//! Tests of the projection of load tests and of waivers.

use super::*;
use crate::contract::load_tests::NO_REQUESTS;
use crate::contract::promotion::{
    EnvironmentStatus, Event, EventKind, LoadTest, LoadTestResult, LoadTestRun, Measurement, Waiver,
};
use crate::contract::settings;
use crate::deployment::entry::Details;

fn header() -> Header {
    Header {
        number: 1,
        tag: "stage-1".to_owned(),
        digest: None,
        commit: "1".to_owned(),
        began: 1,
        conclusion: None,
        request: None,
    }
}

fn tested(name: &str) -> Event {
    let measured = Measurement {
        total: NO_REQUESTS,
        by_name: Vec::new(),
        baseline: None,
        exceptions: 0,
        duration: 1,
        broken_thresholds: Vec::new(),
        exit_status: Some(0),
        complete: true,
        versions: Vec::new(),
    };
    Event {
        at: 2,
        kind: EventKind::LoadTested(LoadTest {
            environment: "stage".to_owned(),
            name: name.to_owned(),
            result: LoadTestResult::Measured(measured),
        }),
    }
}

/// Another deployment of the commit recorded the event, so the details name no person.
#[test]
fn an_imported_waiver_names_the_person() {
    let mut projector = Projector::new(&header(), 1);
    let waived = EventKind::Waived(Waiver {
        commit: "1".to_owned(),
        by: "Ada".to_owned(),
        proven: true,
        why: "late".to_owned(),
    });
    let imported = Details::Imported {
        deployment: 4,
        position: 7,
    };
    projector.happened(
        2,
        &Event {
            at: 2,
            kind: waived,
        },
        &imported,
    );
    let note = &projector.timeline.notes[0];
    assert_eq!(note.text, "stopped commit `1` waived: Ada (proven): late");
}

/// The worst verdict of an environment is not the verdict of the load test that ended last.
#[test]
fn each_load_test_of_an_environment_has_its_own_verdict_and_limits() {
    let mut projector = Projector::new(&header(), 1);
    let verdicts = [("load", Verdict::Failed), ("smoke", Verdict::Passed)];
    let mut stage = settings::environment("stage");
    stage.load_tests = verdicts.map(|(name, _)| settings::load_test(name)).to_vec();
    stage.load_tests[1].thresholds.max_p99 = Some(100);
    projector.settings = vec![stage];
    projector.timeline.environments = vec![Place {
        name: "stage".to_owned(),
        progress: ByName(Progress::Converged),
        load_test: None,
    }];
    for (at, (name, _)) in (2..).zip(verdicts) {
        let effect = Action::LoadTest(LoadTestRun {
            environment: "stage".to_owned(),
            name: name.to_owned(),
        });
        projector.started(at, &effect);
        projector.happened(at, &tested(name), &Details::Nothing);
    }
    let statuses = verdicts.map(|(name, verdict)| LoadTestStatus {
        name: name.to_owned(),
        verdict,
    });
    let decision = Answer {
        permission: Permission::PromoteWithWarning,
        next: Action::Wait(60),
        reasons: Vec::new(),
        environments: vec![EnvironmentStatus {
            environment: "stage".to_owned(),
            progress: Progress::Converged,
            approved_by: Vec::new(),
            load_tests: statuses.to_vec(),
            watch: None,
            nodes: Vec::new(),
        }],
    };
    projector.decided(4, 0, &decision);
    projector.decided(5, 0, &decision);
    let timeline = projector.timeline;
    assert_eq!(
        timeline.environments[0].load_test,
        Some(ByName(Verdict::Failed))
    );
    let states = timeline.steps.iter().map(|it| it.state.0);
    let expected = [StepState::Warned, StepState::Done];
    assert_eq!(states.collect::<Vec<_>>(), expected);
    for (index, (name, verdict)) in verdicts.into_iter().enumerate() {
        let (step, test) = (&timeline.steps[index], &timeline.load_tests[index]);
        assert_eq!(test.verdict, Some(ByName(verdict)), "{name}");
        let outcome = format!("{}: 0 requests, 0 failed; interrupted", ByName(verdict));
        assert_eq!(step.outcome, outcome);
        assert_eq!(
            timeline.load_test_of(step).map(|it| &it.name),
            Some(&test.name)
        );
        let limits = test.limits.iter().map(|it| it.threshold);
        let expected = ["max-failures", "max-p99"];
        assert_eq!(limits.collect::<Vec<_>>(), expected[..=index]);
    }
}
