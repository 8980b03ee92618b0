//! Reads push events of a registry: webhooks of Docker Hub, notifications of CNCF Distribution.
//!
//! A body is untrusted and proves nothing: anyone can send one, and it can arrive twice, late or never. So only names
//! are taken from it, after they were validated. Unknown fields are ignored; known fields must have the documented
//! type.

mod body;
mod distribution;
mod docker_hub;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;

use std::fmt;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::contract::validate::{is_digest, is_repository, is_tag};
use crate::limits;

/// The longest body that is read, in bytes.
pub const LONGEST: usize = limits::WEBHOOK.length();

/// How many pushes one body may have. Distribution sends events one by one, unless a queue has built up.
pub const MOST_PUSHES: usize = 100;

/// The content of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// The sender, recognized by the shape of the body.
    pub source: Source,
    /// The pushes in the order of the body, without repetitions. Empty if the body is about other events.
    pub pushes: Vec<Push>,
}

/// The sender of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Docker Hub: <https://docs.docker.com/docker-hub/repos/manage/webhooks/>.
    DockerHub,
    /// CNCF Distribution: <https://distribution.github.io/distribution/about/notifications/>.
    Distribution,
}

/// An image that got a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// Name of the repository, validated and without the registry.
    pub repository: String,
    /// The tag, validated.
    pub tag: String,
    /// Digest of the manifest, if the body has it: `sha256:` and 64 lowercase hexadecimal digits.
    pub digest: Option<String>,
}

/// Why a body is refused, in a text that repeats no part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed(String);

/// Reads the body of a webhook.
///
/// Distribution has its own media types, one per version. With any other content type, the shape of the body
/// determines the sender.
///
/// # Errors
///
/// If the body is longer than [`LONGEST`], is not JSON, has neither shape or both, repeats a field, has a known field of
/// the wrong type, has more than [`MOST_PUSHES`] pushes, or an invalid repository, tag or digest. Fields that are not
/// used may have any value.
pub fn parse(body: &[u8], content_type: Option<&str>) -> Result<Notification, Malformed> {
    if body.len() > LONGEST {
        return Err(Malformed(format!(
            "the body is longer than {} MiB",
            LONGEST >> 20
        )));
    }
    let shape: Shape = body::parse(body)?;
    let named = content_type.is_some_and(distribution::is_media_type);
    match (shape.events, shape.push_data) {
        (Some(_), None) => distribution::parse(body),
        (None, Some(_)) if !named => docker_hub::parse(body),
        (Some(_), Some(_)) => Err(Malformed(
            "the body has both `events` and `push_data`: one was expected".to_owned(),
        )),
        _ if named => Err(Malformed(
            "the body has no `events`, which its media type promises".to_owned(),
        )),
        _ => Err(Malformed(
            "the body has neither `events` (Distribution) nor `push_data` (Docker Hub)".to_owned(),
        )),
    }
}

/// The fields that distinguish the senders.
#[derive(Deserialize)]
struct Shape {
    events: Option<IgnoredAny>,
    push_data: Option<IgnoredAny>,
}

/// Validates the names of a push. `place` is its place in the body.
fn push(
    place: &str,
    repository: String,
    tag: String,
    digest: Option<String>,
) -> Result<Push, Malformed> {
    let illegal = |what: &str| Err(Malformed(format!("{place} {what}")));
    if !is_repository(&repository) {
        return illegal("has an invalid repository name");
    }
    if !is_tag(&tag) {
        return illegal("has an invalid tag");
    }
    let digest = match digest {
        Some(digest) if is_other_digest(&digest) => None,
        Some(digest) if !is_digest(&digest) => {
            return illegal(
                "has an invalid digest: expected `sha256:` and 64 lowercase hexadecimal digits",
            );
        }
        digest => digest,
    };
    Ok(Push {
        repository,
        tag,
        digest,
    })
}

