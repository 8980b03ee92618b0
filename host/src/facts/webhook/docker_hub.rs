//! Webhooks of Docker Hub: <https://docs.docker.com/docker-hub/repos/manage/webhooks/>.
//!
//! It says that a tag was pushed, and has no signature, digest or sequence number.

use serde::Deserialize;

use super::body::Object;
use super::{Malformed, Notification, Source, body, push};

#[derive(Deserialize)]
struct Webhook {
    push_data: Object<PushData>,
    repository: Object<Repository>,
}

#[derive(Deserialize)]
struct PushData {
    tag: String,
}

#[derive(Deserialize)]
struct Repository {
    repo_name: String,
}

/// Reads a webhook.
pub(super) fn parse(body: &[u8]) -> Result<Notification, Malformed> {
    let webhook: Webhook = body::parse(body)?;
    let (Object(data), Object(repository)) = (webhook.push_data, webhook.repository);
    let push = push("the webhook", repository.repo_name, data.tag, None)?;
    Ok(Notification {
        source: Source::DockerHub,
        pushes: vec![push],
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::{LONGEST, Push, parse};
    use super::*;

    const DOCUMENTED: &str = include_str!("../../../../tests/facts/registry/dockerhub-push.json");

    #[test]
    fn a_push_as_it_is_documented() {
        for content_type in [None, Some("application/json"), Some("text/plain")] {
            let read = parse(DOCUMENTED.as_bytes(), content_type).expect("a notification");
            assert_eq!(read.source, Source::DockerHub);
            let push = Push {
                repository: "example/app".to_owned(),
                tag: "stage-loadtest-warn-0123456789abcdef0123456789abcdef01234567".to_owned(),
                digest: None,
            };
            assert_eq!(read.pushes, [push]);
        }
    }

    #[test]
    fn invalid_names_and_types_are_refused() {
        let body: Value = serde_json::from_str(DOCUMENTED).expect("JSON");
        for (at, to, said) in [
            (
                "/push_data/tag",
                json!("-x"),
                "the webhook has an invalid tag",
            ),
            ("/push_data/tag", json!(["x"]), "expected a string"),
            ("/push_data", json!(["x"]), "expected an object"),
            ("/push_data", json!({}), "has a missing field `tag`"),
            ("/push_data", json!(null), "has neither `events`"),
            (
                "/repository/repo_name",
                json!("Example/App"),
                "the webhook has an invalid repository name",
            ),
            (
                "/repository",
                json!({"name": "app"}),
                "has a missing field `repo_name`",
            ),
        ] {
            let mut changed = body.clone();
            *changed.pointer_mut(at).expect("the place is there") = to;
            let error = parse(changed.to_string().as_bytes(), None).expect_err(said);
            assert!(error.to_string().contains(said), "{error}");
        }
    }

    #[test]
    fn a_body_of_both_kinds_of_another_or_too_long_is_refused() {
        let distribution = Some("application/vnd.docker.distribution.events.v2+json");
        let long = " ".repeat(LONGEST + 1);
        for (body, content_type, said) in [
            (
                DOCUMENTED,
                distribution,
                "no `events`, which its media type",
            ),
            (
                r#"{"events": [], "push_data": {}}"#,
                None,
                "both `events` and `push_data`",
            ),
            ("{}", None, "neither `events`"),
            ("[]", None, "expected an object"),
            (
                r#"{"push_data": {}, "push_data": {}}"#,
                None,
                "a duplicate field `push_data`",
            ),
            (&long, None, "longer than 1 MiB"),
        ] {
            let error = parse(body.as_bytes(), content_type).expect_err(said);
            assert!(error.to_string().contains(said), "{error}");
        }
    }
}
