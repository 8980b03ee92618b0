//! The checker finds each kind of violation in a history that was written by hand.

mod environments;

use std::collections::BTreeSet;

use greenlight::contract::promotion::{
    Action, Conclusion, Convergence, Event, EventKind, Node, NodeVersion, Round,
};
use greenlight::deployment::entry::{Details, Entry};
use greenlight::deployment::log::Dated;
use greenlight::journal::Header;
use greenlight::journal::inbox::{
    DeploymentRequest, DeploymentRequestState, PushEvent, PushEventRow, PushEventState,
};

use super::check;
use crate::effects::{Answer, Command, Effect, Kind};
use crate::history::{History, Recorded};

const OLD: &str = "1111111111111111111111111111111111111111";
const NEW: &str = "2222222222222222222222222222222222222222";

fn command(environment: &str, commit: &str, deployment: u64, at: f64) -> Command {
    Command {
        kind: Kind::Deploy,
        environment: environment.to_owned(),
        tag: format!("stage-{commit}"),
        commit: commit.to_owned(),
        digest: String::new(),
        deployment,
        run: format!("{at}"),
        alone: true,
        at,
    }
}

fn deploy(environment: &str, commit: &str, deployment: u64, at: f64) -> [Effect; 2] {
    let command = command(environment, commit, deployment, at);
    [Effect::Begin(command.clone()), Effect::End(command)]
}

fn started(environment: &str) -> Entry {
    Entry::Started {
        effect: Action::Deploy(environment.to_owned()),
    }
}

fn observed(commit: &str) -> Entry {
    let node = Node {
        name: "a".to_owned(),
        version: NodeVersion::Serves(commit.to_owned()),
    };
    let round = Round {
        environment: "stage".to_owned(),
        convergence: Convergence::Observed(vec![node]),
        times: 1,
    };
    Entry::Happened {
        event: Event {
            at: 1,
            kind: EventKind::Observed(round),
        },
        details: Details::Nothing,
    }
}

/// A deployment that went through both environments.
fn recorded(number: u64, commit: &str) -> Recorded {
    let conclusion = Conclusion::Promoted;
    let entries = [
        started("stage"),
        observed(commit),
        started("prod"),
        Entry::Concluded { conclusion },
    ];
    Recorded {
        header: Header {
            number,
            tag: format!("stage-{commit}"),
            digest: None,
            commit: commit.to_owned(),
            began: 1,
            conclusion: Some(conclusion),
            request: Some(format!("key-{number}")),
        },
        entries: entries.map(|entry| Dated { at: 1, entry }).to_vec(),
    }
}

/// Two releases, one after the other.
fn sound() -> History {
    let effects = [
        deploy("stage", OLD, 1, 1.0),
        deploy("prod", OLD, 1, 2.0),
        deploy("stage", NEW, 2, 3.0),
        deploy("prod", NEW, 2, 4.0),
    ];
    let answer = Effect::Answered(Answer {
        arguments: ["run", "--tag", "t", "--request", "key-1"]
            .map(str::to_owned)
            .to_vec(),
        status: Some(0),
        said: String::new(),
        killed: false,
        silent: false,
    });
    let webhook = Effect::Webhook {
        tag: "t".to_owned(),
        digest: None,
        status: Some(202),
        excused: false,
    };
    let request = DeploymentRequest {
        id: 1,
        key: "key-2".to_owned(),
        repository: "shop".to_owned(),
        tag: "t".to_owned(),
        digest: None,
        environment: "stage".to_owned(),
        commit: NEW.to_owned(),
        state: DeploymentRequestState::Started {
            reference: "deployment 2".to_owned(),
        },
        attempts: 1,
        created: 1,
        updated: 1,
    };
    let event = PushEventRow {
        id: 1,
        push_event: PushEvent {
            repository: "shop".to_owned(),
            tag: "t".to_owned(),
            digest: None,
        },
        deliveries: 1,
        first: 1,
        last: 1,
        state: PushEventState::Wanted { request: 1 },
    };
    History {
        effects: effects
            .into_iter()
            .flatten()
            .chain([answer, webhook])
            .collect(),
        deployments: [(1, recorded(1, OLD)), (2, recorded(2, NEW))].into(),
        push_events: vec![event],
        requests: vec![request],
        ancestors: [
            (OLD.to_owned(), BTreeSet::new()),
            (NEW.to_owned(), BTreeSet::from([OLD.to_owned()])),
        ]
        .into(),
        ..History::default()
    }
}

/// A change of the sound history breaks this promise, and the violation says why.
#[track_caller]
fn breaks(promise: &str, why: &str, change: impl FnOnce(&mut History)) {
    let mut history = sound();
    change(&mut history);
    let found = check(&history);
    let named = found
        .iter()
        .any(|it| it.promise.contains(promise) && it.why.contains(why));
    assert!(named, "{found:#?}");
    // The report names the seed.
    let report = found
        .iter()
        .map(|it| history.report(it))
        .collect::<String>();
    assert!(report.contains("seed 0"), "{report}");
}

/// A change of the sound history does not break this promise.
#[track_caller]
fn keeps(promise: &str, change: impl FnOnce(&mut History)) {
    let mut history = sound();
    change(&mut history);
    let found = check(&history);
    let named = found.iter().any(|it| it.promise.contains(promise));
    assert!(!named, "{found:#?}");
}

