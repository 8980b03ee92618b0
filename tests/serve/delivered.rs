//! From a push to its deployment.

use std::path::PathBuf;
use std::time::Duration;

use greenlight::contract::promotion::Conclusion;
use greenlight::journal::inbox::{DeploymentRequestState, PushEventState};
use greenlight::journal::{self, Location, NewDeployment};

use crate::image;
use crate::pipeline::{Pipeline, ended};
use crate::registry::Registry;
use crate::server::{
    Cleaner, Server, StoreReader, digest, distribution, docker_hub, free_port, table,
};
use crate::service::Service;

/// Clones the repository of a pipeline, into a folder beside its other files.
fn clone_of(pipeline: &Pipeline) -> PathBuf {
    let mut git = pipeline.around("git".as_ref());
    let cloned = ended(git.args(["clone", "--quiet", ".", "clone"]));
    assert_eq!(cloned.status, 0, "{}", cloned.stderr);
    pipeline.folder().join("clone")
}

/// Images are pushed with the tags that `greenlight tags` prints, the registry sends webhooks, and production
/// serves the commit.
#[test]
fn from_a_push_to_production() {
    let mut pipeline = Pipeline::recorded();
    let port = free_port();
    let registry = Registry::telling(&format!("http://127.0.0.1:{port}/hooks"));
    pipeline.setting.serve = Some(table(&format!(
        "[serve.registry]\nurl = \"http://{}\"\n",
        registry.address()
    )));
    let _cleaner = Cleaner::of(&pipeline);
    let server = Server::start_on(&pipeline, port);
    let commit = pipeline.commit("Change [load test: abort]");
    let tags = pipeline.tags();
    let image = pipeline.folder().join("image");
    let digest = image::write(&image, &commit);
    for tag in &tags {
        registry.push(&image, tag);
    }
    let mut store = StoreReader::of(&pipeline);
    let end = store.until_ended(&tags[0]);
    assert_eq!(end.conclusion, Some(Conclusion::Promoted));
    assert_eq!(end.digest.as_deref(), Some(digest.as_str()));
    // The release of the production tag is live already, and `latest` is ignored.
    let request = store.until(&tags[1], "stopped", |it| {
        matches!(it, DeploymentRequestState::Stopped { .. })
    });
    let DeploymentRequestState::Stopped { why } = request.state else {
        panic!("{request:?}")
    };
    assert!(why.starts_with("the release is live"), "{why}");
    let latest = store
        .push_events()
        .into_iter()
        .find(|it| it.push_event.tag == "latest");
    let latest = latest.expect("a push event of `latest`");
    assert!(
        matches!(&latest.state, PushEventState::Ignored { why } if why.contains("[tag-malformed]") || why.contains("tag")),
        "{latest:?}"
    );
    // The digest of a webhook is not trusted: the one of the registry counts.
    server.accept(&distribution(&tags[0], &crate::server::digest(7)));
    crate::waiting::until("warning about the digest", crate::pipeline::LIMIT, || {
        server
            .log()
            .contains("the digests of webhook and registry differ")
            .then_some(())
    });
    crate::waiting::until("no pending push event", crate::pipeline::LIMIT, || {
        (store.counts().pending == 0).then_some(())
    });
    assert_eq!(store.deployments().len(), 1);
    assert_eq!(Pipeline::times(&pipeline.stage, &commit), 1);
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 1);
    assert!(server.stop().success());
}

/// A tag that was pushed while the server was down, and whose webhook was lost, is found in the tag list.
#[test]
fn a_missed_webhook_is_recovered() {
    let mut pipeline = Pipeline::recorded();
    let port = free_port();
    let mut registry = Registry::telling(&format!("http://127.0.0.1:{port}/hooks"));
    pipeline.setting.serve = Some(table(&format!(
        "[serve.registry]\nurl = \"http://{}\"\n",
        registry.address()
    )));
    let _cleaner = Cleaner::of(&pipeline);
    let image = pipeline.folder().join("image");
    let old = pipeline.commit("Before greenlight [load test: skip]");
    let old_tags = pipeline.tags();
    image::write(&image, &old);
    registry.push(&image, &old_tags[0]);
    let server = Server::start_on(&pipeline, port);
    let mut store = StoreReader::of(&pipeline);
    crate::waiting::until("first listing", crate::pipeline::LIMIT, || {
        store
            .push_events()
            .iter()
            .any(|it| it.push_event.tag == old_tags[0])
            .then_some(())
    });
    assert!(server.stop().success());
    let commit = pipeline.commit("Change [load test: skip]");
    let tags = pipeline.tags();
    let image = pipeline.folder().join("another");
    image::write(&image, &commit);
    registry.push(&image, &tags[0]);
    // A restart of the registry loses its queue of webhooks.
    registry.restart();
    let server = Server::start_on(&pipeline, port);
    let end = store.until_ended(&tags[0]);
    assert_eq!(end.conclusion, Some(Conclusion::Promoted));
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 1);
    // A tag of the first listing starts nothing.
    assert_eq!(Pipeline::times(&pipeline.stage, &old), 0);
    assert!(server.stop().success());
}

