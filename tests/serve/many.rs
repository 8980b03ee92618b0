//! Many deliveries, and several servers.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use greenlight::journal::inbox::DeploymentRequestState;

use crate::jenkins::Jenkins;
use crate::pipeline::{LIMIT, Pipeline};
use crate::postgres_server::Server as PostgresServer;
use crate::server::{Server, StoreReader, digest, distribution, table};
use crate::waiting;

fn tag(number: usize) -> String {
    format!("stage-loadtest-warn-{number:040x}")
}

/// The webhook of a release.
fn body(number: usize) -> String {
    distribution(&tag(number), &digest(number as u64))
}

/// Sends bodies over several connections at once, each until it is accepted. Returns how many were.
fn deliver(servers: &[&Server], bodies: &[String]) -> usize {
    let (next, accepted) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for side in 0..8 {
            let server = servers[side % servers.len()];
            let (next, accepted) = (&next, &accepted);
            scope.spawn(move || {
                while let Some(body) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
                    waiting::until("acceptance", LIMIT, || {
                        (server.send(body) == Some(202)).then_some(())
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
    assert_eq!(tags.len(), distinct, "one was started twice");
}

#[test]
fn ten_thousand_deliveries_start_each_deployment_once() {
    let jenkins = Jenkins::start();
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.serve = Some(table(&jenkins.table()));
    let server = Server::start(&pipeline);
    let accepted = deliver(&[&server], &shuffled(40, 10_000));
    assert_eq!(accepted, 10_000);
    each_once(&jenkins, 40);
    let mut store = StoreReader::of(&pipeline);
    waiting::until("records", LIMIT, || {
        (store.counts().started == 40).then_some(())
    });
    // A delivery whose answer came too late was sent and counted again.
    let deliveries = store.counts().deliveries;
    assert!(deliveries >= 10_000, "{deliveries}");
    let heard: u64 = store.push_events().iter().map(|it| it.deliveries).sum();
    assert_eq!(heard, deliveries);
    // Again, after all starts.
    deliver(&[&server], &shuffled(40, 200));
    waiting::until("no pending push event", LIMIT, || {
        (store.counts().pending == 0).then_some(())
    });
    each_once(&jenkins, 40);
    assert!(server.stop().success());
}

#[test]
fn servers_share_the_work_and_do_nothing_twice() {
    let postgres = PostgresServer::shared();
    let jenkins = Jenkins::start();
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.journal = Some(postgres.database());
    pipeline.setting.serve = Some(table(&jenkins.table()));
    let (one, two) = (Server::start(&pipeline), Server::start(&pipeline));
    assert_eq!(deliver(&[&one, &two], &shuffled(200, 1000)), 1000);
    each_once(&jenkins, 200);
    let mut store = StoreReader::of(&pipeline);
    waiting::until("records", LIMIT, || {
        (store.counts().started == 200).then_some(())
    });
    let started = |server: &Server| server.log().matches("deployment started").count();
    assert_eq!(started(&one) + started(&two), 200);
    assert!(started(&one) > 0 && started(&two) > 0);
    assert!(one.stop().success() && two.stop().success());
}

/// Requests in progress are answered at the shutdown, and each accepted delivery is stored.
#[test]
fn a_server_that_ends_has_stored_what_it_accepted() {
    let jenkins = Jenkins::start();
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.serve = Some(table(&jenkins.table()));
    let mut server = Server::start(&pipeline);
    let pid = server.pid();
    let accepted = AtomicUsize::new(0);
    thread::scope(|scope| {
        for side in 0..8 {
            let (server, accepted) = (&server, &accepted);
            scope.spawn(move || {
                for number in 0.. {
                    match server.send(&body(side * 100_000 + number)) {
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
    assert!(server.wait().success());
    let accepted = u64::try_from(accepted.into_inner()).expect("a number");
    let mut store = StoreReader::of(&pipeline);
    assert!(store.counts().deliveries >= accepted);
    assert_eq!(store.counts().starting, 0, "an attempt was not finished");
    // The next server starts the rest.
    let server = Server::start(&pipeline);
    let all = store.push_events().len();
    waiting::until("start of each", LIMIT, || {
        (store.counts().started == all as u64).then_some(())
    });
    each_once(&jenkins, all);
    assert!(server.stop().success());
}

#[test]
fn a_busy_or_silent_ci_system_starts_a_job_once() {
    let jenkins = Jenkins::start();
    jenkins.busy(2);
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.serve = Some(table(&jenkins.table()));
    let server = Server::start(&pipeline);
    server.accept(&body(1));
    let mut store = StoreReader::of(&pipeline);
    store.until(&tag(1), "started", |it| {
        matches!(it, DeploymentRequestState::Started { .. })
    });
    assert_eq!(jenkins.refused(), 2);
    assert_eq!(jenkins.tags(), [tag(1)]);
    let build = jenkins.builds().remove(0);
    assert_eq!(build["DIGEST"], digest(1));
    assert!(!build["REQUEST"].is_empty());
    // Jenkins accepted the job without an answer: the server searches for it and does not start it again.
    jenkins.silent(1);
    server.accept(&body(2));
    store.until(&tag(2), "unconfirmed", |it| {
        matches!(it, DeploymentRequestState::Starting { why: Some(_), .. })
    });
    assert!(
        server
            .get("/")
            .contains("starting; searching for the deployment")
    );
    store.until(&tag(2), "found", |it| {
        matches!(it, DeploymentRequestState::Started { .. })
    });
    assert_eq!(jenkins.tags(), [tag(1), tag(2)]);
    assert!(server.stop().success());
}
