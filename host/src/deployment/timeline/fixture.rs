//! Deployments that the tests of all reports share.

use super::fixture_parts::{decision, load_test, node, place, reason, rolling, step};
use crate::contract::fields::ByName;
use crate::contract::promotion::{Conclusion, Permission, Progress};
use crate::contract::types::{LoadTestAction, Verdict};
use crate::deployment::timeline::{
    Approval, Decision, Note, Place, Question, Round, Step, StepKind, StepState, Timeline,
};

/// 2025-11-23T00:15:00Z.
pub const BEGAN: u64 = 1_763_856_900_000;
/// The release.
pub const COMMIT: &str = "ca779cf0631b32e2cd06a3c1b3ec0ec7b699ce57";
/// The commit that was live before it.
pub const BEFORE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
/// A text with markup, escape sequences and workflow commands.
pub const HOSTILE: &str = "<script>alert(1)</script> ]]> a|b `c` \u{202e}evil\u{202c} \u{1b}[31mred \
    \u{1b}]0;title ::error::x\n::error::y ##[error]z @team [x](https://example.org) {0} \u{0}\u{ffff} \
    \"><img src=x onerror=alert(2)> ' --> **b** $m$";

/// A deployment that has just begun.
pub fn empty() -> Timeline {
    Timeline {
        number: 41,
        tag: format!("stage-loadtest-abort-{COMMIT}"),
        commit: COMMIT.to_owned(),
        subject: Some("Reserve stock when the cart is paid".to_owned()),
        author: Some("Ada Example".to_owned()),
        digest: None,
        policy: format!("sha256:{}", "9c".repeat(32)),
        action: Some(ByName(LoadTestAction::Abort)),
        began: BEGAN,
        last: BEGAN,
        conclusion: None,
        interrupted: false,
        question: None,
        environments: ["stage", "prod"]
            .map(|it| place(it, Progress::Pending, None))
            .to_vec(),
        steps: Vec::new(),
        rounds: Vec::new(),
        last_look: Vec::new(),
        load_tests: Vec::new(),
        decisions: Vec::new(),
        notes: Vec::new(),
        held: None,
        stored: Vec::new(),
    }
}

/// Production waits for the second of two approvals.
pub fn question() -> Question {
    Question {
        environment: "prod".to_owned(),
        approvals: 2,
        approved_by: vec![Approval {
            by: "Ada".to_owned(),
            proven: true,
            until: at(86_400),
        }],
        expired: Vec::new(),
    }
}

/// Stage rolls; one node is still old, one does not answer.
pub fn running() -> Timeline {
    let mut timeline = empty();
    timeline.digest = Some(format!("sha256:{}", "e3".repeat(32)));
    timeline.last = at(74);
    timeline.environments[0].progress = ByName(Progress::Deployed);
    timeline.steps = vec![
        step(
            StepKind::Deploy,
            "stage",
            1,
            Some(32),
            StepState::Done,
            "exit status 0",
        ),
        step(
            StepKind::Converge,
            "stage",
            32,
            None,
            StepState::Running,
            "2 of 4 nodes serve the release",
        ),
    ];
    timeline.rounds = rolling("stage", "10.20.0", 32, 74, 9);
    timeline.decisions = vec![
        decision(
            0,
            1,
            Permission::Hold,
            "deploy to `stage`",
            "not-deployed",
            "`stage` has not been deployed",
        ),
        decision(
            32,
            9,
            Permission::Hold,
            "ask the nodes of `stage` for their version",
            "not-converged",
            "2 of 4 nodes of `stage` do not serve the release yet",
        ),
    ];
    timeline
}

