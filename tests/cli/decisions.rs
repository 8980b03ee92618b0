//! The whole decision table, asked of the component and compared with a model of its own.
//!
//! The model is the table of the design, as text, and five sentences of code; it shares nothing with
//! the policy.

use greenlight::contract::names::Named;
use greenlight::contract::promotion::{
    Convergence, Deployment, Event, EventKind, Instruction, LoadTest, LoadTestResult, Node,
    NodeVersion, Outcome, Permission, Release, Round,
};
use greenlight::contract::settings;
use greenlight::contract::types::{LoadTestAction, Verdict};
use greenlight::sandbox::{Policy, Use};

use crate::harness::SHA;

/// The design's table, word for word.
const TABLE: &str = "
| action | passed | failed | errored | inconclusive | not run |
| abort | promote | stop | stop | stop | hold (run it) |
| warn | promote | promote with warning | promote with warning | promote with warning | hold (run it) |
| skip | promote | promote | promote | promote | promote |
";

const OTHER: &str = "8f94139338f9404f26296befa88755fc2598c289";
const NOW: u64 = 1_800_000_000;

/// What happened to stage.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    Untouched,
    Unknown,
    Failed,
    TimedOut,
    Canceled,
    Deployed,
    /// Every node serves the commit, in one round of the two that are needed.
    Converging,
    /// Longer ago than the deadline allows, and one node was seen to still serve the old commit.
    Late,
    Converged,
    Judged,
    JudgedNot,
}

/// Which image stage got.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Image {
    Same,
    /// One of the two digests is not known.
    NotKnown,
    OtherDigest,
    OtherCommit,
}

/// How the release's action is known.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Asks {
    Stage(LoadTestAction),
    /// A tag that could leave the task out, and does not.
    ExplicitSkip,
    /// A production tag, and what the message says if it was read.
    Prod(Option<LoadTestAction>),
}

const STAGES: [Stage; 11] = [
    Stage::Untouched,
    Stage::Unknown,
    Stage::Failed,
    Stage::TimedOut,
    Stage::Canceled,
    Stage::Deployed,
    Stage::Converging,
    Stage::Late,
    Stage::Converged,
    Stage::Judged,
    Stage::JudgedNot,
];
const IMAGES: [Image; 4] = [
    Image::Same,
    Image::NotKnown,
    Image::OtherDigest,
    Image::OtherCommit,
];
const ASKS: [Asks; 8] = [
    Asks::Stage(LoadTestAction::Abort),
    Asks::Stage(LoadTestAction::Warn),
    Asks::Stage(LoadTestAction::Skip),
    Asks::ExplicitSkip,
    Asks::Prod(None),
    Asks::Prod(Some(LoadTestAction::Abort)),
    Asks::Prod(Some(LoadTestAction::Warn)),
    Asks::Prod(Some(LoadTestAction::Skip)),
];
const VERDICTS: [Option<Verdict>; 5] = [
    Some(Verdict::Passed),
    Some(Verdict::Failed),
    Some(Verdict::Errored),
    Some(Verdict::Inconclusive),
    None,
];

/// Looks a cell of the design's table up.
fn cell(action: &str, column: usize) -> &'static str {
    TABLE
        .lines()
        .map(|line| {
            line.trim_matches(['|', ' '])
                .split(" | ")
                .collect::<Vec<_>>()
        })
        .find(|cells| cells[0] == action)
        .map(|cells| cells[column + 1].split(" (").next().expect("a word"))
        .expect("the table has the action")
}

fn model(asks: Asks, stage: Stage, image: Image, column: usize) -> &'static str {
    // What happened to another image says nothing of this one.
    if matches!(image, Image::OtherCommit | Image::OtherDigest) {
        return "hold";
    }
    match stage {
        Stage::Failed | Stage::TimedOut | Stage::Canceled | Stage::Late => return "stop",
        Stage::Untouched
        | Stage::Unknown
        | Stage::Deployed
        | Stage::Converging
        | Stage::JudgedNot => return "hold",
        Stage::Converged | Stage::Judged => {}
    }
    match asks {
        Asks::Stage(action) | Asks::Prod(Some(action)) => cell(action.name(), column),
        Asks::ExplicitSkip => cell("skip", column),
        // The action is unknown: the permission is the one that all actions share, else hold.
        Asks::Prod(None) => {
            let all = ["abort", "warn", "skip"].map(|action| cell(action, column));
            if all.iter().all(|it| *it == all[0]) {
                all[0]
            } else {
                "hold"
            }
        }
    }
}

fn digest(n: char) -> String {
    format!("sha256:{}", n.to_string().repeat(64))
}

fn release(asks: Asks) -> Release {
    let (form, says) = match asks {
        Asks::Stage(LoadTestAction::Skip) => ("stage".to_owned(), None),
        Asks::Stage(action) => (format!("stage-loadtest-{}", action.name()), None),
        Asks::ExplicitSkip => ("stage-loadtest-skip".to_owned(), None),
        Asks::Prod(says) => ("prod".to_owned(), says),
    };
    Release {
        tag: format!("{form}-{SHA}"),
        digest: Some(digest('a')),
        instruction: says.map(|action| Instruction {
            action,
            source: None,
            extra: Vec::new(),
        }),
        authors: Vec::new(),
        facts: Vec::new(),
    }
}

