//! Windows and freezes: whether the release may start in an environment now, or when it may.

use crate::bindings::promotion::{
    Calendar, Event, EventKind, Excuse, Outside, Period, Window, WindowKind,
};
use crate::bindings::types::{Evidence, Reason, Timestamp};
use crate::reason::{because, codes};

/// The longest wait for an opening, in seconds: a freeze may be lifted, and a window may be set aside.
const LONGEST_WAIT: u64 = 300;

/// The windows that count: those of the last calendar, without those that a person set aside for the release.
pub(super) struct Windows<'a> {
    calendar: Option<&'a Calendar>,
    excused: Vec<&'a Excuse>,
}

/// What the windows say about an environment at a time.
pub(super) enum Opening {
    /// The release may start.
    Open,
    /// The time is outside of all windows. The release continues, with a warning or only with a reason.
    Outside { reason: Reason, warns: bool },
    /// The release must wait. The policy asks again after a number of seconds.
    Closed { reason: Reason, wait: u32 },
}

impl<'a> Windows<'a> {
    /// There are no windows.
    pub(super) const NONE: Self = Self {
        calendar: None,
        excused: Vec::new(),
    };

    /// Takes an event, if it is about windows.
    pub(super) fn take(&mut self, event: &'a Event) {
        match &event.kind {
            EventKind::Scheduled(it) => self.calendar = Some(it),
            EventKind::Excused(it) => self.excused.push(it),
            _ => {}
        }
    }

    /// Finds out whether something may start in an environment at a time.
    pub(super) fn opening(&self, environment: &str, now: Timestamp) -> Opening {
        let Some(calendar) = self.calendar else {
            return Opening::Open;
        };
        let here = Here::new(self.counting(calendar, environment));
        if here.is_empty() || (now < calendar.known_until && here.is_open(now)) {
            return Opening::Open;
        }
        let next = here.opening(now, calendar.known_until);
        let (code, window, what) = if now >= calendar.known_until {
            let what = format!("the windows of `{environment}` are not known for this time");
            (codes::OUTSIDE_HOURS, None, what)
        } else if let Some(freeze) = here.frozen(now) {
            let why = why(freeze);
            let what = format!("`{environment}` is frozen by window `{}`{why}", freeze.name);
            (codes::FROZEN, Some(freeze), what)
        } else {
            let window = here.strictest();
            let why = window.map_or(String::new(), why);
            let what = format!("`{environment}` is outside of its windows{why}");
            (codes::OUTSIDE_HOURS, window, what)
        };
        let mut reason = Reason::new(code, what);
        reason
            .evidence
            .extend(window.map(|it| Evidence::Window(it.name.clone())));
        reason = reason.on(Evidence::Environment(environment.to_owned()));
        reason.evidence.extend(next.map(Evidence::Time));
        let outside = window.map_or(Outside::Hold, |it| it.outside);
        if code == codes::OUTSIDE_HOURS && outside != Outside::Hold {
            let warns = outside == Outside::Warn;
            return Opening::Outside { reason, warns };
        }
        let left = next.map_or(LONGEST_WAIT, |it| it.saturating_sub(now));
        let wait = u32::try_from(left.clamp(1, LONGEST_WAIT)).unwrap_or(1);
        Opening::Closed { reason, wait }
    }

    fn counting(&self, calendar: &'a Calendar, environment: &str) -> Vec<&'a Window> {
        let is_excused = |window: &&Window| self.excused.iter().any(|it| it.window == window.name);
        let is_about = |window: &&Window| window.environments.iter().any(|it| it == environment);
        let windows = calendar.windows.iter().filter(is_about);
        windows.filter(|it| !is_excused(it)).collect()
    }
}

/// The windows of one environment.
struct Here<'a> {
    allow: Vec<&'a Window>,
    freeze: Vec<&'a Window>,
}

impl<'a> Here<'a> {
    fn new(windows: Vec<&'a Window>) -> Self {
        let (freeze, allow) = windows
            .into_iter()
            .partition(|it| it.kind == WindowKind::Freeze);
        Self { allow, freeze }
    }

    fn is_empty(&self) -> bool {
        self.allow.is_empty() && self.freeze.is_empty()
    }

    fn frozen(&self, now: Timestamp) -> Option<&'a Window> {
        let mut freezes = self.freeze.iter().copied();
        freezes.find(|it| current(it, now).is_some())
    }

    fn is_allowed(&self, now: Timestamp) -> bool {
        self.allow.is_empty() || self.allow.iter().any(|it| current(it, now).is_some())
    }

    fn is_open(&self, now: Timestamp) -> bool {
        self.frozen(now).is_none() && self.is_allowed(now)
    }

    /// The window whose consequence is the strictest outside of all windows.
    fn strictest(&self) -> Option<&'a Window> {
        let strictness = |it: &Window| match it.outside {
            Outside::Note => 2,
            Outside::Warn => 1,
            Outside::Hold => 0_u8,
        };
        self.allow.iter().copied().min_by_key(|it| strictness(it))
    }

    /// The next time, after now, at which something may start, as far as it is known.
    fn opening(&self, now: Timestamp, known_until: Timestamp) -> Option<Timestamp> {
        let mut at = now;
        while at < known_until {
            if let Some(period) = self.freeze.iter().find_map(|it| current(it, at)) {
                at = period.end;
            } else if self.is_allowed(at) {
                return Some(at);
            } else {
                let periods = self.allow.iter().flat_map(|it| &it.periods);
                at = periods.map(|it| it.start).filter(|it| *it > at).min()?;
            }
        }
        None
    }
}

/// The period of a window that contains a time.
fn current(window: &Window, now: Timestamp) -> Option<&Period> {
    let mut periods = window.periods.iter();
    periods.find(|it| it.start <= now && now < it.end)
}

fn why(window: &Window) -> String {
    because(window.why.as_deref().unwrap_or_default())
}
