//! What a registry says was pushed: webhooks of Docker Hub, notifications of CNCF Distribution.
//!
//! A body is a hint from outside, and nothing in it is proof: anyone may send one, twice, late or never.
//! So a legal name is all that is asked of it, and its words go nowhere but into names that were checked.
//! What it may have grown since is passed over; what is there must be what it is known to be.

mod distribution;
mod docker_hub;
mod json;
#[cfg(test)]
mod properties;

use std::fmt;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::contract::validate::{is_digest, is_repository, is_tag};

/// The longest body that is read, in bytes.
pub const LONGEST: usize = 1 << 20;

/// How many pushes one body may name. Distribution sends its events one by one unless it is behind.
pub const MOST_PUSHES: usize = 100;

/// What a body says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// Whose body it is, by its looks.
    pub source: Source,
    /// What was pushed, in the order of the body, each of it once. None where it speaks of other things.
    pub pushes: Vec<Push>,
}

/// Whose body it is.
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
    /// The legal name of a repository, without the registry's.
    pub repository: String,
    /// A legal tag.
    pub tag: String,
    /// The digest of the manifest, where it is said: `sha256:` and 64 lowercase hexadecimal digits.
    pub digest: Option<String>,
}

/// Why a body is not taken, in words that hold nothing of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed(String);

/// Reads the body of a webhook.
///
/// Distribution has media types of its own, one for each of its versions; any other one says nothing, and
/// the shape of the body tells.
///
/// # Errors
///
/// If the body is too long, no JSON, of neither shape or of both, has something other in a field than is
/// known to be there or a field twice, names too many pushes, or something that can't be a repository, a tag
/// or a digest. Fields that are not looked at may hold anything.
pub fn parse(body: &[u8], content_type: Option<&str>) -> Result<Notification, Malformed> {
    if body.len() > LONGEST {
        return Err(Malformed(format!(
            "the body is longer than {} MiB",
            LONGEST >> 20
        )));
    }
    let shape: Shape = json::parse(body)?;
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

/// What tells the bodies apart.
#[derive(Deserialize)]
struct Shape {
    events: Option<IgnoredAny>,
    push_data: Option<IgnoredAny>,
}

/// A push with names that are legal. `place` is where the body has it.
fn push(
    place: &str,
    repository: String,
    tag: String,
    digest: Option<String>,
) -> Result<Push, Malformed> {
    let illegal = |what: &str| Err(Malformed(format!("{place} {what}")));
    if !is_repository(&repository) {
        return illegal("names a repository that the distribution specification does not allow");
    }
    if !is_tag(&tag) {
        return illegal("names a tag that the distribution specification does not allow");
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

/// Whether a digest is one of the registered algorithm that is not used here. It can't be compared with the
/// one that a deployment is for, and so says nothing.
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