fn recorded_of(history: &mut History, number: u64) -> &mut Recorded {
    let recorded = history.deployments.get_mut(&number);
    recorded.expect("the deployment")
}

fn insert(history: &mut History, at: usize, effects: impl IntoIterator<Item = Effect>) {
    history.effects.splice(at..at, effects);
}

#[test]
fn a_sound_history_keeps_all_promises() {
    let found = check(&sound());
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_second_deploy_command_is_found() {
    breaks("at most once", "began 2 times, but 1 starts", |it| {
        insert(it, 8, deploy("prod", NEW, 2, 5.0));
    });
    // Also if both starts are recorded: the command is not repeatable.
    let recorded_twice = |it: &mut History| {
        insert(it, 8, deploy("prod", NEW, 2, 5.0));
        let entries = &mut recorded_of(it, 2).entries;
        let entry = started("prod");
        entries.insert(3, Dated { at: 1, entry });
    };
    breaks("at most once", "deployed to prod 2 times", recorded_twice);
    // A repeatable one needs a record of its repetition.
    breaks("at most once", "with 0 recorded repetitions", |it| {
        it.repeatable = true;
        recorded_twice(it);
    });
    let mut history = sound();
    history.repeatable = true;
    recorded_twice(&mut history);
    let entries = &mut recorded_of(&mut history, 2).entries;
    let entry = Entry::Resumed {
        interrupted: Some(Action::Deploy("prod".to_owned())),
        repeated: true,
    };
    entries.insert(3, Dated { at: 1, entry });
    assert!(check(&history).is_empty());
}

#[test]
fn a_deploy_command_of_an_unknown_deployment_is_found() {
    breaks("at most once", "deployment 3 is not in the journal", |it| {
        insert(it, 8, deploy("prod", NEW, 3, 5.0));
    });
    breaks("at most once", "ran a command for another release", |it| {
        recorded_of(it, 2).header.digest = Some("d".to_owned());
    });
}

#[test]
fn a_lost_webhook_is_found() {
    breaks("accepted webhook", "is lost", |it| it.push_events.clear());
    breaks("accepted webhook", "the request of t is lost", |it| {
        it.requests.clear();
    });
    breaks("accepted webhook", "ignored without a reason", |it| {
        it.push_events[0].state = PushEventState::Ignored { why: String::new() };
    });
    breaks("accepted webhook", "but began []", |it| {
        recorded_of(it, 2).header.request = None;
    });
    breaks("accepted webhook", "is Wanted", |it| {
        it.requests[0].state = DeploymentRequestState::Wanted;
    });
}

#[test]
fn two_starts_of_a_request_are_found() {
    breaks("accepted webhook", "began several deployments", |it| {
        recorded_of(it, 1).header.request = Some("key-2".to_owned());
    });
}

#[test]
fn a_message_that_is_sent_twice_is_found() {
    let tag = format!("stage-{NEW}");
    let told = |text: &str| Effect::Told {
        text: text.to_owned(),
    };
    let message = told(&format!("deployment 2: {tag} was promoted"));
    let mut history = sound();
    insert(&mut history, 8, [message.clone()]);
    assert!(check(&history).is_empty());
    breaks("not sent twice", "2 times, about 1 deployments", |it| {
        insert(it, 8, [message.clone(), message]);
    });
    breaks("not sent twice", "about 0 deployments", |it| {
        insert(it, 8, [told("about no deployment")]);
    });
}

#[test]
fn a_request_without_an_answer_is_found() {
    let answer = |change: fn(&mut Answer)| {
        move |it: &mut History| match &mut it.effects[8] {
            Effect::Answered(answer) => change(answer),
            other => panic!("{other:?}"),
        }
    };
    breaks("is answered", "did not end", answer(|it| it.silent = true));
    breaks(
        "is answered",
        "Some(101)",
        answer(|it| it.status = Some(101)),
    );
    breaks(
        "is answered",
        "said nothing",
        answer(|it| it.status = Some(1)),
    );
    breaks(
        "is answered",
        "refused because of its own deployment",
        answer(|it| {
            it.status = Some(2);
            it.said = "error: deployment 1 of this tag has not ended".to_owned();
        }),
    );
    breaks(
        "is answered",
        "began nothing",
        answer(|it| it.arguments[4] = "other".to_owned()),
    );
    breaks(
        "is answered",
        "said that it canceled",
        answer(|it| {
            it.arguments = vec!["cancel".to_owned(), "1".to_owned()];
        }),
    );
    breaks("is answered", "got None", |it| {
        if let Effect::Webhook { status, .. } = &mut it.effects[9] {
            *status = None;
        }
    });
    breaks("is answered", "deployment 2 has not ended", |it| {
        recorded_of(it, 2).header.conclusion = None;
    });
    breaks("is answered", "has records after its end", |it| {
        let entries = &mut recorded_of(it, 2).entries;
        entries.swap(0, 3);
    });
    breaks("is answered", "push event t is pending", |it| {
        it.push_events[0].state = PushEventState::Pending {
            why: None,
            again_at: 0,
        };
    });
}