/// The load test of stage failed under `abort`.
pub fn stopped() -> Timeline {
    let mut timeline = tested(Verdict::Failed, 212);
    timeline.conclusion = Some(ByName(Conclusion::Stopped));
    timeline.steps[2].state = ByName(StepState::Failed);
    timeline.steps[2].outcome =
        "212 of 28,140 requests failed (0.75 %), at most 0.1 % may; 95th percentile 1,840 ms"
            .to_owned();
    timeline.steps[2].tail = vec!["POST /cart: 212 responses 502 <Bad Gateway>".to_owned()];
    let mut stop = decision(
        421,
        1,
        Permission::Stop,
        "send a notification (failure): ca779cf0631b was stopped",
        "load-test-failed",
        "the load test of `stage` failed; `abort` stops the release",
    );
    stop.reasons[0].help = Some(
        "fix it, or push a commit with `[load test: warn]` if the failure is known and harmless"
            .to_owned(),
    );
    stop.reasons.push(reason(
        "failures-above-threshold",
        "0.75 % of the requests failed; at most 0.1 % may",
    ));
    stop.reasons.push(reason(
        "p95-above-threshold",
        "the 95th percentile is 1,840 ms; at most 800 ms are allowed",
    ));
    let finish = Decision {
        at: at(423),
        next_text: "nothing, the release is stopped".to_owned(),
        ..stop.clone()
    };
    timeline.decisions.extend([stop, finish]);
    timeline.steps.push(Step {
        environment: None,
        ..step(
            StepKind::Notify,
            "",
            421,
            Some(423),
            StepState::Done,
            "Slack took it",
        )
    });
    timeline.last = at(423);
    timeline
}

/// The deploy command failed after it had replaced one of three nodes of production.
pub fn half_way() -> Timeline {
    let mut timeline = tested(Verdict::Passed, 0);
    timeline.conclusion = Some(ByName(Conclusion::Stopped));
    timeline.environments[1].progress = ByName(Progress::Failed);
    timeline.steps.push(step(
        StepKind::Deploy,
        "prod",
        422,
        Some(430),
        StepState::Failed,
        "exit status 1",
    ));
    timeline.decisions.push(decision(
        430,
        1,
        Permission::Stop,
        "nothing, the release is stopped",
        "deployment-failed",
        "the deployment to `prod` failed",
    ));
    let commits = [COMMIT, BEFORE, BEFORE].into_iter();
    let last_look = Round {
        at: at(431),
        environment: "prod".to_owned(),
        nodes: (1..)
            .zip(commits)
            .map(|(index, commit)| node(&format!("http://10.30.0.{index}:8080"), Some(commit)))
            .collect(),
        times: 1,
    };
    timeline.rounds.push(last_look.clone());
    timeline.last_look.push(last_look);
    timeline.last = at(431);
    timeline
}

/// The load test failed under `warn`; the release went to production.
pub fn promoted_with_warning() -> Timeline {
    let mut timeline = tested(Verdict::Failed, 212);
    timeline.tag = format!("stage-loadtest-warn-{COMMIT}");
    timeline.action = Some(ByName(LoadTestAction::Warn));
    timeline.conclusion = Some(ByName(Conclusion::PromotedWithWarning));
    timeline.environments[1].progress = ByName(Progress::Converged);
    timeline.steps[2].state = ByName(StepState::Warned);
    timeline.steps[2].outcome =
        "212 of 28,140 requests failed (0.75 %), at most 0.1 % may".to_owned();
    timeline.steps.extend([
        step(
            StepKind::Deploy,
            "prod",
            422,
            Some(470),
            StepState::Done,
            "exit status 0",
        ),
        step(
            StepKind::Converge,
            "prod",
            470,
            Some(560),
            StepState::Done,
            "all 6 nodes serve the release, 3 rounds in a row",
        ),
        Step {
            environment: None,
            ..step(
                StepKind::Notify,
                "",
                560,
                Some(565),
                StepState::Warned,
                "Slack did not answer within 5 s",
            )
        },
    ]);
    timeline
        .rounds
        .extend(rolling("prod", "10.30.0", 471, 560, 20));
    let warned = "the load test of `stage` failed; `warn` lets the release go on";
    let permission = Permission::PromoteWithWarning;
    timeline.decisions.extend([
        decision(
            421,
            1,
            permission,
            "deploy to `prod`",
            "load-test-failed",
            warned,
        ),
        decision(
            471,
            19,
            permission,
            "ask the nodes of `prod` for their version",
            "load-test-failed",
            warned,
        ),
        decision(
            565,
            1,
            permission,
            "nothing, the deployment is complete",
            "load-test-failed",
            warned,
        ),
    ]);
    timeline.last = at(565);
    timeline
}

