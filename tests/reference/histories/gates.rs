//! Events about windows, people and steps.

use super::super::contract::promotion::{
    Calendar, EventKind, Excuse, Intervention, InterventionKind, Outcome, Outside, Period,
    Question, Step, StepResult, Window, WindowKind,
};

use super::releases::DIGESTS;

/// A step ended.
pub fn performed(name: &str, environment: &str, outcome: Outcome) -> EventKind {
    EventKind::Performed(StepResult {
        step: Step {
            name: name.to_owned(),
            environment: environment.to_owned(),
            arguments: Vec::new(),
        },
        outcome,
        exit_status: None,
        answer: None,
    })
}

/// People were asked to approve the release for an environment.
pub fn asked(environment: &str) -> EventKind {
    EventKind::Asked(Question {
        key: format!("approval-{environment}"),
        environment: environment.to_owned(),
        text: "a question".to_owned(),
    })
}

/// What a person says about an environment, or about all of them, and about an image, or about any.
pub fn said(
    kind: InterventionKind,
    by: &str,
    environment: Option<&str>,
    digest: Option<&str>,
) -> EventKind {
    EventKind::Intervened(Intervention {
        kind,
        by: by.to_owned(),
        proven: false,
        why: "a test".to_owned(),
        environment: environment.map(str::to_owned),
        digest: digest.map(str::to_owned),
        question: None,
    })
}

/// A window of an environment.
pub fn window(name: &str, environment: &str, outside: Outside, periods: &[(u64, u64)]) -> Window {
    let period = |&(start, end): &(u64, u64)| Period { start, end };
    Window {
        name: name.to_owned(),
        kind: WindowKind::Allow,
        environments: vec![environment.to_owned()],
        periods: periods.iter().map(period).collect(),
        outside,
        why: None,
        zone: "UTC".to_owned(),
    }
}

/// A freeze of an environment.
pub fn freeze(name: &str, environment: &str, periods: &[(u64, u64)]) -> Window {
    Window {
        kind: WindowKind::Freeze,
        ..window(name, environment, Outside::Hold, periods)
    }
}

/// The windows were read.
pub fn scheduled(windows: &[Window], known_until: u64) -> EventKind {
    EventKind::Scheduled(Calendar {
        windows: windows.to_vec(),
        known_until,
    })
}

/// A person lets the release ignore a window.
pub fn excused(name: &str) -> EventKind {
    EventKind::Excused(Excuse {
        window: name.to_owned(),
        by: "Ada".to_owned(),
        proven: false,
        why: "a test".to_owned(),
    })
}

/// One event of each kind.
pub fn one_of_each(environment: &str) -> Vec<EventKind> {
    let prod = Some(environment);
    vec![
        performed("migrate", environment, Outcome::TimedOut),
        asked(environment),
        said(InterventionKind::Approved, "Ada", prod, Some(DIGESTS[0])),
        said(InterventionKind::Rejected, "Grace", None, None),
        scheduled(
            &[
                window("hours", environment, Outside::Warn, &[(1, 2), (3, 4)]),
                freeze("freeze-1", environment, &[]),
            ],
            100,
        ),
        excused("hours"),
    ]
}