fn history(stage: Stage, image: Image, verdict: Option<Verdict>) -> Vec<Event> {
    let outcome = match stage {
        Stage::Untouched => None,
        Stage::Unknown => Some(Outcome::Unknown),
        Stage::Failed => Some(Outcome::Failed),
        Stage::TimedOut => Some(Outcome::TimedOut),
        Stage::Canceled => Some(Outcome::Canceled),
        _ => Some(Outcome::Succeeded),
    };
    let commit = if image == Image::OtherCommit {
        OTHER
    } else {
        SHA
    };
    let deployed = outcome.map(|outcome| {
        EventKind::Deployed(Deployment {
            environment: "stage".to_owned(),
            commit: commit.to_owned(),
            digest: match image {
                Image::Same | Image::OtherCommit => Some(digest('a')),
                Image::NotKnown => None,
                Image::OtherDigest => Some(digest('b')),
            },
            outcome,
        })
    });
    let round = |versions: [&str; 2]| {
        let nodes = versions.iter().enumerate().map(|(n, version)| Node {
            name: format!("stage-{n}"),
            version: NodeVersion::Serves((*version).to_owned()),
        });
        observed(Convergence::Observed(nodes.collect()))
    };
    let rounds = match stage {
        Stage::Converging => vec![round([commit, commit])],
        Stage::Converged => vec![round([commit, commit]), round([commit, commit])],
        Stage::Late => vec![round([commit, OTHER])],
        Stage::Judged => vec![observed(Convergence::Judged(true))],
        Stage::JudgedNot => vec![observed(Convergence::Judged(false))],
        _ => Vec::new(),
    };
    let tested = verdict.map(|verdict| {
        EventKind::LoadTested(LoadTest {
            environment: "stage".to_owned(),
            name: "load-test".to_owned(),
            result: LoadTestResult::Judged(verdict),
        })
    });
    let ago = if stage == Stage::Late { 601 } else { 30 };
    deployed
        .into_iter()
        .chain(rounds)
        .chain(tested)
        .map(|kind| Event {
            at: match &kind {
                EventKind::Deployed(_) => NOW - ago,
                _ => NOW,
            },
            kind,
        })
        .collect()
}

fn observed(convergence: Convergence) -> EventKind {
    EventKind::Observed(Round {
        environment: "stage".to_owned(),
        convergence,
        times: 1,
    })
}

#[test]
fn every_cell_is_what_the_design_says() {
    let policy = Policy::bundled(Use::Often).expect("the bundled policy");
    let settings = settings::defaults();
    let mut seen = 0;
    for asks in ASKS {
        for stage in STAGES {
            for image in IMAGES {
                for (column, verdict) in VERDICTS.into_iter().enumerate() {
                    let decision = policy
                        .decide(
                            &release(asks),
                            &history(stage, image, verdict),
                            NOW,
                            &settings,
                        )
                        .expect("a decision");
                    let decided = decision.permission.name().replace('-', " ");
                    let expected = model(asks, stage, image, column);
                    let reasons = &decision.reasons;
                    assert_eq!(
                        decided, expected,
                        "{asks:?}, stage {stage:?}, image {image:?}, {verdict:?}: {reasons:?}"
                    );
                    seen += 1;
                }
            }
        }
    }
    assert_eq!(
        seen,
        ASKS.len() * STAGES.len() * IMAGES.len() * VERDICTS.len()
    );
}

#[test]
fn nothing_but_a_verified_stage_promotes() {
    let policy = Policy::bundled(Use::Often).expect("the bundled policy");
    let settings = settings::defaults();
    for asks in ASKS {
        for stage in STAGES {
            for image in IMAGES {
                for verdict in VERDICTS {
                    let events = history(stage, image, verdict);
                    let permission = policy
                        .decide(&release(asks), &events, NOW, &settings)
                        .expect("one")
                        .permission;
                    let verified = matches!(stage, Stage::Converged | Stage::Judged)
                        && matches!(image, Image::Same | Image::NotKnown);
                    let promoted = matches!(
                        permission,
                        Permission::Promote | Permission::PromoteWithWarning
                    );
                    assert!(
                        !promoted || verified,
                        "{asks:?} {stage:?} {image:?} {verdict:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_tag_that_can_t_be_read_stops_whatever_happened() {
    let policy = Policy::bundled(Use::Often).expect("the bundled policy");
    let events = history(Stage::Converged, Image::Same, Some(Verdict::Passed));
    for tag in [
        "prod-latest",
        "latest",
        "",
        "stage-loadtest",
        &format!("prod-{SHA}\n"),
    ] {
        let release = Release {
            tag: tag.to_owned(),
            digest: None,
            instruction: None,
            authors: Vec::new(),
            facts: Vec::new(),
        };
        let decision = policy
            .decide(&release, &events, NOW, &settings::defaults())
            .expect("a decision");
        assert_eq!(decision.permission, Permission::Stop, "{tag:?}");
    }
}
