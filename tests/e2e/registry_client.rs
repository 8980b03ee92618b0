//! What greenlight asks registries, asked of a real one.

use std::fs;
use std::time::Duration;

use greenlight::effects::registry::Registry as Client;
use greenlight::secret::Source;
use greenlight::server_settings::{Account, RegistrySettings as Settings};
use greenlight::tls::Trust;
use tempfile::TempDir;

use crate::image;
use crate::registry::Registry;

const COMMIT: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/// The repository that the images go to.
const REPOSITORY: &str = "shop";

fn client(registry: &Registry, account: Option<Account>) -> Client {
    Client::new(Settings {
        url: format!("http://{}", registry.address()),
        token_server: None,
        account,
        trust: Trust::default(),
    })
}

fn account(folder: &TempDir, password: &str) -> Account {
    let file = folder.path().join(format!("password-{}", password.len()));
    fs::write(&file, password).expect("a file");
    Account {
        user: "ci".to_owned(),
        password: Source::File(file),
    }
}

/// Gives the image of one tag many others, as another pipeline would.
fn tag(registry: &Registry, from: &str, tags: &[String]) {
    let manifest = |tag: &str| format!("http://{}/v2/shop/manifests/{tag}", registry.address());
    let kind = "application/vnd.oci.image.manifest.v1+json";
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .proxy(None)
        .timeout_global(Some(Duration::from_secs(10)))
        .build()
        .into();
    let mut answer = agent
        .get(manifest(from))
        .header("Accept", kind)
        .call()
        .expect("a manifest");
    let body = answer.body_mut().read_to_vec().expect("a manifest");
    for tag in tags {
        let answer = agent.put(manifest(tag)).content_type(kind).send(&body[..]);
        assert_eq!(answer.expect("it is taken").status(), 201);
    }
}

#[test]
fn digests_and_tags_of_a_registry() {
    let folder = tempfile::tempdir().expect("a folder");
    let image = folder.path().join("image");
    let written = image::write(&image, COMMIT);
    let registry = Registry::start();
    let client = client(&registry, None);

    assert_eq!(
        client.tags(REPOSITORY, &|| true),
        Ok(vec![]),
        "no repository"
    );
    assert_eq!(client.digest(REPOSITORY, "prod-1"), Ok(None));

    assert_eq!(registry.push(&image, "prod-1"), written);
    assert_eq!(
        client.digest(REPOSITORY, "prod-1"),
        Ok(Some(written.clone()))
    );
    assert_eq!(client.digest(REPOSITORY, "prod-2"), Ok(None), "no such tag");
    assert_eq!(
        client.tags(REPOSITORY, &|| true),
        Ok(vec!["prod-1".to_owned()])
    );

    // More than a page, and a whole number of them.
    let more: Vec<_> = (1..250).map(|it| format!("stage-{it:03}")).collect();
    for (from, to) in [(0, 199), (199, 249)] {
        tag(&registry, "prod-1", &more[from..to]);
        let mut found = client.tags(REPOSITORY, &|| true).expect("tags");
        found.sort_unstable();
        assert_eq!(found[0], "prod-1");
        assert_eq!(found[1..], more[..to]);
    }
    let last = client.digest(REPOSITORY, "stage-249");
    assert_eq!(last, Ok(Some(written)), "one image, many tags");

    drop(registry);
    let error = client.tags(REPOSITORY, &|| true).expect_err("it ended");
    assert_eq!(
        error.to_string(),
        "the registry can't be reached: connection refused"
    );
}

#[test]
fn a_registry_that_wants_a_password() {
    let folder = tempfile::tempdir().expect("a folder");
    let image = folder.path().join("image");
    let written = image::write(&image, COMMIT);
    let registry = Registry::guarded("ci", "hush");
    registry.push(&image, "prod-1");

    let known = client(&registry, Some(account(&folder, "hush")));
    assert_eq!(known.digest(REPOSITORY, "prod-1"), Ok(Some(written)));
    assert_eq!(known.digest(REPOSITORY, "prod-2"), Ok(None));
    assert_eq!(
        known.tags(REPOSITORY, &|| true),
        Ok(vec!["prod-1".to_owned()])
    );

    let anonymous = client(&registry, None).tags(REPOSITORY, &|| true);
    let error = anonymous.expect_err("it is refused").to_string();
    assert!(error.contains("requires a user and a password"), "{error}");

    let wrong = client(&registry, Some(account(&folder, "hush hush")));
    let error = wrong.digest(REPOSITORY, "prod-1");
    let error = error.expect_err("a wrong password").to_string();
    assert!(error.contains("status 401"), "{error}");
    assert!(!error.contains("hush"), "{error}");
}
