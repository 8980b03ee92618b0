//! What a person does now about a deployment: one function for the console, messages, reports and the page.

use super::held;
use super::timeline::{Note, Step, StepKind, StepState, Timeline, how_to_answer};
use crate::contract::promotion::{Conclusion, Permission};
use crate::text::number::short;
use crate::window::table::is_of_freeze;

/// What to do now, most important first; nothing while the deployment runs, unless it waits for people or for a window.
///
/// A deployment whose last decision is to stop counts as stopped before its conclusion is recorded, so that a message
/// about it can say what to do.
pub fn what_now(timeline: &Timeline) -> Vec<String> {
    let is_stopped = || {
        let last = timeline.decisions.last();
        last.is_some_and(|it| it.permission.0 == Permission::Stop)
    };
    match timeline.conclusion.map(|it| it.0) {
        None if timeline.interrupted => {
            let resume = Some(resume(timeline));
            let said = timeline.stored.iter().map(stored);
            let items = resume.into_iter().chain(said);
            items.chain(waits(timeline)).collect()
        }
        None if is_stopped() => stopped(timeline),
        None => waits(timeline).collect(),
        Some(Conclusion::Promoted) => vec![
            "watch the dashboards; if production breaks, `greenlight rollback-advice` says what to revert"
                .to_owned(),
        ],
        Some(Conclusion::PromotedWithWarning) => vec![
            format!(
                "find out what the warning means for production: if it is a fault of the release, {}",
                revert(timeline)
            ),
            "watch the dashboards".to_owned(),
        ],
        Some(Conclusion::Stopped | Conclusion::RolledBack) => stopped(timeline),
        Some(Conclusion::Superseded) => vec![
            "nothing: a newer release that contains it takes its place; `greenlight status` shows that one"
                .to_owned(),
        ],
        Some(Conclusion::Canceled) => canceled(timeline),
    }
}

/// The interventions that a person sent after its process had ended.
pub fn stored(said: &Note) -> String {
    format!("stored, and counts when it is resumed: {}", said.text)
}

/// What it waits for: people, a person's hold, or a window.
fn waits(timeline: &Timeline) -> impl Iterator<Item = String> {
    let people = answer(timeline).or_else(|| hold(timeline));
    people.into_iter().chain(window(timeline))
}

/// The question that it waits for, and how to answer it.
fn answer(timeline: &Timeline) -> Option<String> {
    let question = timeline.question.as_ref()?;
    let how = how_to_answer(timeline.number, &question.environment);
    Some(format!("{}; {how}", question.in_words()))
}

/// The message of the last decision about a person's hold.
fn held_by_person(timeline: &Timeline) -> Option<&str> {
    let reasons = &timeline.decisions.last()?.reasons;
    let held = reasons.iter().find(|it| it.code == held::PERSON);
    held.map(|it| it.message.as_str())
}

/// The person who holds it, and how to end the hold. An approval ends it, too, where the release waits for approvals.
fn hold(timeline: &Timeline) -> Option<String> {
    let held = held_by_person(timeline)?;
    let number = timeline.number;
    Some(format!(
        "{held}; end the hold with `greenlight approve {number} --by NAME --reason TEXT`"
    ))
}

/// The window or the freeze that holds it, and how to end the wait.
fn window(timeline: &Timeline) -> Option<String> {
    let held = timeline.held.as_ref()?;
    let name = held.window.as_ref()?;
    let number = timeline.number;
    let end = if timeline.interrupted {
        ""
    } else {
        "end its process, then "
    };
    let despite =
        format!("{end}`greenlight run --resume {number} --despite {name} --by NAME --reason TEXT`");
    let (too, then) = match held_by_person(timeline) {
        Some(_) => (", too", "until the next opening"),
        None => ("", "and it continues by itself at the next opening"),
    };
    Some(if is_of_freeze(name) {
        format!(
            "freeze `{name}` holds it{too}: end the freeze with `greenlight thaw {name} --by NAME --reason TEXT`; to let only \
             this release ignore it, {despite}"
        )
    } else {
        format!("window `{name}` holds it{too}, {then}; to let it ignore the window, {despite}")
    })
}

