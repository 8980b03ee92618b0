//! Checks the answers of a policy before they are used, for the rules of the contract that its types can't express.

use super::limits::Failure;
use crate::contract::Answer;
use crate::contract::environments::{Build, Target};
use crate::contract::labels::{Labels, Message};
use crate::contract::promotion::{
    Action, Conclusion, Decision, Event, LoadTestRun, Permission, Question, Step,
};
use crate::contract::types::{Attribute, Evidence, Reason, Settings, Span};
use crate::contract::validate::{is_attribute_name, is_attribute_value, is_commit, is_tag};

pub(super) type Check = Result<(), Failure>;

pub fn labels(answer: &Answer<Labels>, message: &Message) -> Check {
    let labels = match answer {
        Ok(labels) => labels,
        Err(refusals) => return self::refusals(refusals),
    };
    let spans = labels.diagnostics.iter().filter_map(|d| d.span.as_ref());
    for span in labels.source.iter().chain(spans) {
        place(*span, &message.text)?;
    }
    attributes(&labels.extra)?;
    labels.diagnostics.iter().try_for_each(|d| code(&d.code))
}

pub fn tags(answer: &Answer<Vec<String>>, build: &Build) -> Check {
    let tags = match answer {
        Ok(tags) => tags,
        Err(refusals) => return self::refusals(refusals),
    };
    holds(!tags.is_empty(), "it returned no tag for a build")?;
    let commit = build.commit.as_bytes();
    let mut names_commit = false;
    for (place, tag) in tags.iter().enumerate() {
        holds(is_tag(tag), "it returned an invalid tag")?;
        holds(!tags[..place].contains(tag), "it returned a tag twice")?;
        for run in tag.as_bytes().split(|byte| !byte.is_ascii_hexdigit()) {
            let is_commit = run == commit;
            names_commit |= is_commit;
            holds(
                is_commit || run.len() < 40,
                "it returned a tag of another commit",
            )?;
        }
    }
    holds(names_commit, "none of its tags contains the commit")
}

pub fn target(answer: &Answer<Target>, tag: &str, settings: &Settings) -> Check {
    let target = match answer {
        Ok(target) => target,
        Err(refusals) => return self::refusals(refusals),
    };
    environment(&target.environment, settings)?;
    holds(
        is_commit(&target.commit),
        "the commit of its target is not a full commit hash",
    )?;
    holds(
        tag.contains(&target.commit),
        "the commit of its target is not the one in the tag",
    )
}

pub fn decision(decision: &Decision, history: &[Event], settings: &Settings) -> Check {
    refusals(&decision.reasons)?;
    for reason in &decision.reasons {
        for evidence in &reason.evidence {
            if let Evidence::Event(place) = evidence {
                let known = usize::try_from(*place).is_ok_and(|place| place < history.len());
                holds(
                    known,
                    "a reason refers to an event that is not in the history",
                )?;
            }
        }
    }
    for status in &decision.environments {
        environment(&status.environment, settings)?;
    }
    if let Action::Perform(step) = &decision.next {
        attributes(&step.arguments)?;
    }
    let permitted = matches!(
        decision.permission,
        Permission::Promote | Permission::PromoteWithWarning
    );
    match &decision.next {
        Action::Deploy(name)
        | Action::Observe(name)
        | Action::Measure(name)
        | Action::LoadTest(LoadTestRun {
            environment: name, ..
        })
        | Action::Perform(Step {
            environment: name, ..
        })
        | Action::Ask(Question {
            environment: name, ..
        }) => {
            environment(name, settings)?;
            holds(
                decision.permission != Permission::Stop,
                "it says stop and names a next action",
            )
        }
        Action::RollBack(name) => environment(name, settings),
        Action::Finish(Conclusion::Promoted | Conclusion::PromotedWithWarning) => {
            holds(permitted, "it finishes as promoted without permission")
        }
        Action::Finish(_) => holds(
            !permitted,
            "it gives permission and finishes without promotion",
        ),
        Action::Notify(_) | Action::Wait(_) => Ok(()),
    }
}