/// Whether a digest has the other registered algorithm, SHA-512. It can't be compared with the digest of a deployment,
/// and is ignored.
fn is_other_digest(text: &str) -> bool {
    text.strip_prefix("sha512:").is_some_and(|digits| {
        digits.len() == 128
            && digits
                .bytes()
                .all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
    })
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Malformed {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const RECORDED: [&str; 2] = [
        include_str!("../../../../tests/facts/registry/push.json"),
        include_str!("../../../../tests/facts/registry/dockerhub-push.json"),
    ];

    const CONTENT_TYPES: [Option<&str>; 3] = [
        None,
        Some("application/json"),
        Some("application/vnd.docker.distribution.events.v1+json"),
    ];

    /// Holds for the result of every body.
    fn holds(read: &Result<Notification, Malformed>) {
        let Ok(read) = read else { return };
        assert!(read.pushes.len() <= MOST_PUSHES);
        for (at, push) in read.pushes.iter().enumerate() {
            assert!(is_repository(&push.repository) && is_tag(&push.tag));
            assert!(push.digest.as_deref().is_none_or(is_digest));
            assert!(!read.pushes[..at].contains(push));
        }
    }

    /// Any JSON value; its texts contain a word that no error may repeat.
    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "SECRET.{0,9}".prop_map(Value::from),
            Just(json!(", expected SECRET at line 1")),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map("SECRET|tag|events", inner, 0..3)
                    .prop_map(|it| Value::Object(it.into_iter().collect())),
            ]
        })
    }

    fn places(value: &Value, at: &str, found: &mut Vec<String>) {
        found.push(at.to_owned());
        match value {
            Value::Object(map) => map
                .iter()
                .for_each(|(key, value)| places(value, &format!("{at}/{key}"), found)),
            Value::Array(list) => list
                .iter()
                .enumerate()
                .for_each(|(key, value)| places(value, &format!("{at}/{key}"), found)),
            _ => {}
        }
    }

    proptest! {
        #[test]
        fn any_bytes(body in prop::collection::vec(any::<u8>(), 0..200), which in 0_usize..3) {
            holds(&parse(&body, CONTENT_TYPES[which]));
        }

        #[test]
        fn any_legal_names_are_read_back(
            repository in "[a-z0-9]{1,9}([._-][a-z0-9]{1,9}){0,2}(/[a-z0-9]{1,9}){0,3}",
            tag in "[A-Za-z0-9_][A-Za-z0-9._-]{0,127}",
        ) {
            let mut hub: Value = serde_json::from_str(RECORDED[1]).expect("JSON");
            hub["push_data"]["tag"] = json!(tag);
            hub["repository"]["repo_name"] = json!(repository);
            let mut events: Value = serde_json::from_str(RECORDED[0]).expect("JSON");
            events["events"][0]["target"]["tag"] = json!(tag);
            events["events"][0]["target"]["repository"] = json!(repository);
            for body in [hub, events] {
                let read = parse(body.to_string().as_bytes(), None).expect("a notification");
                prop_assert_eq!(&read.pushes[0].repository, &repository);
                prop_assert_eq!(&read.pushes[0].tag, &tag);
            }
        }

        #[test]
        fn anything_in_any_place(which in 0_usize..2, at in any::<prop::sample::Index>(), to in value()) {
            let mut body: Value = serde_json::from_str(RECORDED[which]).expect("JSON");
            let mut found = Vec::new();
            places(&body, "", &mut found);
            *body.pointer_mut(&found[at.index(found.len())]).expect("a place") = to;
            for content_type in CONTENT_TYPES {
                let read = parse(body.to_string().as_bytes(), content_type);
                holds(&read);
                if let Err(why) = read {
                    let why = why.to_string();
                    prop_assert!(!why.contains("SECRET"), "{}", why);
                    prop_assert!(why.chars().all(|it| !it.is_control()), "{}", why);
                }
            }
        }

        #[test]
        fn a_truncated_body_is_refused(which in 0_usize..2, at in any::<prop::sample::Index>()) {
            let body = RECORDED[which].trim_end().as_bytes();
            let cut = &body[..at.index(body.len())];
            prop_assert!(parse(cut, None).is_err());
        }
    }
}
