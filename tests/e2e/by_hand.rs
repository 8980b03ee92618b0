//! A person deploys a tag: the registry names the image.

use greenlight::deployment::entry::Entry;

use crate::image;
use crate::pipeline::Pipeline;
use crate::registry::Registry;

/// The digest that a deployment began with.
#[track_caller]
fn began_with(pipeline: &Pipeline, number: u64) -> Option<String> {
    match &pipeline.entries(number)[0].entry {
        Entry::Began(began) => began.digest.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_registry_names_the_digest_of_a_tag() {
    let mut pipeline = Pipeline::recorded();
    let registry = Registry::start();
    pipeline.setting.serve = Some(format!(
        "[serve]\ntoken-variable = \"HOOK_SECRET\"\nrepositories = [\"shop\"]\n[serve.registry]\nurl = \"http://{}\"\n",
        registry.address()
    ));
    // The deploy command sees the repository, and no secret of the server.
    let mut command = [
        "/bin/sh",
        "-c",
        "echo \"repository $GREENLIGHT_REPOSITORY, secret ${HOOK_SECRET:-none}\"; \"$@\"",
        "sh",
    ]
    .map(str::to_owned)
    .to_vec();
    command.extend(pipeline.prod.deploy_command());
    pipeline.setting.deploy_prod = Some(command);
    let commit = pipeline.commit("Change [load test: abort]");
    let tags = pipeline.tags();

    let missing = pipeline.run_tag(&tags[0]);
    assert_eq!(missing.status, 2, "{missing:?}");
    assert!(
        missing.stderr.contains("does not have the tag")
            && missing.stderr.contains("push the image"),
        "{missing:?}"
    );

    let folder = pipeline.folder().join("image");
    image::write(&folder, &commit);
    let digest = registry.push(&folder, &tags[0]);
    let other = format!("sha256:{}", "a".repeat(64));
    let wrong = pipeline.greenlight(&["run", "--tag", &tags[0], "--digest", &other]);
    assert_eq!(wrong.status, 2, "{wrong:?}");
    for said in [&digest, &other] {
        assert!(wrong.stderr.contains(said), "{wrong:?}");
    }

    pipeline.configure();
    let mut run = pipeline.command();
    run.args(["run", "--tag", &tags[0]])
        .env("HOOK_SECRET", "not-to-be-shown");
    let ended = crate::pipeline::ended(&mut run);
    ended.is(0, &["repository shop, secret none"]);
    assert_eq!(began_with(&pipeline, 1), Some(digest.clone()));

    // A registry that does not answer: a digest has to be given.
    drop(registry);
    let silent = pipeline.run_tag(&tags[0]);
    assert_eq!(silent.status, 2, "{silent:?}");
    assert!(silent.stderr.contains("`--digest`"), "{silent:?}");
    let given = pipeline.greenlight(&["run", "--tag", &tags[0], "--digest", &digest]);
    assert!(
        given.status == 0 && given.stderr.contains("the digest is not checked"),
        "{given:?}"
    );
}