/// How to continue an interrupted deployment. One without a policy has no complete record, so it can't be resumed.
fn resume(timeline: &Timeline) -> String {
    let number = timeline.number;
    if timeline.policy.is_empty() {
        format!(
            "its process ended before its first record: start it again with `greenlight run --tag {}`, or end it \
             with `greenlight cancel {number} --by NAME`",
            timeline.tag
        )
    } else {
        format!("its process has ended: continue with `greenlight run --resume {number}`")
    }
}

fn stopped(timeline: &Timeline) -> Vec<String> {
    let mut steps = timeline.steps.iter().rev();
    let failed = steps.find(|it| {
        it.state.0 == StepState::Failed
            && matches!(
                it.kind.0,
                StepKind::Deploy | StepKind::Step | StepKind::Converge | StepKind::LoadTest
            )
    });
    let again = format!(
        "deploy it again with `greenlight run --tag {}`",
        timeline.tag
    );
    let mut list = Vec::new();
    match failed.map(|it| (it.kind.0, place(it))) {
        Some((StepKind::Step, place)) => {
            let name = failed.map(Step::title).unwrap_or_default();
            list.push(format!(
                "find out why {name} of {place} failed: see the last lines of its output; then {again}, or {}",
                revert(timeline)
            ));
        }
        Some((StepKind::Deploy, place)) => {
            list.push(format!(
                "find out why the deploy command of {place} failed: see the last lines of its output"
            ));
            let nodes = serving(timeline, place);
            list.push(format!("{nodes}: {again}, or {}", revert(timeline)));
        }
        Some((StepKind::Converge, place)) => {
            list.push(format!(
                "find out why not every node of {place} serves the release; then {again}, or {}",
                revert(timeline)
            ));
        }
        Some((StepKind::LoadTest, place)) => {
            list.push(format!(
                "find out why the load test of {place} failed, and merge a fix, or {}",
                revert(timeline)
            ));
        }
        _ => {
            let reason = timeline.decisions.last();
            let reason = reason.and_then(|it| it.reasons.first());
            let help = reason.and_then(|it| it.help.clone());
            list.push(help.unwrap_or_else(|| format!("remove the cause; then {again}")));
        }
    }
    list.extend(untouched(timeline));
    list
}

fn canceled(timeline: &Timeline) -> Vec<String> {
    let mut list = vec![format!(
        "to deploy it after all, `greenlight run --tag {}`",
        timeline.tag
    )];
    match untouched(timeline) {
        Some(text) => list.push(text),
        None => list.push(
            "check what the nodes of production serve: the deployment had begun to change them"
                .to_owned(),
        ),
    }
    list
}

/// Says how many nodes of an environment served the release at the end.
fn serving(timeline: &Timeline, place: &str) -> String {
    let look = timeline.last_look.iter().find(|it| it.environment == place);
    let nodes = look.map_or(&[][..], |it| &it.nodes);
    let count = |is: &dyn Fn(&str) -> bool| {
        let commits = nodes.iter().filter_map(|it| it.commit.as_deref());
        commits.filter(|it| is(it)).count()
    };
    let (answered, release) = (count(&|_| true), count(&|it| it == timeline.commit));
    if answered < nodes.len() || nodes.is_empty() {
        return format!("some nodes of {place} may serve the release already");
    }
    match (release, nodes.len()) {
        (0, _) => format!("no node of {place} serves the release"),
        (1, all) => format!("1 of {all} nodes of {place} serves the release"),
        (some, all) => format!("{some} of {all} nodes of {place} serve the release"),
    }
}

/// Says that production is unchanged, if it is.
fn untouched(timeline: &Timeline) -> Option<String> {
    let production = timeline.environments.last()?;
    let mut steps = timeline.steps.iter();
    let is_touched = steps.any(|it| {
        it.kind.0 == StepKind::Deploy && it.environment.as_ref() == Some(&production.name)
    });
    (!is_touched).then(|| format!("{} is unchanged", production.name))
}

fn revert(timeline: &Timeline) -> String {
    format!(
        "revert it with `git revert {}` and merge that",
        short(&timeline.commit)
    )
}

