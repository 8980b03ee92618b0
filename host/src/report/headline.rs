//! The headline of a deployment, which every report begins with.

use std::fmt::Write as _;

use super::awaited::awaited;
use super::terminal::progress;
use crate::contract::promotion::{Conclusion, Permission, Progress};
use crate::deployment::timeline::{Decision, Place, Reason, Step, StepKind, StepState, Timeline};
use crate::deployment::what_now::what_now;
use crate::text::time;

/// The meaning of a color and a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Succeeded.
    Good,
    /// Continued with a warning, or interrupted.
    Warned,
    /// Failed.
    Bad,
    /// Running.
    Busy,
    /// Neither: not begun, superseded or canceled.
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
            Self::Idle => "–",
        }
    }
}

/// The head line of a deployment.
#[derive(Debug)]
pub struct Headline<'a> {
    /// The tone of the state or conclusion.
    pub tone: Tone,
    /// The conclusion in words, and the environment.
    pub words: String,
    /// The reason that decided last.
    pub because: Option<&'a Reason>,
    /// What it waits for, or does next if it is interrupted; nothing if it has ended.
    pub waits: Option<String>,
    /// What a person has to do for an interrupted deployment.
    pub advice: Option<String>,
    /// The notes about the results of load tests, one sentence for each note.
    pub load_tests: Vec<String>,
    /// What the nodes served at the end of a deployment that did not succeed, one sentence for each environment.
    pub served: Vec<String>,
    /// What a person does now about a deployment that has ended.
    pub to_do: Vec<String>,
    /// The subject of the commit and its author, as far as they are known.
    pub title: Option<String>,
}

impl<'a> Headline<'a> {
    /// Summarizes a deployment.
    pub fn of(timeline: &'a Timeline) -> Self {
        let last = timeline.decisions.last();
        let mut now = what_now(timeline).into_iter().peekable();
        let reached = reached(timeline).map(|place| place.name.as_str());
        let (tone, words, preposition) = match timeline.conclusion.map(|it| it.0) {
            None if timeline.interrupted => (Tone::Warned, "Interrupted", "in"),
            None => (Tone::Busy, "Running", "in"),
            Some(Conclusion::Promoted) => (Tone::Good, "Promoted", "to"),
            Some(Conclusion::PromotedWithWarning) => {
                (Tone::Warned, "Promoted with a warning", "to")
            }
            Some(Conclusion::Stopped) => (Tone::Bad, "Stopped", "in"),
            Some(Conclusion::RolledBack) => (Tone::Bad, "Rolled back", "in"),
            Some(Conclusion::Superseded) => (Tone::Idle, "Superseded by a newer release", "in"),
            Some(Conclusion::Canceled) => (Tone::Idle, "Canceled", "in"),
        };
        let words = match reached {
            Some(name) => format!("{words} {preposition} {name}"),
            None => words.to_owned(),
        };
        Self {
            tone,
            words,
            because: last.and_then(|decision| decision.reasons.first()),
            waits: timeline.conclusion.is_none().then(|| waits(timeline, last)),
            load_tests: timeline
                .load_test_notes()
                .map(|(test, note)| format!("{}: {note}", timeline.title_of(test)))
                .collect(),
            served: timeline.served().collect(),
            advice: now.next_if(|_| timeline.interrupted),
            to_do: now.collect(),
            title: title(timeline.subject.as_deref(), timeline.author.as_deref()),
        }
    }

    /// What introduces [`Self::waits`].
    pub fn lead(&self) -> &'static str {
        match self.advice {
            None => "waiting for",
            Some(_) => "next",
        }
    }
}

/// The last environment that the release was deployed to, or tried to.
pub fn reached(timeline: &Timeline) -> Option<&Place> {
    // No decision has a deploy command that still runs or was interrupted, so the steps are checked, too.
    let is_tried = |place: &Place| {
        let mut steps = timeline.steps.iter();
        steps
            .any(|it| it.kind.0 == StepKind::Deploy && it.environment.as_ref() == Some(&place.name))
    };
    let mut environments = timeline.environments.iter();
    environments.rfind(|it| it.progress.0 != Progress::Pending || is_tried(it))
}

/// A tone and a word for the state of a step.
pub fn step(state: StepState) -> (Tone, &'static str) {
    match state {
        StepState::Running => (Tone::Busy, "running"),
        StepState::Interrupted => (Tone::Idle, "interrupted"),
        StepState::Done => (Tone::Good, "done"),
        StepState::Warned => (Tone::Warned, "warned"),
        StepState::Failed => (Tone::Bad, "failed"),
    }
}

/// A tone for a permission of the policy.
pub fn permission(permission: Permission) -> Tone {
    match permission {
        Permission::Promote => Tone::Good,
        Permission::PromoteWithWarning => Tone::Warned,
        Permission::Stop => Tone::Bad,
        Permission::Hold => Tone::Busy,
    }
}

/// An environment in words: how far the deployment is, and the verdict of its load test or of each of several.
pub fn place(place: &Place, timeline: &Timeline) -> String {
    let mut text = progress(place.progress.0).to_owned();
    let tests = timeline.latest_load_tests();
    let tests = tests.filter(|it| it.environment == place.name);
    let judged: Vec<_> = tests
        .filter_map(|it| Some((timeline.place_of(it), it, it.verdict?)))
        .collect();
    match (judged.as_slice(), place.load_test) {
        ([], None) => {}
        ([], Some(verdict)) => {
            let _ = write!(text, ", load test {verdict}");
        }
        (judged, _) => {
            for (shown, test, verdict) in judged {
                let _ = if *shown == test.environment {
                    write!(text, ", load test {verdict}")
                } else {
                    write!(text, ", load test {} {verdict}", test.name)
                };
            }
        }
    }
    text
}