fn refusals(reasons: &[Reason]) -> Check {
    holds(!reasons.is_empty(), "it gave no reason")?;
    reasons.iter().try_for_each(|reason| code(&reason.code))
}

fn environment(name: &str, settings: &Settings) -> Check {
    holds(
        settings.environments.iter().any(|known| known.name == name),
        "it named an environment that is not in the settings",
    )
}

/// Checks a code, which other tools compare: kebab-case, at most 64 bytes.
fn code(code: &str) -> Check {
    let fits = (1..=64).contains(&code.len())
        && !code.starts_with('-')
        && code
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    holds(fits, "one of its codes is not kebab-case")
}

fn place(span: Span, text: &str) -> Check {
    let inside = usize::try_from(span.start)
        .ok()
        .zip(usize::try_from(span.end).ok())
        .is_some_and(|(start, end)| start < end && text.get(start..end).is_some());
    holds(inside, "it referred to a place outside the message")
}

/// Checks attributes, which are recorded and passed on.
fn attributes(attributes: &[Attribute]) -> Check {
    attributes.iter().try_for_each(|it| {
        holds(
            is_attribute_name(&it.name),
            "one of its attributes has an invalid name",
        )?;
        holds(
            is_attribute_value(&it.value),
            "one of its attributes is not JSON of at most 64 KiB",
        )
    })
}

