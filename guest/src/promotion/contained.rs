//! Stopped commits that the release contains: without a load test that passes, it does not carry them to
//! production.

use super::case::Fact;
use crate::action::word;
use crate::bindings::promotion::{
    Event, EventKind, StopCause, StoppedCommit, UnreleasedLabel, Waiver,
};
use crate::bindings::types::{Evidence, LoadTestAction, Reason};
use crate::reason::{because, codes, person, setting, short};

/// The stopped commits that the release contains, and what a person said about them.
pub(super) struct Contained<'a> {
    /// The first event about each commit.
    stopped: Vec<Fact<'a, StoppedCommit>>,
    /// The commits that a person lets the release carry.
    waived: Vec<Fact<'a, Waiver>>,
    /// The labels of other commits that count.
    labels: Vec<Fact<'a, UnreleasedLabel>>,
}

impl<'a> Contained<'a> {
    /// Finds them in the history.
    pub(super) fn read(history: &'a [Event]) -> Self {
        let mut contained = Self {
            stopped: Vec::new(),
            waived: Vec::new(),
            labels: Vec::new(),
        };
        for (place, event) in history.iter().enumerate() {
            match &event.kind {
                EventKind::Contains(it) => {
                    let mut known = contained.stopped.iter();
                    if !known.any(|other| other.what.commit == it.commit) {
                        contained.stopped.push(Fact::new(place, event, it));
                    }
                }
                EventKind::Waived(it) => contained.waived.push(Fact::new(place, event, it)),
                EventKind::Accompanied(it) => contained.labels.push(Fact::new(place, event, it)),
                _ => {}
            }
        }
        contained
    }

    /// Finds the load test action that applies: a stopped commit without a waiver needs a load test that
    /// passes, whatever the release asks for; else the strictest label counts.
    pub(super) fn action(&self, asked: Option<LoadTestAction>) -> Option<LoadTestAction> {
        match self.unwaived().next() {
            Some(_) => Some(LoadTestAction::Abort),
            None => self
                .stricter(asked)
                .map_or(asked, |it| Some(it.what.action)),
        }
    }

    /// The strictest label of another commit, if it is stricter than what the release asks for. Without an action of
    /// the release, only `abort` is known to be the strictest.
    fn stricter(&self, asked: Option<LoadTestAction>) -> Option<Fact<'a, UnreleasedLabel>> {
        let strictest = self
            .labels
            .iter()
            .max_by_key(|it| strictness(it.what.action))?;
        let least = asked.map_or(1, strictness);
        (strictness(strictest.what.action) > least).then_some(*strictest)
    }

    /// Explains why the release needs a load test that passes.
    pub(super) fn reasons(&self, asked: Option<LoadTestAction>) -> Vec<Reason> {
        let reason = |it: Fact<'_, StoppedCommit>| {
            let counts = match asked {
                Some(asked) if asked != LoadTestAction::Abort => {
                    format!("; `{}` counts as `abort`", word(asked))
                }
                _ => String::new(),
            };
            let message = format!("the release {}{counts}", clause(it.what));
            Reason::new(codes::CONTAINS_STOPPED_COMMIT, message)
                .on(it.evidence())
                .on(Evidence::Commit(it.what.commit.clone()))
                .help(help(it.what))
        };
        let stricter = self.stricter(asked).map(|it| {
            let message = format!(
                "`{}`, which is not live yet, asks for `{}`, the strictest action since the live release",
                short(&it.what.commit),
                word(it.what.action)
            );
            Reason::new(codes::LABEL_SINCE_LIVE, message)
                .on(it.evidence())
                .on(Evidence::Commit(it.what.commit.clone()))
                .on(setting("release.labels"))
        });
        self.unwaived().map(reason).chain(stricter).collect()
    }

    /// Explains which stopped commits a person lets the release carry.
    pub(super) fn waivers(&self) -> Vec<Reason> {
        let reason = |it: &Fact<'_, StoppedCommit>| {
            let waiver = self.waiver(it.what)?;
            let Waiver {
                by, proven, why, ..
            } = waiver.what;
            let message = format!(
                "{} lets the release continue, which {}{}",
                person(by, *proven),
                clause(it.what),
                because(why)
            );
            let reason = Reason::new(codes::STOPPED_COMMIT_WAIVED, message)
                .on(waiver.evidence())
                .on(it.evidence())
                .on(Evidence::Commit(it.what.commit.clone()));
            Some(reason)
        };
        self.stopped.iter().filter_map(reason).collect()
    }

    fn unwaived(&self) -> impl Iterator<Item = Fact<'a, StoppedCommit>> {
        let stopped = self.stopped.iter().copied();
        stopped.filter(|it| self.waiver(it.what).is_none())
    }

    fn waiver(&self, stopped: &StoppedCommit) -> Option<Fact<'a, Waiver>> {
        let mut waived = self.waived.iter().copied();
        waived.find(|it| it.what.commit == stopped.commit)
    }
}

