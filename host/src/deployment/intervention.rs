//! A person's intervention in a release: an approval, a rejection or a hold.
//!
//! Each intervention is about one image. The name of the person is proven if a CI system proves it, else claimed.

use super::entry::{Person, proof};
use crate::contract::names::Named as _;
use crate::contract::promotion::{Event, EventKind, Intervention, InterventionKind};

/// An intervention that is not bound to an image yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewIntervention {
    /// What the person wants.
    pub kind: InterventionKind,
    /// The person.
    pub person: Person,
    /// The environment that it is about; `None` if it is about all of them.
    pub environment: Option<String>,
}

impl NewIntervention {
    /// Binds it to the image with this digest.
    pub(super) fn for_image(&self, digest: Option<&str>) -> Intervention {
        Intervention {
            environment: self.environment.clone(),
            digest: digest.map(str::to_owned),
            ..self.person.intervention(self.kind)
        }
    }
}

/// Whether a person must say why: others need to know what to change before the release goes on.
pub const fn needs_reason(kind: InterventionKind) -> bool {
    match kind {
        InterventionKind::Rejected | InterventionKind::Held => true,
        InterventionKind::Approved | InterventionKind::Canceled => false,
    }
}

/// The key of the latest question that an intervention answers.
pub(super) fn answered(events: &[Event], intervention: &Intervention) -> Option<String> {
    let environment = intervention.environment.as_ref();
    let mut latest = events.iter().rev();
    latest.find_map(|event| match &event.kind {
        EventKind::Asked(it) if environment.is_none_or(|name| *name == it.environment) => {
            Some(it.key.clone())
        }
        _ => None,
    })
}

/// An intervention in one line: `approved for prod by Ada (claimed): tested by hand`.
pub fn in_words(it: &Intervention) -> String {
    let place = it.environment.as_ref();
    let place = place.map_or_else(String::new, |it| format!(" for {it}"));
    let how = proof(it.proven);
    let text = format!("{}{place} by {} ({how})", it.kind.name(), it.by);
    if it.why.is_empty() {
        text
    } else {
        format!("{text}: {}", it.why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::promotion::Question;

    fn approved(environment: Option<&str>, reason: Option<&str>, proven: bool) -> Intervention {
        let approval = NewIntervention {
            kind: InterventionKind::Approved,
            person: Person {
                name: "Ada".to_owned(),
                reason: reason.map(str::to_owned),
                proven,
            },
            environment: environment.map(str::to_owned),
        };
        approval.for_image(Some("sha256:1"))
    }

    #[test]
    fn a_line_says_whether_the_name_is_proven() {
        let said = in_words(&approved(Some("prod"), Some("tested by hand"), false));
        assert_eq!(said, "approved for prod by Ada (claimed): tested by hand");
        assert_eq!(
            in_words(&approved(None, None, true)),
            "approved by Ada (proven)"
        );
    }

    #[test]
    fn it_is_bound_to_the_image() {
        assert_eq!(
            approved(None, None, false).digest.as_deref(),
            Some("sha256:1")
        );
    }

    #[test]
    fn it_answers_the_latest_question_about_its_environment() {
        let asked = |key: &str, environment: &str| Event {
            at: 1,
            kind: EventKind::Asked(Question {
                key: key.to_owned(),
                environment: environment.to_owned(),
                text: "?".to_owned(),
            }),
        };
        let events = [asked("a", "stage"), asked("b", "prod")];
        let key = |environment| answered(&events, &approved(environment, None, false));
        assert_eq!(key(Some("stage")).as_deref(), Some("a"));
        assert_eq!(key(None).as_deref(), Some("b"));
        assert_eq!(key(Some("eu")), None);
    }
}