fn place(step: &Step) -> &str {
    step.environment.as_deref().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::fields::ByName;
    use crate::deployment::held::Held;
    use crate::deployment::timeline::{Reason, fixture};

    fn says(timeline: &Timeline) -> String {
        what_now(timeline).join("\n")
    }

    #[test]
    fn a_stopped_deployment_names_what_failed() {
        let mut timeline = fixture::stopped();
        let text = says(&timeline);
        assert!(
            text.contains(
                "find out why the load test of stage failed, and merge a fix, or revert it"
            ),
            "{text}"
        );
        assert!(text.contains("`git revert ca779cf0631b`"), "{text}");
        assert!(text.ends_with("\nprod is unchanged"), "{text}");
        timeline.conclusion = None;
        assert_eq!(says(&timeline), text);

        let mut timeline = fixture::promoted_with_warning();
        timeline.conclusion = Some(ByName(Conclusion::Stopped));
        timeline.steps[3].state = ByName(StepState::Failed);
        let text = says(&timeline);
        assert!(
            text.contains("some nodes of prod may serve the release already: deploy it again"),
            "{text}"
        );
        assert!(!text.contains("unchanged"), "{text}");
        timeline.steps[4].state = ByName(StepState::Failed);
        let text = says(&timeline);
        assert!(
            text.starts_with("find out why not every node of prod"),
            "{text}"
        );
    }

    #[test]
    fn every_other_conclusion_says_what_to_do() {
        assert_eq!(what_now(&fixture::running()), [""; 0]);
        let mut timeline = fixture::running();
        timeline.interrupt();
        assert!(says(&timeline).contains("greenlight run --resume 41"));
        timeline.question = Some(fixture::question());
        let text = says(&timeline);
        let (resume, answer) = text.split_once('\n').expect("two items");
        assert!(resume.contains("greenlight run --resume 41"), "{text}");
        assert!(
            answer.starts_with("prod waits for 1 of 2 approvals; approved by Ada (proven, until "),
            "{text}"
        );
        assert!(
            answer.contains("`greenlight approve 41 --environment prod --by NAME"),
            "{text}"
        );
        timeline.interrupted = false;
        assert_eq!(says(&timeline), answer);
        timeline.question = None;
        timeline.held = Some(Held {
            environment: "prod".to_owned(),
            window: Some("freeze-3".to_owned()),
            next_opening: None,
            zone: None,
            text: String::new(),
        });
        let text = says(&timeline);
        assert!(
            text.contains("`greenlight thaw freeze-3 --by NAME"),
            "{text}"
        );
        assert!(
            text.contains("end its process, then `greenlight run --resume 41 --despite freeze-3"),
            "{text}"
        );
        if let Some(held) = &mut timeline.held {
            held.window = Some("hours".to_owned());
        }
        let text = says(&timeline);
        assert!(
            text.starts_with("window `hours` holds it, and it continues by itself")
                && !text.contains("thaw"),
            "{text}"
        );
        timeline.decisions[0].reasons.insert(
            0,
            Reason {
                code: held::PERSON.to_owned(),
                message: "Ada (claimed) put the release on hold: the dashboards are red".to_owned(),
                help: None,
                load_test: None,
            },
        );
        timeline.decisions.truncate(1);
        let text = says(&timeline);
        let (person, window) = text.split_once('\n').expect("two items");
        assert!(
            person.starts_with("Ada (claimed) put the release on hold: the dashboards are red; ")
                && person.contains("`greenlight approve 41 --by NAME"),
            "{text}"
        );
        assert!(
            window.starts_with("window `hours` holds it, too, until the next opening; "),
            "{text}"
        );
        for (conclusion, text) in [
            (Conclusion::Promoted, "rollback-advice"),
            (Conclusion::PromotedWithWarning, "what the warning means"),
            (Conclusion::Superseded, "nothing: a newer release"),
            (Conclusion::Canceled, "prod is unchanged"),
        ] {
            let mut timeline = fixture::running();
            timeline.conclusion = Some(ByName(conclusion));
            assert!(says(&timeline).contains(text), "{conclusion:?}");
        }
        let mut timeline = fixture::promoted_with_warning();
        timeline.conclusion = Some(ByName(Conclusion::Canceled));
        assert!(says(&timeline).contains("check what the nodes of production serve"));
    }
}