/// How strict an action is.
const fn strictness(action: LoadTestAction) -> u8 {
    match action {
        LoadTestAction::Skip => 0,
        LoadTestAction::Warn => 1,
        LoadTestAction::Abort => 2,
    }
}

fn clause(stopped: &StoppedCommit) -> String {
    let contains = if stopped.certain {
        "contains"
    } else {
        "may contain"
    };
    let how = match stopped.cause {
        StopCause::LoadTest => "which its load test stopped",
        StopCause::Untested => "which asks for `abort` and ended untested",
    };
    format!(
        "{contains} `{}`, {how} in deployment {}",
        short(&stopped.commit),
        stopped.deployment
    )
}

fn help(stopped: &StoppedCommit) -> String {
    let commit = short(&stopped.commit);
    if stopped.certain {
        format!("fix it, or revert it with `git revert {commit}`")
    } else {
        format!(
            "fetch the whole history, so that git can tell whether the release contains `{commit}`"
        )
    }
}

#[cfg(test)]
mod tests {
    use crate::bindings::promotion::Permission::{self, Hold, Promote, PromoteWithWarning, Stop};
    use crate::bindings::promotion::{
        Action, EventKind, StopCause, StoppedCommit, UnreleasedLabel,
    };
    use crate::bindings::types::{Evidence, LoadTestAction, Verdict};
    use crate::fixtures::{History, OTHER, THIRD, load_test_run, release, waiver};

    const VERDICTS: [Option<Verdict>; 5] = [
        Some(Verdict::Passed),
        Some(Verdict::Failed),
        Some(Verdict::Errored),
        Some(Verdict::Inconclusive),
        None,
    ];

    fn stopped(commit: &str) -> StoppedCommit {
        StoppedCommit {
            commit: commit.to_owned(),
            deployment: 7,
            cause: StopCause::LoadTest,
            certain: true,
        }
    }

    fn contains(commit: &str) -> History {
        History::new().add(EventKind::Contains(stopped(commit)))
    }

    fn row(tag: &str, history: &History) -> [Permission; 5] {
        VERDICTS.map(|verdict| {
            let stage = history.clone().through("stage");
            let stage = match verdict {
                Some(verdict) => stage.load_tested("stage", verdict),
                None => stage,
            };
            stage.decide(&release(tag)).permission
        })
    }

    #[test]
    fn every_action_counts_as_abort() {
        for tag in ["stage", "stage-loadtest-warn", "stage-loadtest-abort"] {
            let row = row(tag, &contains(OTHER));
            assert_eq!(row, [Promote, Stop, Stop, Stop, Hold], "{tag}");
        }
    }

    #[test]
    fn a_release_whose_load_test_is_skipped_is_load_tested() {
        let history = contains(OTHER).through("stage");
        let decision = history.decide(&release("stage"));
        assert_eq!(decision.next, Action::LoadTest(load_test_run("stage")));
        let [first, second] = decision.reasons.as_slice() else {
            panic!("two reasons: {:?}", decision.reasons);
        };
        assert_eq!(first.code, "load-test-not-run");
        assert_eq!(second.code, "contains-stopped-commit");
        assert_eq!(
            second.message,
            "the release contains `bbbbbbbbbbbb`, which its load test stopped in deployment 7; `skip` counts as \
             `abort`"
        );
        let evidence = [Evidence::Event(0), Evidence::Commit(OTHER.to_owned())];
        assert_eq!(second.evidence, evidence);
        assert!(second.help.is_some());
    }

    #[test]
    fn production_waits_for_the_load_test_of_stage() {
        let history = History::new().through("stage");
        let history = history.add(EventKind::Contains(stopped(OTHER)));
        let decision = history.decide(&release("prod"));
        assert_eq!(decision.next, Action::Wait(10));
        let passed = history.load_tested("stage", Verdict::Passed);
        let decision = passed.decide(&release("prod"));
        assert_eq!(decision.next, Action::Deploy("prod".to_owned()));
    }

