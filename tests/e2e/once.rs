//! A release is deployed once for each idempotency key, and a live release is not deployed again.

use std::thread;

use crate::image;
use crate::pipeline::{self, Pipeline};
use crate::postgres_server::Server;
use crate::registry::Registry;

/// The number of processes that run the same tag with the same key at the same time.
const PROCESSES: usize = 4;

/// Runs a tag in several processes at once, with one key. Every process exits with 0. One process deploys, and the
/// others name its deployment.
#[track_caller]
fn at_once(pipeline: &Pipeline, tag: &str, key: &str) {
    pipeline.configure();
    let run = || {
        pipeline::ended(
            pipeline
                .command()
                .args(["run", "--tag", tag, "--request", key]),
        )
    };
    let ended: Vec<_> = thread::scope(|scope| {
        let started: Vec<_> = (0..PROCESSES).map(|_| scope.spawn(run)).collect();
        let ended = started.into_iter().map(|it| it.join().expect("it ended"));
        ended.collect()
    });
    let mut named: Vec<_> = ended
        .iter()
        .inspect(|it| it.is(0, &[]))
        .filter_map(|it| it.stderr.strip_prefix("note: deployment "))
        .filter_map(|it| it.split_once(" was already begun"))
        .map(|(number, _)| number.to_owned())
        .collect();
    assert_eq!(named.len(), PROCESSES - 1, "{ended:?}");
    named.dedup();
    let [number] = &named[..] else {
        panic!("several deployments are named: {ended:?}")
    };
    let number = number.parse().expect("a number");
    assert_eq!(pipeline.conclusion(number).as_deref(), Some("promoted"));
}

#[test]
fn processes_with_one_key_begin_one_deployment() {
    let pipeline = Pipeline::recorded();
    for key in ["a", "b"] {
        let commit = pipeline.commit("Change [load test: abort]");
        at_once(&pipeline, &pipeline.tags()[0], key);
        assert_eq!(Pipeline::times(&pipeline.stage, &commit), 1);
        assert_eq!(Pipeline::times(&pipeline.prod, &commit), 1);
    }
}

#[test]
fn runners_with_one_key_and_a_database_begin_one_deployment() {
    let server = Server::shared();
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.journal = Some(server.database());
    for key in ["a", "b"] {
        let commit = pipeline.commit("Change [load test: abort]");
        at_once(&pipeline, &pipeline.tags()[0], key);
        assert_eq!(Pipeline::times(&pipeline.stage, &commit), 1);
        assert_eq!(Pipeline::times(&pipeline.prod, &commit), 1);
    }
}

#[test]
fn a_live_release_is_reported() {
    let pipeline = Pipeline::recorded();
    let commit = pipeline.commit("Change [load test: abort]");
    let tags = pipeline.tags();
    pipeline.run().is(0, &["promote[load-test-passed]"]);
    let times = || {
        let of = |service| Pipeline::times(service, &commit);
        (of(&pipeline.stage), of(&pipeline.prod))
    };
    let note = "note: the release is live already: deployment 1 promoted it, and all nodes of stage, prod serve it; \
                deploy it again with `--again`\n";
    let request = ["run", "--tag", &tags[0], "--request", "k1"];
    for arguments in [&request[..3], &request] {
        let ended = pipeline.greenlight(arguments);
        ended.is(0, &[]);
        assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("", note));
    }
    assert_eq!(times(), (1, 1));
    let status = pipeline.greenlight(&["status"]);
    assert!(!status.stdout.contains("deployment 2"), "{status:?}");

    // A person deploys it again.
    let again = pipeline.greenlight(&["run", "--tag", &tags[0], "--again"]);
    again.is(0, &["promote[load-test-passed]"]);
    assert_eq!(times(), (2, 2));

    // The release is not live if the nodes serve another commit.
    pipeline.prod.deploy(&pipeline.before);
    pipeline.prod.wait("another commit", |state| {
        let mut nodes = state.nodes.iter();
        nodes.all(|it| it.up && it.commit == pipeline.before)
    });
    pipeline.run().is(0, &["promote[load-test-passed]"]);
    assert_eq!(times(), (3, 3));
}

#[test]
fn a_live_image_is_told_by_its_digest() {
    let mut pipeline = Pipeline::recorded();
    let registry = Registry::start();
    pipeline.setting.serve = Some(format!(
        "[serve]\ntoken-variable = \"HOOK_SECRET\"\nrepositories = [\"shop\"]\n[serve.registry]\nurl = \"http://{}\"\n",
        registry.address()
    ));
    let commit = pipeline.commit("Change [load test: abort]");
    let tags = pipeline.tags();
    let folder = pipeline.folder().join("image");
    image::write(&folder, &commit);
    registry.push(&folder, &tags[0]);
    pipeline.run().is(0, &["promote[load-test-passed]"]);
    let ended = pipeline.run();
    ended.is(0, &[]);
    assert!(
        ended
            .stderr
            .contains("the release is live already: deployment 1"),
        "{ended:?}"
    );
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 1);
    // Another image under the same tag is another release.
    let other = format!("sha256:{}", "a".repeat(64));
    drop(registry);
    pipeline
        .greenlight(&["run", "--tag", &tags[0], "--digest", &other])
        .is(0, &["promote[load-test-passed]"]);
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 2);
}
