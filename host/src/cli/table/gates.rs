//! What windows, people and steps decide about a release that may enter the last environment otherwise.

use serde::Serialize;

use super::{COMMIT, NOW, forms};
use crate::cli::Error;
use crate::contract::actions::name;
use crate::contract::fields::ByName;
#[cfg(test)]
use crate::contract::fields::shapes::Code;
use crate::contract::promotion::{
    Calendar, Event, EventKind, Excuse, Intervention, InterventionKind, Outcome, Outside, Period,
    Permission, Release, Step, StepResult, Window, WindowKind,
};
use crate::contract::types::{EnvironmentSettings, Settings};
use crate::facts::evidence::{self, LoadTestWord, Stage, Subject};
use crate::sandbox::Policy;

/// The answer in one situation.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Gate {
    /// The situation.
    #[cfg_attr(test, schemars(extend("enum" = situations())))]
    pub situation: &'static str,
    /// Whether the release may enter the environment.
    pub permission: ByName<Permission>,
    /// The code of the reason that decided.
    #[cfg_attr(test, schemars(with = "Code"))]
    pub reason: String,
    /// The action that the policy asks for next: `deploy`, `wait`, `ask`, `perform`, `notify` or another one.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub next: &'static str,
}

/// The digests of the release's image and of another image.
const IMAGES: [&str; 2] = [
    "sha256:0000000000000000000000000000000000000000000000000000000000000000",
    "sha256:1111111111111111111111111111111111111111111111111111111111111111",
];
/// The author of the release.
const AUTHOR: &str = "ada";
/// Another person.
const OTHER: &str = "grace";
/// The name of the window, and of the step.
const NAME: &str = "example";

/// What is special about a situation.
#[derive(Clone, Copy, Debug)]
enum Special {
    /// A window: its kind, whether it contains the moment, and its consequence outside.
    Window(WindowKind, bool, Outside),
    /// A freeze contains the moment, and a person set it aside.
    Excused,
    /// One approval is required, and people did this: a person, what the person wants, the image.
    People(&'static [(&'static str, InterventionKind, usize)]),
    /// One approval is required, and it has expired.
    Expired,
    /// A step is required before the deployment, and it ended like this.
    Step(Option<Outcome>),
}

use InterventionKind::{Approved, Held, Rejected};
use WindowKind::{Allow, Freeze};

/// All situations, with their names.
const SITUATIONS: [(&str, Special); 16] = [
    ("window-open", Special::Window(Allow, true, Outside::Hold)),
    (
        "window-closed-hold",
        Special::Window(Allow, false, Outside::Hold),
    ),
    (
        "window-closed-warn",
        Special::Window(Allow, false, Outside::Warn),
    ),
    (
        "window-closed-note",
        Special::Window(Allow, false, Outside::Note),
    ),
    ("frozen", Special::Window(Freeze, true, Outside::Hold)),
    ("frozen-and-set-aside", Special::Excused),
    ("approval-missing", Special::People(&[])),
    ("approved", Special::People(&[(OTHER, Approved, 0)])),
    (
        "approved-by-author",
        Special::People(&[(AUTHOR, Approved, 0)]),
    ),
    (
        "approved-other-image",
        Special::People(&[(OTHER, Approved, 1)]),
    ),
    ("approval-expired", Special::Expired),
    (
        "held",
        Special::People(&[(OTHER, Approved, 0), (OTHER, Held, 0)]),
    ),
    (
        "rejected",
        Special::People(&[(OTHER, Approved, 0), (OTHER, Rejected, 0)]),
    ),
    ("step-not-run", Special::Step(None)),
    ("step-succeeded", Special::Step(Some(Outcome::Succeeded))),
    ("step-failed", Special::Step(Some(Outcome::Failed))),
];

/// The names of the situations.
#[cfg(test)]
fn situations() -> Vec<&'static str> {
    SITUATIONS.iter().map(|(name, _)| *name).collect()
}