#[test]
fn a_production_tag_starts_nothing_until_stage_is_verified() {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.serve = Some(table(""));
    let _cleaner = Cleaner::of(&pipeline);
    let commit = pipeline.commit("Change [load test: abort]");
    let tags = pipeline.tags();
    let server = Server::start(&pipeline);
    server.accept(&docker_hub(&tags[1]));
    let mut store = StoreReader::of(&pipeline);
    let request = store.until(&tags[1], "waiting", |it| {
        matches!(it, DeploymentRequestState::Waiting { .. })
    });
    let DeploymentRequestState::Waiting { why, .. } = request.state else {
        panic!("{request:?}")
    };
    assert!(
        why.contains("`stage`") && why.contains("[not-deployed]"),
        "{why}"
    );
    let page = server.get("/");
    assert!(
        page.contains("waiting: `stage` has no verified deployment of the release"),
        "{page}"
    );
    assert!(store.deployments().is_empty());
    // Another pipeline, with another last environment and the same journal, deploys to stage.
    let config = std::fs::read_to_string(pipeline.folder().join("greenlight.toml"));
    let config = config.expect("a configuration");
    let canary = Service::start(1, &pipeline.before);
    let list = |items: &[String]| serde_json::to_string(items).expect("a list");
    let elsewhere = config
        .replace("name = \"prod\"", "name = \"canary\"")
        .replace(&list(pipeline.prod.nodes()), &list(canary.nodes()))
        .replace(
            &list(&pipeline.prod.deploy_command()),
            &list(&canary.deploy_command()),
        );
    let file = pipeline.folder().join("canary.toml");
    std::fs::write(file, elsewhere).expect("a configuration");
    let arguments = ["run", "--tag", &tags[0], "--config", "canary.toml"];
    let canary = ended(pipeline.command().args(arguments));
    canary.is(0, &["promote"]);
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 0);
    let end = store.until_ended(&tags[1]);
    assert_eq!(end.conclusion, Some(Conclusion::Promoted));
    assert_eq!(Pipeline::times(&pipeline.stage, &commit), 1);
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 1);
    assert!(server.stop().success());
}

/// The end of the server does not interrupt a deployment.
#[test]
fn deployments_continue_when_their_server_ends() {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.serve = Some(table(""));
    let _cleaner = Cleaner::of(&pipeline);
    let commit = pipeline.commit("Change [load test: abort]");
    let tags = pipeline.tags();
    pipeline.stage.pace(Duration::from_mins(10));
    let server = Server::start(&pipeline);
    server.accept(&distribution(&tags[0], &digest(1)));
    pipeline
        .stage
        .wait("deployment", |state| !state.deployments.is_empty());
    assert!(server.stop().success());
    pipeline.stage.pace(Duration::ZERO);
    let mut store = StoreReader::of(&pipeline);
    let end = store.until_ended(&tags[0]);
    assert_eq!(end.conclusion, Some(Conclusion::Promoted));
    assert_eq!(Pipeline::times(&pipeline.stage, &commit), 1);
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 1);
}

/// `[serve] prepare` fetches a commit that git does not have.
#[test]
fn a_missing_commit_is_fetched() {
    let mut pipeline = Pipeline::recorded();
    let _cleaner = Cleaner::of(&pipeline);
    let clone = clone_of(&pipeline);
    pipeline.setting.serve = Some(table(
        "prepare = [\"sh\", \"-c\", \"env >environment && git fetch --quiet\"]\n",
    ));
    let commit = pipeline.commit("Change [load test: skip]");
    let tags = pipeline.tags();
    let server = Server::start_in(&pipeline, &clone);
    server.accept(&docker_hub(&tags[0]));
    let mut store = StoreReader::of(&pipeline);
    let end = store.until_ended(&tags[0]);
    assert_eq!(end.conclusion, Some(Conclusion::Promoted));
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 1);
    let environment = std::fs::read_to_string(clone.join("environment")).expect("it ran");
    assert!(environment.contains("GREENLIGHT_CONFIG="), "{environment}");
    for secret in ["HOOK_SECRET", "SLACK_WEBHOOK"] {
        assert!(!environment.contains(secret), "{environment}");
    }
    assert!(server.stop().success());
}

