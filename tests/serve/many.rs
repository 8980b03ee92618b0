//! Many deliveries, and several receivers.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use greenlight::journal::inbox::DeploymentRequestState;

use crate::jenkins::Jenkins;
use crate::pipeline::{LIMIT, Pipeline};
use crate::postgres_server::Server;
use crate::receiver::{Held, Receiver, digest, distribution, table};
use crate::waiting;

fn tag(number: usize) -> String {
    format!("stage-loadtest-warn-{number:040x}")
}

/// Each release is pushed under two digests now and then; each of them is one deployment.
fn body(number: usize) -> String {
    distribution(&tag(number), &digest(number as u64))
}

/// Sends bodies from several sides at once, each until it is accepted. Says how many were.
fn deliver(receivers: &[&Receiver], bodies: &[String]) -> usize {
    let (next, accepted) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for side in 0..8 {
            let receiver = receivers[side % receivers.len()];
            let (next, accepted) = (&next, &accepted);
            scope.spawn(move || {
                while let Some(body) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
                    waiting::until("acceptance", LIMIT, || {
                        (receiver.send(body) == Some(202)).then_some(())
                    });
                    accepted.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    accepted.into_inner()
}

fn shuffled(distinct: usize, all: usize) -> Vec<String> {
    let mut random = fastrand::Rng::with_seed(7);
    let mut bodies: Vec<_> = (0..all).map(|it| body(it % distinct)).collect();
    random.shuffle(&mut bodies);
    bodies
}

#[track_caller]
fn each_once(jenkins: &Jenkins, distinct: usize) {
    waiting::until("start of each", LIMIT, || {
        (jenkins.tags().len() >= distinct).then_some(())
    });
    let tags = jenkins.tags();
    let different: HashSet<_> = tags.iter().collect();
    assert_eq!(different.len(), distinct);
    assert_eq!(tags.len(), distinct, "none was started twice");
}

#[test]
fn ten_thousand_deliveries_start_each_deployment_once() {
    let jenkins = Jenkins::start();
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.serve = Some(table(&jenkins.table()));
    let receiver = Receiver::start(&pipeline);
    let accepted = deliver(&[&receiver], &shuffled(40, 10_000));
    assert_eq!(accepted, 10_000);
    each_once(&jenkins, 40);
    let mut held = Held::by(&pipeline);
    waiting::until("records", LIMIT, || {
        (held.counts().started == 40).then_some(())
    });
    // One whose answer came too late for its sender was sent, and is counted, again.
    let deliveries = held.counts().deliveries;
    assert!(deliveries >= 10_000, "{deliveries}");
    let heard: u64 = held.push_events().iter().map(|it| it.deliveries).sum();
    assert_eq!(heard, deliveries);
    // Once more, after all was started.
    deliver(&[&receiver], &shuffled(40, 200));
    waiting::until("settled hints", LIMIT, || {
        (held.counts().pending == 0).then_some(())
    });
    each_once(&jenkins, 40);
    assert!(receiver.stop().success());
}

#[test]
fn receivers_share_the_work_and_do_nothing_twice() {
    let server = Server::shared();
    let jenkins = Jenkins::start();
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.journal = Some(server.database());
    pipeline.setting.serve = Some(table(&jenkins.table()));
    let (one, two) = (Receiver::start(&pipeline), Receiver::start(&pipeline));
    assert_eq!(deliver(&[&one, &two], &shuffled(200, 1000)), 1000);
    each_once(&jenkins, 200);
    let mut held = Held::by(&pipeline);
    waiting::until("records", LIMIT, || {
        (held.counts().started == 200).then_some(())
    });
    let started = |receiver: &Receiver| receiver.said().matches("deployment started").count();
    assert_eq!(started(&one) + started(&two), 200);
    assert!(started(&one) > 0 && started(&two) > 0);
    assert!(one.stop().success() && two.stop().success());
}

/// A request under way is answered, and what was answered is stored.
#[test]
fn a_receiver_that_ends_has_stored_what_it_accepted() {
    let jenkins = Jenkins::start();
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.serve = Some(table(&jenkins.table()));
    let mut receiver = Receiver::start(&pipeline);
    let pid = receiver.pid();
    let accepted = AtomicUsize::new(0);
    thread::scope(|scope| {
        for side in 0..8 {
            let (receiver, accepted) = (&receiver, &accepted);
            scope.spawn(move || {
                for number in 0.. {
                    match receiver.send(&body(side * 100_000 + number)) {
                        Some(202) => accepted.fetch_add(1, Ordering::Relaxed),
                        Some(status) => panic!("{status}"),
                        None => break,
                    };
                }
            });
        }
        waiting::until("acceptance", LIMIT, || {
            (accepted.load(Ordering::Relaxed) > 100).then_some(())
        });
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it runs");
    });
    assert!(receiver.wait().success());
    let accepted = u64::try_from(accepted.into_inner()).expect("a number");
    let mut held = Held::by(&pipeline);
    assert!(held.counts().deliveries >= accepted);
    assert_eq!(
        held.counts().starting,
        0,
        "no attempt was left in the middle"
    );
    // What was accepted and not started yet is, by the next one.
    let receiver = Receiver::start(&pipeline);
    let all = held.push_events().len();
    waiting::until("start of each", LIMIT, || {
        (held.counts().started == all as u64).then_some(())
    });
    each_once(&jenkins, all);
    assert!(receiver.stop().success());
}

#[test]
fn a_system_that_is_busy_or_silent_starts_it_once_all_the_same() {
    let jenkins = Jenkins::start();
    jenkins.busy(2);
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.serve = Some(table(&jenkins.table()));
    let receiver = Receiver::start(&pipeline);
    receiver.accept(&body(1));
    let mut held = Held::by(&pipeline);
    held.until(&tag(1), "made", |it| {
        matches!(it, DeploymentRequestState::Started { .. })
    });
    assert_eq!(jenkins.refused(), 2);
    assert_eq!(jenkins.tags(), [tag(1)]);
    let build = jenkins.builds().remove(0);
    assert_eq!(build["DIGEST"], digest(1));
    assert!(!build["REQUEST"].is_empty());
    // It was accepted, and nobody was told: it is looked for, not started again.
    jenkins.silent(1);
    receiver.accept(&body(2));
    held.until(&tag(2), "unsure", |it| {
        matches!(it, DeploymentRequestState::Starting { why: Some(_), .. })
    });
    assert!(receiver.get("/").contains("may have been started"));
    held.until(&tag(2), "found", |it| {
        matches!(it, DeploymentRequestState::Started { .. })
    });
    assert_eq!(jenkins.tags(), [tag(1), tag(2)]);
    assert!(receiver.stop().success());
}