    #[test]
    fn a_commit_that_may_be_contained_counts_as_contained() {
        let mut other = stopped(OTHER);
        other.certain = false;
        other.cause = StopCause::Untested;
        let history = History::new().add(EventKind::Contains(other));
        assert_eq!(row("stage", &history), [Promote, Stop, Stop, Stop, Hold]);
        let decision = history.through("stage").decide(&release("stage"));
        assert_eq!(
            decision.reasons[1].message,
            "the release may contain `bbbbbbbbbbbb`, which asks for `abort` and ended untested in \
             deployment 7; `skip` counts as `abort`"
        );
        let help = decision.reasons[1].help.as_deref().unwrap_or_default();
        assert!(help.starts_with("fetch the whole history"), "{help}");
    }

    #[test]
    fn a_person_can_let_it_continue_with_a_warning() {
        let waived = contains(OTHER).add(EventKind::Waived(waiver(OTHER)));
        let warned = PromoteWithWarning;
        let expected = [Promote, warned, warned, warned, warned];
        assert_eq!(row("stage", &waived), expected);
        let expected = [Promote, Stop, Stop, Stop, Hold];
        assert_eq!(row("stage-loadtest-abort", &waived), expected);
        let decision = waived.through("stage").decide(&release("stage"));
        assert_eq!(decision.reasons[1].code, "stopped-commit-waived");
        let said = &decision.reasons[1].message;
        assert!(
            said.starts_with("Ada (claimed) lets the release continue, which "),
            "{said}"
        );
        assert!(said.ends_with(": a test"), "{said}");
        let evidence = [
            Evidence::Event(1),
            Evidence::Event(0),
            Evidence::Commit(OTHER.to_owned()),
        ];
        assert_eq!(decision.reasons[1].evidence, evidence);
    }

    #[test]
    fn a_waiver_is_for_one_commit() {
        let both = contains(OTHER)
            .add(EventKind::Contains(stopped(THIRD)))
            .add(EventKind::Waived(waiver(OTHER)));
        assert_eq!(row("stage", &both), [Promote, Stop, Stop, Stop, Hold]);
        let alone = History::new().add(EventKind::Waived(waiver(OTHER)));
        assert_eq!(row("stage", &alone), [Promote; 5]);
    }

    fn accompanied(actions: &[LoadTestAction]) -> History {
        let mut history = History::new();
        for action in actions {
            history = history.add(EventKind::Accompanied(UnreleasedLabel {
                commit: OTHER.to_owned(),
                action: *action,
            }));
        }
        history
    }

    #[test]
    fn the_strictest_label_since_the_live_release_counts() {
        use LoadTestAction::{Abort, Skip, Warn};
        let abort = [Promote, Stop, Stop, Stop, Hold];
        let warned = PromoteWithWarning;
        let warn = [Promote, warned, warned, warned, Hold];
        for (tag, labels, expected) in [
            ("stage", &[][..], [Promote; 5]),
            ("stage", &[Skip], [Promote; 5]),
            ("stage", &[Skip, Warn], warn),
            ("stage", &[Abort, Warn], abort),
            ("stage-loadtest-warn", &[Skip], warn),
            ("stage-loadtest-warn", &[Skip, Abort], abort),
            ("stage-loadtest-abort", &[Skip, Warn], abort),
        ] {
            assert_eq!(row(tag, &accompanied(labels)), expected, "{tag} {labels:?}");
        }
        let history = accompanied(&[Abort]).through("stage");
        let decision = history.decide(&release("stage"));
        assert_eq!(decision.reasons[1].code, "label-since-live");
        assert_eq!(
            decision.reasons[1].message,
            "`bbbbbbbbbbbb`, which is not live yet, asks for `abort`, the strictest action since the live release"
        );
    }

    #[test]
    fn each_commit_is_named_once() {
        let twice = contains(OTHER).add(EventKind::Contains(stopped(OTHER)));
        let decision = twice.through("stage").decide(&release("stage"));
        let named = decision.reasons.iter();
        let named = named.filter(|it| it.code == "contains-stopped-commit");
        assert_eq!(named.count(), 1);
    }
}
