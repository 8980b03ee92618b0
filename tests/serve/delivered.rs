//! What a push comes to.

use std::time::Duration;

use greenlight::journal::inbox::{DeploymentRequestState, PushEventState};
use greenlight::journal::{self, NewDeployment};

use crate::image;
use crate::pipeline::{Pipeline, ended};
use crate::receiver::{
    Cleaner, Held, Receiver, digest, distribution, docker_hub, free_port, table,
};
use crate::registry::Registry;
use crate::service::Service;

/// The whole way: images are pushed under the tags that greenlight named, the registry tells of them, and
/// production serves the commit.
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
    let receiver = Receiver::start_on(&pipeline, port);
    let commit = pipeline.commit("Change [load test: abort]");
    let tags = pipeline.tags();
    let image = pipeline.folder().join("image");
    let digest = image::write(&image, &commit);
    for tag in &tags {
        registry.push(&image, tag);
    }
    let mut held = Held::by(&pipeline);
    let end = held.until_ended(&tags[0]);
    assert_eq!(end.conclusion.as_deref(), Some("promoted"));
    assert_eq!(end.digest.as_deref(), Some(digest.as_str()));
    // The production tag found the release live, and `latest` is no release.
    let start = held.until(&tags[1], "stopped", |it| {
        matches!(it, DeploymentRequestState::Stopped { .. })
    });
    let DeploymentRequestState::Stopped { why } = start.state else {
        panic!("{start:?}")
    };
    assert!(why.starts_with("it is live"), "{why}");
    let latest = held
        .push_events()
        .into_iter()
        .find(|it| it.push_event.tag == "latest");
    let latest = latest.expect("a hint of `latest`");
    assert!(
        matches!(&latest.state, PushEventState::Ignored { why } if why.contains("[tag-malformed]") || why.contains("tag")),
        "{latest:?}"
    );
    // What a body says of the image is a hint, and the registry knows better.
    receiver.accept(&distribution(&tags[0], &crate::receiver::digest(7)));
    crate::waiting::until("word of the other image", crate::pipeline::LIMIT, || {
        receiver
            .said()
            .contains("the digests of webhook and registry differ")
            .then_some(())
    });
    crate::waiting::until("settled hints", crate::pipeline::LIMIT, || {
        (held.counts().pending == 0).then_some(())
    });
    assert_eq!(held.deployments().len(), 1);
    assert_eq!(Pipeline::times(&pipeline.stage, &commit), 1);
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 1);
    assert!(receiver.stop().success());
}

/// What was pushed while nobody could be told is found by looking.
#[test]
fn a_push_that_nobody_told_of_is_found() {
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
    let receiver = Receiver::start_on(&pipeline, port);
    let mut held = Held::by(&pipeline);
    crate::waiting::until("first look", crate::pipeline::LIMIT, || {
        held.push_events()
            .iter()
            .any(|it| it.push_event.tag == old_tags[0])
            .then_some(())
    });
    assert!(receiver.stop().success());
    let commit = pipeline.commit("Change [load test: skip]");
    let tags = pipeline.tags();
    let image = pipeline.folder().join("another");
    image::write(&image, &commit);
    registry.push(&image, &tags[0]);
    // With the registry goes its queue of what it wanted to tell.
    registry.restart();
    let receiver = Receiver::start_on(&pipeline, port);
    let end = held.until_ended(&tags[0]);
    assert_eq!(end.conclusion.as_deref(), Some("promoted"));
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 1);
    // What was there before anybody looked is nobody's wish.
    assert_eq!(Pipeline::times(&pipeline.stage, &old), 0);
    assert!(receiver.stop().success());
}

