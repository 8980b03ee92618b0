//! Receivers that are killed: before a delivery is stored, between what is stored and what is started,
//! between what is started and its record.

use greenlight::journal::inbox::DeploymentRequestState;

use crate::jenkins::Jenkins;
use crate::pipeline::{LIMIT, Pipeline};
use crate::receiver::{Cleaner, Held, Receiver, digest, distribution, killed_at, table};
use crate::waiting;

/// How many times each thread makes something durable on the way of one delivery, and some more.
const STEPS: usize = 16;

/// Kills a receiver at its n-th durable step while it takes a tag in, and starts another one. Says whether it
/// was killed. What was not accepted is sent again, as a registry does.
fn take_in(pipeline: &Pipeline, tag: &str, n: usize, over: impl Fn(&mut Held) -> bool) -> bool {
    let body = distribution(tag, &digest(n as u64));
    let mut accepted = false;
    let first = Receiver::listening(pipeline, killed_at(pipeline, n), 0);
    let mut killed = first.is_none();
    let mut held = Held::by(pipeline);
    if let Some(mut first) = first {
        accepted = first.send(&body) == Some(202);
        killed = waiting::until("end", LIMIT, || {
            if first.ended().is_some() {
                return Some(true);
            }
            (accepted && over(&mut held)).then_some(false)
        });
    }
    let second = Receiver::start(pipeline);
    if !accepted {
        second.accept(&body);
    }
    waiting::until("start", LIMIT, || over(&mut held).then_some(()));
    assert!(second.stop().success());
    killed
}

/// A deployment is begun once wherever the receiver is killed, and goes to its end.
#[test]
fn killed_anywhere_a_deployment_is_begun_once() {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.rounds = 1;
    pipeline.setting.serve = Some(table(""));
    let _cleaner = Cleaner::of(&pipeline);
    let mut kills = 0;
    for n in 1..=STEPS {
        let commit = pipeline.commit(&format!("Change {n} [load test: skip]"));
        let tags = pipeline.tags();
        let ended = |held: &mut Held| {
            let mut headers = held.deployments().into_iter();
            headers.any(|it| it.commit == commit && it.conclusion.is_some())
        };
        kills += usize::from(take_in(&pipeline, &tags[0], n, ended));
        let mut held = Held::by(&pipeline);
        let begun: Vec<_> = held
            .deployments()
            .into_iter()
            .filter(|it| it.commit == commit)
            .collect();
        assert_eq!(begun.len(), 1, "killed at {n}: {begun:?}");
        assert_eq!(
            begun[0].conclusion.as_deref(),
            Some("promoted"),
            "killed at {n}"
        );
        assert_eq!(
            Pipeline::times(&pipeline.stage, &commit),
            1,
            "killed at {n}"
        );
        assert_eq!(Pipeline::times(&pipeline.prod, &commit), 1, "killed at {n}");
    }
    assert!(kills >= STEPS / 2, "{kills}");
    println!("killed {kills} times");
}

/// The same with a job of Jenkins, which is looked for where nobody knows whether it was started.
#[test]
fn killed_anywhere_a_job_is_started_once() {
    let jenkins = Jenkins::start();
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.serve = Some(table(&jenkins.table()));
    let mut kills = 0;
    for n in 1..=STEPS {
        let tag = format!("stage-{n:040x}");
        let started = |held: &mut Held| {
            let mut starts = held.deployment_requests().into_iter();
            starts.any(|it| {
                it.tag == tag && matches!(it.state, DeploymentRequestState::Started { .. })
            })
        };
        kills += usize::from(take_in(&pipeline, &tag, n, started));
        let times = jenkins.tags().iter().filter(|it| **it == tag).count();
        assert_eq!(times, 1, "killed at {n}");
    }
    assert!(kills >= STEPS / 2, "{kills}");
    println!("killed {kills} times");
}
