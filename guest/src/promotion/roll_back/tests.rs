//! Roll backs: which ones are asked for, and how they end.

use crate::bindings::promotion::Outcome::{self, Succeeded};
use crate::bindings::promotion::{
    Action, Conclusion, EventKind, Instruction, InterventionKind, Progress, Release,
};
use crate::bindings::types::{Attribute, Consequence, LoadTestAction, Verdict};
use crate::fixtures::watched::{FAILED, codes, decide, end, failed, first};
use crate::fixtures::{OTHER, SHA, release};

#[test]
fn only_what_the_nodes_still_serve_is_rolled_back() {
    let failed = failed(Consequence::RollBack);
    let roll_back = Action::RollBack("prod".to_owned());
    assert_eq!(decide(&failed).next, roll_back);
    // Ten minutes later, the nodes are asked first.
    let late = failed.later(600).waited();
    assert_eq!(decide(&late).next, Action::Observe("prod".to_owned()));
    for (nodes, expected) in [
        (&[("a", SHA)][..], true),
        (&[("a", SHA), ("b", "")], true),
        (&[("a", SHA), ("b", OTHER)], false),
        (&[("a", OTHER)], false),
        (&[("a", "")], false),
        (&[], false),
    ] {
        let seen = late.clone().observed("prod", nodes);
        let decision = decide(&seen);
        if expected {
            assert_eq!(decision.next, roll_back, "{nodes:?}");
        } else {
            assert_eq!(
                codes(&decision),
                ["watch-failed", "metric-outside", "roll-back-withheld"]
            );
            assert_eq!(end(&seen).0, Conclusion::Stopped);
        }
    }
}

#[test]
fn a_message_can_forbid_it() {
    let never = Release {
        instruction: Some(Instruction {
            action: LoadTestAction::Skip,
            source: None,
            extra: vec![Attribute {
                name: "rollback".to_owned(),
                value: "\"never\"".to_owned(),
            }],
        }),
        ..release("stage")
    };
    let history = failed(Consequence::RollBack).notified("stopped");
    let decision = history.decide(&never);
    assert_eq!(decision.next, Action::Finish(Conclusion::Stopped));
    assert_eq!(decision.reasons[2].code, "roll-back-withheld");
}

#[test]
fn a_hold_of_a_person_delays_it_and_a_window_does_not() {
    let held = failed(Consequence::RollBack).intervened(InterventionKind::Held);
    assert_eq!(decide(&held).next, Action::Wait(10));
    assert_eq!(first(&decide(&held)), "held");
    let closed = failed(Consequence::RollBack).add(EventKind::Scheduled(
        crate::bindings::promotion::Calendar {
            windows: Vec::new(),
            known_until: 0,
        },
    ));
    assert_eq!(decide(&closed).next, Action::RollBack("prod".to_owned()));
}

#[test]
fn the_nodes_show_whether_it_worked() {
    let failed = failed(Consequence::RollBack);
    for outcome in [Succeeded, Outcome::Unknown] {
        let back = failed.clone().rolled_back(OTHER, outcome);
        let decision = decide(&back);
        assert_eq!(decision.next, Action::Observe("prod".to_owned()));
        assert_eq!(
            codes(&decision),
            ["rolling-back", "watch-failed", "metric-outside"]
        );
        let progress = decision.environments[1].progress;
        assert_eq!(progress == Progress::RolledBack, outcome == Succeeded);
        let seen = back.clone().observed("prod", &[("a", OTHER), ("b", SHA)]);
        assert_eq!(decide(&seen).next, Action::Wait(10));
        let done = seen
            .waited()
            .observed("prod", &[("a", OTHER), ("b", OTHER)])
            .observed("prod", &[("a", OTHER), ("b", OTHER)]);
        let decision = decide(&done);
        assert_eq!(
            codes(&decision),
            ["rolled-back", "metric-outside", "watch-failed"]
        );
        assert_eq!(decision.environments[1].progress, Progress::RolledBack);
        assert_eq!(decision.environments[1].watch, Some(Verdict::Failed));
        assert_eq!(
            end(&done),
            (Conclusion::RolledBack, vec!["rolled-back".to_owned()])
        );
        let late = back.later(601).observed("prod", &[("a", SHA)]);
        assert_eq!(
            codes(&decide(&late)),
            ["watch-failed", "metric-outside", "roll-back-failed"]
        );
    }
}

#[test]
fn it_is_tried_once() {
    let failed = failed(Consequence::RollBack);
    for outcome in [Outcome::Failed, Outcome::TimedOut, Outcome::Canceled] {
        let tried = failed.clone().rolled_back(OTHER, outcome);
        assert_eq!(decide(&tried).reasons[2].code, "roll-back-failed");
        assert_eq!(end(&tried).0, Conclusion::Stopped);
    }
    let none = failed.clone().rolled_back(SHA, Outcome::Failed);
    assert_eq!(
        decide(&none).reasons[2].message,
        "`prod` has no earlier promoted release to roll back to"
    );
    // The release was deployed once more, and fails again.
    let again = failed
        .rolled_back(OTHER, Succeeded)
        .through("prod")
        .read("prod", FAILED)
        .read("prod", FAILED);
    let decision = decide(&again);
    assert_eq!(decision.reasons[2].code, "roll-back-withheld");
    assert_eq!(end(&again).0, Conclusion::Stopped);
}
