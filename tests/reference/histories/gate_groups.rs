//! Enumerated histories of windows, people and steps.

use super::super::contract::promotion::{EventKind, InterventionKind, Outcome, Outside, Release};
use super::super::contract::types::{Settings, Verdict};
use super::enumerated::{Group, Step, TWO, beginnings, happens};
use super::events::{OTHER, deployed, load_tested, locked, observed, superseded};
use super::gates::{asked, excused, freeze, performed, said, scheduled, window};
use super::releases::{DIGESTS, OWN, release, settings};

/// The last event of the beginnings is at this time.
const NOW: u64 = 1000;

/// Windows and freezes of both environments, before and after each of their limits.
pub fn windows() -> Group {
    let hold = |name, of| {
        window(
            name,
            of,
            Outside::Hold,
            &[(NOW - 50, NOW), (NOW + 20, NOW + 90)],
        )
    };
    let calendars = [
        vec![hold("hours", "prod")],
        vec![window(
            "hours",
            "prod",
            Outside::Warn,
            &[(NOW + 20, NOW + 40)],
        )],
        vec![window("hours", "prod", Outside::Note, &[])],
        vec![
            window("hours", "prod", Outside::Note, &[(NOW, NOW + 10)]),
            hold("nights", "prod"),
            hold("hours", "stage"),
        ],
        vec![freeze(
            "freeze-1",
            "prod",
            &[(NOW, NOW + 20), (NOW + 20, NOW + 40)],
        )],
        vec![
            freeze("freeze-1", "prod", &[(NOW + 10, NOW + 700)]),
            freeze("freeze-2", "stage", &[(0, NOW + 5)]),
            hold("hours", "prod"),
        ],
        Vec::new(),
    ];
    let mut steps: Vec<EventKind> = calendars
        .iter()
        .map(|it| scheduled(it, NOW + 800))
        .collect();
    steps.extend([
        scheduled(&calendars[0], NOW),
        scheduled(&calendars[0], NOW + 10),
        excused("hours"),
        excused("freeze-1"),
        EventKind::Waited(20),
        EventKind::Waited(600),
        observed("stage", &[("a", OWN), ("b", OWN)]),
        observed("stage", &[("a", OTHER), ("b", OWN)]),
        locked("prod"),
        deployed("prod", OWN, None, Outcome::Succeeded),
    ]);
    let mut steps = happens(steps);
    steps.extend([Step::Passes(10), Step::Passes(20), Step::Passes(700)]);
    Group {
        name: "windows",
        settings: with_deadline(settings(&TWO, 30), 100),
        releases: approvable(),
        prefixes: beginnings(&TWO),
        steps,
        length: 3,
    }
}

/// Approvals, holds and rejections, of different people, environments and images.
pub fn people() -> Group {
    use InterventionKind::{Approved, Canceled, Held, Rejected};
    let mut settings = with_deadline(settings(&TWO, 30), 700);
    settings.environments[1].approvals = 2;
    settings.environments[1].approval_lasts = 25;
    let prod = Some("prod");
    let mut steps = happens(vec![
        said(Approved, "Ada", prod, None),
        said(Approved, "ada ", None, Some(DIGESTS[0])),
        said(Approved, "Grace", prod, None),
        said(Approved, "Grace", Some("stage"), None),
        said(Approved, "Linus", None, None),
        said(Approved, "Ada", prod, Some(DIGESTS[1])),
        said(Rejected, "Linus", prod, None),
        said(Rejected, "Linus", Some("stage"), None),
        said(Rejected, "Linus", None, Some(DIGESTS[1])),
        said(Held, "Linus", prod, None),
        said(Held, "Linus", None, None),
        said(Canceled, "Linus", None, Some(DIGESTS[1])),
        said(Approved, "Linus", Some("qa"), None),
        asked("prod"),
        EventKind::Waited(60),
        EventKind::Waited(650),
        observed("stage", &[("a", OTHER)]),
        deployed("prod", OWN, None, Outcome::Failed),
    ]);
    steps.extend([Step::Passes(10), Step::Passes(30)]);
    Group {
        name: "people",
        settings,
        releases: approvable(),
        prefixes: beginnings(&TWO),
        steps,
        length: 3,
    }
}

/// Steps before and behind the deployment of each environment.
pub fn steps() -> Group {
    use Outcome::{Canceled, Failed, Succeeded, TimedOut, Unknown};
    let mut settings = settings(&TWO, 30);
    for environment in &mut settings.environments {
        environment.before = vec!["migrate".to_owned(), "both".to_owned()];
        environment.after = vec!["both".to_owned(), "smoke".to_owned()];
    }
    let mut steps = Vec::new();
    for environment in ["stage", "prod"] {
        for name in ["migrate", "both", "smoke"] {
            steps.push(performed(name, environment, Succeeded));
        }
        steps.extend([
            performed("both", environment, Failed),
            performed("both", environment, Unknown),
            deployed(environment, OWN, None, Succeeded),
            deployed(environment, OTHER, None, Succeeded),
            observed(environment, &[("a", OWN), ("b", OWN)]),
        ]);
    }
    steps.extend([
        performed("smoke", "stage", TimedOut),
        performed("migrate", "prod", Canceled),
        performed("other", "prod", Failed),
        performed("smoke", "qa", Succeeded),
        load_tested("stage", Verdict::Passed),
        superseded("prod"),
        said(InterventionKind::Rejected, "Ada", Some("prod"), None),
    ]);
    Group {
        name: "steps",
        settings,
        releases: approvable(),
        prefixes: path(),
        steps: happens(steps),
        length: 2,
    }
}

/// The path to production with all steps, and each beginning of it.
fn path() -> Vec<Vec<Step>> {
    let mut path = Vec::new();
    for name in ["stage", "prod"] {
        path.push(performed("migrate", name, Outcome::Succeeded));
        path.push(performed("both", name, Outcome::Succeeded));
        path.push(deployed(name, OWN, None, Outcome::Succeeded));
        path.push(observed(name, &[("a", OWN), ("b", OWN)]));
        path.push(performed("both", name, Outcome::Succeeded));
        path.push(performed("smoke", name, Outcome::Succeeded));
        if name == "stage" {
            path.push(load_tested(name, Verdict::Failed));
        }
    }
    let path = happens(path);
    (0..=path.len()).map(|end| path[..end].to_vec()).collect()
}

fn with_deadline(settings: Settings, deadline: u32) -> Settings {
    Settings {
        deadline: Some(deadline),
        ..settings
    }
}

/// Releases with an author.
fn approvable() -> Vec<Release> {
    let mut releases = vec![
        release("stage-loadtest-warn", Some(DIGESTS[0]), None),
        release("stage", None, None),
        release("prod", Some(DIGESTS[0]), None),
    ];
    for release in &mut releases {
        release.authors = vec!["Linus".to_owned(), "linus@example.org".to_owned()];
    }
    releases
}