/// A number without records, left by a process that died, does not prevent the start.
#[test]
fn a_deployment_that_died_before_its_first_record_is_started_again() {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.serve = Some(table(""));
    let _cleaner = Cleaner::of(&pipeline);
    let commit = pipeline.commit("Change [load test: skip]");
    let tags = pipeline.tags();
    let server = Server::start(&pipeline);
    let mut journal = journal::open(&pipeline.location()).expect("the journal");
    let dead = journal.begin(&NewDeployment {
        tag: tags[0].clone(),
        digest: None,
        commit: commit.clone(),
        began: 1,
        request: None,
    });
    assert_eq!(dead.expect("a number"), 1);
    server.accept(&docker_hub(&tags[0]));
    let mut store = StoreReader::of(&pipeline);
    let end = store.until_ended(&tags[0]);
    assert_eq!(
        (end.number, end.conclusion),
        (2, Some(Conclusion::Promoted))
    );
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 1);
    crate::waiting::until("log of its end", crate::pipeline::LIMIT, || {
        server.log().contains("deployment=2 ").then_some(())
    });
    assert!(
        server.log().contains("conclusion=promoted"),
        "{}",
        server.log()
    );
    assert!(server.stop().success());
}

/// A deployment with damaged records is neither resumed nor begun again, because its effects are unknown.
#[test]
fn a_deployment_with_a_damaged_record_is_not_started_again() {
    let mut pipeline = Pipeline::recorded();
    let _cleaner = Cleaner::of(&pipeline);
    let clone = clone_of(&pipeline);
    // Without the commit, the request can't start: it waits for the file.
    pipeline.setting.serve = Some(table(
        "prepare = [\"sh\", \"-c\", \"test -e repaired && git fetch --quiet\"]\n",
    ));
    let commit = pipeline.commit("Change [load test: skip]");
    let tags = pipeline.tags();
    let server = Server::start_in(&pipeline, &clone);
    server.accept(&docker_hub(&tags[0]));
    let mut store = StoreReader::of(&pipeline);
    let request = store.until(&tags[0], "waiting", |_| true);
    let mut journal = journal::open(&pipeline.location()).expect("the journal");
    let dead = journal.begin(&NewDeployment {
        tag: tags[0].clone(),
        digest: request.digest,
        commit: commit.clone(),
        began: 1,
        request: Some(request.key.clone()),
    });
    assert_eq!(dead.expect("a number"), 1);
    damage_first_record(&pipeline.location(), 1);
    let found = journal.records(1);
    assert!(matches!(found, Err(journal::Error::Damaged { .. })));
    std::fs::write(clone.join("repaired"), "").expect("a file");

    let damaged = "record 1 of deployment 1 is damaged or missing";
    // An attempt may have begun before the record was damaged.
    store.until(&tags[0], "waiting", |request| match request {
        DeploymentRequestState::Waiting { why, .. }
        | DeploymentRequestState::Retrying { why, .. }
        | DeploymentRequestState::Starting { why: Some(why), .. } => why.contains(damaged),
        _ => false,
    });
    crate::waiting::until("log of the damage", crate::pipeline::LIMIT, || {
        server.log().contains("failed to resume").then_some(())
    });
    let page = server.get("/");
    assert!(page.contains("data-damaged=\"1\""), "{page}");
    assert!(page.contains(damaged), "{page}");
    assert_eq!(journal.deployments(9).expect("read").len(), 1);
    for service in [&pipeline.stage, &pipeline.prod] {
        assert_eq!(Pipeline::times(service, &commit), 0);
    }
    assert!(server.stop().success());
}

/// Adds a first record with a wrong checksum.
#[track_caller]
fn damage_first_record(journal: &Location, deployment: u64) {
    let Location::File(path) = journal else {
        panic!("{journal:?} is not a file")
    };
    let connection = rusqlite::Connection::open(path).expect("a database");
    let added = connection.execute(
        "INSERT INTO records (deployment, position, at, body, checksum, writer) \
         VALUES (?1, 1, 1, '{\"format\":2,\"ent', zeroblob(32), 1)",
        [i64::try_from(deployment).expect("a number")],
    );
    assert_eq!(added, Ok(1));
}