/// Every text that comes from outside is hostile.
pub fn hostile() -> Timeline {
    saying(HOSTILE)
}

/// Every text that comes from outside is this one.
pub fn saying(text: &str) -> Timeline {
    let mut timeline = stopped();
    let text = || text.to_owned();
    timeline.tag = text();
    timeline.commit = text();
    (timeline.subject, timeline.author) = (Some(text()), Some(text()));
    timeline.digest = Some(text());
    timeline.policy = text();
    timeline.environments[0] = Place {
        name: text(),
        ..timeline.environments[0].clone()
    };
    for step in &mut timeline.steps {
        step.environment = Some(text());
        (step.outcome, step.log) = (text(), Some(text()));
        step.tail = vec![text()];
    }
    for round in &mut timeline.rounds {
        round.environment = text();
        for (index, node) in round.nodes.iter_mut().enumerate() {
            node.name = text();
            node.commit = (index > 0).then(text);
            node.unreachable = (index == 0).then(text);
        }
    }
    for test in &mut timeline.load_tests {
        (test.environment, test.name) = (text(), text());
        test.limits[0].requests = Some(text());
        (test.versions, test.notes) = (vec![text()], vec![text()]);
    }
    for decision in &mut timeline.decisions {
        decision.next_text = text();
        for reason in &mut decision.reasons {
            (reason.code, reason.message, reason.help) = (text(), text(), Some(text()));
        }
    }
    timeline.notes = vec![Note {
        at: at(1),
        text: text(),
    }];
    timeline
}

/// 500 rounds over 20 nodes; each node answers what the function says for its number and the round's.
pub fn large(answer: impl Fn(usize, usize) -> Option<&'static str>) -> Timeline {
    let mut timeline = empty();
    timeline.rounds = (0..500)
        .map(|round| Round {
            at: at(round as u64 * 2),
            environment: "stage".to_owned(),
            nodes: (0..20)
                .map(|node| self::node(&format!("http://10.20.0.{node}:8080"), answer(node, round)))
                .collect(),
            times: 1,
        })
        .collect();
    timeline.last = at(1000);
    timeline
}

/// Milliseconds since 1970, from seconds since the deployment began.
pub fn at(seconds: u64) -> u64 {
    BEGAN + seconds * 1000
}

fn tested(verdict: Verdict, failures: u64) -> Timeline {
    let mut timeline = running();
    timeline.environments[0] = place("stage", Progress::Converged, Some(verdict));
    timeline.steps[1] = step(
        StepKind::Converge,
        "stage",
        32,
        Some(120),
        StepState::Done,
        "all 4 nodes serve the release, 3 rounds in a row",
    );
    timeline.steps.push(step(
        StepKind::LoadTest,
        "stage",
        121,
        Some(421),
        StepState::Done,
        "",
    ));
    timeline.rounds = rolling("stage", "10.20.0", 32, 120, 20);
    timeline
        .rounds
        .extend(
            rolling("stage", "10.20.0", 421, 421, 1)
                .into_iter()
                .map(|mut round| {
                    round
                        .nodes
                        .iter_mut()
                        .for_each(|node| *node = self::node(&node.name, Some(COMMIT)));
                    round
                }),
        );
    timeline.decisions[1].times = 19;
    timeline.decisions.push(decision(
        120,
        1,
        Permission::Hold,
        "run the load test against `stage`",
        "load-test-not-run",
        "`stage` has not been load tested with the release",
    ));
    timeline.load_tests.push(load_test(verdict, failures));
    timeline.notes.push(Note {
        at: at(120),
        text: "http://10.20.0.4:8080 did not answer for 22 s".to_owned(),
    });
    timeline
}
