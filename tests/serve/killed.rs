//! Servers that are killed: before a delivery is stored, before its deployment is started, before the start is
//! recorded.

use greenlight::contract::promotion::Conclusion;
use greenlight::journal::inbox::DeploymentRequestState;

use crate::jenkins::Jenkins;
use crate::pipeline::{LIMIT, Pipeline};
use crate::server::{Cleaner, Server, StoreReader, digest, distribution, killed_at, table};
use crate::waiting;

/// At how many writes the server is killed: more than each thread needs for one delivery.
const STEPS: usize = 16;

/// Kills a server at its n-th durable write while it processes a webhook, and starts another one. Returns whether
/// it was killed. A webhook without a 202 is sent again, as a registry does.
fn process(
    pipeline: &Pipeline,
    tag: &str,
    n: usize,
    over: impl Fn(&mut StoreReader) -> bool,
) -> bool {
    let body = distribution(tag, &digest(n as u64));
    let mut accepted = false;
    let first = Server::listening(pipeline, killed_at(pipeline, n), 0);
    let mut killed = first.is_none();
    let mut store = StoreReader::of(pipeline);
    if let Some(mut first) = first {
        accepted = first.send(&body) == Some(202);
        killed = waiting::until("end", LIMIT, || {
            if first.ended().is_some() {
                return Some(true);
            }
            (accepted && over(&mut store)).then_some(false)
        });
    }
    let second = Server::start(pipeline);
    if !accepted {
        second.accept(&body);
    }
    waiting::until("start", LIMIT, || over(&mut store).then_some(()));
    assert!(second.stop().success());
    killed
}

/// A deployment begins once, and ends, whenever the server is killed.
#[test]
fn after_a_kill_at_any_write_a_deployment_begins_once() {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.rounds = 1;
    pipeline.setting.serve = Some(table(""));
    let _cleaner = Cleaner::of(&pipeline);
    let mut kills = 0;
    for n in 1..=STEPS {
        let commit = pipeline.commit(&format!("Change {n} [load test: skip]"));
        let tags = pipeline.tags();
        let ended = |store: &mut StoreReader| {
            let mut headers = store.deployments().into_iter();
            headers.any(|it| it.commit == commit && it.conclusion.is_some())
        };
        kills += usize::from(process(&pipeline, &tags[0], n, ended));
        let mut store = StoreReader::of(&pipeline);
        let begun: Vec<_> = store
            .deployments()
            .into_iter()
            .filter(|it| it.commit == commit)
            .collect();
        assert_eq!(begun.len(), 1, "killed at {n}: {begun:?}");
        assert_eq!(
            begun[0].conclusion,
            Some(Conclusion::Promoted),
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

/// The same with a job of Jenkins, which is searched for after an unconfirmed start.
#[test]
fn after_a_kill_at_any_write_a_job_starts_once() {
    let jenkins = Jenkins::start();
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.serve = Some(table(&jenkins.table()));
    let mut kills = 0;
    for n in 1..=STEPS {
        let tag = format!("stage-{n:040x}");
        let started = |store: &mut StoreReader| {
            let mut requests = store.deployment_requests().into_iter();
            requests.any(|it| {
                it.tag == tag && matches!(it.state, DeploymentRequestState::Started { .. })
            })
        };
        kills += usize::from(process(&pipeline, &tag, n, started));
        let times = jenkins.tags().iter().filter(|it| **it == tag).count();
        assert_eq!(times, 1, "killed at {n}");
    }
    assert!(kills >= STEPS / 2, "{kills}");
    println!("killed {kills} times");
}