pub(super) fn holds(kept: bool, otherwise: &str) -> Check {
    if kept {
        Ok(())
    } else {
        Err(Failure::Contract(otherwise.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::promotion::EnvironmentStatus;
    use crate::contract::settings;
    use crate::contract::types::LoadTestAction;

    const SHA: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

    fn said(check: Check) -> String {
        check.expect_err("a broken promise").to_string()
    }

    fn build() -> Build {
        Build {
            commit: SHA.to_owned(),
            branch: None,
            action: LoadTestAction::Warn,
            jobs: Vec::new(),
            extra: Vec::new(),
            facts: Vec::new(),
        }
    }

    fn reason(code: &str, evidence: Vec<Evidence>) -> Reason {
        Reason {
            code: code.to_owned(),
            message: String::new(),
            evidence,
            help: None,
        }
    }

    fn with(permission: Permission, next: Action) -> Decision {
        Decision {
            permission,
            next,
            reasons: vec![reason("because", Vec::new())],
            environments: Vec::new(),
        }
    }

    #[test]
    fn tags_of_another_commit_or_of_no_registry() {
        let other = "b".repeat(40);
        for (tags, broken) in [
            (vec![], "returned no tag"),
            (vec![format!("prod-{other}")], "another commit"),
            (
                vec![format!("prod-{}", SHA.to_uppercase())],
                "another commit",
            ),
            (vec!["latest".to_owned()], "none of its tags contains"),
            (vec![format!("prod {SHA}")], "an invalid tag"),
            (vec![format!("-{SHA}")], "an invalid tag"),
            (vec![format!("{SHA}\n")], "an invalid tag"),
            (vec![SHA.to_owned(), SHA.to_owned()], "a tag twice"),
        ] {
            let message = said(super::tags(&Ok(tags), &build()));
            assert!(message.contains(broken), "{message}");
        }
        assert!(tags(&Ok(vec![format!("stage-{SHA}"), "latest".into()]), &build()).is_ok());
    }

    #[test]
    fn places_outside_the_message() {
        let message = Message {
            text: "é [x]".to_owned(),
            truncated: false,
        };
        for (start, end, fits) in [
            (0, 2, true),
            (1, 3, false),
            (3, 3, false),
            (4, 3, false),
            (3, 99, false),
        ] {
            let labels = Labels {
                action: LoadTestAction::Warn,
                source: Some(Span { start, end }),
                diagnostics: Vec::new(),
                extra: Vec::new(),
            };
            assert_eq!(
                super::labels(&Ok(labels), &message).is_ok(),
                fits,
                "{start}..{end}"
            );
        }
    }

    #[test]
    fn attributes_that_are_invalid() {
        let long = format!("\"{}\"", "x".repeat(64 << 10));
        for (name, value, broken) in [
            ("Canary", "10", "an invalid name"),
            ("", "10", "an invalid name"),
            ("canary", "ten", "is not JSON"),
            ("canary", "", "is not JSON"),
            ("canary", &long, "is not JSON"),
        ] {
            let attribute = Attribute {
                name: name.to_owned(),
                value: value.to_owned(),
            };
            let labels = Labels {
                action: LoadTestAction::Warn,
                source: None,
                diagnostics: Vec::new(),
                extra: vec![attribute.clone()],
            };
            let message = Message {
                text: String::new(),
                truncated: false,
            };
            assert!(said(super::labels(&Ok(labels), &message)).contains(broken));
            let step = Step {
                name: "canary".to_owned(),
                environment: "prod".to_owned(),
                arguments: vec![attribute],
            };
            let decision = with(Permission::Hold, Action::Perform(step));
            let check = super::decision(&decision, &[], &settings::defaults());
            assert!(said(check).contains(broken));
        }
    }

    #[test]
    fn refusals_without_a_reason_or_with_a_wild_code() {
        assert!(said(refusals(&[])).contains("no reason"));
        for wild in ["", "Loud", "-x", "two words", "\u{1b}[31m", &"x".repeat(65)] {
            assert!(
                said(refusals(&[reason(wild, vec![])])).contains("kebab-case"),
                "{wild:?}"
            );
        }
    }

    #[test]
    fn decisions_that_contradict_themselves() {
        let settings = settings::defaults();
        let stage = || "stage".to_owned();
        for (decision, broken) in [
            (with(Permission::Stop, Action::Deploy(stage())), "says stop"),
            (
                with(Permission::Hold, Action::Finish(Conclusion::Promoted)),
                "without permission",
            ),
            (
                with(Permission::Promote, Action::Finish(Conclusion::Stopped)),
                "gives permission and finishes",
            ),
            (
                with(Permission::Promote, Action::Deploy("moon".to_owned())),
                "not in the settings",
            ),
        ] {
            let message = said(super::decision(&decision, &[], &settings));
            assert!(message.contains(broken), "{message}");
        }
        let mut decision = with(Permission::Hold, Action::Wait(1));
        assert!(super::decision(&decision, &[], &settings).is_ok());
        decision.reasons[0].evidence.push(Evidence::Event(0));
        assert!(said(super::decision(&decision, &[], &settings)).contains("not in the history"));
        decision.reasons.clear();
        assert!(said(super::decision(&decision, &[], &settings)).contains("no reason"));
    }

    #[test]
    fn statuses_of_unknown_environments() {
        use crate::contract::promotion::Progress;
        let mut decision = with(Permission::Hold, Action::Wait(1));
        decision.environments.push(EnvironmentStatus {
            environment: "moon".to_owned(),
            progress: Progress::Pending,
            approved_by: Vec::new(),
            load_tests: Vec::new(),
            watch: None,
            nodes: Vec::new(),
        });
        let message = said(super::decision(&decision, &[], &settings::defaults()));
        assert!(message.contains("not in the settings"), "{message}");
    }

    #[test]
    fn targets_of_another_commit() {
        let settings = settings::defaults();
        let target = |commit: String| {
            Ok(Target {
                environment: "prod".to_owned(),
                commit,
                action: None,
            })
        };
        let tag = format!("prod-{SHA}");
        assert!(super::target(&target(SHA.to_owned()), &tag, &settings).is_ok());
        let other = said(super::target(&target("b".repeat(40)), &tag, &settings));
        assert!(other.contains("not the one in the tag"), "{other}");
        let short = said(super::target(&target(SHA[..7].to_owned()), &tag, &settings));
        assert!(short.contains("not a full commit hash"), "{short}");
    }
}
