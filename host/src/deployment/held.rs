//! A window or a freeze that holds a release: what it is, and when the release may continue.

use serde::Serialize;

use super::opening::next_opening;
use crate::contract::promotion::{Action, Calendar, Decision, Permission};
use crate::contract::types::Evidence;

/// The codes of the reasons that a window gives.
const CODES: [&str; 2] = ["frozen", "outside-hours"];

/// The code of the reason that a person's hold gives.
pub const PERSON: &str = "held";

/// What holds a release, by the last decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Held {
    /// The environment that the release may not enter now.
    pub environment: String,
    /// The name of the window or the freeze; null if the windows are not known for this time.
    pub window: Option<String>,
    /// When the release may continue, in milliseconds since 1970; null if it is not known.
    pub next_opening: Option<u64>,
    /// The time zone of the window; null without a window.
    pub zone: Option<String>,
    /// The reason and the next opening in words, in the local time of the window and in UTC.
    pub text: String,
}

impl Held {
    /// What holds the release of a decision. The calendar is the last one of the history.
    pub fn of(decision: &Decision, calendar: Option<&Calendar>) -> Option<Self> {
        let is_held =
            decision.permission == Permission::Hold && matches!(decision.next, Action::Wait(_));
        let mut reasons = decision.reasons.iter().filter(|_| is_held);
        let reason = reasons.find(|it| CODES.contains(&it.code.as_str()))?;
        let (mut environment, mut window, mut next) = (None, None, None);
        for evidence in &reason.evidence {
            match evidence {
                Evidence::Environment(it) => environment = Some(it.clone()),
                Evidence::Window(it) => window = Some(it.clone()),
                Evidence::Time(it) => next = Some(*it),
                _ => {}
            }
        }
        let windows = calendar.map_or(&[][..], |it| &it.windows);
        // Others can hold the release, too, but the decision does not say which ones a person has set aside.
        let named = windows
            .iter()
            .filter(|it| Some(&it.name) == window.as_ref());
        let named: Vec<_> = named.collect();
        let known_until = calendar.map_or(0, |it| it.known_until);
        let opening = next_opening(next, &named, known_until);
        let zone = named.first().map(|it| it.zone.clone());
        let mut text = format!("{}; {opening}", reason.message);
        let mut others = decision.reasons.iter();
        if let Some(person) = others.find(|it| it.code == PERSON) {
            text = format!("{}; {text}", person.message);
        }
        Some(Self {
            environment: environment?,
            text,
            window,
            next_opening: next.map(|it| it.saturating_mul(1000)),
            zone,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::promotion::{Outside, Period, Window, WindowKind};
    use crate::contract::types::Reason;

    /// Monday, 2026-11-30, 09:00 in Berlin.
    const OPENING: u64 = 1_796_025_600;

    fn decision(permission: Permission, code: &str, evidence: Vec<Evidence>) -> Decision {
        Decision {
            permission,
            next: Action::Wait(300),
            reasons: vec![Reason {
                code: code.to_owned(),
                message: "`prod` is outside of its windows".to_owned(),
                help: None,
                evidence,
            }],
            environments: Vec::new(),
        }
    }

    #[test]
    fn a_held_release_says_when_it_continues() {
        let window = Window {
            name: "hours".to_owned(),
            kind: WindowKind::Allow,
            environments: vec!["prod".to_owned()],
            periods: Vec::new(),
            outside: Outside::Hold,
            why: None,
            zone: "Europe/Berlin".to_owned(),
        };
        let calendar = Calendar {
            windows: vec![window],
            known_until: OPENING + 31 * 24 * 60 * 60,
        };
        let environment = Evidence::Environment("prod".to_owned());
        let evidence = vec![
            Evidence::Window("hours".to_owned()),
            environment.clone(),
            Evidence::Time(OPENING),
        ];
        let waits = |evidence| decision(Permission::Hold, "outside-hours", evidence);
        let held = Held::of(&waits(evidence.clone()), Some(&calendar)).expect("it is held");
        assert_eq!(
            held.text,
            "`prod` is outside of its windows; next opening Mon 2026-11-30 09:00 Europe/Berlin (2026-11-30T08:00:00Z)"
        );
        assert_eq!(
            (held.next_opening, held.window.as_deref()),
            (Some(OPENING * 1000), Some("hours"))
        );
        let mut both = waits(evidence.clone());
        both.reasons.insert(
            0,
            Reason {
                code: PERSON.to_owned(),
                message: "Ada (claimed) put the release on hold: the dashboards are red".to_owned(),
                help: None,
                evidence: Vec::new(),
            },
        );
        let both = Held::of(&both, Some(&calendar)).expect("it is held");
        assert_eq!(
            both.text,
            format!(
                "Ada (claimed) put the release on hold: the dashboards are red; {}",
                held.text
            )
        );
        let unknown =
            Held::of(&waits(vec![environment.clone()]), Some(&calendar)).expect("it is held");
        assert!(
            unknown.text.ends_with("; the next opening is not known"),
            "{unknown:?}"
        );
        for (end, opening) in [
            (
                calendar.known_until,
                "freeze `freeze-1` has no end; end it with `greenlight thaw freeze-1 --by NAME --reason TEXT`",
            ),
            (
                OPENING + 366 * 24 * 60 * 60,
                "no opening before freeze `freeze-1` ends Wed 2027-12-01 09:00 Europe/Berlin (2027-12-01T08:00:00Z)",
            ),
        ] {
            let freeze = Window {
                name: "freeze-1".to_owned(),
                kind: WindowKind::Freeze,
                periods: vec![Period { start: 0, end }],
                ..calendar.windows[0].clone()
            };
            let calendar = Calendar {
                windows: vec![calendar.windows[0].clone(), freeze],
                ..calendar
            };
            let evidence = vec![Evidence::Window("freeze-1".to_owned()), environment.clone()];
            let frozen = decision(Permission::Hold, "frozen", evidence);
            let held = Held::of(&frozen, Some(&calendar)).expect("it is held");
            assert!(held.text.ends_with(&format!("; {opening}")), "{held:?}");
        }
        for other in [
            decision(Permission::Promote, "outside-hours", evidence.clone()),
            decision(Permission::Hold, "locked", evidence),
        ] {
            assert_eq!(Held::of(&other, Some(&calendar)), None);
        }
    }
}
