//! How a deployment stands, in a few words: what every report begins with.

use crate::deployment::timeline::{Decision, Place, Reason, State, Timeline};
use crate::text::time;

/// What a colour and a sign stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// It went on in spite of something.
    Warned,
    /// Not as it should be.
    Bad,
    /// Under way.
    Busy,
    /// Neither: not begun, or given up for something else.
    Idle,
}

impl Tone {
    /// The name that styles and signs go by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warned => "warned",
            Self::Bad => "bad",
            Self::Busy => "busy",
            Self::Idle => "idle",
        }
    }

    /// A sign for plain text.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Good => "✓",
            Self::Warned => "⚠",
            Self::Bad => "✗",
            Self::Busy => "▶",
            Self::Idle => "○",
        }
    }
}

/// The head line of a deployment.
#[derive(Debug)]
pub struct Headline<'a> {
    /// How bad it is.
    pub tone: Tone,
    /// The conclusion in words, and where.
    pub words: String,
    /// The reason that decided last.
    pub because: Option<&'a Reason>,
    /// What it waits for, unless it has ended.
    pub waits: Option<String>,
}

impl<'a> Headline<'a> {
    /// Sums a deployment up.
    pub fn of(story: &'a Timeline) -> Self {
        let last = story.decisions.last();
        let reached = reached(story).map(|place| place.name.as_str());
        let (tone, words, preposition) = match story.conclusion.as_deref() {
            None => (Tone::Busy, "Under way", "in"),
            Some("promoted") => (Tone::Good, "Promoted", "to"),
            Some("promoted-with-warning") => (Tone::Warned, "Promoted with a warning", "to"),
            Some("stopped") => (Tone::Bad, "Stopped", "in"),
            Some("superseded") => (Tone::Idle, "Superseded by a newer release", "in"),
            Some("canceled") => (Tone::Idle, "Canceled", "in"),
            Some(other) => (Tone::Idle, other, "in"),
        };
        let words = match reached {
            Some(name) => format!("{words} {preposition} {name}"),
            None => words.to_owned(),
        };
        Self {
            tone,
            words,
            because: last.and_then(|decision| decision.reasons.first()),
            waits: story.conclusion.is_none().then(|| waits(story, last)),
        }
    }
}

/// The environment that the release has come to: the last one that something was done with.
pub fn reached(story: &Timeline) -> Option<&Place> {
    story
        .environments
        .iter()
        .rfind(|place| place.progress != "pending")
}

/// A tone for the state of a step; one that is still running when all has ended was cut off.
pub fn step(state: State, ended: bool) -> (Tone, &'static str) {
    match state {
        State::Running if ended => (Tone::Idle, "cut off"),
        State::Running => (Tone::Busy, "under way"),
        State::Done => (Tone::Good, "done"),
        State::Warned => (Tone::Warned, "warned"),
        State::Failed => (Tone::Bad, "failed"),
    }
}

/// A tone for a verdict of the policy.
pub fn verdict(verdict: &str) -> Tone {
    match verdict {
        "promote" => Tone::Good,
        "promote-with-warning" => Tone::Warned,
        "stop" => Tone::Bad,
        "hold" => Tone::Busy,
        _ => Tone::Idle,
    }
}

/// An environment in words: how far the release has come, and its load test.
pub fn place(place: &Place) -> String {
    let progress = match place.progress.as_str() {
        "pending" => "not deployed",
        "unknown" => "deployment with unknown outcome",
        "deployed" => "deployed, not converged",
        other => other,
    };
    match &place.load_test {
        Some(verdict) => format!("{progress}, load test {verdict}"),
        None => progress.to_owned(),
    }
}

fn waits(story: &Timeline, last: Option<&Decision>) -> String {
    let running = story
        .steps
        .iter()
        .rfind(|step| step.state == State::Running)
        .map(|step| {
            let place = step.environment.as_deref().unwrap_or_default();
            let since = time::clock(step.began);
            format!("{} {place} since {since}", step.what)
        });
    match (last, running) {
        (Some(decision), Some(running)) => format!("{} ({running})", decision.next),
        (Some(decision), None) => decision.next.clone(),
        (None, Some(running)) => running,
        (None, None) => "the first decision".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn says_what_happened_and_where() {
        let stopped = fixture::stopped();
        let headline = Headline::of(&stopped);
        assert_eq!(headline.tone, Tone::Bad);
        assert_eq!(headline.words, "Stopped in stage");
        assert_eq!(headline.because.expect("a reason").code, "load-test-failed");
        assert_eq!(headline.waits, None);

        let promoted = fixture::promoted_with_warning();
        let headline = Headline::of(&promoted);
        assert_eq!(headline.words, "Promoted with a warning to prod");
        assert_eq!(headline.tone, Tone::Warned);
    }

    #[test]
    fn says_what_is_waited_for() {
        let running = fixture::running();
        assert_eq!(
            Headline::of(&running).waits.expect("a wait"),
            "ask the nodes of `stage` for their version (converge stage since 00:15:32)"
        );
        let empty = fixture::empty();
        let headline = Headline::of(&empty);
        assert_eq!(headline.words, "Under way");
        assert_eq!(headline.waits.expect("a wait"), "the first decision");
    }

    #[test]
    fn every_conclusion_has_words() {
        for (conclusion, tone) in [
            ("promoted", Tone::Good),
            ("superseded", Tone::Idle),
            ("canceled", Tone::Idle),
            ("something new", Tone::Idle),
        ] {
            let mut story = fixture::empty();
            story.conclusion = Some(conclusion.to_owned());
            let headline = Headline::of(&story);
            assert_eq!(headline.tone, tone);
            assert_eq!(headline.waits, None);
        }
    }
}