#[test]
fn a_production_tag_starts_nothing_until_stage_is_verified() {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.serve = Some(table(""));
    let _cleaner = Cleaner::of(&pipeline);
    let commit = pipeline.commit("Change [load test: abort]");
    let tags = pipeline.tags();
    let receiver = Receiver::start(&pipeline);
    receiver.accept(&docker_hub(&tags[1]));
    let mut held = Held::by(&pipeline);
    let start = held.until(&tags[1], "waiting", |it| {
        matches!(it, DeploymentRequestState::Waiting { .. })
    });
    let DeploymentRequestState::Waiting { why, .. } = start.state else {
        panic!("{start:?}")
    };
    assert!(
        why.contains("`stage`") && why.contains("[not-deployed]"),
        "{why}"
    );
    let page = receiver.get("/");
    assert!(
        page.contains("waits: `stage` has no verified deployment of the release"),
        "{page}"
    );
    assert!(held.deployments().is_empty());
    // Stage is deployed by a pipeline that goes on to somewhere else, and shares the journal.
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
    let end = held.until_ended(&tags[1]);
    assert_eq!(end.conclusion.as_deref(), Some("promoted"));
    assert_eq!(Pipeline::times(&pipeline.stage, &commit), 1);
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 1);
    assert!(receiver.stop().success());
}

/// Restarting the receiver is nothing that a deployment notices.
#[test]
fn deployments_outlive_the_receiver_that_started_them() {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.serve = Some(table(""));
    let _cleaner = Cleaner::of(&pipeline);
    let commit = pipeline.commit("Change [load test: abort]");
    let tags = pipeline.tags();
    pipeline.stage.pace(Duration::from_mins(10));
    let receiver = Receiver::start(&pipeline);
    receiver.accept(&distribution(&tags[0], &digest(1)));
    pipeline
        .stage
        .wait("deployment", |state| !state.deployments.is_empty());
    assert!(receiver.stop().success());
    pipeline.stage.pace(Duration::ZERO);
    let mut held = Held::by(&pipeline);
    let end = held.until_ended(&tags[0]);
    assert_eq!(end.conclusion.as_deref(), Some("promoted"));
    assert_eq!(Pipeline::times(&pipeline.stage, &commit), 1);
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 1);
}

/// A commit that git does not have yet is got by the command that is there for it.
#[test]
fn git_is_brought_up_to_date() {
    let mut pipeline = Pipeline::recorded();
    let _cleaner = Cleaner::of(&pipeline);
    let clone = pipeline.folder().join("clone");
    let cloned = ended(
        pipeline
            .around("git".as_ref())
            .args(["clone", "--quiet", ".", "clone"]),
    );
    assert_eq!(cloned.status, 0, "{}", cloned.stderr);
    pipeline.setting.serve = Some(table(
        "prepare = [\"sh\", \"-c\", \"env >environment && git fetch --quiet\"]\n",
    ));
    let commit = pipeline.commit("Change [load test: skip]");
    let tags = pipeline.tags();
    let receiver = Receiver::start_in(&pipeline, &clone);
    receiver.accept(&docker_hub(&tags[0]));
    let mut held = Held::by(&pipeline);
    let end = held.until_ended(&tags[0]);
    assert_eq!(end.conclusion.as_deref(), Some("promoted"));
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 1);
    let environment = std::fs::read_to_string(clone.join("environment")).expect("it ran");
    assert!(environment.contains("GREENLIGHT_CONFIG="), "{environment}");
    for secret in ["HOOK_SECRET", "SLACK_WEBHOOK"] {
        assert!(!environment.contains(secret), "{environment}");
    }
    assert!(receiver.stop().success());
}

/// A deployment whose process died before it did anything does not stand in the way of its own start.
#[test]
fn what_died_before_it_began_is_begun_anew() {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.serve = Some(table(""));
    let _cleaner = Cleaner::of(&pipeline);
    let commit = pipeline.commit("Change [load test: skip]");
    let tags = pipeline.tags();
    let receiver = Receiver::start(&pipeline);
    let mut journal = journal::open(&pipeline.location()).expect("the journal");
    let dead = journal.begin(&NewDeployment {
        tag: tags[0].clone(),
        digest: None,
        commit: commit.clone(),
        began: 1,
        request: None,
    });
    assert_eq!(dead.expect("a number"), 1);
    receiver.accept(&docker_hub(&tags[0]));
    let mut held = Held::by(&pipeline);
    let end = held.until_ended(&tags[0]);
    assert_eq!(
        (end.number, end.conclusion.as_deref()),
        (2, Some("promoted"))
    );
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 1);
    crate::waiting::until("word of its end", crate::pipeline::LIMIT, || {
        receiver.said().contains("deployment=2 ").then_some(())
    });
    assert!(
        receiver.said().contains("conclusion=promoted"),
        "{}",
        receiver.said()
    );
    assert!(receiver.stop().success());
}
