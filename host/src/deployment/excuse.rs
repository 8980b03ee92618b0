//! A person lets one release ignore windows or freezes.

use super::Error;
use super::begin::Said;
use super::entry::{Details, Person};
use crate::clock;
use crate::config::Config;
use crate::contract::promotion::{EventKind, Excuse};
use crate::journal::Freeze;

/// The windows and freezes that a release ignores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excuses {
    /// Their names.
    pub windows: Vec<String>,
    /// The person, with a reason.
    pub person: Person,
}

impl Excuses {
    /// Checks that a window of the configuration or a freeze in force has each of the names.
    ///
    /// # Errors
    ///
    /// If no window and no freeze has one of the names.
    pub(super) fn check(&self, config: &Config, freezes: &[Freeze]) -> Result<(), Error> {
        let now = clock::milliseconds();
        let freezes = freezes.iter().filter(|it| it.is_in_force(now));
        let windows = config.windows.iter().map(|it| it.name.clone());
        let known: Vec<_> = windows.chain(freezes.map(Freeze::name)).collect();
        let mut names = self.windows.iter();
        let Some(unknown) = names.find(|it| !known.contains(it)) else {
            return Ok(());
        };
        let help = if known.is_empty() {
            "the configuration has no `[[window]]`, and no freeze of the journal is in force"
                .to_owned()
        } else {
            format!(
                "the windows of the configuration and the freezes in force are {}",
                known.join(", ")
            )
        };
        Err(Error::host(
            format!("no window or freeze in force has the name `{unknown}`"),
            help,
        ))
    }

    /// The events.
    pub(super) fn said(&self) -> Vec<Said> {
        let said = self.windows.iter().map(|window| Said {
            note: format!("ignores window `{window}`: {}", self.person.in_words()),
            kind: EventKind::Excused(Excuse {
                window: window.clone(),
                by: self.person.name.clone(),
                proven: self.person.proven,
                why: self.person.reason.clone().unwrap_or_default(),
            }),
            details: Details::Person(self.person.clone()),
        });
        said.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_event_says_whether_the_name_is_proven() {
        let excuses = Excuses {
            windows: vec!["hours".to_owned()],
            person: Person {
                name: "Ada".to_owned(),
                reason: Some("hot fix".to_owned()),
                proven: true,
            },
        };
        let said = excuses.said();
        let excuse = Excuse {
            window: "hours".to_owned(),
            by: "Ada".to_owned(),
            proven: true,
            why: "hot fix".to_owned(),
        };
        assert_eq!(said[0].kind, EventKind::Excused(excuse));
        assert!(said[0].note.contains("Ada (proven): hot fix"));
    }
}
