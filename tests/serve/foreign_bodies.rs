//! Webhooks of registries with unsupported formats. Each reports a pushed tag, so the server refuses it and logs that.

use std::fs;
use std::path::Path;

use crate::pipeline::Pipeline;
use crate::server::{Server, table};

/// One body in the format of each registry, written from its documentation, for a push to `shop`.
fn bodies(tag: &str) -> Vec<(&'static str, String)> {
    let harbor = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/cases/evidence/52-harbor-1.10/body.json");
    let harbor = fs::read_to_string(harbor).expect("a body");
    let digest = format!("sha256:{}", "a".repeat(64));
    let bodies = [
        (
            "Harbor 2",
            serde_json::json!({"type": "PUSH_ARTIFACT", "occur_at": 1, "operator": "ci", "event_data": {
                "resources": [{"digest": digest, "tag": tag, "resource_url": "r/shop"}],
                "repository": {"name": "shop", "namespace": "p", "repo_full_name": "p/shop"}}}),
        ),
        (
            "Quay",
            serde_json::json!({"repository": "p/shop", "namespace": "p", "name": "shop",
                "docker_url": "quay.io/p/shop", "updated_tags": [tag]}),
        ),
        (
            "Azure",
            serde_json::json!({"id": "1", "timestamp": "2026-01-01T00:00:00Z", "action": "push",
                "target": {"mediaType": "application/vnd.docker.distribution.manifest.v2+json",
                    "digest": digest, "repository": "shop", "tag": tag}}),
        ),
        (
            "Amazon",
            serde_json::json!({"version": "0", "detail-type": "ECR Image Action", "source": "aws.ecr",
                "detail": {"result": "SUCCESS", "repository-name": "shop", "image-digest": digest,
                    "action-type": "PUSH", "image-tag": tag}}),
        ),
        (
            "GitHub",
            serde_json::json!({"action": "published", "registry_package": {"name": "shop",
                "package_type": "CONTAINER", "package_version": {"container_metadata": {"tag": {"name": tag}}}}}),
        ),
        (
            "Artifactory",
            serde_json::json!({"domain": "docker", "event_type": "pushed", "data": {"repo_key": "docker",
                "path": "shop", "sha256": "a", "image_name": "shop", "tag": tag}}),
        ),
        (
            "Alibaba",
            serde_json::json!({"push_data": {"digest": digest, "tag": tag},
                "repository": {"name": "shop", "namespace": "p", "repo_full_name": "p/shop"}}),
        ),
        (
            "Nexus",
            serde_json::json!({"timestamp": "2026-01-01", "repositoryName": "docker", "action": "CREATED",
                "component": {"format": "docker", "name": "shop", "version": tag}}),
        ),
    ];
    let harbor = ("Harbor 1.10", harbor);
    let bodies = bodies.map(|(name, body)| (name, body.to_string()));
    std::iter::once(harbor).chain(bodies).collect()
}

#[test]
fn a_push_in_a_foreign_format_is_refused_and_logged() {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.serve = Some(table(""));
    let server = Server::start(&pipeline);
    pipeline.commit("Change [load test: skip]");
    let want =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/cases/evidence/52-harbor-1.10/want");
    assert_eq!(
        fs::read_to_string(want).expect("what is right").trim_end(),
        "400: not a known body (a tag WAS pushed)"
    );
    let bodies = bodies(&pipeline.tags()[0]);
    for (count, (registry, body)) in (1..).zip(&bodies) {
        assert_eq!(server.send(body), Some(400), "{registry}");
        let log = server.log();
        let refused = log.matches("webhook refused: malformed").count();
        assert_eq!(refused, count, "{registry}: {log}");
    }
    let metrics = server.get("/metrics");
    let expected = format!("{{outcome=\"malformed\"}} {}", bodies.len());
    assert!(metrics.contains(&expected), "{metrics}");
}