/// Asks in every situation about a tag of the last environment. The environments before it are verified, and nothing else
/// is required there.
pub fn gates(policy: &Policy, settings: &Settings) -> Result<Vec<Gate>, Error> {
    let Some(tag) = forms(policy, settings)?.pop() else {
        return Ok(Vec::new());
    };
    let mut gates = Vec::new();
    for (situation, special) in SITUATIONS {
        let (settings, release, events, now) = example(settings, &tag, special);
        let decision = policy.decide(&release, &events, now, &settings)?;
        gates.push(Gate {
            situation,
            permission: ByName(decision.permission),
            next: name(&decision.next),
            reason: decision
                .reasons
                .into_iter()
                .next()
                .map(|it| it.code)
                .unwrap_or_default(),
        });
    }
    Ok(gates)
}

/// The settings, the release, its history and the time of a situation.
fn example(
    settings: &Settings,
    tag: &str,
    special: Special,
) -> (Settings, Release, Vec<Event>, u64) {
    let mut settings = settings.clone();
    settings.environments.iter_mut().for_each(require_nothing);
    let environments = settings.environments.iter();
    let environments: Vec<_> = environments.map(|it| (&it.name, &it.load_tests)).collect();
    let mut events: Vec<Event> = environments
        .iter()
        .take(environments.len().saturating_sub(1))
        .flat_map(|(name, load_tests)| {
            let subject = Subject {
                environment: name,
                commit: COMMIT,
                digest: Some(IMAGES[0]),
                load_tests,
            };
            evidence::history(&subject, Some(Stage::Converged), LoadTestWord::Passed, NOW)
        })
        .collect();
    let last = environments.last();
    let last = last.map_or_else(String::new, |(name, _)| (*name).clone());
    let mut now = NOW;
    let mut happens = |kind| events.push(Event { at: NOW, kind });
    match special {
        Special::Window(kind, contains, outside) => {
            happens(scheduled(&last, kind, contains, outside));
        }
        Special::Excused => {
            happens(scheduled(&last, Freeze, true, Outside::Hold));
            happens(EventKind::Excused(Excuse {
                window: NAME.to_owned(),
                by: OTHER.to_owned(),
                proven: true,
                why: String::new(),
            }));
        }
        Special::People(interventions) => {
            for (by, kind, image) in interventions {
                happens(intervened(by, *kind, IMAGES[*image]));
            }
        }
        Special::Expired => happens(intervened(OTHER, Approved, IMAGES[0])),
        Special::Step(Some(outcome)) => happens(performed(&last, outcome)),
        Special::Step(None) => {}
    }
    if let Some(environment) = settings.environments.last_mut() {
        match special {
            Special::People(_) => environment.approvals = 1,
            Special::Expired => {
                environment.approvals = 1;
                now = NOW + u64::from(environment.approval_lasts) + 1;
            }
            Special::Step(_) => environment.before = vec![NAME.to_owned()],
            Special::Window(..) | Special::Excused => {}
        }
    }
    let release = Release {
        tag: tag.to_owned(),
        digest: Some(IMAGES[0].to_owned()),
        instruction: None,
        authors: vec![AUTHOR.to_owned()],
        facts: Vec::new(),
    };
    (settings, release, events, now)
}

/// Removes what an environment requires besides its deployment and its load test.
fn require_nothing(environment: &mut EnvironmentSettings) {
    environment.approvals = 0;
    environment.author_may_approve = false;
    environment.before.clear();
    environment.after.clear();
    environment.watch = None;
}

fn scheduled(environment: &str, kind: WindowKind, contains: bool, outside: Outside) -> EventKind {
    let hour = 60 * 60;
    let start = if contains { NOW } else { NOW + hour };
    let period = Period {
        start,
        end: start + hour,
    };
    EventKind::Scheduled(Calendar {
        windows: vec![Window {
            name: NAME.to_owned(),
            kind,
            environments: vec![environment.to_owned()],
            periods: vec![period],
            outside,
            why: None,
            zone: "UTC".to_owned(),
        }],
        known_until: NOW + 31 * 24 * hour,
    })
}

fn intervened(by: &str, kind: InterventionKind, image: &str) -> EventKind {
    EventKind::Intervened(Intervention {
        kind,
        by: by.to_owned(),
        proven: true,
        why: String::new(),
        environment: None,
        digest: Some(image.to_owned()),
        question: None,
    })
}

fn performed(environment: &str, outcome: Outcome) -> EventKind {
    EventKind::Performed(StepResult {
        step: Step {
            name: NAME.to_owned(),
            environment: environment.to_owned(),
            arguments: Vec::new(),
        },
        outcome,
        exit_status: None,
        answer: None,
    })
}