/// The subject of a commit, in quotation marks, and its author, as far as they are known.
pub fn title(subject: Option<&str>, author: Option<&str>) -> Option<String> {
    match (subject, author) {
        (Some(subject), Some(author)) => Some(format!("\"{subject}\" by {author}")),
        (Some(subject), None) => Some(format!("\"{subject}\"")),
        (None, Some(author)) => Some(format!("by {author}")),
        (None, None) => None,
    }
}

fn waits(timeline: &Timeline, last: Option<&Decision>) -> String {
    if let Some(held) = &timeline.held {
        return held.text.clone();
    }
    let running = timeline
        .steps
        .iter()
        .rfind(|step| step.state.0 == StepState::Running);
    if let Some(step) = running
        && step.kind.0 == StepKind::Converge
        && let Some(text) = converges(timeline, step)
    {
        return text;
    }
    let running = running.map(|step| {
        let place = step.environment.as_deref().unwrap_or_default();
        let since = time::clock(step.began);
        format!("{} {place} since {since}", step.title())
    });
    match (last, running) {
        (Some(decision), Some(running)) => format!("{} ({running})", decision.next_text),
        (Some(decision), None) => decision.next_text.clone(),
        (None, Some(running)) => running,
        (None, None) => "the first decision".to_owned(),
    }
}

/// Which nodes a deployment waits for, once they were asked after the deploy command.
fn converges(timeline: &Timeline, step: &Step) -> Option<String> {
    let environment = step.environment.as_deref()?;
    let mut rounds = timeline.rounds.iter().rev();
    rounds.find(|it| it.environment == environment && it.at >= step.began)?;
    awaited(environment, &timeline.commit, &timeline.rounds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::fields::ByName;
    use crate::contract::types::Verdict;
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
            "2 of 4 nodes of stage serve it; http://10.20.0.3:8080 serves 4b825dc642cb (old) since 00:15:32; \
             http://10.20.0.4:8080 gives no usable answer since 00:16:08: connection refused"
        );
        let mut unasked = fixture::running();
        unasked.rounds.clear();
        assert_eq!(
            Headline::of(&unasked).waits.expect("a wait"),
            "ask the nodes of `stage` for their version (converge stage since 00:15:32)"
        );
        let empty = fixture::empty();
        let headline = Headline::of(&empty);
        assert_eq!(headline.words, "Running");
        assert_eq!(headline.waits.expect("a wait"), "the first decision");
    }

    #[test]
    fn an_interrupted_deployment_does_not_run() {
        let mut timeline = fixture::running();
        timeline.interrupt();
        let headline = Headline::of(&timeline);
        assert_eq!(headline.tone, Tone::Warned);
        assert_eq!(headline.words, "Interrupted in stage");
        assert_eq!(headline.lead(), "next");
        assert_eq!(
            headline.waits.expect("the next action"),
            "ask the nodes of `stage` for their version"
        );
        let advice = headline.advice.expect("advice");
        let resume = format!("greenlight run --resume {}", timeline.number);
        assert!(advice.contains(&resume), "{advice}");
        assert_eq!(Headline::of(&fixture::running()).advice, None);
    }

    #[test]
    fn says_what_was_noted_about_load_tests() {
        let mut stopped = fixture::stopped();
        let said = |timeline: &Timeline| Headline::of(timeline).load_tests;
        let first = "load test of stage: the history ends 3 s before the results do";
        assert_eq!(said(&stopped), [first]);
        // Another load test has run since.
        let mut again = stopped.load_tests[0].clone();
        again.notes = vec!["`load.json` does not exist".to_owned()];
        stopped.load_tests.push(again);
        let last = "load test of stage: `load.json` does not exist";
        assert_eq!(said(&stopped), [last]);
        stopped.thin();
        assert_eq!(said(&stopped), [last]);
        // One of another name does not replace it.
        "smoke".clone_into(&mut stopped.load_tests[1].name);
        stopped.load_tests[1].verdict = Some(ByName(Verdict::Passed));
        let other = "load test smoke of stage: `load.json` does not exist";
        let named = first.replace("load test of", "load test load-test of");
        assert_eq!(said(&stopped), [&named, other]);
        assert_eq!(
            place(&stopped.environments[0], &stopped),
            "converged, load test load-test failed, load test smoke passed"
        );
    }

    #[test]
    fn says_what_the_nodes_served_at_the_end() {
        assert!(Headline::of(&fixture::stopped()).served.is_empty());
        assert_eq!(
            Headline::of(&fixture::half_way()).served,
            ["1 of 3 nodes of prod serves ca779cf0631b, 2 serve 4b825dc642cb"]
        );
    }

    #[test]
    fn every_conclusion_has_words() {
        for (conclusion, tone) in [
            (Conclusion::Promoted, Tone::Good),
            (Conclusion::Superseded, Tone::Idle),
            (Conclusion::Canceled, Tone::Idle),
        ] {
            let mut timeline = fixture::empty();
            timeline.conclusion = Some(ByName(conclusion));
            let headline = Headline::of(&timeline);
            assert_eq!(headline.tone, tone);
            assert_eq!(headline.waits, None);
        }
    }
}
