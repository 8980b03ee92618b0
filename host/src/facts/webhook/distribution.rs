//! Notifications of CNCF Distribution: <https://distribution.github.io/distribution/about/notifications/>.
//!
//! Most events are about blobs and have no tag. The two media types belong to 2.x and 3.x (`EventsMediaType` in
//! `notifications/event.go`), which have the same fields for what is read here.

use serde::Deserialize;

use super::body::Object;
use super::{MOST_PUSHES, Malformed, Notification, Source, body, push};

/// Media types of the envelope.
const ENVELOPES: [&str; 2] = [
    "application/vnd.docker.distribution.events.v1+json",
    "application/vnd.docker.distribution.events.v2+json",
];

/// Media types of the manifests that a tag can name: an image, or a list of images.
const MANIFESTS: [&str; 4] = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];

#[derive(Deserialize)]
struct Envelope {
    events: Vec<Object<Event>>,
}

/// Distribution leaves out empty fields.
#[derive(Deserialize)]
struct Event {
    action: Option<String>,
    target: Option<Object<Target>>,
}

#[derive(Deserialize)]
struct Target {
    #[serde(rename = "mediaType")]
    media_type: Option<String>,
    repository: Option<String>,
    tag: Option<String>,
    digest: Option<String>,
}

/// Whether a content type is the one of an envelope. Its parameters are ignored.
pub(super) fn is_media_type(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    ENVELOPES.iter().any(|it| essence.eq_ignore_ascii_case(it))
}

/// Reads an envelope.
pub(super) fn parse(body: &[u8]) -> Result<Notification, Malformed> {
    let envelope: Envelope = body::parse(body)?;
    let mut pushes = Vec::new();
    for (number, Object(event)) in (1..).zip(envelope.events) {
        // Bodies of other registries also have `events`. Without this check, they would look like irrelevant events.
        if event.action.is_none() {
            return Err(Malformed(format!(
                "event {number} has no `action`, which every event of Distribution has"
            )));
        }
        let Some((target, tag)) = pushed(event) else {
            continue;
        };
        let repository = target.repository.unwrap_or_default();
        let push = push(&format!("event {number}"), repository, tag, target.digest)?;
        if pushes.contains(&push) {
            continue;
        }
        if pushes.len() == MOST_PUSHES {
            return Err(Malformed(format!(
                "the body names more than {MOST_PUSHES} pushes"
            )));
        }
        pushes.push(push);
    }
    Ok(Notification {
        source: Source::Distribution,
        pushes,
    })
}

