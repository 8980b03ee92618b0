//! The word of a person about a release: an approval, a rejection or a hold.
//!
//! Each word is about one image. The name of the person is proven if a CI system or a token of `greenlight serve`
//! proves it, else claimed.

use super::entry::Person;
use crate::contract::names::Named as _;
use crate::contract::promotion::{Event, EventKind, Intervention, InterventionKind};

/// What a person says about a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// What the person wants.
    pub kind: InterventionKind,
    /// The person.
    pub person: Person,
    /// The environment that it is about; `None` if it is about all of them.
    pub environment: Option<String>,
}

impl Word {
    /// The word about the image with this digest.
    pub(super) fn intervention(&self, digest: Option<&str>) -> Intervention {
        Intervention {
            environment: self.environment.clone(),
            digest: digest.map(str::to_owned),
            ..self.person.intervention(self.kind)
        }
    }
}

/// The key of the latest question that a word answers.
pub(super) fn answered(events: &[Event], word: &Intervention) -> Option<String> {
    let environment = word.environment.as_ref();
    let mut latest = events.iter().rev();
    latest.find_map(|event| match &event.kind {
        EventKind::Asked(it) if environment.is_none_or(|name| *name == it.environment) => {
            Some(it.key.clone())
        }
        _ => None,
    })
}

/// A word in one line: `approved for prod by Ada (claimed): tested by hand`.
pub fn in_words(word: &Intervention) -> String {
    let place = word.environment.as_ref();
    let place = place.map_or_else(String::new, |it| format!(" for {it}"));
    let how = if word.proven { "proven" } else { "claimed" };
    let text = format!("{}{place} by {} ({how})", word.kind.name(), word.by);
    if word.why.is_empty() {
        text
    } else {
        format!("{text}: {}", word.why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::promotion::Question;

    fn word(environment: Option<&str>, reason: Option<&str>, proven: bool) -> Intervention {
        let word = Word {
            kind: InterventionKind::Approved,
            person: Person {
                name: "Ada".to_owned(),
                reason: reason.map(str::to_owned),
                proven,
            },
            environment: environment.map(str::to_owned),
        };
        word.intervention(Some("sha256:1"))
    }

    #[test]
    fn a_line_says_whether_the_name_is_proven() {
        let said = in_words(&word(Some("prod"), Some("tested by hand"), false));
        assert_eq!(said, "approved for prod by Ada (claimed): tested by hand");
        assert_eq!(
            in_words(&word(None, None, true)),
            "approved by Ada (proven)"
        );
    }

    #[test]
    fn it_is_bound_to_the_image() {
        assert_eq!(word(None, None, false).digest.as_deref(), Some("sha256:1"));
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
        let key = |environment| answered(&events, &word(environment, None, false));
        assert_eq!(key(Some("stage")).as_deref(), Some("a"));
        assert_eq!(key(None).as_deref(), Some("b"));
        assert_eq!(key(Some("eu")), None);
    }
}
