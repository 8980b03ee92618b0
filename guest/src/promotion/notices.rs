//! Notices to people: their texts, and when they are due.
//!
//! Each state that a release reaches has one notice, sent before the next step. A refused tag and unusable
//! settings have none: otherwise anyone who can push a tag could flood the team's channel. The host reports
//! them to the caller.

use super::answer::Answer;
use super::case::Case;
use crate::bindings::promotion::{Action, Conclusion, EventKind, Notice, Permission, Urgency};
use crate::reason::{codes, short};

/// Finds the notice to send before the answer is carried out.
///
/// A notice that could not be sent is not repeated, because a broken channel must not block a release.
pub(super) fn due(case: &Case<'_>, answer: &Answer) -> Option<Notice> {
    outside(answer)
        .into_iter()
        .chain(warning(answer))
        .chain(ending(answer))
        .find(|(_, key, _)| !sent(case, key))
        .map(|(urgency, key, what)| Notice {
            urgency,
            key: key.to_owned(),
            text: text(case, answer, what),
        })
}

type Draft = (Urgency, &'static str, &'static str);

fn outside(answer: &Answer) -> Option<Draft> {
    answer.warns_outside.then_some((
        Urgency::Warning,
        "outside-hours",
        "starts outside of the windows",
    ))
}

fn warning(answer: &Answer) -> Option<Draft> {
    let warns = answer.permission == Permission::PromoteWithWarning && !answer.warns_outside;
    // The first reason has the warning. If it is about the watch of the last environment, the last notice says it.
    let is_watch = answer.reasons.first().is_some_and(|it| {
        it.code == codes::WATCH_FAILED
            || it.code == codes::WATCH_ERRORED
            || it.code == codes::WATCH_INCONCLUSIVE
    });
    let key = if is_watch {
        "watch-warning"
    } else {
        "load-test-warning"
    };
    (warns && !(is_watch && answer.is_end())).then_some((
        Urgency::Warning,
        key,
        "continues with a warning",
    ))
}

fn ending(answer: &Answer) -> Option<Draft> {
    let Action::Finish(conclusion) = answer.next else {
        return None;
    };
    Some(match conclusion {
        Conclusion::Promoted => (Urgency::Info, "promoted", "was promoted"),
        // The last message is the one that people see: it must not look as if nothing had happened.
        Conclusion::PromotedWithWarning => {
            (Urgency::Warning, "promoted", "was promoted with a warning")
        }
        Conclusion::Stopped => (Urgency::Failure, "stopped", "was stopped"),
        Conclusion::Superseded => (Urgency::Info, "superseded", "was superseded"),
        Conclusion::RolledBack => (Urgency::Failure, "rolled-back", "was rolled back"),
        Conclusion::Canceled => (Urgency::Info, "canceled", "was canceled"),
    })
}

fn sent(case: &Case<'_>, key: &str) -> bool {
    case.history.iter().any(
        |event| matches!(&event.kind, EventKind::Notified(notification) if notification.key == key),
    )
}

/// The text names two reasons: the first one decided, and the second one has the numbers.
fn text(case: &Case<'_>, answer: &Answer, what: &str) -> String {
    let commit = short(case.commit);
    let mut text = format!("{commit} {what} ({})", case.release.tag);
    for (place, reason) in answer.reasons.iter().take(2).enumerate() {
        text.push_str(if place == 0 { ": " } else { "; " });
        text.push_str(&reason.message);
    }
    text
}

#[cfg(test)]
mod tests {
    use crate::bindings::promotion::{
        Action, Conclusion, InterventionKind, Notice, Outcome, Urgency,
    };
    use crate::bindings::types::Verdict;
    use crate::fixtures::{History, SHA, measurement, release};

    fn notice(tag: &str, history: &History) -> Notice {
        match history.decide(&release(tag)).next {
            Action::Notify(notice) => notice,
            other => panic!("{other:?}"),
        }
    }

    fn next(tag: &str, history: &History) -> Action {
        history.decide(&release(tag)).next
    }

    #[test]
    fn every_end_is_told_once() {
        let ends = [
            (
                History::new().deployed("stage", Outcome::Failed),
                (Urgency::Failure, "stopped"),
                Conclusion::Stopped,
            ),
            (
                History::new().through("stage").through("prod"),
                (Urgency::Info, "promoted"),
                Conclusion::Promoted,
            ),
            (
                History::new().superseded("stage"),
                (Urgency::Info, "superseded"),
                Conclusion::Superseded,
            ),
            (
                History::new().intervened(InterventionKind::Canceled),
                (Urgency::Info, "canceled"),
                Conclusion::Canceled,
            ),
        ];
        for (history, (urgency, key), conclusion) in ends {
            let notice = notice("stage", &history);
            assert_eq!((notice.urgency, notice.key.as_str()), (urgency, key));
            // Handing it over fails in this history, and that is that.
            let told = history.notified(key);
            assert_eq!(next("stage", &told), Action::Finish(conclusion));
        }
    }

    #[test]
    fn a_warning_goes_out_before_the_release_goes_on() {
        let mut measurement = measurement();
        measurement.total.failures = 37;
        let history = History::new().through("stage").measured(measurement);
        let tag = "stage-loadtest-warn";
        let warning = notice(tag, &history);
        assert_eq!(warning.urgency, Urgency::Warning);
        assert_eq!(warning.key, "load-test-warning");
        assert_eq!(
            warning.text,
            format!(
                "4b825dc642cb continues with a warning ({tag}-{SHA}): the load test of `stage` failed; \
                 `warn` lets the release continue; 37 of 600 requests failed; 0 are allowed"
            )
        );
        let told = history.notified("load-test-warning");
        assert_eq!(next(tag, &told), Action::Deploy("prod".to_owned()));
    }

    #[test]
    fn the_last_notice_of_a_promotion_with_a_warning_is_a_warning() {
        let mut measurement = measurement();
        measurement.total.failures = 37;
        let history = History::new()
            .through("stage")
            .measured(measurement)
            .notified("load-test-warning")
            .through("prod");
        let last = notice("stage-loadtest-warn", &history);
        assert_eq!(
            (last.urgency, last.key.as_str()),
            (Urgency::Warning, "promoted")
        );
        assert!(
            last.text.contains("was promoted with a warning"),
            "{}",
            last.text
        );
    }

    #[test]
    fn no_warning_is_sent_before_the_release_continues() {
        let waiting = History::new()
            .through("stage")
            .load_tested("stage", Verdict::Failed)
            .locked("prod");
        assert_eq!(next("stage-loadtest-warn", &waiting), Action::Wait(10));
    }

    #[test]
    fn a_refused_tag_is_not_announced() {
        let stopped = Action::Finish(Conclusion::Stopped);
        assert_eq!(next("latest", &History::new()), stopped);
        let unusable = History::new().with(|s| s.environments[0].convergence_rounds = 0);
        assert_eq!(next("stage", &unusable), stopped);
    }
}