/// The manifest and its tag, if the event is the push of a tagged manifest.
fn pushed(event: Event) -> Option<(Target, String)> {
    let Object(mut target) = event.target?;
    let manifest = target.media_type.as_deref()?;
    if event.action? != "push" || !MANIFESTS.contains(&manifest) {
        return None;
    }
    let tag = target.tag.take().filter(|tag| !tag.is_empty())?;
    Some((target, tag))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::{Push, parse};
    use super::*;

    const RECORDED: &str = include_str!("../../../../tests/facts/registry/push.json");
    const ALL: &str = include_str!("../../../../tests/facts/registry/all-events.jsonl");
    const TAG: &str = "stage-loadtest-warn-0123456789abcdef0123456789abcdef01234567";

    fn pushes(body: &Value) -> Result<Vec<Push>, String> {
        let read = parse(body.to_string().as_bytes(), Some(ENVELOPES[0]));
        read.map(|it| it.pushes).map_err(|it| it.to_string())
    }

    /// The recorded push, with something else in a place.
    fn changed(at: &str, to: Value) -> Value {
        let mut body: Value = serde_json::from_str(RECORDED).expect("JSON");
        *body.pointer_mut(at).expect("the place is there") = to;
        body
    }

    #[test]
    fn a_push_as_it_was_recorded() {
        let read = parse(RECORDED.as_bytes(), None).expect("a notification");
        let push = Push {
            repository: "demo/app".to_owned(),
            tag: TAG.to_owned(),
            digest: Some(
                "sha256:d749f7cd1db13659e9d39d208be7a351dd3a333df38c34d27fa2d6e9e7d59ce0"
                    .to_owned(),
            ),
        };
        assert_eq!(read.source, Source::Distribution);
        assert_eq!(read.pushes, [push]);
        for envelope in ENVELOPES {
            let named = format!("{} ; charset=utf-8", envelope.to_uppercase());
            assert_eq!(parse(RECORDED.as_bytes(), Some(&named)), Ok(read.clone()));
        }
    }

    #[test]
    fn of_all_recorded_events_the_pushes_of_tags_are_kept() {
        let mut found = Vec::new();
        for line in ALL.lines() {
            let recorded: Value = serde_json::from_str(line).expect("JSON");
            found.extend(pushes(&recorded["body"]).expect("a notification"));
        }
        let tagged = |line: &&str| line.contains(r#""tag""#) && line.contains(r#""push""#);
        assert_eq!(found.len(), ALL.lines().filter(tagged).count());
        assert!(found.iter().any(|it| it.tag == TAG), "{found:?}");
    }

    #[test]
    fn other_events_are_ignored() {
        for (at, to) in [
            ("/events/0/action", json!("pull")),
            ("/events/0/action", json!("mount")),
            ("/events/0/action", json!("delete")),
            ("/events/0/target", json!(null)),
            ("/events/0/target/tag", json!("")),
            ("/events/0/target/tag", json!(null)),
            ("/events/0/target/mediaType", json!(null)),
            (
                "/events/0/target/mediaType",
                json!("application/octet-stream"),
            ),
            ("/events", json!([])),
        ] {
            assert_eq!(pushes(&changed(at, to.clone())), Ok(vec![]), "{at} {to}");
        }
    }

    #[test]
    fn every_kind_of_manifest_counts() {
        for manifest in MANIFESTS {
            let body = changed("/events/0/target/mediaType", json!(manifest));
            assert_eq!(pushes(&body).map(|it| it.len()), Ok(1), "{manifest}");
        }
    }

    #[test]
    fn a_digest_that_cannot_be_compared_is_left_out() {
        let other = json!(format!("sha512:{}", "0".repeat(128)));
        for digest in [other, json!(null)] {
            let found = pushes(&changed("/events/0/target/digest", digest)).expect("pushes");
            assert_eq!(found[0].digest, None);
        }
    }

    #[test]
    fn invalid_names_and_types_are_refused() {
        for (at, to, said) in [
            ("/events/0/action", json!(null), "event 1 has no `action`"),
            (
                "/events/0/target/tag",
                json!("a b"),
                "event 1 has an invalid tag",
            ),
            ("/events/0/target/tag", json!(7), "expected a string"),
            (
                "/events/0/target/repository",
                json!("../x"),
                "event 1 has an invalid repository name",
            ),
            (
                "/events/0/target/repository",
                json!(null),
                "event 1 has an invalid repository name",
            ),
            (
                "/events/0/target/digest",
                json!("sha256:0"),
                "event 1 has an invalid digest",
            ),
            ("/events/0/target", json!("x"), "expected an object"),
            ("/events/0", json!(["push"]), "expected an object"),
            ("/events", json!({}), "expected a sequence"),
            ("/events", json!(null), "no `events`, which its media type"),
        ] {
            let error = pushes(&changed(at, to)).expect_err(said);
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn the_same_push_counts_once_and_too_many_are_refused() {
        let body: Value = serde_json::from_str(RECORDED).expect("JSON");
        let event = &body["events"][0];
        let several = |tags: &[String]| {
            let events = tags.iter().map(|tag| {
                let mut event = event.clone();
                event["target"]["tag"] = json!(tag);
                event
            });
            pushes(&json!({ "events": events.collect::<Vec<_>>() }))
        };
        let two = ["a", "b", "a", "b", "a"].map(str::to_owned);
        let tags = |pushes: Vec<Push>| pushes.into_iter().map(|it| it.tag).collect::<Vec<_>>();
        assert_eq!(several(&two).map(tags), Ok(two[..2].to_vec()));

        let mut many: Vec<_> = (0..MOST_PUSHES).map(|it| it.to_string()).collect();
        many.push("0".to_owned());
        assert_eq!(several(&many).map(|it| it.len()), Ok(MOST_PUSHES));
        many.push("one more".replace(' ', "-"));
        assert_eq!(
            several(&many),
            Err("the body names more than 100 pushes".to_owned())
        );
    }
}
