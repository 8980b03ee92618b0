//! Projects the entries of a journal to a timeline.

use crate::contract::documents::ActionDocument;
use crate::contract::names::Named as _;
use crate::contract::promotion::{Action, Decision as Decided, Permission, Progress};
use crate::deployment::entry::Entry;
use crate::deployment::log::Dated;
use crate::deployment::timeline::{Decision, Note, Place, Reason, State, Step, Timeline};

/// Tells what the entries of a deployment say.
pub fn project(number: u64, entries: &[Dated]) -> Timeline {
    let mut teller = Projector::new(number, entries.first().map_or(0, |it| it.at));
    for dated in entries {
        teller.take(dated);
    }
    teller.story
}

pub(super) struct Projector {
    pub(super) story: Timeline,
}

impl Projector {
    fn new(number: u64, began: u64) -> Self {
        Self {
            story: Timeline {
                number,
                tag: String::new(),
                commit: String::new(),
                digest: None,
                policy: String::new(),
                action: None,
                began,
                last: began,
                conclusion: None,
                environments: Vec::new(),
                steps: Vec::new(),
                rounds: Vec::new(),
                load_tests: Vec::new(),
                decisions: Vec::new(),
                notes: Vec::new(),
            },
        }
    }

    fn take(&mut self, dated: &Dated) {
        let at = dated.at;
        self.story.last = at;
        match &dated.entry {
            Entry::Began(began) => {
                let story = &mut self.story;
                story.tag.clone_from(&began.tag);
                story.commit.clone_from(&began.commit);
                story.digest.clone_from(&began.digest);
                story.policy.clone_from(&began.policy);
                let action = began.instruction.as_ref();
                story.action = action.map(|it| it.action.name().to_owned());
                let environments = began.settings.environments.iter();
                story.environments = environments
                    .map(|it| Place {
                        name: it.name.clone(),
                        progress: "pending".to_owned(),
                        load_test: None,
                    })
                    .collect();
            }
            Entry::Resumed {
                interrupted,
                repeated,
            } => {
                if *repeated {
                    self.cut_off(at);
                }
                let cut = interrupted.as_ref().map_or_else(String::new, |effect| {
                    let then = if *repeated {
                        "done again"
                    } else {
                        "not repeated"
                    };
                    format!("; {} was cut off, and is {then}", sentence(effect))
                });
                self.note(at, format!("another process went on{cut}"));
            }
            Entry::Decided { decision, .. } => self.decided(at, decision),
            Entry::Started { effect } => self.began(at, effect),
            Entry::Happened { event, details } => {
                self.happened(at, event, details);
            }
            Entry::Noted { text } => self.note(at, text.clone()),
            Entry::Interrupted => self.note(at, "interrupted".to_owned()),
            Entry::Concluded { conclusion } => {
                self.story.conclusion = Some(conclusion.name().to_owned());
            }
        }
    }

    /// An effect that is done again is a step of its own.
    fn cut_off(&mut self, at: u64) {
        let effects = ["deploy", "load-test", "notify"];
        let mut open = self.story.steps.iter_mut().rev();
        let open = open.find(|it| it.ended.is_none() && effects.contains(&it.what.as_str()));
        if let Some(step) = open {
            step.ended = Some(at);
            step.state = State::Warned;
            "cut off, and done again".clone_into(&mut step.outcome);
        }
    }

    pub(super) fn note(&mut self, at: u64, text: String) {
        self.story.notes.push(Note { at, text });
    }

    fn decided(&mut self, at: u64, decision: &Decided) {
        let told = Decision {
            at,
            times: 1,
            verdict: decision.permission.name().to_owned(),
            next: sentence(&decision.next),
            reasons: decision
                .reasons
                .iter()
                .map(|it| Reason {
                    code: it.code.clone(),
                    message: it.message.clone(),
                    help: it.help.clone(),
                })
                .collect(),
        };
        for place in &decision.standings {
            let mut known = self.story.environments.iter_mut();
            if let Some(known) = known.find(|it| it.name == place.environment) {
                if known.progress != "converged" && place.progress == Progress::Converged {
                    let steps = self.story.steps.iter_mut();
                    finish(
                        steps,
                        "converge",
                        &known.name,
                        at,
                        State::Done,
                        "every node serves the release",
                    );
                }
                if place.progress == Progress::Failed && known.progress != "failed" {
                    let steps = self.story.steps.iter_mut();
                    let why = decision.reasons.first().map_or("", |it| &it.message);
                    finish(steps, "converge", &known.name, at, State::Failed, why);
                }
                place.progress.name().clone_into(&mut known.progress);
                known.load_test = place.load_test.map(|it| it.name().to_owned());
                if let Some(verdict) = &known.load_test {
                    let steps = self.story.steps.iter_mut();
                    judged(
                        steps,
                        &known.name,
                        verdict,
                        decision.permission == Permission::Stop,
                    );
                }
            }
        }
        match self.story.decisions.last_mut() {
            Some(last)
                if last.verdict == told.verdict
                    && last.next == told.next
                    && last.reasons.first().map(|it| &it.code)
                        == told.reasons.first().map(|it| &it.code) =>
            {
                last.times += 1;
                last.reasons = told.reasons;
            }
            _ => self.story.decisions.push(told),
        }
    }

    fn began(&mut self, at: u64, effect: &Action) {
        let (what, environment) = match effect {
            Action::Deploy(environment) => ("deploy", Some(environment.clone())),
            Action::LoadTest(environment) => ("load-test", Some(environment.clone())),
            Action::Notify(_) => ("notify", None),
            Action::Observe(_) | Action::Wait(_) | Action::Finish(_) => return,
        };
        self.story.steps.push(Step {
            what: what.to_owned(),
            environment,
            began: at,
            ended: None,
            state: State::Running,
            outcome: "under way".to_owned(),
            log: None,
        });
    }
}

fn sentence(action: &Action) -> String {
    ActionDocument::from(action.clone()).sentence()
}

fn finish<'a>(
    steps: impl DoubleEndedIterator<Item = &'a mut Step>,
    what: &str,
    environment: &str,
    at: u64,
    state: State,
    outcome: &str,
) {
    let mut open = steps.rev();
    let step = open.find(|it| {
        it.what == what && it.environment.as_deref() == Some(environment) && it.ended.is_none()
    });
    if let Some(step) = step {
        step.ended = Some(at);
        step.state = state;
        outcome.clone_into(&mut step.outcome);
    }
}

/// What a load test proved is known once the policy has judged it.
fn judged<'a>(
    steps: impl DoubleEndedIterator<Item = &'a mut Step>,
    environment: &str,
    verdict: &str,
    is_stop: bool,
) {
    let mut tests = steps
        .rev()
        .filter(|it| it.what == "load-test" && it.environment.as_deref() == Some(environment));
    if let Some(step) = tests.next().filter(|it| it.ended.is_some()) {
        step.state = match verdict {
            "passed" => State::Done,
            _ if is_stop => State::Failed,
            _ => State::Warned,
        };
        if !step.outcome.starts_with(verdict) {
            step.outcome = format!("{verdict}: {}", step.outcome);
        }
    }
}
