//! Properties that hold for any answer of the bundled policy. The fuzzer runs the policy's native code and sees its
//! branches; the tests run the component in the sandbox.

use crate::contract::environments::{Build, Job, JobStatus};
use crate::contract::labels::Message;
use crate::contract::promotion::{
    Action, Event, EventKind, Intervention, InterventionKind, Permission, Release,
};
use crate::contract::settings;
use crate::contract::types::{Evidence, LoadTestAction, Reason};
use crate::contract::validate::is_tag;
use crate::facts;
use run::{decide, parse, resolve, tags};

/// The commit of the releases and builds.
const COMMIT: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

const ACTIONS: [LoadTestAction; 3] = [
    LoadTestAction::Abort,
    LoadTestAction::Skip,
    LoadTestAction::Warn,
];

/// Reads a history. Every release gets a decision with a reason, and the same decision each time.
pub(super) fn history(bytes: &[u8]) {
    let Some(events) = facts::fuzz::history(bytes) else {
        return;
    };
    let settings = settings::defaults();
    let now = events.last().map_or(0, |it| it.at);
    for tag in [
        "prod-",
        "stage-",
        "stage-loadtest-abort-",
        "stage-loadtest-skip-",
    ] {
        let release = Release {
            tag: format!("{tag}{COMMIT}"),
            digest: None,
            instruction: None,
            authors: Vec::new(),
            facts: Vec::new(),
        };
        let decision = decide(&release, &events, now, &settings);
        check_reasons(&decision.reasons);
        let mut evidence = decision.reasons.iter().flat_map(|it| &it.evidence);
        assert!(evidence.all(|it| match it {
            Evidence::Event(place) => usize::try_from(*place).is_ok_and(|it| it < events.len()),
            _ => true,
        }));
        assert!(decision == decide(&release, &events, now, &settings));
        if events.is_empty() {
            assert_ne!(decision.permission, Permission::Promote, "without events");
        }
        canceled(&release, events.clone(), now);
    }
}

/// After a person canceled the release, neither a deployment nor a load test starts.
fn canceled(release: &Release, mut events: Vec<Event>, now: u64) {
    events.push(Event {
        at: now,
        kind: EventKind::Intervened(Intervention {
            kind: InterventionKind::Canceled,
            by: "Ada".to_owned(),
            proven: false,
            why: String::new(),
            environment: None,
            digest: None,
            question: None,
        }),
    });
    let decision = decide(release, &events, now, &settings::defaults());
    let starts = matches!(decision.next, Action::Deploy(_) | Action::LoadTest(_));
    assert!(!starts, "{:?}", decision.next);
}

/// Reads the labels of a message. Each span is in the message, and each refusal has a reason.
pub(super) fn labels(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    for truncated in [false, true] {
        let text = text.to_owned();
        let message = Message { text, truncated };
        match parse(&message, LoadTestAction::Warn) {
            Ok(labels) => {
                let spans = labels.diagnostics.iter().filter_map(|it| it.span);
                for span in labels.source.into_iter().chain(spans) {
                    let place = |it| usize::try_from(it).expect("a place");
                    let found = message.text.get(place(span.start)..place(span.end));
                    assert!(found.is_some_and(|it| !it.is_empty()), "{span:?}");
                }
                let default = parse(&message, LoadTestAction::Skip).expect("labels");
                assert_eq!(default.source, labels.source);
                if labels.source.is_some() {
                    assert_eq!(default.action, labels.action);
                }
            }
            Err(reasons) => check_reasons(&reasons),
        }
    }
}

/// Resolves a tag, and makes the tags of a build. Each tag with a commit resolves to the build's commit.
pub(super) fn tag(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    let mut settings = settings::defaults();
    let commit = match resolve(text, &settings) {
        Ok(target) => {
            assert!(is_tag(text) && text.contains(&target.commit));
            target.commit
        }
        Err(reasons) => {
            check_reasons(&reasons);
            text.to_owned()
        }
    };
    for action in ACTIONS {
        let job = |name: &str| Job {
            name: name.to_owned(),
            status: JobStatus::Passed,
        };
        settings.required_jobs = vec!["test".to_owned()];
        let build = Build {
            commit: commit.clone(),
            branch: Some(settings.publish_branch.clone()),
            action,
            jobs: vec![job("test")],
            extra: Vec::new(),
            facts: Vec::new(),
        };
        match tags(&build, &settings) {
            Ok(written) => {
                assert!(!written.is_empty());
                for tag in written {
                    assert!(is_tag(&tag), "{tag}");
                    // Other tags follow the newest build, and start no deployment.
                    if tag.contains(&commit) {
                        let target = resolve(&tag, &settings).expect("a tag of a build");
                        assert_eq!(target.commit, commit);
                        assert!(target.action.is_none_or(|it| it == action));
                    } else {
                        resolve(&tag, &settings).expect_err("no commit");
                    }
                }
            }
            Err(reasons) => check_reasons(&reasons),
        }
    }
}

/// Asserts that the list of reasons is not empty, and that no reason has an empty code or message.
fn check_reasons(reasons: &[Reason]) {
    assert!(!reasons.is_empty(), "no reason");
    assert!(
        reasons
            .iter()
            .all(|it| !it.code.is_empty() && !it.message.is_empty())
    );
}

#[cfg(fuzzing)]
mod run {
    pub(super) use greenlight_policy::label::parse;
    pub(super) use greenlight_policy::promotion::decide;
    pub(super) use greenlight_policy::publish::tags;
    pub(super) use greenlight_policy::tag::resolve;
}

#[cfg(not(fuzzing))]
mod run {
    use super::{Build, Event, LoadTestAction, Message, Release};
    use crate::contract::Answer;
    use crate::contract::environments::Target;
    use crate::contract::labels::Labels;
    use crate::contract::promotion::Decision;
    use crate::contract::types::Settings;
    use crate::sandbox::{Policy, Use};

    fn policy() -> Policy {
        Policy::bundled(Use::Once).expect("the bundled policy")
    }

    pub(super) fn parse(message: &Message, default: LoadTestAction) -> Answer<Labels> {
        policy().parse(message, default).expect("an answer")
    }

    pub(super) fn tags(build: &Build, settings: &Settings) -> Answer<Vec<String>> {
        policy().tags(build, settings).expect("an answer")
    }

    pub(super) fn resolve(tag: &str, settings: &Settings) -> Answer<Target> {
        policy().resolve(tag, settings).expect("an answer")
    }

    pub(super) fn decide(
        release: &Release,
        history: &[Event],
        now: u64,
        settings: &Settings,
    ) -> Decision {
        let decision = policy().decide(release, history, now, settings);
        decision.expect("a decision")
    }
}
